/* backoff.c - exponential back-off with full jitter. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ship/backoff.h"

void km_backoff_reset(struct km_backoff *backoff)
{
    backoff->failures = 0;
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

int64_t km_backoff_next_ms(struct km_backoff *backoff, int64_t least_ms)
{
    int64_t bound_ms = KM_BACKOFF_FIRST_MS;
    for (unsigned i = 0; i < backoff->failures; i++) {
        bound_ms *= 2;
        if (bound_ms >= KM_BACKOFF_LAST_MS) {
            bound_ms = KM_BACKOFF_LAST_MS;
            break;
        }
    }
    backoff->failures++;
    uint64_t drawn = next_random(&backoff->random) % ((uint64_t)bound_ms + 1);
    return least_ms + (int64_t)drawn;
}
