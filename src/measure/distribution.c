/* distribution.c - distributions by the incomplete beta and gamma functions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <math.h>

#include "measure/distribution.h"

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

double km_beta_cdf(double x, double a, double b)
{
    assert(a > 0 && b > 0);
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
    double tail = km_beta_cdf(df / (df + t * t), df / 2, 0.5) / 2;
    return t > 0 ? 1 - tail : tail;
}

static double t_density(double t, double df)
{
    return exp(log_gamma((df + 1) / 2) - log_gamma(df / 2) -
               (df + 1) / 2 * log1p(t * t / df)) /
           sqrt(df * acos(-1.0));
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
    /* Newton, kept within the bracket */
    double t = low + (high - low) / 2, moved = INFINITY;
    for (int i = 0; i < 100 && moved > 1e-15 * t; i++) {
        double off = km_t_cdf(t, df) - upper;
        double next = t - off / t_density(t, df);
        low = off < 0 ? t : low;
        high = off < 0 ? high : t;
        next = next >= low && next <= high ? next : low + (high - low) / 2;
        moved = fabs(next - t);
        t = next;
    }
    return p > 0.5 ? t : -t;
}

double km_f_cdf(double f, double df1, double df2)
{
    assert(df1 > 0 && df2 > 0);
    if (!(f > 0)) {
        return f <= 0 ? 0 : (double)NAN;
    }
    return isinf(f) ? 1
                    : km_beta_cdf(df1 * f / (df1 * f + df2), df1 / 2, df2 / 2);
}

/* x^a (1-x)^b / (a B(a, b)) in logarithms: what I_x(a, b) loses to
 * I_x(a + 1, b). */
static double log_step(double x, double a, double b)
{
    return a * log(x) + b * log1p(-x) + log_gamma(a + b) - log_gamma(a + 1) -
           log_gamma(b);
}

/* The cdf, and its slope over lambda. One incomplete beta function at the top
 * of the weights, the others from it downward, where
 *     I_x(a, b) = I_x(a + 1, b) + step(a)
 * only adds: nothing cancels. */
static double noncentral_f(double f, double df1, double df2, double lambda,
                           double *slope)
{
    const double small = 1e-17, least_log = -600; /* e^-600: far from 0 */
    double x = df1 * f / (df1 * f + df2), half = lambda / 2;
    double a = df1 / 2, b = df2 / 2, top = floor(half), last = top;
    double peak = exp(top * log(half) - half - log_gamma(top + 1));
    double weight = peak;
    while (weight > small * peak) {
        weight *= half / ++last;
    }
    double beta = km_beta_cdf(x, a + last, b), sum = 0, steps = 0;
    double log_t = log_step(x, a + last, b), t = exp(log_t);
    for (double k = last;; k--) {
        sum += weight * beta;
        steps += weight * t;
        if (k < 1 || (k < top && weight <= small * peak)) {
            break;
        }
        double ratio = (a + k) / (x * (a + k + b - 1));
        if (log_t < least_log) {
            log_t += log(ratio);
            t = exp(log_t);
        } else {
            t *= ratio;
        }
        beta += t;
        weight *= k / half;
    }
    *slope = -steps / 2;
    return fmin(sum, 1);
}

double km_f_noncentral_cdf(double f, double df1, double df2, double lambda)
{
    double slope;
    assert(df1 > 0 && df2 > 0 && lambda >= 0);
    return !(f > 0) || isinf(f) || lambda <= 0
               ? km_f_cdf(f, df1, df2)
               : noncentral_f(f, df1, df2, lambda, &slope);
}

/* Far out the noncentral chi-squared is lambda + df1 times one with the
 * relative variance 4 / lambda, which joins that of the denominator: relative
 * error of lambda about 5 / lambda. */
