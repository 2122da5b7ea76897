/* speedup.c - levels that all curves reach, and when each reached them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/speedup.h"

#include <math.h>

void km_reach(const struct km_falling *curve, const double *levels,
              size_t level_count, double *log_x)
{
    for (size_t l = 0; l < level_count; l++) {
        size_t low = 0, high = curve->count; /* first place at the level */
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (curve->y[middle] > levels[l]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == curve->count) {
            log_x[l] = NAN;
        } else if (low == 0) {
            log_x[l] = log(curve->x[0]);
        } else {
            double drop = curve->y[low - 1] - curve->y[low];
            double share = (curve->y[low - 1] - levels[l]) / drop;
            double from = log(curve->x[low - 1]);
            log_x[l] = from + share * (log(curve->x[low]) - from);
        }
    }
}

static void widen(const struct km_falling *curves, size_t count, double *low,
                  double *high)
{
    for (size_t i = 0; i < count; i++) {
        *high = fmin(*high, curves[i].y[0]);
        *low = fmax(*low, curves[i].y[curves[i].count - 1]);
    }
}

bool km_speedup_levels(const struct km_falling *a, size_t a_count,
                       const struct km_falling *b, size_t b_count,
                       double *scratch, double levels[KM_SPEEDUP_LEVELS])
{
    double low = -INFINITY, high = INFINITY;
    widen(a, a_count, &low, &high);
    widen(b, b_count, &low, &high);
    if (!(high > low) || isinf(high) || isinf(low)) {
        return false;
    }
    double *fine = scratch, *mean = fine + KM_SPEEDUP_FINE;
    double *one = mean + KM_SPEEDUP_FINE;
    for (size_t k = 0; k < KM_SPEEDUP_FINE; k++) {
        fine[k] = high + (low - high) * (double)k / (KM_SPEEDUP_FINE - 1);
        mean[k] = 0;
    }
    fine[KM_SPEEDUP_FINE - 1] = low; /* exactly: all curves reach it */
    for (size_t i = 0; i < b_count; i++) {
        km_reach(&b[i], fine, KM_SPEEDUP_FINE, one);
        for (size_t k = 0; k < KM_SPEEDUP_FINE; k++) {
            mean[k] += one[k] / (double)b_count;
        }
    }
    double from = mean[0], to = mean[KM_SPEEDUP_FINE - 1];
    if (!(to > from)) {
        return false; /* B stands at one place over the whole range */
    }
    for (size_t l = 0, k = 0; l < KM_SPEEDUP_LEVELS; l++) {
        double at = from + (to - from) * (double)l / (KM_SPEEDUP_LEVELS - 1);
        while (k + 2 < KM_SPEEDUP_FINE && mean[k + 1] < at) {
            k++;
        }
        double width = mean[k + 1] - mean[k];
        double share = width > 0 ? (at - mean[k]) / width : 1;
        share = fmin(fmax(share, 0), 1);
        levels[l] = fine[k] + share * (fine[k + 1] - fine[k]);
    }
    levels[KM_SPEEDUP_LEVELS - 1] = low;
    return true;
}

double km_speedup_summary(const struct km_falling *curve,
                          const double levels[KM_SPEEDUP_LEVELS])
{
    enum { FIRST = KM_SPEEDUP_LEVELS / 2 };
    double log_x[KM_SPEEDUP_LEVELS - FIRST], sum = 0;
    km_reach(curve, levels + FIRST, KM_SPEEDUP_LEVELS - FIRST, log_x);
    for (size_t l = 0; l < KM_SPEEDUP_LEVELS - FIRST; l++) {
        sum += log_x[l];
    }
    return sum / (KM_SPEEDUP_LEVELS - FIRST);
}
