/* reduce.h - fewer points for drawing, with every extreme kept.
 *
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SERIES_REDUCE_H
#define KM_SERIES_REDUCE_H

#include <stddef.h>

#include "series/extremes.h"

/* Cuts the points (x rising) into buckets of equal width of x and keeps, of
 * each, the first, lowest, highest and last point in their order (M4). Writes
 * at most `room` points (at least 4) and returns how many; all of them when
 * `count` <= room. `x_out`, `y_out` may not overlap the input. */
size_t km_reduce(const double *x, const double *y, size_t count, double *x_out,
                 double *y_out, size_t room);

/* The same of a curve whose extremes are known: of its first `count` points. */
size_t km_reduce_known(const double *x, const struct km_extremes *curve,
                       size_t count, double *x_out, double *y_out, size_t room);

#endif
