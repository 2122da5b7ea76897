/* conformal.h - intervals and chances from errors that were really made.
 *
 * An error is truth - forecast: below 0 it came out lower than forecast.
 *
 * Cross-run (rung 1): errors of finished runs at the same origin and target,
 * each weighted 1 / (runs of its configuration group), so that many seeds of
 * one configuration count once. With n groups and p = ceil((n+1)(1-alpha/2))/n
 * the upper bound is the smallest error whose cumulated weight reaches p, the
 * lower bound its mirror image. p > 1 would need an error that was never seen:
 * below 9 groups there is no 80 % interval of this kind.
 *
 * Intra-run (rung 2): resolved forecasts of the run's own past at the same
 * ln(target / origin), as |error|: forecast -+ the ceil((n+1)(1-alpha))-th
 * smallest, at least 5 of them.
 *
 * Coverage holds when the new run is exchangeable with the old groups (rung 1)
 * or the new error with the past ones (rung 2).
 * Ownership: everything is the caller's.   Threads: any.
 * Source: split conformal prediction, Vovk et al. 2005; Lei et al. 2018.
 * Document: docs/metrics.md#intervals-of-forecasts */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_CONFORMAL_H
#define KM_MEASURE_CONFORMAL_H

#include <stdbool.h>
#include <stddef.h>

enum {
    KM_CONFORMAL_GROUPS_MIN = 9, /* rung 1 at 80 % */
    KM_CONFORMAL_OWN_MIN = 5,    /* rung 2 */
};

enum km_rung { KM_RUNG_NONE, KM_RUNG_CROSS_RUN, KM_RUNG_OWN, KM_RUNG_COLD };
const char *km_rung_name(enum km_rung rung); /* "cross-run conformal" */

/* Weights 1 / (how often the group occurs); returns the number of groups.
 * Errors that are NaN get weight 0 and do not count. `scratch` has room for
 * 2 x count. */
size_t km_conformal_weights(const double *error, const unsigned *group,
                            size_t count, double *weight, double *scratch);

/* Smallest value whose cumulated share of weight reaches `p` in (0, 1];
 * NaN when the weights sum to 0. Reorders both arrays. */
double km_weighted_quantile(double *value, double *weight, size_t count,
                            double p);

/* What the error lies between at `level`, from errors of finished runs.
 * `scratch` has room for 2 x count. False: too few groups for this level. */
bool km_conformal_cross(const double *error, const double *weight, size_t count,
                        size_t groups, double level, double *scratch,
                        double *lo, double *hi);

/* How far |error| reaches at `level`. Reorders `errors`. False: too few. */
bool km_conformal_own(double *errors, size_t count, double level,
                      double *reach);

/* Possible errors along a path of targets: error[draw * places + place], of
 * one finished run a draw, so that errors of neighbouring targets belong
 * together. */
struct km_error_draws {
    size_t draws, places;
    const double *error;
    const double *weight; /* of each draw; NULL: 1 */
    double groups;        /* independent ones; bounds a chance away from 0, 1 */
};

/* Draws of a cold start: at each place a normal error whose 10 % and 90 %
 * quantiles are lo - value and hi - value, one z for all places. Fills
 * error[draws * places]. */
void km_draws_cold(const double *below, const double *above, size_t places,
                   size_t draws, double *error);

/* Chance that y <= target at `place`: the weighted share of draws, kept within
 * [1 / (groups + 1), groups / (groups + 1)]. */
double km_draws_at(const struct km_error_draws *of, const double *forecast,
                   size_t place, double target);

/* Chance that y <= target somewhere up to `place`. */
double km_draws_by(const struct km_error_draws *of, const double *forecast,
                   size_t place, double target);

/* Quantile `p` of the x at which the path first is at or below `target`,
 * linear in ln x between places (rising x > 0); INFINITY: beyond the last
 * place. `scratch` has room for 2 x draws. */
double km_draws_time(const struct km_error_draws *of, const double *x,
                     const double *forecast, double target, double p,
                     double *scratch);

#endif
