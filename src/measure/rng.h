/* rng.h - random numbers that are the same everywhere for one seed.
 *
 * xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64.
 * Threads: one generator at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_RNG_H
#define KM_MEASURE_RNG_H

#include <stdint.h>

struct km_rng {
    uint64_t state[4];
};

void km_rng_seed(struct km_rng *rng, uint64_t seed);
uint64_t km_rng_next(struct km_rng *rng);

/* Uniform in [0, bound), without bias; bound > 0. */
uint64_t km_rng_below(struct km_rng *rng, uint64_t bound);

/* Uniform in [0, 1) with 53 bits. */
double km_rng_unit(struct km_rng *rng);

#endif
