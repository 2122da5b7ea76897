/* paired.h - the difference of two runs that saw the same batches, looked at as
 * often as one likes.
 *
 *     blocks of 20   |....|....|....|....|....|....|....|....|....| so far
 *     windows            s_0    s_1 = 2 s_0     [==== shown ======]
 *
 * Differences step by step are averaged over blocks. Windows start at blocks
 * s_k = 16 x 2^k and each has an asymptotic confidence sequence of its own with
 * alpha/((k + 1)(k + 2)), which sum to alpha; shown is the last window that
 * starts in the first half of what there is. The variance is that of block
 * means with their first autocovariance, if positive. It speaks of these two
 * runs, not of configurations: another seed would have differed by more.
 *
 * Ownership: arrays are the caller's.   Threads: any.
 * Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024.
 * Document: docs/metrics.md#compare.pair */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_PAIRED_H
#define KM_MEASURE_PAIRED_H

#include <stdbool.h>
#include <stddef.h>

enum {
    KM_PAIRED_BLOCK = 20,        /* differences */
    KM_PAIRED_FIRST_WINDOW = 16, /* blocks before the first window */
    KM_PAIRED_MIN = 2 * KM_PAIRED_FIRST_WINDOW * KM_PAIRED_BLOCK,
};

struct km_paired {
    double mean, lo, hi; /* of the mean difference over [from, to) */
    size_t from, to;     /* differences */
    size_t blocks;       /* in the window */
};

/* False: fewer than KM_PAIRED_MIN differences, one that is not finite, or no
 * block differs from another. A last block that is not full is left out. */
bool km_paired_sequence(const double *difference, size_t count, double alpha,
                        struct km_paired *paired);

#endif
