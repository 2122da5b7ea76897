/* returns.c - half-life by grid posterior, area under the curve, marginal
 * cost. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/returns.h"

#include <math.h>
#include <string.h>

#include "measure/rng.h"
#include "measure/robust.h"
#include "measure/smooth.h"

enum { CLOSING_ROUNDS = 4, NODES = KM_POSTERIOR_NODES };

static const double SHAPE_LOW = 0.03, SHAPE_HIGH = 3; /* the grid of pow3 */
static const double MASS_ENDS = 25; /* e^-25 of the peak holds no mass */
static const double EXACT = 1e-24;  /* share of the spread that is rounding */
static const double LOESS_FRACTION = 0.5, LOESS_POINTS_MIN = 12;
/* A block sum of b deviations from a tricube mean over k points has
 * 1 - 1.88 b/k of the variance of b errors: 2/0.5786 - 1/0.635, the weight of
 * the middle point and the sum of squared weights. */
static const double LOESS_EATEN = 1.88;
static const unsigned LOESS_PASSES = 3;
static const uint64_t SEED = 0x6b6e6f74;

double km_half_life(const struct km_fit *fit, double x)
{
    if (fit->family == KM_FAMILY_POW3) {
        return x * expm1(log(2) / fit->theta[0]);
    }
    return fit->family == KM_FAMILY_INVLOG3
               ? x * (1 + x / fit->x_now / fit->theta[0])
               : (double)NAN;
}

/* n_eff by which errors of Huber's estimate are neither under- nor overstated:
 * Huber's weights shrink the sum of squares more than the information. The
 * ratio is the variance of his M-estimate (mean psi^2 / (mean psi')^2) over the
 * one that the weights pretend; 1 where no weight was lowered. */
static double honest_n_eff(const struct km_fit *fit,
                           const struct km_fit_problem *problem)
{
    double given = 0, used = 0, sse = 0, psi = 0, inside = 0;
    for (size_t b = 0; b < problem->count; b++) {
        double w = problem->weight[b], h = fit->weight[b];
        double r = fit->residual[b];
        given += w;
        used += h;
        sse += h * r * r;
        psi += h * h / w * r * r;
        inside += h < w ? 0 : w;
    }
    double pretended = sse / used, real = psi * given / (inside * inside);
    return sse > 0 ? fit->n_eff * fmin(pretended / real, 1) : fit->n_eff;
}

/* Log density of ln a, E integrated out. */
static double log_density(const struct km_fit *fit,
                          const struct km_fit_problem *problem, double mean,
                          double n_eff, double shape)
{
    double w = 0, g = 0, y = 0, gg = 0, gy = 0, yy = 0;
    for (size_t b = 0; b < problem->count; b++) {
        double weight = fit->weight[b], v = problem->y[b] - mean;
        double u = pow(problem->x[b] / problem->x_now, -shape);
        w += weight;
        g += weight * u;
        y += weight * v;
        gg += weight * u * u;
        gy += weight * u * v;
        yy += weight * v * v;
    }
    double spread = yy - y * y / w;
    double vg = gg - g * g / w, cov = gy - g * y / w;
    double sse = fmax(spread - cov * cov / vg, EXACT * spread);
    double curvature = w - g * g / gg;
    double best = y / w - cov / vg * g / w; /* E less the mean */
    double df = fmax(n_eff - 3, 1), size = sqrt(curvature * df / sse);
    double from = (problem->e_min - mean - best) * size;
    double to = (gy / g - best) * size; /* A is 0 there */
    double mass =
        from > 0 ? km_t_cdf(-from, df) - km_t_cdf(-to, df)
                 : km_t_cdf(to, df) - (isinf(from) ? 0 : km_t_cdf(from, df));
    return -(df + 1) / 2 * log(sse) + log(sse / curvature) / 2 +
           log(fmax(mass, 1e-300));
}

