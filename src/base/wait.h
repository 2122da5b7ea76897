/* wait.h - waiting for a condition, but not for ever.
 *
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_WAIT_H
#define KM_BASE_WAIT_H

#include <pthread.h>
#include <stdbool.h>

/* Waits, with the lock held, until it is signalled or `ms` have gone by; false
 * when they have. May wake for no reason, as all conditions do. */
bool km_wait_ms(pthread_cond_t *condition, pthread_mutex_t *lock, int ms);

#endif
