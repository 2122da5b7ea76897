/* bins.h - a long curve as at most 96 bins of geometric width.
 *
 * A bin keeps how many points fell into it, their means, and the sum of squared
 * deviations of y (Welford), so that two bins of neighbouring stretches merge
 * into the bin of both. Few points stay as they are.
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SERIES_BINS_H
#define KM_SERIES_BINS_H

#include <stddef.h>

enum { KM_BINS_MAX = 96 };

struct km_bins {
    size_t count;
    double x[KM_BINS_MAX], y[KM_BINS_MAX]; /* means */
    double n[KM_BINS_MAX];                 /* points */
    double m2[KM_BINS_MAX];                /* sum of squares about y */
};

/* Bins `count` points with x > 0 in rising order; with at most KM_BINS_MAX
 * points each is its own bin. Edges run geometrically from the first x to the
 * last; empty bins are left out. */
void km_bins_fill(struct km_bins *bins, const double *x, const double *y,
                  size_t count);

/* Adds a point, or `other`'s bin `b`, to bin `a` of `bins`. */
void km_bin_merge(struct km_bins *bins, size_t a, const struct km_bins *other,
                  size_t b);

#endif
