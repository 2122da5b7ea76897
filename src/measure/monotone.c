/* monotone.c - monotone piecewise cubic interpolation. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/monotone.h"

#include <assert.h>
#include <math.h>

/* Of an end, by the parabola through three points, held back where it would
 * turn. h, d: widths and slopes of the first and the second chord. */
static double end_slope(double h0, double h1, double d0, double d1)
{
    double slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
    if (!(slope * d0 > 0)) {
        return 0;
    }
    return d0 * d1 <= 0 && fabs(slope) > 3 * fabs(d0) ? 3 * d0 : slope;
}

static double chord(const double *x, const double *y, size_t i)
{
    return (y[i + 1] - y[i]) / (x[i + 1] - x[i]);
}

void km_monotone_slopes(const double *x, const double *y, size_t count,
                        double *slope)
{
    assert(count >= 2);
    size_t last = count - 1;
    if (count == 2) {
        slope[0] = slope[1] = chord(x, y, 0);
        return;
    }
    for (size_t i = 1; i < last; i++) {
        double before = x[i] - x[i - 1], after = x[i + 1] - x[i];
        double in = chord(x, y, i - 1), out = chord(x, y, i);
        double w_in = 2 * after + before, w_out = after + 2 * before;
        slope[i] =
            in * out > 0 ? (w_in + w_out) / (w_in / in + w_out / out) : 0;
    }
    slope[0] =
        end_slope(x[1] - x[0], x[2] - x[1], chord(x, y, 0), chord(x, y, 1));
    slope[last] = end_slope(x[last] - x[last - 1], x[last - 1] - x[last - 2],
                            chord(x, y, last - 1), chord(x, y, last - 2));
}

double km_monotone_at(const double *x, const double *y, const double *slope,
                      size_t count, double at)
{
    size_t i = 0;
    while (i + 2 < count && at > x[i + 1]) {
        i++;
    }
    double h = x[i + 1] - x[i], s = fmin(fmax((at - x[i]) / h, 0), 1);
    double left = (1 + 2 * s) * (1 - s) * (1 - s), right = s * s * (3 - 2 * s);
    return left * y[i] + right * y[i + 1] +
           h * s * (1 - s) * ((1 - s) * slope[i] - s * slope[i + 1]);
}
