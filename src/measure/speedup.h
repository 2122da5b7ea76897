/* speedup.h - how much sooner one curve reaches the losses of another.
 *
 *     loss |\ \
 *          | \  \ B
 *          |  \.....\.....  level: ln x_B - ln x_A
 *          |  A \     \
 *          +--------------- ln x
 *
 * Curves are falling (isotonic). Levels are those that every curve of both arms
 * reaches, spread evenly in ln x of arm B; the later half of them counts.
 * Threads: any.   Document: docs/metrics.md#compare.speedup */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_SPEEDUP_H
#define KM_MEASURE_SPEEDUP_H

#include <stdbool.h>
#include <stddef.h>

enum { KM_SPEEDUP_LEVELS = 33, KM_SPEEDUP_FINE = 257 };

struct km_falling {
    const double *x, *y; /* x > 0 rising, y falling */
    size_t count;
};

/* ln x at which the curve first reaches each level, linear in y between two
 * places; NaN where it never does, ln x[0] above its first value. */
void km_reach(const struct km_falling *curve, const double *levels,
              size_t level_count, double *log_x);

/* Fills KM_SPEEDUP_LEVELS levels, highest first. False: there is no loss that
 * all curves pass through. `scratch` has room for 3 x KM_SPEEDUP_FINE. */
bool km_speedup_levels(const struct km_falling *a, size_t a_count,
                       const struct km_falling *b, size_t b_count,
                       double *scratch, double levels[KM_SPEEDUP_LEVELS]);

/* Mean of ln x over the later half of the levels: one number a curve. */
double km_speedup_summary(const struct km_falling *curve,
                          const double levels[KM_SPEEDUP_LEVELS]);

#endif
