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
    double se_hac;   /* Newey-West with Bartlett weights, of the slope */
    double se;       /* the larger of the two */
    double n_eff;    /* n / (1 + 2 sum of positive autocorrelations) */
    double scale;    /* robust sigma of the residuals */
};

/* `scratch` has room for 2 x count. False: fewer than 3 points, or all at one
 * t. Newey and West 1987; Huber 1964. */
bool km_line_fit(const double *t, const double *y, size_t count,
                 double *scratch, struct km_line *line);

/* Lags of the Newey-West rule: floor(4 (n/100)^(2/9)), below n. */
size_t km_hac_lags(size_t n);

/* n / (1 + 2 sum_k (1 - k/(L+1)) max(rho_k, 0)) of residuals about 0. */
double km_n_eff(const double *residuals, size_t count);

#endif