/* The posterior over ln a on nodes that close in on where it has mass. */
static void close_in(const struct km_fit *fit,
                     const struct km_fit_problem *problem, double at[NODES],
                     double density[NODES])
{
    double low = log(SHAPE_LOW), high = log(SHAPE_HIGH), mean = 0, w = 0;
    double n_eff = honest_n_eff(fit, problem);
    for (size_t b = 0; b < problem->count; b++) {
        mean += fit->weight[b] * problem->y[b];
        w += fit->weight[b];
    }
    mean /= w;
    for (int round = 0; round < CLOSING_ROUNDS; round++) {
        double peak = -INFINITY;
        for (int i = 0; i < NODES; i++) {
            at[i] = low + (high - low) * i / (NODES - 1);
            density[i] = log_density(fit, problem, mean, n_eff, exp(at[i]));
            peak = fmax(peak, density[i]);
        }
        int first = NODES, last = 0;
        for (int i = 0; i < NODES; i++) {
            density[i] -= peak;
            if (density[i] > -MASS_ENDS) {
                first = i < first ? i : first;
                last = i;
            }
            density[i] = exp(density[i]);
        }
        if (last - first > NODES / 2) {
            return;
        }
        low = at[first > 0 ? first - 1 : 0];
        high = at[last + 1 < NODES ? last + 1 : NODES - 1];
    }
}

/* Where the trapezoids reach the share p. */
static double quantile_of(const double at[NODES], const double density[NODES],
                          double p)
{
    double total = 0, before = 0;
    for (int i = 1; i < NODES; i++) {
        total += (density[i] + density[i - 1]) / 2;
    }
    for (int i = 1; i < NODES; i++) {
        double piece = (density[i] + density[i - 1]) / 2;
        if (before + piece >= p * total && piece > 0) {
            double share = (p * total - before) / piece;
            return at[i - 1] + share * (at[i] - at[i - 1]);
        }
        before += piece;
    }
    return at[NODES - 1];
}

bool km_half_life_measure(const struct km_fit *fit,
                          const struct km_fit_problem *problem, double level,
                          struct km_half_life *out)
{
    *out = (struct km_half_life){NAN, NAN, NAN, NAN, NAN, false};
    if (fit->family != KM_FAMILY_POW3 || !(fit->amplitude > 0)) {
        return false;
    }
    double at[NODES], density[NODES], x = problem->x_now, a = fit->theta[0];
    close_in(fit, problem, at, density);
    out->value = km_half_life(fit, x);
    out->shape_lo = exp(quantile_of(at, density, (1 - level) / 2));
    out->shape_hi = exp(quantile_of(at, density, (1 + level) / 2));
    out->lo = fmin(x * expm1(log(2) / out->shape_hi), out->value);
    out->hi = fmax(x * expm1(log(2) / out->shape_lo), out->value);
    out->identified = out->hi <= KM_HALF_LIFE_SPREAD_MAX * out->lo &&
                      a > 1.03 * SHAPE_LOW && a < SHAPE_HIGH / 1.03;
    return true;
}

/* Adds what the segment [i, i+1] gives to the weights c of sum c y. */
static void add_segment(const double *x, size_t i, double from, double to,
                        double *left, double *right)
{
    double a = log(x[i]), b = log(x[i + 1]);
    double low = fmax(a, from), high = fmin(b, to);
    *left = *right = 0;
    if (high > low) {
        double middle = ((low + high) / 2 - a) / (b - a);
        *left = (high - low) * (1 - middle);
        *right = (high - low) * middle;
    }
}

bool km_aulc(const double *x, const double *y, size_t count, double from,
             double to, double *value)
{
    *value = NAN;
    if (count < 2 || !(from > 0) || !(from < to) || from < x[0] ||
        to > x[count - 1]) {
        return false;
    }
    double sum = 0, low = log(from), high = log(to);
    for (size_t i = 0; i + 1 < count; i++) {
        double left, right;
        add_segment(x, i, low, high, &left, &right);
        sum += left * y[i] + right * y[i + 1];
    }
    *value = sum / (high - low);
    return true;
}

