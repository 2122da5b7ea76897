/* trend.h - does a short series rise or fall: rank tests and a median slope.
 *
 * Nothing is assumed but that the values are exchangeable without a trend: for
 * the few stages of a continual training, where a normal approximation is not.
 * Ownership: scratch is the caller's.   Threads: any.
 * Source: Mann 1945; Kendall 1970; Theil 1950; Sen 1968, J. Am. Stat. Assoc.
 * 63:1379. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_TREND_H
#define KM_MEASURE_TREND_H

#include <stdbool.h>
#include <stddef.h>

enum { KM_TREND_EXACT_MAX = 50, KM_TREND_POINTS_MAX = 1000 };

struct km_trend {
    double slope;  /* median over pairs, of y per t */
    double lo, hi; /* NaN: too few pairs for the level */
    double level;  /* that the interval really has, at least what was asked */
    double s, p;   /* Mann-Kendall: rising less falling pairs; two-sided p */
    bool exact;    /* p and interval from all orders, else normal */
    size_t pairs;  /* with different t */
};

/* `scratch` has room for count (count - 1)/2. Exact without ties up to
 * KM_TREND_EXACT_MAX points, else the normal approximation with the variance of
 * ties. False: fewer than 2 points or more than KM_TREND_POINTS_MAX, all at one
 * t, a value that is not finite. */
bool km_trend_fit(const double *t, const double *y, size_t count, double level,
                  double *scratch, struct km_trend *out);

/* One-sided p of a rise of values in their order: Mann-Kendall by the normal
 * approximation with corrections for ties and continuity, its variance times
 * n/n_eff for values that depend on those before (NaN: they do not). */
double km_trend_rise_p(const double *y, size_t count, double n_eff);

#endif
