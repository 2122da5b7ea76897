/* monotone.h - a smooth curve through points, which turns only where they do.
 *
 * A cubic between neighbours, with slopes that are harmonic means of those of
 * the chords: it passes through every point and overshoots none.
 * Ownership: everything is the caller's.   Threads: any.
 * Source: Fritsch and Butland 1984, SIAM J. Sci. Stat. Comput. 5:300 (PCHIP).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_MONOTONE_H
#define KM_MEASURE_MONOTONE_H

#include <stddef.h>

/* x rises strictly, count >= 2, all values are finite. */
void km_monotone_slopes(const double *x, const double *y, size_t count,
                        double *slope);

/* At x[0] <= at <= x[count - 1]. */
double km_monotone_at(const double *x, const double *y, const double *slope,
                      size_t count, double at);

#endif
