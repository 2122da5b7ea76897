/* velocity.h - how fast a metric improves, by model and by local slope.
 *
 * Positive means improving. The metric is one that should fall: callers turn a
 * score round first.
 *
 *   model   v = -dy/dx of the fitted curve at x_now. Its 80 % interval joins
 *           the Gauss-Newton error with the measured model discrepancy,
 *           x [0.86, 1.28].
 *   local   v = -b / x_c, b the Huber slope of y on ln x over
 *           [x_now / rho, x_now], rho = 1.25 widened by x1.25 up to 2.5 until
 *           |b| >= 2 SE; x_c the geometric centre of the window.
 *
 * Threads: any.   Document: docs/metrics.md#learn.velocity */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_VELOCITY_H
#define KM_MEASURE_VELOCITY_H

#include "measure/fit.h"

#define KM_VELOCITY_BAND_LOW  0.86
#define KM_VELOCITY_BAND_HIGH 1.28

/* A value with an interval; NaN where there is none. */
struct km_estimate {
    double value, lo, hi;
};

/* What actual over predicted gain lies between. */
struct km_velocity_band {
    double low, high;
};
extern const struct km_velocity_band km_velocity_band_cold; /* [0.86, 1.28] */

/* Model velocity at x; relative_se_axis is that of a converted axis (0). */
struct km_estimate km_velocity_model(const struct km_fit *fit, double x,
                                     double level, double relative_se_axis);

/* The same with another band than the one of a cold start. */
struct km_estimate km_velocity_model_within(const struct km_fit *fit, double x,
                                            double level,
                                            double relative_se_axis,
                                            struct km_velocity_band band);

/* The band by the conformal quantiles of ratios of finished runs, each weighted
 * 1 / (ratios of its configuration group). `scratch` has room for 4 x count.
 * False: fewer than KM_CONFORMAL_GROUPS_MIN groups (at 80 %). Ratios that are
 * not finite do not count. */
bool km_velocity_band_learn(const double *ratio, const unsigned *group,
                            size_t count, double level, double *scratch,
                            struct km_velocity_band *band);

enum { KM_LOCAL_POINTS_MIN = 20, KM_LOCAL_POINTS_MAX = 4096 };

struct km_local_velocity {
    struct km_estimate velocity; /* per x */
    double se;                   /* of the velocity */
    double x_from, x_to;         /* window; its geometric centre is x_c */
    size_t n;                    /* points in the window */
    double n_eff;
};

/* x > 0 rising, at least `points_min` points in the window. `scratch` has room
 * for 4 x KM_LOCAL_POINTS_MAX. False: too few points in the widest window, or
 * all at one x. Longer windows are averaged in equal groups of neighbours
 * first. */
bool km_velocity_local(const double *x, const double *y, size_t count,
                       size_t points_min, double level, double *scratch,
                       struct km_local_velocity *out);

/* The same with at most `most` groups (<= KM_LOCAL_POINTS_MAX): for many looks
 * at a long curve; and the slope over one window [x_now / rho, x_now]. */
enum { KM_LOOK_POINTS_MAX = 1024 };
bool km_velocity_local_of(const double *x, const double *y, size_t count,
                          size_t points_min, size_t most, double level,
                          double *scratch, struct km_local_velocity *out);
bool km_velocity_over(const double *x, const double *y, size_t count,
                      double rho, size_t points_min, size_t most, double level,
                      double *scratch, struct km_local_velocity *out);

/* a / b with the interval of Fieller (1954) for independent a and b with
 * standard errors; z: quantile of the level. Bounds are NaN where b may be 0.
 */
struct km_estimate km_ratio_fieller(double a, double se_a, double b,
                                    double se_b, double z);

/* The model and the last stretch tell opposite things, by more than two
 * standard errors of the latter: the regime has changed. */
bool km_velocity_disagrees(double model, const struct km_local_velocity *local);

/* How many times as steep the last stretch is as the model is there, where it
 * is 1.3 times or more and beyond 2.5 standard errors; 1: it is not, or the
 * model does not fall. On public curves: 0 of 90 looks while the rate was
 * constant, 29 of the 53 looks 1.3 times as steep while it moved. */
double km_velocity_steepened(const struct km_fit *fit,
                             const struct km_local_velocity *local);

#endif
