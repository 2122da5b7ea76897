/* anneal.c - three columns by variable projection, one of them with a prior. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/anneal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "measure/family.h"
#include "measure/groups.h"
#include "measure/robust.h"

enum { HUBER_ROUNDS = 4, SEARCH_ROUNDS = 60 };
static const double SEARCH_START = 0.12, SEARCH_END = 0.003;
static const double SINGULAR = 1e-12;

struct km_anneal_prior km_anneal_prior_cold(double final)
{
    return (struct km_anneal_prior){0.13 * (1 - final), 0.06, 0};
}

struct km_anneal_prior km_anneal_prior_of(const double *c,
                                          const unsigned *group, size_t count,
                                          struct km_anneal_prior cold,
                                          double *scratch)
{
    double *of_group = scratch, *value = scratch + count;
    size_t n = 0, groups = 0;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(c[i])) {
            of_group[n] = group[i];
            value[n++] = c[i];
        }
    }
    km_sort_pairs(of_group, value, n);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && of_group[to] <= of_group[from];) {
            to++;
        }
        /* written behind what was read */
        of_group[groups++] = km_median(value + from, to - from);
    }
    if (groups < KM_ANNEAL_GROUPS_MIN) {
        return cold;
    }
    double centre = km_median(of_group, groups);
    double mad = km_mad(of_group, groups, centre, value);
    double tau = fmax(KM_MAD_TO_SIGMA * mad, 0.05 * fabs(centre));
    return (struct km_anneal_prior){centre, fmax(tau, 1e-12), groups};
}

/* Weighted sums of products with the column g; D and y about their means
 * (`mean`), or about 0 and e_min. */
struct sums {
    double w, y_mean, d_mean;
    double yy, dd, dy; /* about the means */
};

struct column {
    double g, gg, gy, gd; /* sums of w g, w g^2, w g (y - mean), w g (D - mean)
                           */
};

struct linear {
    double asymptote, amplitude, drop, cost;
};

struct ridge {
    double weight; /* s^2 / tau^2; 0: none, INFINITY: C = C0 */
    double at;     /* C0 */
    bool known;    /* there is a prior */
};

static struct sums sum_all(const struct km_anneal_problem *of, const double *w)
{
    struct sums s = {0};
    double y = 0, d = 0;
    for (size_t b = 0; b < of->count; b++) {
        s.w += w[b];
        y += w[b] * of->y[b];
        d += w[b] * of->drop[b];
    }
    s.y_mean = y / s.w;
    s.d_mean = d / s.w;
    for (size_t b = 0; b < of->count; b++) {
        double dy = of->y[b] - s.y_mean, dd = of->drop[b] - s.d_mean;
        s.yy += w[b] * dy * dy;
        s.dd += w[b] * dd * dd;
        s.dy += w[b] * dd * dy;
    }
    return s;
}

/* Quadratic form of residuals y - A g + C D plus the ridge. */
struct form {
    double aa, ad, dd, ay, dy, yy;
};

static double cost_of(const struct form *f, const struct ridge *ridge, double a,
                      double c)
{
    double off = c - ridge->at;
    double penalty =
        ridge->known && isfinite(ridge->weight) ? ridge->weight * off * off : 0;
    return f->yy - 2 * a * f->ay + 2 * c * f->dy + a * a * f->aa -
           2 * a * c * f->ad + c * c * f->dd + penalty;
}

/* Best A >= 0 for a given C. */
static double amplitude_for(const struct form *f, double c)
{
    double a = f->aa > 0 ? (f->ay + c * f->ad) / f->aa : 0;
    return a > 0 ? a : 0;
}

/* Best A >= 0 and C >= 0: inside, or on one of the two edges. */
static void solve_form(const struct form *f, const struct ridge *ridge,
                       double d_scale, double *a, double *c)
{
    double lambda = ridge->known ? ridge->weight : 0;
    double dd = f->dd + (isfinite(lambda) ? lambda : 0);
    double cy = -f->dy + (isfinite(lambda) ? lambda * ridge->at : 0);
    double det = f->aa * dd - f->ad * f->ad;
    if (isinf(lambda) || dd <= SINGULAR * d_scale) {
        *c = ridge->known ? fmax(ridge->at, 0) : 0;
        *a = amplitude_for(f, *c);
        return;
    }
    if (det > SINGULAR * f->aa * dd) {
        *a = (f->ay * dd + f->ad * cy) / det;
        *c = (f->aa * cy + f->ad * f->ay) / det;
        if (*a >= 0 && *c >= 0) {
            return;
        }
    }
    double c_edge = fmax(cy / dd, 0), a_edge = amplitude_for(f, 0);
    bool flat = cost_of(f, ridge, 0, c_edge) <= cost_of(f, ridge, a_edge, 0);
    *a = flat ? 0 : a_edge;
    *c = flat ? c_edge : 0;
}

