/* thin.h - a long curve as means of neighbours, without looking ahead.
 *
 * The first KM_THIN_WHOLE points stay as they are, as many after them are
 * averaged in twos, then twice as many in fours, and so on: n points become
 * fewer than KM_THIN_WHOLE (1 + log2(n / KM_THIN_WHOLE) / 2) + KM_THIN_WHOLE.
 * Which points a mean is of depends on their place alone, so more points never
 * change a mean; the last, unfinished one is left out.
 *
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_THIN_H
#define KM_MEASURE_THIN_H

#include <stddef.h>

enum { KM_THIN_WHOLE = 16384 };

/* How many means `count` points make. */
size_t km_thin_count(size_t count);

/* Fills km_thin_count(count) places, of which the first `kept` are filled. */
void km_thin(const double *x, const double *y, size_t count, size_t kept,
             double *thin_x, double *thin_y);

#endif
