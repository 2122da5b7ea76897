/* elementary.h - exp and ln(1 + x) of many numbers at once.
 *
 * Plain loops that compilers turn into vector code, and clones of them for
 * wider vectors where the machine has some; every clone gives the same bits
 * (no contraction). Relative error below 4e-16 against the correctly rounded
 * value. `in` and `out` may be the same.
 *
 * Threads: any.   Source: exp by 2^k e^r, r within ln(2)/2, Taylor's series;
 * ln by 2^k m, m within sqrt(2), and atanh((m-1)/(m+1)). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_ELEMENTARY_H
#define KM_MEASURE_ELEMENTARY_H

#include <stddef.h>
#include <stdint.h> /* tells which C library it is */

/* -700 <= in <= 700; outside it is taken as the nearer end. No NaN. */
void km_exp_many(const double *in, size_t count, double *out);

/* 0 <= in <= 1e300. */
void km_log1p_many(const double *in, size_t count, double *out);

/* For what is to be part of every clone of the function that calls it. */
#define KM_INTO static inline __attribute__((always_inline))

/* Put before a function whose loops gain from wider vectors. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) &&          \
    !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&                   \
    !defined(__SANITIZE_THREAD__)
#define KM_WIDE                                                                \
    __attribute__((target_clones("avx512f", "avx2", "default"),                \
                   optimize("O3", "no-trapping-math")))
#else
#define KM_WIDE
#endif

#endif