static double far_noncentrality(double f, double df1, double df2, double p)
{
    double lambda = df1 * f;
    for (int i = 0; i < 3; i++) {
        double df = 1 / (1 / df2 + 2 / lambda);
        lambda = df1 * f * km_chi2_quantile(1 - p, df) / df - df1;
    }
    return lambda;
}

double km_f_noncentrality(double f, double df1, double df2, double p)
{
    const double far = 1 << 20;
    assert(p > 0 && p < 1);
    if (!(f > 0) || km_f_cdf(f, df1, df2) < p) {
        return 0;
    }
    double low = 0, high = 1;
    while (km_f_noncentral_cdf(f, df1, df2, high) > p) {
        if (high >= far) {
            return far_noncentrality(f, df1, df2, p);
        }
        low = high;
        high *= 2;
    }
    /* Newton, kept within the bracket */
    double lambda = low + (high - low) / 2, moved = INFINITY, slope;
    for (int i = 0; i < 100 && moved > 1e-14 * lambda; i++) {
        double off = noncentral_f(f, df1, df2, lambda, &slope) - p;
        double next = lambda - off / slope;
        low = off > 0 ? lambda : low;
        high = off > 0 ? high : lambda;
        next = next >= low && next <= high ? next : low + (high - low) / 2;
        moved = fabs(next - lambda);
        lambda = next;
    }
    return lambda;
}

double km_binomial_cdf(double k, double n, double p)
{
    assert(n >= 0 && p >= 0 && p <= 1);
    k = floor(k);
    return k < 0 ? 0 : k >= n ? 1 : 1 - km_beta_cdf(p, k + 1, n - k);
}

/* Lower incomplete gamma function over the complete one: a series below a + 1,
 * else a continued fraction (modified Lentz). */
static double incomplete_gamma(double a, double x)
{
    const double tiny = 1e-300;
    if (!(x > 0)) {
        return 0;
    }
    double front = exp(a * log(x) - x - log_gamma(a));
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (double n = 1; n < 10000 && term > 1e-17 * sum; n++) {
            term *= x / (a + n);
            sum += term;
        }
        return sum * front;
    }
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (double n = 1; n < 10000; n++) {
        double an = -n * (n - a);
        b += 2;
        d = an * d + b;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = b + an / c;
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-16) {
            break;
        }
    }
    return 1 - front * h;
}

double km_chi2_cdf(double x, double df)
{
    assert(df > 0);
    return isinf(x) ? 1 : incomplete_gamma(df / 2, x / 2);
}

double km_chi2_quantile(double p, double df)
{
    assert(p > 0 && p < 1);
    double low = 0, high = df + 1;
    while (km_chi2_cdf(high, df) < p) {
        low = high;
        high *= 2;
    }
    for (int i = 0; i < 200 && high - low > 1e-15 * high; i++) {
        double middle = low + (high - low) / 2;
        if (km_chi2_cdf(middle, df) < p) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + (high - low) / 2;
}

double km_normal_cdf(double z)
{
    return 0.5 * erfc(-z / sqrt(2));
}

/* Bisection on the tail, where erfc keeps its digits. */
double km_normal_quantile(double p)
{
    assert(p > 0 && p < 1);
    double tail = p < 0.5 ? p : 1 - p, low = 0, high = 40;
    for (int i = 0; i < 60; i++) {
        double middle = low + (high - low) / 2;
        if (km_normal_cdf(-middle) > tail) {
            low = middle;
        } else {
            high = middle;
        }
    }
    double z = low + (high - low) / 2;
    return p < 0.5 ? -z : z;
}

void km_wilson(double share, double n, double level, double *lo, double *hi)
{
    double z = km_normal_quantile((1 + level) / 2), zz = z * z / n;
    double middle = (share + zz / 2) / (1 + zz);
    double reach = z / (1 + zz) * sqrt(share * (1 - share) / n + zz / (4 * n));
    *lo = fmax(middle - reach, 0);
    *hi = fmin(middle + reach, 1);
}
