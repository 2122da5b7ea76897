/* mask.h - leaves spikes of a noisy training curve out of its fit.
 *
 * A spike begins where the mean of 5 consecutive points stands above the median
 * of the 101 points before them by more than 6 MAD_101 / sqrt(5) (MAD scaled to
 * sigma), and by at least 3 % of that median or 0.1; it ends with the first 5
 * points in a row, on average, below that line. Its points are masked, and the
 * median does not move while it lasts. One that lasts longer than 5 % of the
 * points so far (at least 50) is no spike but another regime: nothing of it is
 * masked. Single points never are: batches differ in difficulty.
 *
 * Of more than KM_MASK_POINTS_MAX points, means of neighbours (2, 4, 8 ...) are
 * judged and masked together.
 *
 * Causal: whether a point is masked depends on the points given, so a caller
 * who wants to know what was known at a step gives the points up to it.
 * Threads: any.   Document: docs/metrics.md#fit */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_MASK_H
#define KM_MEASURE_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/trailing.h"

enum {
    KM_MASK_WINDOW = KM_TRAILING_MAX,
    KM_MASK_BLOCK = 5,
    KM_MASK_POINTS_MAX = 65536
};

/* Fills keep[count]; returns how many points are masked. */
size_t km_mask_spikes(const double *y, size_t count, bool *keep);

/* The same of a curve that grows: more points settle what was open at the end,
 * and cost as much as there are of them. `next` in groups of `each` points;
 * `masked` points before it. */
struct km_mask {
    struct km_trailing past;
    size_t each, next, masked;
};
void km_mask_begin(struct km_mask *mask);
/* `keep` is that of the call before, wide enough; points before
 * km_mask_settled() are what they were. */
size_t km_mask_more(struct km_mask *mask, const double *y, size_t count,
                    bool *keep);
/* keep[] before here no longer changes, unless the curve doubles beyond
 * KM_MASK_POINTS_MAX. */
size_t km_mask_settled(const struct km_mask *mask);

/* Copies the points that are kept; returns how many. */
size_t km_mask_apply(const double *x, const double *y, size_t count,
                     const bool *keep, double *kept_x, double *kept_y);

/* What the mean of a block has to exceed over the median of the points before:
 * by size alone; by the noise `sigma` of one point as well. */
double km_mask_least(double median);
double km_mask_line(double median, double sigma);

/* Is `mean` of a block surely no spike? Cheap; and the median, after which that
 * can be said of most blocks that follow. */
bool km_mask_clears(const struct km_trailing *past, double mean);
double km_mask_median(struct km_trailing *past);

/* How many points a spike may last that begins after `so_far` points. */
size_t km_mask_longest(size_t so_far);

#endif
