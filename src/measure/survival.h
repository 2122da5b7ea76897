/* survival.h - how many runs have not reached a target yet, and when they do.
 *
 * A run that reached it is an event at the step of its crossing; one that has
 * not is censored at its last step; one that diverged or failed never will and
 * is censored at INFINITY (to censor it where it stopped would be informative).
 *
 *     S(x) = product over event steps x_i <= x of (1 - d_i / n_i)
 *
 * n_i: runs not yet done at x_i; d_i: events there; what is censored at x_i
 * counts as at risk there.
 * Ownership: everything is the caller's.   Threads: any.
 * Source: Kaplan and Meier 1958, J. Am. Stat. Assoc. 53:457; variance by
 * Greenwood 1926; limits on the log(-log S) scale, Kalbfleisch and Prentice
 * 1980.   Document: docs/metrics.md#compare.to_target */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_SURVIVAL_H
#define KM_MEASURE_SURVIVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/velocity.h"

struct km_survival_step {
    double x; /* an event step */
    size_t at_risk, events;
    double s, se;  /* S from x on; se is NaN once S is 0 */
    double lo, hi; /* pointwise; NaN once S is 0 */
};

/* Writes one step a distinct event, rising; at most `count` of them. x > 0,
 * INFINITY allowed where not reached. `scratch` has room for 2 x count. */
size_t km_survival_fit(const double *x, const bool *reached, size_t count,
                       double level, double *scratch,
                       struct km_survival_step *steps);

/* First step at which S is at or below one half, and its limits where the upper
 * and lower limits of S are; INFINITY: not reached. */
struct km_estimate km_survival_median(const struct km_survival_step *steps,
                                      size_t count);

/* Restricted mean: the integral of S over [0, x_max], and its standard error,
 *     se^2 = sum over x_i <= x_max of A_i^2 d_i / (n_i (n_i - d_i)),
 * A_i the integral of S over [x_i, x_max]. x_max must not lie beyond the last
 * run unless all of them are done. */
double km_survival_mean(const struct km_survival_step *steps, size_t count,
                        double x_max, double *se);

/* The same for few runs: the variance is d/(d - 1) of Greenwood's, d the events
 * up to x_max, with d - 1 degrees of freedom, so that without censoring mean
 * and error are those of a sample (Kaplan and Meier 1958, section 6.2). se and
 * df are NaN for fewer than two events. */
struct km_survival_restricted {
    double mean, se, df;
    size_t events;
};
struct km_survival_restricted
km_survival_restrict(const struct km_survival_step *steps, size_t count,
                     double x_max);

/* Student's t limits; NaN where the error is not known. */
struct km_estimate
km_survival_limits(const struct km_survival_restricted *group, double level);

/* a - b up to the same x_max, limits by Welch's t; NaN limits where an error is
 * not known. */
struct km_estimate
km_survival_difference(const struct km_survival_restricted *a,
                       const struct km_survival_restricted *b, double level);

#endif
