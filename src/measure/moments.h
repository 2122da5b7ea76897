/* moments.h - count, mean and variance of values that come one by one.
 *
 * Begin with a zeroed struct.
 * Threads: any.   Source: Welford 1962. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_MOMENTS_H
#define KM_MEASURE_MOMENTS_H

#include <stdbool.h>

struct km_moments {
    double n, mean, m2; /* m2: sum of squares about the mean */
};

void km_moments_add(struct km_moments *moments, double value);

/* m2/(n - 1); NaN below two values. */
double km_moments_variance(const struct km_moments *moments);

/* Half-width of Student's t interval of the mean at `level`; NaN below two
 * values. */
double km_moments_half_width(const struct km_moments *moments, double level);

/* Standard error and degrees of freedom of a difference of two means (Welch
 * 1947). False: fewer than two values on a side, or no value differs from
 * another. */
bool km_moments_welch(const struct km_moments *a, const struct km_moments *b,
                      double *se, double *df);

#endif
