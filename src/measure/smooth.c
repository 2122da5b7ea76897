/* smooth.c - debiased moving average, LOESS, pooled adjacent violators. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/smooth.h"

#include <assert.h>
#include <math.h>

#include "measure/robust.h"

static const double WEIGHT_COUNTS = 1e-12; /* smaller ones do not make a line */
static const double BISQUARE_REACH = 6;

void km_smooth_ema(const double *x, const double *y, size_t count,
                   double half_life, double *out)
{
    assert(half_life > 0);
    double sum = 0, weights = 0;
    for (size_t i = 0; i < count; i++) {
        double keep = i ? exp2(-(x[i] - x[i - 1]) / half_life) : 0;
        sum = keep * sum + y[i];
        weights = keep * weights + 1;
        out[i] = sum / weights;
    }
}

static double cube(double v)
{
    return v * v * v;
}

/* Points [from, to) near a place, and how far the farthest is. */
struct neighbours {
    size_t from, to;
    double radius;
};

static void slide(const double *x, size_t count, double at,
                  struct neighbours *near)
{
    while (near->to < count && at > (x[near->from] + x[near->to]) / 2) {
        near->from++;
        near->to++;
    }
    near->radius = fmax(at - x[near->from], x[near->to - 1] - at);
}

static double weight_at(const double *x, const double *robust, size_t j,
                        double at, double radius)
{
    return cube(1 - cube(fabs(x[j] - at) / radius)) * robust[j];
}

/* Value at `at` of the weighted line through the neighbours; `otherwise` where
 * fewer than two of them count. */
static double local_line(const double *x, const double *y, const double *robust,
                         const struct neighbours *near, double at,
                         double otherwise)
{
    if (!(near->radius > 0)) {
        return otherwise;
    }
    double sw = 0, swx = 0;
    size_t counting = 0;
    for (size_t j = near->from; j < near->to; j++) {
        double w = weight_at(x, robust, j, at, near->radius);
        counting += w > WEIGHT_COUNTS;
        sw += w;
        swx += w * (x[j] - at);
    }
    if (counting < 2) {
        return otherwise;
    }
    double mean = swx / sw, square = 0, cross = 0, level = 0;
    for (size_t j = near->from; j < near->to; j++) {
        double w = weight_at(x, robust, j, at, near->radius) / sw;
        double d = x[j] - at - mean;
        square += w * d * d;
        cross += w * d * y[j];
        level += w * y[j];
    }
    return level - mean * cross / fmax(square, 1e-12);
}

/* Bisquare weights of residuals at 6 median |residual|; where most residuals
 * are zero the others do not count. */
static void weigh_residuals(const double *y, const double *fitted, size_t count,
                            double *scratch, double *robust)
{
    for (size_t i = 0; i < count; i++) {
        robust[i] = scratch[i] = fabs(y[i] - fitted[i]);
    }
    double reach = BISQUARE_REACH * km_median(scratch, count);
    for (size_t i = 0; i < count; i++) {
        double u = reach > 0 ? fmin(robust[i] / reach, 1) : robust[i] > 0;
        robust[i] = (1 - u * u) * (1 - u * u);
    }
}

void km_smooth_loess(const double *x, const double *y, size_t count,
                     double fraction, unsigned passes, double *scratch,
                     double *out)
{
    assert(fraction > 0 && fraction <= 1 && out != y);
    double *robust = scratch, *rest = scratch + count;
    size_t k = (size_t)(fraction * (double)count + 1e-10);
    k = k < 2 ? 2 : k;
    k = k > count ? count : k;
    for (size_t i = 0; i < count; i++) {
        robust[i] = 1;
    }
    for (unsigned pass = 0; pass <= passes && count; pass++) {
        struct neighbours near = {0, k, 0};
        for (size_t i = 0; i < count; i++) {
            slide(x, count, x[i], &near);
            out[i] = local_line(x, y, robust, &near, x[i], y[i]);
        }
        if (pass < passes) {
            weigh_residuals(y, out, count, rest, robust);
        }
    }
}

void km_smooth_isotonic(const double *y, const double *weight, size_t count,
                        bool falling, double *scratch, double *out)
{
    double *mean = scratch, *mass = mean + count, *first = mass + count;
    double sign = falling ? -1 : 1;
    size_t blocks = 0;
    for (size_t i = 0; i < count; i++) {
        mean[blocks] = sign * y[i];
        mass[blocks] = weight ? weight[i] : 1;
        first[blocks] = (double)i;
        blocks++;
        while (blocks > 1 && mean[blocks - 2] > mean[blocks - 1]) {
            double *a = &mean[blocks - 2], *n = &mass[blocks - 2];
            double both = n[0] + n[1];
            a[0] += (a[1] - a[0]) * (n[1] / both);
            n[0] = both;
            blocks--;
        }
    }
    for (size_t b = blocks, end = count; b-- > 0;) {
        for (size_t from = (size_t)first[b]; end > from;) {
            out[--end] = sign * mean[b];
        }
    }
}
