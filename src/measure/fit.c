/* fit.c - variable projection over a grid, Huber weights, pattern search. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/fit.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "measure/elementary.h"
#include "measure/family.h"
#include "measure/robust.h"

enum { HUBER_ROUNDS = 4, SEARCH_ROUNDS = 60, SHAPES = 2, LANES = 8 };
static const double SEARCH_START = 0.12, SEARCH_END = 0.003;

/* Sums that do not depend on theta, for the present weights. */
struct totals {
    double w, y_mean, yy; /* yy about the mean */
};

/* The linear part for one theta. */
struct linear {
    double asymptote, amplitude, sse;
};

static struct totals sum_totals(const struct km_fit_problem *problem,
                                const double *w)
{
    struct totals t = {0, 0, 0};
    double sum = 0;
    for (size_t b = 0; b < problem->count; b++) {
        t.w += w[b];
        sum += w[b] * problem->y[b];
    }
    t.y_mean = sum / t.w;
    for (size_t b = 0; b < problem->count; b++) {
        double dy = problem->y[b] - t.y_mean;
        t.yy += w[b] * dy * dy;
    }
    return t;
}

/* Least squares of y = E + A g from moments: sums of w g, w g^2 and
 * w g (y - y_mean). */
static struct linear solve_linear(const struct totals *t, double e_min,
                                  double sg, double sgg, double sgy)
{
    double g_mean = sg / t->w, spread = sgg - sg * g_mean;
    double a = spread > 1e-13 * sgg ? sgy / spread : 0;
    a = a > 0 ? a : 0;
    double e = t->y_mean - a * g_mean;
    if (e < e_min) {
        e = e_min;
        a = sgg > 0 ? (sgy + (t->y_mean - e) * sg) / sgg : 0;
        a = a > 0 ? a : 0;
    }
    double shift = t->y_mean - e;
    double sse =
        t->yy + t->w * shift * shift + a * a * sgg - 2 * a * (sgy + shift * sg);
    return (struct linear){e, a, sse > 0 ? sse : 0};
}

/* Moments of LANES neighbouring nodes at once, kept in registers. */
KM_INTO void sum_lanes(size_t count, const double *grid, size_t nodes,
                       const double *w, const double *wy, double *sg,
                       double *sgg, double *sgy)
{
    double a[LANES] = {0}, b[LANES] = {0}, c[LANES] = {0};
    for (size_t i = 0; i < count; i++) {
        const double *g = grid + i * nodes;
        for (int k = 0; k < LANES; k++) {
            double wg = w[i] * g[k];
            a[k] += wg;
            b[k] += wg * g[k];
            c[k] += wy[i] * g[k];
        }
    }
    memcpy(sg, a, sizeof a);
    memcpy(sgg, b, sizeof b);
    memcpy(sgy, c, sizeof c);
}

/* Moments of all nodes, each summed over the bins in their order. */
KM_WIDE static void sum_nodes(size_t count, const double *grid, size_t nodes,
                              const double *w, const double *wy, double *sg,
                              double *sgg, double *sgy)
{
    size_t k = 0;
    for (; k + LANES <= nodes; k += LANES) {
        sum_lanes(count, grid + k, nodes, w, wy, sg + k, sgg + k, sgy + k);
    }
    for (; k < nodes; k++) {
        sg[k] = sgg[k] = sgy[k] = 0;
        for (size_t b = 0; b < count; b++) {
            double g = grid[b * nodes + k], wg = w[b] * g;
            sg[k] += wg;
            sgg[k] += wg * g;
            sgy[k] += wy[b] * g;
        }
    }
}

/* The best node of the grid under weights w. */
static size_t search_grid(const struct km_fit_problem *problem, const double *w,
                          size_t nodes, struct km_fit_scratch *scratch,
                          struct linear *best)
{
    struct totals t = sum_totals(problem, w);
    double *sg = scratch->moment[0], *sgg = scratch->moment[1];
    double *sgy = scratch->moment[2];
    double wy[KM_FIT_POINTS_MAX];
    for (size_t b = 0; b < problem->count; b++) {
        wy[b] = w[b] * (problem->y[b] - t.y_mean);
    }
    sum_nodes(problem->count, scratch->grid, nodes, w, wy, sg, sgg, sgy);
    size_t at = 0;
    for (size_t k = 0; k < nodes; k++) {
        struct linear found =
            solve_linear(&t, problem->e_min, sg[k], sgg[k], sgy[k]);
        if (k == 0 || found.sse < best->sse) {
            *best = found;
            at = k;
        }
    }
    return at;
}

