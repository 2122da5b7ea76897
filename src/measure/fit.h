/* fit.h - learning curves y = E + A g(x; theta), fitted by variable projection.
 *
 *     pow3     g = u^-a                        u = x / x_now
 *     invlog3  g = 1 / ln(1 + u/tau)
 *     pow4     g = ((u + b) / (1 + b))^-a
 *     mmf4     g = 1 / (1 + (u/tau)^d)
 *     wbl4     g = exp(-k u^d)
 *
 * E and A are linear, so each node of a fixed grid over theta is one weighted
 * least-squares solution in closed form, with A >= 0 and E >= e_min. Four
 * rounds of Huber weights (scale: 1.4826 median |residual| of the best node),
 * then a pattern search in ln theta, within the grid's range, down to 0.3 %.
 * Deterministic.
 *
 * Weights: how many points stand behind (x, y).
 * Ownership: scratch is the caller's.   Threads: any.
 * Source: variable projection, Golub and Pereyra 1973; families as collected
 * by Viering and Loog 2022.   Document: docs/metrics.md#fit */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_FIT_H
#define KM_MEASURE_FIT_H

#include <stdbool.h>
#include <stddef.h>

enum km_family {
    KM_FAMILY_POW3,
    KM_FAMILY_INVLOG3,
    KM_FAMILY_POW4,
    KM_FAMILY_MMF4,
    KM_FAMILY_WBL4,
    KM_FAMILY_COUNT,
};

enum {
    KM_FIT_POINTS_MIN = 8,
    KM_FIT_POINTS_MAX = 96,
    KM_FIT_NODES_MAX = 360,
    KM_FIT_MOMENTS = 5,
};

struct km_fit_problem {
    const double *x, *y, *weight; /* x > 0, finite */
    size_t count;                 /* at most KM_FIT_POINTS_MAX */
    double x_now;                 /* the scale of x */
    double e_min;                 /* lowest asymptote; -INFINITY: none */
};

struct km_fit {
    enum km_family family;
    double theta[2]; /* shape, of u */
    double asymptote, amplitude;
    double x_now;
    double scale; /* robust sigma of a residual of median weight */
    double sse;   /* weighted with `weight` */
    double n_eff; /* of the residuals */
    size_t count;
    double residual[KM_FIT_POINTS_MAX]; /* y - fitted */
    double weight[KM_FIT_POINTS_MAX];   /* after Huber */
    double se_slope; /* of dy/dx at x_now by Gauss-Newton; NaN: singular */
};

struct km_fit_scratch {
    double grid[KM_FIT_POINTS_MAX * KM_FIT_NODES_MAX];
    double moment[KM_FIT_MOMENTS][KM_FIT_NODES_MAX];
    double theta[KM_FIT_NODES_MAX][2];
    double scaled[KM_FIT_POINTS_MAX], logs[KM_FIT_POINTS_MAX];
    double sorted[KM_FIT_POINTS_MAX];
};

enum km_fit_effort {
    KM_FIT_AGAIN,     /* GRID_ONCE with other y; `scratch` still holds the grid
                         of the call before, which had the same family and x */
    KM_FIT_GRID_ONCE, /* least squares on the grid: for resampling */
    KM_FIT_GRID,      /* with Huber weights */
    KM_FIT_REFINED,   /* and the pattern search */
};

/* False: fewer than KM_FIT_POINTS_MIN points, or all at one x. */
bool km_fit_run(enum km_family family, const struct km_fit_problem *problem,
                enum km_fit_effort effort, struct km_fit_scratch *scratch,
                struct km_fit *fit);

const char *km_family_name(enum km_family family); /* "pow3" */
double km_fit_value(const struct km_fit *fit, double x);
double km_fit_slope(const struct km_fit *fit, double x); /* dy/dx */

/* The x > 0 at which the curve takes the value y; INFINITY when it never does.
 */
double km_fit_inverse(const struct km_fit *fit, double y);

#endif
