/* forecast_score.h - how good forecasts were, once the truth is known.
 *
 * Sums over configuration groups: each run counts 1 / (runs of its group), so
 * that seeds of one configuration count once. Per forecast f, truth y, last
 * value v, log-log line g, interval [l, u] of level 1 - alpha:
 *
 *     rel       exp(mean ln(|y - f| / |y - v|))      below 1: better than v
 *               (its interval: Student's t of the groups' mean logarithms)
 *     rel_line  the same against g
 *     mae       mean |y - f|         male  mean |ln(f / y)|, both above 0
 *     bias      mean y - f           covered  share of l <= y <= u
 *     winkler   mean (u - l) + 2/alpha max(l - y, y - u, 0)
 *     pit       share of past truths not above y: uniform if calibrated
 *
 * |.| is at least 1e-9 of the truth's size and a ratio at most 1,000 either
 * way, so that one exact hit does not decide a mean of logarithms. Threads:
 * any.   Source: Winkler 1972; Gneiting and Raftery 2007 (interval score);
 * Dawid 1984 (PIT).   Document: docs/metrics.md#back-test */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_FORECAST_SCORE_H
#define KM_MEASURE_FORECAST_SCORE_H

#include <stddef.h>

#define KM_SCORE_RATIO_MAX 1000.0

/* One resolved forecast; NaN: no interval, no line, no calibration errors. */
struct km_resolved {
    unsigned group;
    double forecast, truth, last_value, line, lo, hi, pit;
};

struct km_forecast_score {
    size_t forecasts, groups; /* with a finite forecast and truth */
    double rel, rel_line;     /* NaN: nothing to compare with */
    double rel_lo, rel_hi;    /* of rel at `level`; NaN below two groups */
    double mae, male, bias;   /* male NaN unless all are above 0 */
    double median_error;      /* over groups of the mean |error| inside */
    size_t intervals;         /* forecasts that had one */
    double covered, width;    /* NaN without intervals */
    double below, above;      /* shares of truths beyond each end */
    double winkler;
    double pit; /* mean; 0.5 if the calibration errors are not shifted */
};

/* Means inside groups first, then over groups. `scratch` has room for
 * 3 x count. */
void km_forecast_score(const struct km_resolved *of, size_t count, double level,
                       double *scratch, struct km_forecast_score *out);

double km_winkler(double lo, double hi, double y, double level);

/* Weighted share of `errors` (truth - forecast of the calibration set) at or
 * below `error`; ties count half. */
double km_pit(const double *errors, const double *weight, size_t count,
              double error);

#endif
