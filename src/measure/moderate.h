/* moderate.h - what a variance is, told by few values and by many others.
 *
 * Variances of groups are draws from a scaled inverse chi-squared distribution,
 * d0 s0^2 / chi^2(d0); s0^2 and d0 are those that give the mean and the spread
 * of ln s^2 over the groups (Smyth 2004, empirical Bayes; the moments of
 * ln chi^2 are digamma and trigamma). d0 is never taken above
 * KM_MODERATE_DF_MAX, so that groups which happen to agree do not make another
 * group's own spread unheard, nor above what the groups themselves have.
 * Threads: any.   Document: docs/metrics.md#compare.verdict */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_MODERATE_H
#define KM_MEASURE_MODERATE_H

#include <stdbool.h>
#include <stddef.h>

#define KM_MODERATE_DF_MAX    8.0
#define KM_MODERATE_REFUTED_P 0.1 /* of a group's own variance by the others'  \
                                   */

struct km_moderate {
    double variance; /* s0^2 */
    double df;       /* d0, > 0 */
};

/* Variances >= 0 with their degrees of freedom > 0; those that are 0 count as a
 * hundred-thousandth of the median. False: none is above 0. */
bool km_moderate_fit(const double *variance, const double *df, size_t count,
                     double *scratch, struct km_moderate *out);

/* Does a group's own variance say that it is larger than the others'? */
bool km_moderate_refuted(const struct km_moderate *prior, double variance,
                         double df);

double km_digamma(double x);          /* x > 0 */
double km_trigamma(double x);         /* x > 0 */
double km_trigamma_inverse(double y); /* y > 0 */

#endif
