/* wait.c - a point in time from a span. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wait.h"

#include <time.h>

bool km_wait_ms(pthread_cond_t *condition, pthread_mutex_t *lock, int ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return pthread_cond_timedwait(condition, lock, &until) == 0;
}
