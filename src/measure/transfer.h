/* transfer.h - what having learned one task is worth for learning another.
 *
 *     loss |\
 *          | \  `.  from scratch           jump start: the distance at the left
 *          |  \    `.                      area ratio: the area between, over
 *          |   `------`--------- level       that below "from scratch"
 *          |  transfer   `-----            threshold: x where each is at a
 * level
 *          +--------------------- x
 *
 * Curves are to be lowered: a reward is given with its sign turned. x > 0
 * rising, in any one unit.
 * Threads: any.   Source: Taylor and Stone 2009, J. Mach. Learn. Res. 10:1633.
 * Document: docs/metrics.md#transfer.jumpstart */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_TRANSFER_H
#define KM_MEASURE_TRANSFER_H

#include "measure/speedup.h"

/* Linear between places; NaN beyond the curve or without one. */
double km_curve_at(const struct km_falling *curve, double x);

/* Area under the curve over [from, to], which it covers, by trapezoids. */
double km_curve_area(const struct km_falling *curve, double from, double to);

/* The value at which `share` of the curve's own gain is made, of a falling
 * curve: y_first + share (y_last - y_first). NaN: it gained nothing. */
double km_gain_level(const struct km_falling *falling, double share);

/* Where a falling curve first is at or below a level. */
struct km_threshold {
    bool reached;
    bool at_start; /* already by its first value: x is no more than that */
    double x;      /* not reached: the last */
    double after, until; /* the places around it; not reached: x, INFINITY */
};
struct km_threshold km_threshold_find(const struct km_falling *falling,
                                      double level);

/* What is saved of the first learning, 1 - x_again/x_first, of a speed-up
 * ln(x_first/x_again). Ebbinghaus 1885. */
double km_savings(double log_speedup);

#endif