/* The linear part for any theta, without the grid. */
static struct linear solve_theta(const struct km_fit_problem *problem,
                                 const double *w, const struct totals *t,
                                 enum km_family family, const double theta[2],
                                 const struct km_fit_scratch *scratch)
{
    double sg = 0, sgg = 0, sgy = 0, g[KM_FIT_POINTS_MAX];
    km_family_values(family, theta, scratch->scaled, scratch->logs,
                     problem->count, g);
    for (size_t b = 0; b < problem->count; b++) {
        double wg = w[b] * g[b];
        sg += wg;
        sgg += wg * g[b];
        sgy += wg * (problem->y[b] - t->y_mean);
    }
    return solve_linear(t, problem->e_min, sg, sgg, sgy);
}

/* Coordinate pattern search in ln theta. */
static void refine(const struct km_fit_problem *problem, struct km_fit *fit,
                   struct km_fit_scratch *scratch)
{
    struct totals t = sum_totals(problem, fit->weight);
    struct linear best =
        solve_theta(problem, fit->weight, &t, fit->family, fit->theta, scratch);
    double step = SEARCH_START;
    for (int i = 0; i < SEARCH_ROUNDS && step >= SEARCH_END; i++) {
        bool better = false;
        double chosen[SHAPES] = {fit->theta[0], fit->theta[1]};
        for (int move = 0; move < 2 * km_family_shape(fit->family); move++) {
            double theta[SHAPES] = {fit->theta[0], fit->theta[1]};
            theta[move / 2] =
                km_family_bound(fit->family, move / 2,
                                theta[move / 2] * exp(move % 2 ? -step : step));
            struct linear found = solve_theta(problem, fit->weight, &t,
                                              fit->family, theta, scratch);
            if (found.sse < best.sse) {
                best = found;
                better = true;
                memcpy(chosen, theta, sizeof chosen);
            }
        }
        memcpy(fit->theta, chosen, sizeof chosen);
        step = better ? step : step / 2;
    }
    fit->asymptote = best.asymptote;
    fit->amplitude = best.amplitude;
}

static void find_residuals(const struct km_fit_problem *problem,
                           struct km_fit *fit)
{
    for (size_t b = 0; b < problem->count; b++) {
        fit->residual[b] = problem->y[b] - km_fit_value(fit, problem->x[b]);
    }
}

/* Residuals at the weight of the median bin. */
static double find_scale(const struct km_fit_problem *problem,
                         const double *residual, struct km_fit_scratch *scratch,
                         double *evened)
{
    memcpy(scratch->sorted, problem->weight,
           problem->count * sizeof *scratch->sorted);
    double typical = km_median(scratch->sorted, problem->count);
    for (size_t b = 0; b < problem->count; b++) {
        evened[b] = residual[b] * sqrt(problem->weight[b] / typical);
        scratch->sorted[b] = fabs(evened[b]);
    }
    return KM_MAD_TO_SIGMA * km_median(scratch->sorted, problem->count);
}

static void take_node(struct km_fit *fit, const struct linear *linear,
                      const double theta[2])
{
    fit->asymptote = linear->asymptote;
    fit->amplitude = linear->amplitude;
    fit->sse = linear->sse;
    memcpy(fit->theta, theta, sizeof fit->theta);
}

static void reweigh(const struct km_fit_problem *problem, struct km_fit *fit,
                    struct km_fit_scratch *scratch)
{
    double *evened = scratch->moment[3];
    fit->scale = find_scale(problem, fit->residual, scratch, evened);
    for (size_t b = 0; b < problem->count; b++) {
        double far = fabs(evened[b]), bound = KM_HUBER_K * fit->scale;
        fit->weight[b] =
            problem->weight[b] * (far > bound && bound > 0 ? bound / far : 1);
    }
}

/* Residuals of the best node straight from the grid. */
static void grid_residuals(const struct km_fit_problem *problem, size_t nodes,
                           size_t node, const struct km_fit_scratch *scratch,
                           struct km_fit *fit)
{
    for (size_t b = 0; b < problem->count; b++) {
        fit->residual[b] = problem->y[b] - fit->asymptote -
                           fit->amplitude * scratch->grid[b * nodes + node];
    }
}

/* Standard error of the slope at u = 1 by Gauss-Newton. E is projected out by
 * taking the columns of A and theta about their weighted means, which keeps the
 * rest well conditioned. */
