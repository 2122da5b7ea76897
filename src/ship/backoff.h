/* backoff.h - how long to wait before the next try.
 *
 * Exponential with full jitter: anywhere between nothing and a bound that
 * doubles with each failure in a row, so that a thousand shippers whose server
 * comes back do not all come at once.
 * Units: milliseconds.   Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SHIP_BACKOFF_H
#define KM_SHIP_BACKOFF_H

#include <stdint.h>

enum { KM_BACKOFF_FIRST_MS = 250, KM_BACKOFF_LAST_MS = 30000 };

struct km_backoff {
    unsigned failures; /* in a row */
    uint64_t random;   /* state; the seed is the caller's */
};

void km_backoff_reset(struct km_backoff *backoff); /* after a success */

/* After a failure. At least `least_ms`, which is what a server asked for. */
int64_t km_backoff_next_ms(struct km_backoff *backoff, int64_t least_ms);

#endif