/* Deviations of y from its LOESS curve over ln x, each of one observation. */
static void deviate(const double *x, const double *y, const double *weight,
                    size_t count, size_t block, double *scratch, double *out)
{
    double near = fmax(LOESS_FRACTION * (double)count, LOESS_POINTS_MIN);
    near = fmin(near, (double)count);
    double eaten = LOESS_EATEN * (double)block / near;
    double *logs = scratch, *smooth = logs + count, *rest = smooth + count;
    for (size_t i = 0; i < count; i++) {
        logs[i] = log(x[i]);
    }
    km_smooth_loess(logs, y, count, near / (double)count, LOESS_PASSES, rest,
                    smooth);
    double mean = 0;
    for (size_t i = 0; i < count; i++) {
        out[i] = (y[i] - smooth[i]) *
                 sqrt((weight ? weight[i] : 1) / (1 - fmin(eaten, 0.7)));
        mean += out[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        out[i] -= mean;
    }
}

/* What a deviation at each point gives to the area; a point that averages
 * `weight` observations deviates by less. */
static void weigh(const double *x, const double *weight, size_t count,
                  double from, double to, double *share)
{
    double low = log(from), high = log(to);
    memset(share, 0, count * sizeof *share);
    for (size_t i = 0; i + 1 < count; i++) {
        double left, right;
        add_segment(x, i, low, high, &left, &right);
        share[i] += left;
        share[i + 1] += right;
    }
    for (size_t i = 0; i < count; i++) {
        share[i] /= (high - low) * sqrt(weight ? weight[i] : 1);
    }
}

bool km_aulc_measure(const double *x, const double *y, const double *weight,
                     size_t count, double from, double to, double level,
                     double *scratch, struct km_estimate *out)
{
    *out = (struct km_estimate){NAN, NAN, NAN};
    if (!km_aulc(x, y, count, from, to, &out->value)) {
        return false;
    }
    if (count < KM_AULC_POINTS_MIN) {
        return true;
    }
    double *deviation = scratch, *share = deviation + count;
    double *areas = share + count;
    size_t block = (size_t)ceil(cbrt((double)count));
    deviate(x, y, weight, count, block, areas, deviation);
    weigh(x, weight, count, from, to, share);
    struct km_rng rng;
    km_rng_seed(&rng, SEED);
    for (int r = 0; r < KM_AULC_RESAMPLES; r++) {
        areas[r] = 0;
        for (size_t i = 0; i < count; i += block) {
            const double *drawn =
                deviation + (size_t)km_rng_below(&rng, count - block + 1);
            for (size_t k = 0; k < block && i + k < count; k++) {
                areas[r] += share[i + k] * drawn[k];
            }
        }
    }
    double low = km_quantile(areas, KM_AULC_RESAMPLES, (1 - level) / 2);
    double high = km_quantile(areas, KM_AULC_RESAMPLES, (1 + level) / 2);
    /* basic: the curve is known, not the noise; where it is not (a jump that
     * the smooth curve rounds off) the value still is in */
    out->lo = fmin(out->value - high, out->value);
    out->hi = fmax(out->value - low, out->value);
    return true;
}

void km_marginal_cost(const struct km_fit *fit, double x, double share,
                      struct km_velocity_band band,
                      struct km_marginal_cost *out)
{
    double y = km_fit_value(fit, x), gain = share * fabs(y);
    out->cost = km_fit_inverse(fit, y - gain) - x;
    out->lo = km_fit_inverse(fit, y - gain / band.high) - x;
    out->hi = band.low > 0 ? km_fit_inverse(fit, y - gain / band.low) - x
                           : (double)INFINITY;
    double before = km_fit_inverse(fit, y + gain);
    out->previous = isfinite(before) ? x - before : (double)NAN;
}
