/* sequential.h - tests that may be looked at any number of times.
 *
 * Two arms of seeds, normal with one variance, the difference of their means
 * tested by an e-value: the Bayes factor of the t statistic with the right Haar
 * prior on location and scale and a normal prior of variance `spread` on the
 * difference in standard deviations,
 *
 *     e = r^-1/2 ((1 + t^2/df) / (1 + t^2/(df r)))^((df+1)/2),  r = 1 + n
 * spread
 *
 * n = n_a n_b/(n_a + n_b), df the degrees of freedom of the pooled variance.
 * Under no difference P(e ever >= 1/alpha) <= alpha, however often seeds are
 * added and looked at. Seeds of other configurations with the same variance
 * may add their degrees of freedom.
 *
 * Threads: any.   Source: Gonen, Johnson, Lu and Westfall 2005 (the factor);
 * Perez-Ortiz, Lardy, de Heide and Grunwald 2024 (why it may be looked at).
 * Document: docs/metrics.md#compare.verdict */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_SEQUENTIAL_H
#define KM_MEASURE_SEQUENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#define KM_SEQUENTIAL_SPREAD                                                   \
    9.0 /* differences of about three seed deviations */

/* ln e of a t statistic; df > 0, n > 0. */
double km_sequential_log_e(double t, double df, double n, double spread);

/* The |t| from which e >= 1/alpha; INFINITY when no t is enough. The
 * confidence sequence is difference +- bound x standard error. */
double km_sequential_bound(double alpha, double df, double n, double spread);

/* Probability, at one look, that |t| reaches the bound when the difference is
 * `effect` standard deviations: a lower bound of the power over all looks. */
double km_sequential_power(double alpha, double df, double n, double spread,
                           double effect);

/* Seeds an arm (from `seeds_from` > 0, at most `seeds_max`) at which that power is
 * at least `power`; df_more: degrees of freedom besides those of the two arms.
 * seeds_max + 1: not even then. */
size_t km_sequential_seeds(double alpha, double df_more, double spread,
                           double effect, double power, size_t seeds_from,
                           size_t seeds_max);

/* Half-width of an asymptotic confidence sequence for the running mean of n
 * values with standard deviation sd, tightest at about n_tight values
 * (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024). */
double km_sequence_asymptotic(double sd, double n, double n_tight,
                              double alpha);

#endif
