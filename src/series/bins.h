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

/* Running sums of a long curve: any stretch of it is binned without visiting
 * its points. sum[i] is over points before i, less `shift` each: the point at
 * half the largest power of two that there are points, so that the sums of a
 * growing curve stand until it has doubled. */
struct km_bin_sums {
    size_t count;
    const double *points_x, *points_y;
    double *sum_x, *sum_y; /* count + 1 of each, the caller's */
    double shift_x, shift_y;
    size_t shift_at;
};
void km_bin_sums_fill(struct km_bin_sums *sums, const double *x,
                      const double *y, size_t count);

/* The same when the first `kept` <= sums->count points are what they were. */
void km_bin_sums_more(struct km_bin_sums *sums, const double *x,
                      const double *y, size_t kept, size_t count);

/* Means of points [from, to), from < to. */
void km_bin_sums_mean(const struct km_bin_sums *sums, size_t from, size_t to,
                      double *x, double *y);

/* As km_bins_fill() of points [from, to); m2 is not known (NaN) where a bin
 * holds more than one point. */
void km_bins_of_sums(struct km_bins *bins, const struct km_bin_sums *sums,
                     size_t from, size_t to);

/* Index of the first x >= bound of rising x; `count` when none. */
size_t km_bins_find(const double *x, size_t count, double bound);

/* Adds a point, or `other`'s bin `b`, to bin `a` of `bins`. */
void km_bin_merge(struct km_bins *bins, size_t a, const struct km_bins *other,
                  size_t b);

#endif
