/* aggregate.h - one number for many runs on many tasks, with its interval.
 *
 * scores[task * run_count + run], higher is better; NaN: a hole.
 * Ownership: scratch is the caller's.   Threads: any.
 * Document: docs/metrics.md#compare.iqm */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_AGGREGATE_H
#define KM_MEASURE_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Mean of the middle half: floor(n/4) values are left out on each side.
 * Reorders `values`. NaN without values. Agarwal et al. 2021. */
double km_interquartile_mean(double *values, size_t count);

/* P(x > y) + P(x = y)/2 over all pairs: Mann and Whitney's U over n m. */
double km_prob_greater(const double *x, size_t x_count, const double *y,
                       size_t y_count);

struct km_scores {
    const double *value; /* [task * run_count + run] */
    size_t task_count, run_count;
};

/* Interquartile mean over all runs and tasks; mean over tasks of P(a > b)
 * (tasks that both have). NaN: nothing to average. `scratch` has room for all
 * values of the larger. */
double km_scores_iqm(const struct km_scores *scores, double *scratch);
double km_scores_improvement(const struct km_scores *a,
                             const struct km_scores *b);

/* Percentile interval by drawing runs again within each task (stratified
 * bootstrap; Efron and Tibshirani 1993). b NULL: of the interquartile mean of
 * a; else of the probability of improvement. `scratch` has room for 2 x (values
 * of a + values of b) + resamples. False: nothing to average. */
bool km_scores_interval(const struct km_scores *a, const struct km_scores *b,
                        double level, size_t resamples, uint64_t seed,
                        double *scratch, double *lo, double *hi);

/* Performance profiles (Dolan and More 2002) as AlgoPerf scores them.
 * time[submission * workload_count + workload]: to the target; INFINITY:
 * missed. ratio: to the fastest submission on that workload; INFINITY beyond
 * `ratio_max` and where nobody got there. */
void km_profile_ratios(const double *time, size_t submission_count,
                       size_t workload_count, double ratio_max, double *ratio);
/* Share of a submission's workloads with ratio <= tau. */
double km_profile_share(const double *ratio, size_t workload_count, double tau);
/* Area under the profile over 100 even places in [1, tau_max], trapezoid, over
 * tau_max - 1. */
double km_profile_score(const double *ratio, size_t workload_count,
                        double tau_max);

/* MLPerf's score: without the fastest and the slowest, the mean of the rest.
 * One run that never got there (INFINITY) counts as the slowest; two make it
 * NaN, as do fewer than 3 runs. Reorders `times`. */
double km_olympic_mean(double *times, size_t count);

#endif
