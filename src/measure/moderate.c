/* moderate.c - moments of the logarithms of variances. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/moderate.h"

#include <math.h>
#include <string.h>

#include "measure/distribution.h"
#include "measure/robust.h"

enum { NEWTON_MAX = 60, LARGE = 15 };

/* Asymptotic series above LARGE, the recurrence below. */
double km_digamma(double x)
{
    double below = 0;
    for (; x < LARGE; x++) {
        below -= 1 / x;
    }
    double r = 1 / (x * x);
    return below + log(x) - 0.5 / x -
           r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r / 240)));
}

double km_trigamma(double x)
{
    double below = 0;
    for (; x < LARGE; x++) {
        below += 1 / (x * x);
    }
    double r = 1 / (x * x);
    return below + 1 / x + r / 2 +
           r / x * (1.0 / 6 - r * (1.0 / 30 - r * (1.0 / 42 - r / 30)));
}

/* Newton on 1 / trigamma, which is nearly straight (Smyth 2004). */
double km_trigamma_inverse(double y)
{
    double x = 0.5 + 1 / y;
    for (int i = 0; i < NEWTON_MAX; i++) {
        double h = 1e-5 * x, at = km_trigamma(x);
        double slope = (km_trigamma(x + h) - km_trigamma(x - h)) / (2 * h);
        double step = at * (1 - at / y) / slope;
        x += step;
        if (fabs(step) < 1e-12 * x) {
            break;
        }
    }
    return x;
}

bool km_moderate_fit(const double *variance, const double *df, size_t count,
                     double *scratch, struct km_moderate *out)
{
    double mean = 0, spread = 0, noise = 0, all = 0, n = (double)count;
    memcpy(scratch, variance, count * sizeof *scratch);
    double least = 1e-5 * km_median(scratch, count);
    for (size_t i = 0; i < count && !(least > 0); i++) {
        least = fmax(least, 1e-5 * variance[i]);
    }
    if (!(least > 0)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        double half = df[i] / 2;
        scratch[i] =
            log(fmax(variance[i], least)) - km_digamma(half) + log(half);
        mean += scratch[i] / n;
        noise += km_trigamma(half) / n;
        all += df[i];
    }
    for (size_t i = 0; i < count; i++) {
        spread += (scratch[i] - mean) * (scratch[i] - mean) / (n - 1);
    }
    double most = fmin(KM_MODERATE_DF_MAX, all);
    double excess = count > 1 ? spread - noise : 0;
    double fitted =
        excess > 0 ? 2 * km_trigamma_inverse(excess) : (double)INFINITY;
    out->variance = isinf(fitted)
                        ? exp(mean)
                        : exp(mean + km_digamma(fitted / 2) - log(fitted / 2));
    out->df = fmin(fitted, most);
    return true;
}

bool km_moderate_refuted(const struct km_moderate *prior, double variance,
                         double df)
{
    return df > 0 && 1 - km_f_cdf(variance / prior->variance, df, prior->df) <
                         KM_MODERATE_REFUTED_P;
}
