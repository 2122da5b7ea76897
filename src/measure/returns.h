/* returns.h - diminishing returns: what is left to gain and what it costs.
 *
 * The metric is one that should fall; a curve y = E + A g(x) has a floor E and
 * a reducible part y - E.
 *
 *     half-life       H: y(x + H) - E = (y(x) - E) / 2
 *     area            1/ln(x1/x0) x integral of y d ln x over [x0, x1]
 *     marginal cost   x(y - q|y|) - x: how much more x the next share q takes
 *
 * Ownership: everything is the caller's.   Threads: any.
 * Document: docs/metrics.md#learn.half_life */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_RETURNS_H
#define KM_MEASURE_RETURNS_H

#include "measure/fit.h"
#include "measure/velocity.h"

/* Half-life of a pow3, x (2^(1/a) - 1), or of an invlog3, x (1 + u/tau) with
 * u = x / x_now, in closed form; NaN for other families. */
double km_half_life(const struct km_fit *fit, double x);

enum { KM_POSTERIOR_NODES = 64 };

/* An interval is wider than this: the floor is not identified. */
#define KM_HALF_LIFE_SPREAD_MAX 10

struct km_half_life {
    double value, lo, hi;
    double shape_lo, shape_hi; /* of the exponent a */
    bool identified;           /* hi <= 10 lo, and a inside its range */
};

/* Half-life at `problem->x_now` of a refined pow3, with the interval of the
 * posterior over (E, a): flat in ln a and in E between e_min and the weighted
 * mean of y (where A is 0), A profiled out, density
 * (sum w r^2)^(-(n_eff - 2)/2). For one `a` that is a Student distribution of E
 * with n_eff - 3 degrees of freedom, integrated in closed form; over ln a by
 * the trapezoid rule on KM_POSTERIOR_NODES nodes, closed in on the mass. It
 * holds the error of the fit, not that of the model. False: no improvement in
 * the window. */
bool km_half_life_measure(const struct km_fit *fit,
                          const struct km_fit_problem *problem, double level,
                          struct km_half_life *out);

/* Area under the curve in ln x divided by ln(to/from): the mean of y over ln x,
 * trapezoids between points, ends interpolated in ln x. Never extrapolates:
 * false when [from, to] is not within [x[0], x[count-1]]. x > 0 rising. */
bool km_aulc(const double *x, const double *y, size_t count, double from,
             double to, double *value);

enum { KM_AULC_RESAMPLES = 400, KM_AULC_POINTS_MIN = 8 };

/* The same with an interval by the moving-block bootstrap (Kuensch 1989) of
 * what y deviates from its LOESS curve over ln x (half of them near), in blocks
 * of ceil(count^(1/3)) points; `weight` is how many observations a point
 * averages (a deviation is scaled by its root), NULL: 1. lo, hi are NaN below
 * KM_AULC_POINTS_MIN points. `scratch` has room for
 * 6 x count + KM_AULC_RESAMPLES. */
bool km_aulc_measure(const double *x, const double *y, const double *weight,
                     size_t count, double from, double to, double level,
                     double *scratch, struct km_estimate *out);

struct km_marginal_cost {
    double cost;     /* of the next share, in x; INFINITY: never */
    double lo, hi;   /* gain multiplied by the band; INFINITY: never */
    double previous; /* of the share before: x - x(y + q|y|); NaN: none */
};

/* `band` is what actual over predicted gain lies between. */
void km_marginal_cost(const struct km_fit *fit, double x, double share,
                      struct km_velocity_band band,
                      struct km_marginal_cost *out);

#endif