static struct linear solve_node(const struct sums *s, const struct column *g,
                                double e_min, const struct ridge *ridge)
{
    double g_mean = g->g / s->w, spread = g->gg - g->g * g_mean;
    struct form f = {
        spread > 1e-13 * g->gg ? spread : 0, g->gd, s->dd, g->gy, s->dy, s->yy};
    double d_scale = s->dd + s->w * s->d_mean * s->d_mean;
    struct linear found;
    double a, c;
    solve_form(&f, ridge, d_scale, &a, &c);
    found.asymptote = s->y_mean - a * g_mean + c * s->d_mean;
    if (found.asymptote < e_min) {
        /* E stays at its bound: sums about e_min and 0 instead of the means */
        double shift = s->y_mean - e_min;
        f.aa = g->gg;
        f.ad = g->gd + s->d_mean * g->g;
        f.dd = d_scale;
        f.ay = g->gy + shift * g->g;
        f.dy = s->dy + s->w * shift * s->d_mean;
        f.yy = s->yy + s->w * shift * shift;
        solve_form(&f, ridge, d_scale, &a, &c);
        found.asymptote = e_min;
    }
    found.amplitude = a;
    found.drop = c;
    found.cost = fmax(cost_of(&f, ridge, a, c), 0);
    return found;
}

static struct column sum_column(const struct km_anneal_problem *of,
                                const double *w, const struct sums *s,
                                const double *g, size_t stride)
{
    struct column c = {0, 0, 0, 0};
    for (size_t b = 0; b < of->count; b++) {
        double value = g[b * stride], wg = w[b] * value;
        c.g += wg;
        c.gg += wg * value;
        c.gy += wg * (of->y[b] - s->y_mean);
        c.gd += wg * (of->drop[b] - s->d_mean);
    }
    return c;
}

/* The best node of the grid. */
static size_t search_grid(const struct km_anneal_problem *of, const double *w,
                          size_t nodes, const struct ridge *ridge,
                          const struct km_fit_scratch *scratch,
                          struct linear *best)
{
    struct sums s = sum_all(of, w);
    size_t at = 0;
    for (size_t k = 0; k < nodes; k++) {
        struct column g = sum_column(of, w, &s, scratch->grid + k, nodes);
        struct linear found = solve_node(&s, &g, of->e_min, ridge);
        if (k == 0 || found.cost < best->cost) {
            *best = found;
            at = k;
        }
    }
    return at;
}

static struct linear solve_theta(const struct km_anneal_problem *of,
                                 const double *w, const struct sums *s,
                                 enum km_family family, const double theta[2],
                                 const struct ridge *ridge,
                                 struct km_fit_scratch *scratch)
{
    double *g = scratch->moment[3];
    for (size_t b = 0; b < of->count; b++) {
        g[b] = family == KM_FAMILY_POW3
                   ? exp(-theta[0] * scratch->logs[b])
                   : km_family_value(family, theta, scratch->scaled[b]);
    }
    struct column column = sum_column(of, w, s, g, 1);
    return solve_node(s, &column, of->e_min, ridge);
}

static void take(struct km_anneal *fit, const struct linear *found)
{
    fit->asymptote = found->asymptote;
    fit->amplitude = found->amplitude;
    fit->drop = found->drop;
}

/* Pattern search in ln theta, as in fit.c. */
static void refine(const struct km_anneal_problem *of, const double *w,
                   const struct ridge *ridge, struct km_fit_scratch *scratch,
                   struct km_anneal *fit)
{
    struct sums s = sum_all(of, w);
    struct linear best =
        solve_theta(of, w, &s, fit->family, fit->theta, ridge, scratch);
    double step = SEARCH_START;
    for (int i = 0; i < SEARCH_ROUNDS && step >= SEARCH_END; i++) {
        double from = fit->theta[0];
        bool better = false;
        for (int move = 0; move < 2; move++) {
            double theta[2] = {km_family_bound(fit->family, 0,
                                               from * exp(move ? -step : step)),
                               0};
            struct linear found =
                solve_theta(of, w, &s, fit->family, theta, ridge, scratch);
            if (found.cost < best.cost) {
                best = found;
                better = true;
                fit->theta[0] = theta[0];
            }
        }
        step = better ? step : step / 2;
    }
    take(fit, &best);
}

