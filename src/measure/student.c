/* student.c - Student's t by the incomplete beta function. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <math.h>

#include "measure/robust.h"

/* Continued fraction of the incomplete beta function (modified Lentz). */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m <= 500; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        double odd =
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-16) {
            break;
        }
    }
    return h;
}

/* lgamma() would write the global signgam: Stirling's series instead. */
static double log_gamma(double z)
{
    double shift = 0;
    while (z < 15) {
        shift -= log(z);
        z += 1;
    }
    double r = 1 / (z * z);
    double series = 1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r / 1680));
    return shift + (z - 0.5) * log(z) - z + 0.9189385332046727 + series / z;
}

static double incomplete_beta(double a, double b, double x)
{
    if (x <= 0 || x >= 1) {
        return x <= 0 ? 0 : 1;
    }
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) +
                       a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) {
        return front * beta_fraction(a, b, x) / a;
    }
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double km_t_cdf(double t, double df)
{
    assert(df > 0);
    double tail = incomplete_beta(df / 2, 0.5, df / (df + t * t)) / 2;
    return t > 0 ? 1 - tail : tail;
}

double km_t_quantile(double p, double df)
{
    assert(p > 0 && p < 1 && df > 0);
    if (p == 0.5) {
        return 0;
    }
    double upper = p > 0.5 ? p : 1 - p; /* symmetric */
    double low = 0, high = 1;
    while (km_t_cdf(high, df) < upper && high < 1e300) {
        low = high;
        high *= 2;
    }
    for (int i = 0; i < 200 && high - low > 1e-15 * high; i++) {
        double middle = low + (high - low) / 2;
        if (km_t_cdf(middle, df) < upper) {
            low = middle;
        } else {
            high = middle;
        }
    }
    double t = low + (high - low) / 2;
    return p > 0.5 ? t : -t;
}
