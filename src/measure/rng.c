/* rng.c - xoshiro256** and its seeding. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/rng.h"

#include <assert.h>

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

void km_rng_seed(struct km_rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        rng->state[i] = z ^ (z >> 31);
    }
}

uint64_t km_rng_next(struct km_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9, shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t km_rng_below(struct km_rng *rng, uint64_t bound)
{
    assert(bound > 0);
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    uint64_t drawn;
    do {
        drawn = km_rng_next(rng);
    } while (drawn >= limit);
    return drawn % bound;
}

double km_rng_unit(struct km_rng *rng)
{
    return (double)(km_rng_next(rng) >> 11) * 0x1p-53;
}
