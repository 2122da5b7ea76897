/* sequential.c - the t statistic's e-value, its bound and its power. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/sequential.h"

#include <assert.h>
#include <math.h>

#include "measure/distribution.h"

double km_sequential_log_e(double t, double df, double n, double spread)
{
    assert(df > 0 && n > 0 && spread > 0);
    double r = 1 + n * spread, u = t * t / df;
    return -0.5 * log(r) + (df + 1) / 2 * (log1p(u) - log1p(u / r));
}

double km_sequential_bound(double alpha, double df, double n, double spread)
{
    assert(alpha > 0 && alpha < 1 && df > 0 && n > 0 && spread > 0);
    double r = 1 + n * spread;
    double log_c = 2 / (df + 1) * (0.5 * log(r) - log(alpha));
    if (log_c >= log(r)) {
        return INFINITY; /* even an infinite t has too small an e-value */
    }
    double c = exp(log_c);
    return sqrt(df * (c - 1) / (1 - c / r));
}

double km_sequential_power(double alpha, double df, double n, double spread,
                           double effect)
{
    double bound = km_sequential_bound(alpha, df, n, spread);
    if (isinf(bound)) {
        return 0;
    }
    /* t^2 is noncentral F with (1, df) and noncentrality n effect^2 */
    return 1 - km_f_noncentral_cdf(bound * bound, 1, df, n * effect * effect);
}

struct wanted {
    double alpha, df_more, spread, effect, power;
};

static bool is_enough(const struct wanted *w, size_t seeds)
{
    double df = 2 * (double)seeds - 2 + w->df_more;
    return df > 0 && km_sequential_power(w->alpha, df, (double)seeds / 2,
                                         w->spread, w->effect) >= w->power;
}

size_t km_sequential_seeds(double alpha, double df_more, double spread,
                           double effect, double power, size_t seeds_from,
                           size_t seeds_max)
{
    const struct wanted wanted = {alpha, df_more, spread, effect, power};
    size_t low = seeds_from, high = seeds_from; /* more seeds, more power */
    while (high <= seeds_max && !is_enough(&wanted, high)) {
        low = high + 1;
        high *= 2;
    }
    if (high > seeds_max && !is_enough(&wanted, seeds_max)) {
        return seeds_max + 1;
    }
    high = high < seeds_max ? high : seeds_max;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (is_enough(&wanted, middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

double km_sequence_asymptotic(double sd, double n, double n_tight, double alpha)
{
    assert(n > 0 && n_tight > 0 && alpha > 0 && alpha < 1);
    double l = -2 * log(alpha);
    double rho2 = (l + log(l + 1)) / n_tight;
    double grown = n * rho2 + 1;
    return sd * sqrt(2 * grown / (n * n * rho2) * log(sqrt(grown) / alpha));
}
