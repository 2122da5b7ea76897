/* target.c - crossings of data, and of a forecast by bisection. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/target.h"

#include <math.h>

enum { SCAN_STEPS = 400, BISECTIONS = 60 };
enum bound { BOUND_LOWER, BOUND_VALUE, BOUND_UPPER };

struct km_crossing km_target_observed(const double *x, const double *y,
                                      size_t count, double target)
{
    struct km_crossing found = {0};
    size_t at = count;
    for (size_t i = 0; i < count && at == count; i++) {
        bool last = i + 1 == count;
        if (y[i] <= target && (last || y[i + 1] <= target)) {
            at = i;
            found.confirmed = !last;
        }
    }
    if (at == count) {
        return found;
    }
    found.reached = true;
    found.until = found.after = found.x = x[at];
    if (at > 0) {
        found.after = x[at - 1];
        double drop = y[at - 1] - y[at];
        double share = drop > 0 ? (y[at - 1] - target) / drop : 1;
        share = share < 0 ? 0 : share > 1 ? 1 : share;
        found.x = x[at - 1] * pow(x[at] / x[at - 1], share);
    }
    return found;
}

static double bound_at(const struct km_forecast *forecast, double x,
                       enum bound bound)
{
    struct km_estimate e = km_forecast_at(forecast, x);
    return bound == BOUND_LOWER ? e.lo : bound == BOUND_UPPER ? e.hi : e.value;
}

/* Scans in equal ratios for the first step at or below, then bisects. */
static double first_below(const struct km_forecast *forecast, double target,
                          double x_max, enum bound bound)
{
    double low = forecast->x_now;
    if (bound_at(forecast, low, bound) <= target) {
        return low;
    }
    double ratio = pow(x_max / low, 1.0 / SCAN_STEPS);
    for (int i = 0; i < SCAN_STEPS; i++) {
        double high = low * ratio;
        if (bound_at(forecast, high, bound) <= target) {
            for (int b = 0; b < BISECTIONS; b++) {
                double middle = low + (high - low) / 2;
                if (bound_at(forecast, middle, bound) <= target) {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            return high;
        }
        low = high;
    }
    return INFINITY;
}

struct km_time_to_target km_target_forecast(const struct km_forecast *forecast,
                                            double target, double x_max)
{
    double floor =
        (forecast->point[0].asymptote + forecast->point[1].asymptote) / 2;
    return (struct km_time_to_target){
        .x = first_below(forecast, target, x_max, BOUND_VALUE),
        .early = first_below(forecast, target, x_max, BOUND_LOWER),
        .late = first_below(forecast, target, x_max, BOUND_UPPER),
        .never = target <= floor,
        .floor = floor,
    };
}
