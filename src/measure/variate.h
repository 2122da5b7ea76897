/* variate.h - the noise that two runs with the same batches share, taken out.
 *
 * Most of the noise of a training loss is how hard the batch was. A reference
 * run that saw the same batches in the same order went through the same noise:
 *
 *     y*(t) = y(t) - beta (r(t) - smooth(t)),  beta = Cov(y, r) / Var(r)
 *
 * with r the reference and `smooth` its fitted curve over a longer stretch than
 * the window of the slope, future included (a curve fitted to the window alone
 * would only take out of the standard error what stays in the slope). Cov and
 * Var are those of first differences, which no trend moves. The slope of y* has
 * the error of what the two runs do not share, joined with the error of the
 * slope of the reference's fitted curve.
 *
 * Ownership: everything is the caller's.   Threads: any.
 * Source: control variates, as in Lavenberg and Welch 1981, Manag. Sci. 27:322.
 * Document: docs/metrics.md#learn.velocity_local */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_VARIATE_H
#define KM_MEASURE_VARIATE_H

#include "measure/velocity.h"

/* Below this correlation a reference takes out less than it may put in. */
#define KM_VARIATE_CORRELATION_MIN 0.5

struct km_variate {
    double beta, correlation; /* of first differences */
    double paired_se;         /* of the slope, without the reference's part */
    double plain_se; /* of the slope of y over the same window, alone */
};

/* beta and correlation of `y` on `noise` (r - smooth at the same places).
 * False: fewer than 3 points, or one of them does not vary. */
bool km_variate_regress(const double *y, const double *noise, size_t count,
                        struct km_variate *out);

/* km_velocity_local() of y*. `reference_se`: of the slope of the reference's
 * curve at x_now, per x. `scratch` has room for 4 x KM_LOCAL_POINTS_MAX,
 * `adjusted` for count. False: too few points, or too little in common. */
bool km_variate_velocity(const double *x, const double *y, const double *noise,
                         size_t count, size_t points_min, double level,
                         double reference_se, double *scratch, double *adjusted,
                         struct km_local_velocity *out,
                         struct km_variate *variate);

#endif
