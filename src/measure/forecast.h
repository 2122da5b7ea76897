/* forecast.h - where a curve goes, and how wrong that may be.
 *
 * Point: the mean of pow3 and invlog3 fitted to the window. Interval of a cold
 * start (no finished runs to calibrate on): from k_down s below to k_up s above
 * at 80 %,
 *
 *     s^2 = Var(forecasts of 5 families x 5 windows) + noise^2
 *         + Var(block bootstrap of pow3) + (0.02 |y_now| ln(x/x_now))^2
 *
 * k = 0.8 both ways when the learning rate stays constant up to x. Else a loss
 * may get the extra drop of a cool-down: 2.4 down, 0.8 up. Fewer than
 * KM_COLD_START_POINTS_MIN points, or a metric that is no loss: 3 both ways.
 * All were measured on other people's curves; it is not calibrated for this
 * run. A bootstrap alone would cover a fifth of what it says.
 *
 * Ownership: everything is the caller's.   Threads: any.
 * Document: docs/metrics.md#forecast.final */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_FORECAST_H
#define KM_MEASURE_FORECAST_H

#include "measure/fit.h"
#include "measure/velocity.h"

#define KM_COLD_START_LEVEL 0.80

/* How many s an interval reaches below and above the forecast. */
struct km_cold_start {
    double down, up;
};
extern const struct km_cold_start km_cold_start_constant; /* learning rate */
extern const struct km_cold_start km_cold_start_unknown;
extern const struct km_cold_start km_cold_start_thin; /* few points, no loss */

enum {
    KM_COLD_START_POINTS_MIN = 12, /* in the window */
    KM_FORECAST_WINDOWS = 5,       /* 0.02, 0.05, 0.1, 0.2, 0.4 of x_now */
    KM_FORECAST_SPREAD_MAX = KM_FORECAST_WINDOWS * KM_FAMILY_COUNT,
    KM_FORECAST_RESAMPLES = 60,
};
extern const double km_forecast_windows[KM_FORECAST_WINDOWS];

/* What a forecast needs of a fit. */
struct km_shape {
    enum km_family family;
    double theta[2], asymptote, amplitude;
};

struct km_forecast {
    double x_now, y_now;
    struct km_shape point[2]; /* pow3, invlog3 */
    struct km_shape spread[KM_FORECAST_SPREAD_MAX];
    size_t spread_count;
    struct km_shape resample[KM_FORECAST_RESAMPLES];
    double noise; /* sigma of one observation at the target; 0: an average */
    struct km_cold_start k;
};

/* `pow3` and `invlog3` are refined fits of `window`; `past` are the problems
 * of km_forecast_windows that have enough points. Deterministic. */
void km_forecast_prepare(const struct km_fit *pow3,
                         const struct km_fit *invlog3,
                         const struct km_fit_problem *window,
                         const struct km_fit_problem *past, size_t past_count,
                         double noise, struct km_cold_start k,
                         struct km_fit_scratch *scratch,
                         struct km_forecast *forecast);

/* Forecast at x >= x_now with its 80 % interval. */
struct km_estimate km_forecast_at(const struct km_forecast *forecast, double x);

#endif