/* Huber weights from the residuals at the weight of the median point; returns
 * the residual variance of a point of weight 1. */
static double reweigh(const struct km_anneal_problem *of, double typical,
                      struct km_fit_scratch *scratch, struct km_anneal *fit,
                      double *w)
{
    double *evened = scratch->moment[4];
    for (size_t b = 0; b < of->count; b++) {
        double off = of->y[b] - km_anneal_value(fit, of->s1[b], of->drop[b]);
        evened[b] = fabs(off) * sqrt(of->weight[b] / typical);
        scratch->sorted[b] = evened[b];
    }
    fit->scale = KM_MAD_TO_SIGMA * km_median(scratch->sorted, of->count);
    double bound = KM_HUBER_K * fit->scale;
    for (size_t b = 0; b < of->count; b++) {
        w[b] = of->weight[b] *
               (evened[b] > bound && bound > 0 ? bound / evened[b] : 1);
    }
    return fit->scale * fit->scale * typical;
}

static bool prepare(enum km_family family, const struct km_anneal_problem *of,
                    struct km_fit_scratch *scratch, struct km_anneal *fit)
{
    size_t n = of->count;
    assert(n <= KM_FIT_POINTS_MAX && km_family_shape(family) == 1);
    if (n < KM_FIT_POINTS_MIN || !(of->s1[0] > 0) ||
        !(of->s1[n - 1] > of->s1[0]) || !(of->s1_now > 0)) {
        return false;
    }
    *fit = (struct km_anneal){.family = family,
                              .s1_now = of->s1_now,
                              .tau_used = NAN,
                              .drop = NAN,
                              .count = n};
    for (size_t b = 0; b < n; b++) {
        scratch->scaled[b] = of->s1[b] / of->s1_now;
        scratch->logs[b] = log(scratch->scaled[b]);
    }
    return true;
}

/* Does the run itself say something of C? */
static bool drop_varies(const struct km_anneal_problem *of)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t b = 0; b < of->count; b++) {
        low = fmin(low, of->drop[b]);
        high = fmax(high, of->drop[b]);
    }
    return high - low > 1e-9;
}

bool km_anneal_run(enum km_family family, const struct km_anneal_problem *of,
                   struct km_fit_scratch *scratch, struct km_anneal *fit)
{
    if (!prepare(family, of, scratch, fit)) {
        return false;
    }
    double w[KM_FIT_POINTS_MAX];
    memcpy(w, of->weight, of->count * sizeof *w);
    memcpy(scratch->sorted, of->weight, of->count * sizeof *w);
    double typical = km_median(scratch->sorted, of->count);
    struct ridge ridge = {0, 0, false};
    if (of->prior) {
        fit->tau_used =
            of->prior->tau *
            (of->drop_now > KM_ANNEAL_STARTED ? KM_ANNEAL_WIDER : 1);
        ridge = (struct ridge){INFINITY, of->prior->drop, true};
    }
    size_t nodes = km_family_grid(family, of->count, scratch);
    for (int round = 0; round <= HUBER_ROUNDS; round++) {
        struct linear best = {0};
        size_t node = search_grid(of, w, nodes, &ridge, scratch, &best);
        memcpy(fit->theta, scratch->theta[node], sizeof fit->theta);
        take(fit, &best);
        double s2 = reweigh(of, typical, scratch, fit, w);
        ridge.weight = ridge.known ? s2 / (fit->tau_used * fit->tau_used) : 0;
    }
    refine(of, w, &ridge, scratch, fit);
    if (!of->prior && !drop_varies(of)) {
        fit->drop = NAN;
    }
    return true;
}

double km_anneal_value(const struct km_anneal *fit, double s1, double drop)
{
    double g = km_family_value(fit->family, fit->theta, s1 / fit->s1_now);
    double fall = drop > 0 || drop < 0 ? fit->drop * drop : 0;
    return fit->asymptote + fit->amplitude * g - fall;
}
