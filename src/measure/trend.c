/* trend.c - Mann and Kendall's test, Theil and Sen's slope. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/trend.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "measure/robust.h"

enum { PAIRS_EXACT_MAX = KM_TREND_EXACT_MAX * (KM_TREND_EXACT_MAX - 1) / 2 };

static double sign_of(double value)
{
    return (double)(value > 0) - (double)(value < 0);
}

/* P(S >= s) over all orders of n values without ties: how often an order has at
 * most (pairs - s)/2 falling pairs. */
static double upper_tail(size_t n, double s)
{
    double share[PAIRS_EXACT_MAX + 1] = {1}, next[PAIRS_EXACT_MAX + 1];
    size_t pairs = n * (n - 1) / 2;
    double most = floor(((double)pairs - s) / 2 + 1e-9);
    if (most < 0) {
        return 0;
    }
    for (size_t k = 2, reach = 0; k <= n; k++) {
        /* the k-th value falls behind 0 .. k-1 of those before it */
        reach += k - 1;
        double window = 0;
        for (size_t d = 0; d <= reach; d++) {
            window += d <= reach - (k - 1) ? share[d] : 0;
            window -= d >= k ? share[d - k] : 0;
            next[d] = window / (double)k;
        }
        memcpy(share, next, (reach + 1) * sizeof *share);
    }
    double sum = 0;
    for (size_t d = 0; d <= pairs && (double)d <= most; d++) {
        sum += share[d];
    }
    return fmin(sum, 1);
}

/* n (n-1) (2n+5) less the same of each group of equal values; *pairs gains the
 * pairs within groups, *triples n (n-1) (n-2) of them. */
static double tie_sum(const double *values, size_t count, double *pairs,
                      double *triples)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double equal = 0;
        bool first = true;
        for (size_t j = 0; j < count; j++) {
            bool same = !(values[j] < values[i]) && !(values[j] > values[i]);
            equal += same;
            first = first && !(same && j < i);
        }
        if (first && equal > 1) {
            sum += equal * (equal - 1) * (2 * equal + 5);
            *pairs += equal * (equal - 1) / 2;
            *triples += equal * (equal - 1) * (equal - 2);
        }
    }
    return sum;
}

/* Variance of S with ties on both sides (Kendall 1970, 4.9). */
static double variance_of(const double *t, const double *y, size_t count,
                          bool *ties)
{
    double n = (double)count, pairs_t = 0, pairs_y = 0;
    double triples_t = 0, triples_y = 0;
    double sum = n * (n - 1) * (2 * n + 5) -
                 tie_sum(t, count, &pairs_t, &triples_t) -
                 tie_sum(y, count, &pairs_y, &triples_y);
    *ties = pairs_t > 0 || pairs_y > 0;
    return sum / 18 + 2 * pairs_t * pairs_y / (n * (n - 1)) +
           (n > 2 ? triples_t * triples_y / (9 * n * (n - 1) * (n - 2)) : 0);
}

/* The smallest s of which P(S >= s) is at most `tail`; above `pairs`: none. */
static double critical(size_t n, size_t pairs, double tail, double *reached)
{
    double s = (double)pairs + 2;
    *reached = 0;
    for (double at = (double)pairs; at > 0; at -= 2) {
        double p = upper_tail(n, at);
        if (p > tail) {
            break;
        }
        s = at;
        *reached = p;
    }
    return s;
}

/* Order statistics of the slopes, which are sorted through selection. */
static void take_interval(double *slopes, size_t pairs, double s,
                          struct km_trend *out)
{
    double rank = floor(((double)pairs - s + 2) / 2 + 1e-9); /* from 1 */
    if (!(rank >= 1)) {
        out->level = NAN;
        return;
    }
    size_t k = (size_t)rank - 1;
    km_select(slopes, pairs, k);
    out->lo = slopes[k];
    km_select(slopes, pairs, pairs - 1 - k);
    out->hi = slopes[pairs - 1 - k];
}

bool km_trend_fit(const double *t, const double *y, size_t count, double level,
                  double *scratch, struct km_trend *out)
{
    assert(level > 0 && level < 1);
    *out = (struct km_trend){.slope = NAN, .lo = NAN, .hi = NAN, .level = NAN};
    if (count > KM_TREND_POINTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(t[i]) || !isfinite(y[i])) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            double apart = t[i] - t[j];
            if (apart < 0 || apart > 0) {
                scratch[out->pairs++] = (y[i] - y[j]) / apart;
                out->s += sign_of(apart) * sign_of(y[i] - y[j]);
            }
        }
    }
    if (out->pairs == 0) {
        return false;
    }
    bool ties;
    double variance = variance_of(t, y, count, &ties), reached = 0, s;
    out->exact = !ties && count <= KM_TREND_EXACT_MAX;
    if (out->exact) {
        out->p = fmin(2 * upper_tail(count, fabs(out->s)), 1);
        s = critical(count, out->pairs, (1 - level) / 2, &reached);
        out->level = 1 - 2 * reached;
    } else {
        double z = variance > 0 ? fabs(out->s) / sqrt(variance) : 0;
        out->p = 2 * km_normal_cdf(-z);
        /* s is the first value outside of the central `level` */
        s = km_normal_quantile(0.5 + level / 2) * sqrt(variance) + 2;
        out->level = level;
    }
    out->slope = km_median(scratch, out->pairs);
    take_interval(scratch, out->pairs, s, out);
    return true;
}

double km_trend_rise_p(const double *y, size_t count, double n_eff)
{
    double s = 0, n = (double)count, pairs = 0, triples = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            s += sign_of(y[i] - y[j]);
        }
    }
    double variance =
        (n * (n - 1) * (2 * n + 5) - tie_sum(y, count, &pairs, &triples)) / 18;
    variance *= isnan(n_eff) ? 1 : fmax(n / n_eff, 1);
    return variance > 0 ? 1 - km_normal_cdf((s - sign_of(s)) / sqrt(variance))
                        : 1;
}
