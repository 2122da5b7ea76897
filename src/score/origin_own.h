/* origin_own.h - parts of an origin that its own past forecasts need too. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_ORIGIN_OWN_H
#define KM_SCORE_ORIGIN_OWN_H

#include "score/origin.h"

/* The window of the mean of families: 0.4 of x_now with 24 points, else 0.2 or
 * 0.1 with 8. False: fewer. */
bool km_origin_window(const struct km_forecast_run *run,
                      const struct km_bin_sums *sums, size_t seen,
                      struct km_bins *bins, double *window);
bool km_origin_fit(const struct km_forecast_run *run, size_t seen,
                   const struct km_bins *bins, enum km_fit_effort effort,
                   struct km_fit_scratch *scratch, struct km_fit *pow3,
                   struct km_fit *invlog3);

/* The mean of families held to where the curve is. What the last stretch lies
 * off the fits fades with the distance: off exp(-(x/x_now - 1)/0.4). */
struct km_origin_mean {
    const struct km_fit *pow3, *invlog3;
    double x_now, off, e_min;
};
struct km_origin_mean km_origin_mean_of(const struct km_forecast_run *run,
                                        const struct km_bin_sums *sums,
                                        size_t seen,
                                        const struct km_origin_workspace *work);
double km_origin_mean_at(const struct km_origin_mean *mean, double x);

struct km_log_line {
    double x, y, slope; /* means of ln x and ln y */
};
/* `weight` NULL: 1 each. All NaN: no y > 0, or one x. */
struct km_log_line km_log_line_fit(const double *x, const double *y,
                                   const double *weight, size_t count);
double km_log_line_value(const struct km_log_line *line, double x);

/* Fills `own` of the targets: forecasts that the run itself made earlier, at
 * the same ln(target / origin), and that are resolved by x_now. */
void km_origin_own(const struct km_forecast_run *run,
                   const struct km_bin_sums *sums,
                   struct km_origin_workspace *work, struct km_origin *origin);

#endif