static double slope_error(const struct km_fit *fit, struct km_fit_scratch *s)
{
    const double h = 1e-4;
    double up[2] = {fit->theta[0] * (1 + h), fit->theta[1]};
    double down[2] = {fit->theta[0] * (1 - h), fit->theta[1]};
    double width = 2 * h * fit->theta[0], a = fit->amplitude;
    double *ja = s->moment[3], *jt = s->moment[4];
    double w = 0, mean_a = 0, mean_t = 0, sse = 0;
    for (size_t b = 0; b < fit->count; b++) {
        double u = s->scaled[b], weight = fit->weight[b];
        ja[b] = km_family_value(fit->family, fit->theta, u);
        jt[b] = a *
                (km_family_value(fit->family, up, u) -
                 km_family_value(fit->family, down, u)) /
                width;
        w += weight;
        mean_a += weight * ja[b];
        mean_t += weight * jt[b];
        sse += weight * fit->residual[b] * fit->residual[b];
    }
    double aa = 0, at = 0, tt = 0;
    for (size_t b = 0; b < fit->count; b++) {
        double da = ja[b] - mean_a / w, dt = jt[b] - mean_t / w;
        aa += fit->weight[b] * da * da;
        at += fit->weight[b] * da * dt;
        tt += fit->weight[b] * dt * dt;
    }
    double ga = km_family_slope(fit->family, fit->theta, 1);
    double gt = a *
                (km_family_slope(fit->family, up, 1) -
                 km_family_slope(fit->family, down, 1)) /
                width;
    double det = aa * tt - at * at, n = (double)fit->count;
    double variance = (ga * ga * tt - 2 * ga * gt * at + gt * gt * aa) / det *
                      sse / (n - 3) * (n / fit->n_eff);
    return det > 0 && variance >= 0 && isfinite(variance)
               ? sqrt(variance) / fit->x_now
               : (double)NAN;
}

static bool prepare(enum km_family family, const struct km_fit_problem *problem,
                    struct km_fit_scratch *scratch, struct km_fit *fit)
{
    size_t n = problem->count;
    assert(n <= KM_FIT_POINTS_MAX);
    if (n < KM_FIT_POINTS_MIN || !(problem->x[n - 1] > problem->x[0]) ||
        !(problem->x[0] > 0)) {
        return false;
    }
    fit->family = family;
    fit->x_now = problem->x_now;
    fit->count = n;
    fit->se_slope = NAN;
    fit->n_eff = (double)n;
    for (size_t b = 0; b < n; b++) {
        scratch->scaled[b] = problem->x[b] / problem->x_now;
        scratch->logs[b] = log(scratch->scaled[b]);
    }
    memcpy(fit->weight, problem->weight, n * sizeof *fit->weight);
    return true;
}

bool km_fit_run(enum km_family family, const struct km_fit_problem *problem,
                enum km_fit_effort effort, struct km_fit_scratch *scratch,
                struct km_fit *fit)
{
    if (!prepare(family, problem, scratch, fit)) {
        return false;
    }
    size_t nodes = effort == KM_FIT_AGAIN
                       ? km_family_nodes(family)
                       : km_family_grid(family, problem->count, scratch);
    int rounds = effort <= KM_FIT_GRID_ONCE ? 1 : HUBER_ROUNDS;
    for (int round = 0; round < rounds; round++) {
        struct linear best = {0};
        size_t node = search_grid(problem, fit->weight, nodes, scratch, &best);
        take_node(fit, &best, scratch->theta[node]);
        if (effort > KM_FIT_GRID_ONCE) {
            grid_residuals(problem, nodes, node, scratch, fit);
            reweigh(problem, fit, scratch);
        }
    }
    if (effort == KM_FIT_GRID) {
        struct totals t = sum_totals(problem, fit->weight);
        struct linear last =
            solve_theta(problem, fit->weight, &t, family, fit->theta, scratch);
        fit->asymptote = last.asymptote;
        fit->amplitude = last.amplitude;
    }
    if (effort == KM_FIT_REFINED) {
        refine(problem, fit, scratch);
        find_residuals(problem, fit);
        fit->n_eff = km_n_eff(fit->residual, fit->count, scratch->moment[3]);
        fit->sse = 0;
        for (size_t b = 0; b < fit->count; b++) {
            fit->sse += fit->weight[b] * fit->residual[b] * fit->residual[b];
        }
        fit->se_slope = slope_error(fit, scratch);
    }
    return true;
}

double km_fit_value(const struct km_fit *fit, double x)
{
    return fit->asymptote + fit->amplitude * km_family_value(fit->family,
                                                             fit->theta,
                                                             x / fit->x_now);
}

double km_fit_slope(const struct km_fit *fit, double x)
{
    return fit->amplitude *
           km_family_slope(fit->family, fit->theta, x / fit->x_now) /
           fit->x_now;
}

double km_fit_inverse(const struct km_fit *fit, double y)
{
    double value = (y - fit->asymptote) / fit->amplitude;
    double u = fit->amplitude > 0
                   ? km_family_inverse(fit->family, fit->theta, value)
                   : (double)NAN;
    return u > 0 ? u * fit->x_now : (double)INFINITY;
}
