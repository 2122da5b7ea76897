/* robust.h - medians, quantiles and lines that a few bad points do not move.
 *
 * Ownership: scratch is the caller's.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_ROBUST_H
#define KM_MEASURE_ROBUST_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/distribution.h"

#define KM_MAD_TO_SIGMA 1.4826 /* for a normal distribution */
#define KM_HUBER_K      1.345  /* 95 % efficiency for a normal distribution */

/* Puts the k-th smallest (from 0, below count) at values[k], none larger before
 * it, none smaller behind it. Quickselect. */
void km_select(double *values, size_t count, size_t k);

/* The `p` quantile, linear between order statistics (Hyndman-Fan type 7).
 * Reorders `values`. NaN when count is 0; no value may be NaN. */
double km_quantile(double *values, size_t count, double p);
double km_median(double *values, size_t count); /* reorders `values` */

/* Median of |values - centre|; `scratch` has room for `count`. */
double km_mad(const double *values, size_t count, double centre,
              double *scratch);

/* A straight line y = intercept + slope * (t - t_mean) by Huber's M-estimator,
 * five rounds of reweighting. */
struct km_line {
    double slope, intercept, t_mean;
    double se_huber; /* sandwich, of the slope */
    double se_hac;   /* Newey-West, prewhitened, of the slope */
    double se;       /* the larger of the two */
    double n_eff;    /* km_n_eff() of the residuals */
    double scale;    /* robust sigma of the residuals */
};

/* `scratch` has room for 2 x count. False: fewer than 3 points, or all at one
 * t. Newey and West 1987; Huber 1964. */
bool km_line_fit(const double *t, const double *y, size_t count,
                 double *scratch, struct km_line *line);

/* Lags of the Newey-West rule: floor(4 (n/100)^(2/9)), below n. */
size_t km_hac_lags(size_t n);

/* n times the long-run variance of values about 0: Newey-West sums of what is
 * left when an AR(1) is taken out, put back in (Andrews and Monahan 1992), with
 * rho = r1 + (1 + 4 r1)/n within [0, 0.97] (r1: Kendall's bias taken off).
 * Noise that lasts longer than the lags is then not missed. `values` are
 * spoilt. */
double km_long_run(double *values, size_t count);

/* n x own variance / long-run variance of residuals about 0, at most n.
 * `scratch` has room for `count`. */
double km_n_eff(const double *residuals, size_t count, double *scratch);

#endif
