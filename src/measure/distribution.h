/* distribution.h - probabilities and quantiles of the usual distributions.
 *
 * Absolute error below 1e-13, relative error of quantiles below 1e-12.
 * NaN in gives NaN or an assertion; parameters must be positive.
 * Threads: any.   Source: continued fractions as in Abramowitz and Stegun 26.5,
 * 6.5; quantiles by bisection. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_DISTRIBUTION_H
#define KM_MEASURE_DISTRIBUTION_H

double km_normal_cdf(double z);
double km_normal_quantile(double p); /* 0 < p < 1 */

/* Student's t with `df` > 0 degrees of freedom, 0 < p < 1. */
double km_t_cdf(double t, double df);
double km_t_quantile(double p, double df);

double km_f_cdf(double f, double df1, double df2); /* Fisher's F */
/* With noncentrality lambda >= 0: a Poisson mixture of beta distributions. Its
 * terms follow from one another, so a value costs one incomplete beta function
 * and about 17 sqrt(lambda) multiplications. */
double km_f_noncentral_cdf(double f, double df1, double df2, double lambda);

/* The lambda at which the cdf is p in (0, 1): 0 where it is below p without
 * any. Above 2^20 its relative error is about 5 / lambda. */
double km_f_noncentrality(double f, double df1, double df2, double p);
double km_chi2_cdf(double x, double df);
double km_chi2_quantile(double p, double df); /* 0 < p < 1 */

/* Beta(a, b), 0 <= x <= 1: the regularised incomplete beta function. */
double km_beta_cdf(double x, double a, double b);

/* P(successes <= k) of n trials. */
double km_binomial_cdf(double k, double n, double p);

/* What a share of n trials lies between at `level`, 0 <= share <= 1, n > 0.
 * Wilson 1927. */
void km_wilson(double share, double n, double level, double *lo, double *hi);

#endif
