/* target.h - when a curve reached a value.
 *
 * The metric is one that should fall.
 * Threads: any.   Document: docs/metrics.md#forecast.time_to_target */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_TARGET_H
#define KM_MEASURE_TARGET_H

#include <stdbool.h>
#include <stddef.h>

struct km_crossing {
    bool reached;
    bool confirmed;      /* two neighbouring observations, not only the last */
    double x;            /* between the bracketing observations, in ln x */
    double after, until; /* those: it was reached in (after, until] */
};

/* First of two neighbouring observations at or below `target`, else the last
 * one when that alone is. x > 0 rising. */
struct km_crossing km_target_observed(const double *x, const double *y,
                                      size_t count, double target);

#endif
