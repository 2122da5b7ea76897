/* transfer.c - what a curve is at a place, its area, where it passes a level. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/transfer.h"

#include <math.h>

double km_curve_at(const struct km_falling *curve, double x)
{
    size_t n = curve->count;
    if (n == 0 || !(x >= curve->x[0] && x <= curve->x[n - 1])) {
        return NAN;
    }
    size_t low = 0, high = n - 1; /* x[low] <= x <= x[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (curve->x[middle] <= x) {
            low = middle;
        } else {
            high = middle;
        }
    }
    if (high == low || !(x > curve->x[low])) {
        return curve->y[low];
    }
    double share = (x - curve->x[low]) / (curve->x[high] - curve->x[low]);
    return curve->y[low] + share * (curve->y[high] - curve->y[low]);
}

double km_curve_area(const struct km_falling *curve, double from, double to)
{
    double area = 0, x = from, y = km_curve_at(curve, from);
    for (size_t i = 0; i < curve->count; i++) {
        if (curve->x[i] > from && curve->x[i] < to) {
            area += (curve->x[i] - x) * (curve->y[i] + y) / 2;
            x = curve->x[i];
            y = curve->y[i];
        }
    }
    return area + (to - x) * (km_curve_at(curve, to) + y) / 2;
}

double km_gain_level(const struct km_falling *falling, double share)
{
    if (falling->count < 2 ||
        !(falling->y[falling->count - 1] < falling->y[0])) {
        return NAN;
    }
    return falling->y[0] +
           share * (falling->y[falling->count - 1] - falling->y[0]);
}

struct km_threshold km_threshold_find(const struct km_falling *falling,
                                      double level)
{
    struct km_threshold found = {false, false, NAN, NAN, NAN};
    size_t n = falling->count, place = 0;
    if (n == 0 || isnan(level)) {
        return found;
    }
    while (place < n && falling->y[place] > level) {
        place++;
    }
    if (place == n) {
        found.x = found.after = falling->x[n - 1];
        found.until = INFINITY;
        return found;
    }
    double log_x;
    km_reach(falling, &level, 1, &log_x);
    found.reached = true;
    found.at_start = place == 0;
    found.x = exp(log_x);
    found.after = place ? falling->x[place - 1] : 0;
    found.until = falling->x[place];
    return found;
}

double km_savings(double log_speedup)
{
    return -expm1(-log_speedup);
}
