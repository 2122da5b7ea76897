/* target.h - when a curve reached a value, or when it will.
 *
 * The metric is one that should fall.
 * Threads: any.   Document: docs/metrics.md#forecast.time_to_target */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_TARGET_H
#define KM_MEASURE_TARGET_H

#include "measure/forecast.h"

struct km_crossing {
    bool reached;
    bool confirmed;      /* two neighbouring observations, not only the last */
    double x;            /* between the bracketing observations, in ln x */
    double after, until; /* those: it was reached in (after, until] */
};

/* First of two neighbouring observations at or below `target`, else the last
 * one when that alone is. x > 0 rising. */
struct km_crossing km_target_observed(const double *x, const double *y,
                                      size_t count, double target);

struct km_time_to_target {
    double x;           /* forecast; INFINITY beyond x_max */
    double early, late; /* of the interval; INFINITY beyond x_max */
    bool never;         /* the target lies below the floor of the model */
    double floor;       /* mean of the fitted asymptotes */
};

/* First x in [x_now, x_max] at which the forecast, its lower and its upper
 * bound are at or below `target`. */
struct km_time_to_target km_target_forecast(const struct km_forecast *forecast,
                                            double target, double x_max);

#endif
