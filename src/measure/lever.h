/* lever.h - what a setting did, over runs that differ in it and in others.
 *
 * Input: one number y a run (here the logarithm of what it took to reach a
 * loss, so that effects are ratios), the level of one setting that it had, and
 * the block it stands in: runs whose other settings are equal.
 *
 *     block 1   level 0: y y y     level 1: y y
 *     block 2   level 0: y         level 1: y y y
 *
 * Every level below `level_count`, every block below `block_count`.
 * Ownership: scratch is the caller's.   Threads: any.
 * Document: docs/metrics.md#levers.importance */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_LEVER_H
#define KM_MEASURE_LEVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KM_LEVELS_MAX = 64 }; /* of one setting */

/* One-way analysis of variance. */
struct km_oneway {
    size_t count, levels; /* values, levels that occur */
    double f, p;          /* Fisher's F and its upper tail */
    double eta2;          /* share of the sum of squares between levels */
    double omega2;        /* the same without the bias of small samples */
};

/* False: fewer than 2 levels, no level with 2 values, or y does not vary. Hays
 * 1963 for omega^2 = (SSb - (k-1) MSw) / (SSt + MSw), not below 0. */
bool km_oneway_measure(const double *y, const uint32_t *level, size_t count,
                       size_t level_count, struct km_oneway *out);

/* Share of `resamples` shuffles of the levels, within blocks (equal ones next
 * to each other; NULL: over all), whose eta^2 is at least that of the data; the
 * data count as one of them (Phipson and Smyth 2010). `scratch` has room for
 * `count`. */
double km_oneway_permute(const double *y, const uint32_t *level,
                         const uint32_t *block, size_t count,
                         size_t level_count, size_t resamples, uint64_t seed,
                         uint32_t *scratch);

/* Interval of the population's share, by inverting the noncentral F
 * distribution (Steiger 2004): lambda/(lambda + n). */
void km_oneway_interval(const struct km_oneway *oneway, double confidence,
                        double *lo, double *hi);

/* Cramer's V of two settings over the same runs: 0 independent, 1 each says the
 * other. NaN when one of them has one level. */
double km_association(const uint32_t *a, size_t a_count, const uint32_t *b,
                      size_t b_count, size_t count);

/* Difference of y between two levels within blocks. */
struct km_matched {
    double effect, se, df; /* se NaN: nothing repeats, no error is known */
    double tau;            /* spread of the effect between blocks */
    size_t blocks, count;  /* that have both levels; runs in them */
};

/* Block differences weighed by n_a n_b/(n_a + n_b), with the pooled variance
 * within cells; the spread between blocks by DerSimonian and Laird 1986.
 * Without repeats the blocks' own scatter is the error, from 3 blocks on.
 * False: no block has both levels. `scratch` has room for 6 x block_count. */
bool km_matched_measure(const double *y, const uint32_t *level,
                        const uint32_t *block, size_t count, uint32_t from,
                        uint32_t to, size_t block_count, double *scratch,
                        struct km_matched *out);

/* Marks who is dominated: another costs no more and loses less, or costs less
 * and loses no more. Sorted by rising cost, then loss; equal ones do not
 * dominate each other. by[i]: the index of one that does, or `count`. */
void km_frontier_mark(const double *cost, const double *loss, size_t count,
                      size_t *by);

/* Which of the runs to stop: all but the best 1/eta by forecast whose
 * probability to end below the best by more than `margin` is under `risk`. */
struct km_halving {
    size_t best, kept, stopped;
    double wrong; /* at most: that one of those stopped would have been best */
};

/* forecast, sd (> 0): final value to be lowered and its standard deviation;
 * probability[i] becomes P(final_i < final_best - margin), independent normal
 * errors, no less than `least` (of n calibrating errors, 1/(n + 1)); stop[i]
 * the advice. Successive halving: Jamieson and Talwalkar 2016.
 */
void km_halving_advise(const double *forecast, const double *sd, size_t count,
                       double eta, double margin, double risk, double least,
                       double *probability, bool *stop, struct km_halving *out);

#endif
