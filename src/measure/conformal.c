/* conformal.c - ranks of errors that were really made. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/conformal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "measure/distribution.h"
#include "measure/groups.h"
#include "measure/robust.h"

static const double SLACK = 1e-9; /* of rounding in cumulated weights */

const char *km_rung_name(enum km_rung rung)
{
    static const char *const names[] = {
        [KM_RUNG_NONE] = "",
        [KM_RUNG_CROSS_RUN] = "cross-run conformal",
        [KM_RUNG_OWN] = "own past forecasts",
        [KM_RUNG_COLD] = "cold start, not calibrated",
    };
    assert(rung >= KM_RUNG_NONE && rung <= KM_RUNG_COLD);
    return names[rung];
}

size_t km_conformal_weights(const double *error, const unsigned *group,
                            size_t count, double *weight, double *scratch)
{
    if (count == 0) {
        return 0;
    }
    double *keys = scratch, *runs = scratch + count;
    size_t different = km_groups_keys(group, count, keys), groups = 0;
    memset(runs, 0, different * sizeof *runs);
    for (size_t i = 0; i < count; i++) {
        double *of = &runs[km_groups_find(keys, different, group[i])];
        groups += !isnan(error[i]) && *of == 0;
        *of += !isnan(error[i]);
    }
    for (size_t i = 0; i < count; i++) {
        double same = runs[km_groups_find(keys, different, group[i])];
        weight[i] = isnan(error[i]) ? 0 : 1 / same;
    }
    return groups;
}

/* Drops what has no weight or is NaN; sorts the rest; its total weight. */
static size_t sort_weighted(double *value, double *weight, size_t count,
                            double *total)
{
    size_t kept = 0;
    *total = 0;
    for (size_t i = 0; i < count; i++) {
        if (weight[i] > 0 && !isnan(value[i])) {
            value[kept] = value[i];
            weight[kept] = weight[i];
            *total += weight[kept++];
        }
    }
    km_sort_pairs(value, weight, kept);
    return kept;
}

double km_weighted_quantile(double *value, double *weight, size_t count,
                            double p)
{
    double total, sum = 0;
    size_t at = 0, kept = sort_weighted(value, weight, count, &total);
    if (kept == 0) {
        return NAN;
    }
    while (at + 1 < kept && sum + weight[at] < (p - SLACK) * total) {
        sum += weight[at++];
    }
    return value[at];
}

bool km_conformal_cross(const double *error, const double *weight, size_t count,
                        size_t groups, double level, double *scratch,
                        double *lo, double *hi)
{
    double n = (double)groups, alpha = 1 - level;
    double p = ceil((n + 1) * (1 - alpha / 2) - SLACK) / n;
    if (groups == 0 || p > 1 + SLACK) {
        return false;
    }
    double *w = scratch + count, total, sum = 0;
    memcpy(scratch, error, count * sizeof *scratch);
    memcpy(w, weight, count * sizeof *w);
    size_t kept = sort_weighted(scratch, w, count, &total), at = 0;
    if (kept == 0) {
        return false;
    }
    double enough = (p - SLACK) * total;
    while (at + 1 < kept && sum + w[at] < enough) {
        sum += w[at++];
    }
    *hi = scratch[at];
    for (sum = 0, at = kept - 1; at > 0 && sum + w[at] < enough;) {
        sum += w[at--];
    }
    *lo = scratch[at];
    return isfinite(*lo) && isfinite(*hi);
}

bool km_conformal_own(double *errors, size_t count, double level, double *reach)
{
    double rank = ceil(((double)count + 1) * level - SLACK);
    if (count < KM_CONFORMAL_OWN_MIN || rank > (double)count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        errors[i] = fabs(errors[i]);
    }
    /* the rank-th smallest: type 7 is exact at order statistics */
    *reach = km_quantile(errors, count, (rank - 1) / ((double)count - 1));
    return true;
}

void km_draws_cold(const double *below, const double *above, size_t places,
                   size_t draws, double *error)
{
    const double tenth = km_normal_quantile(0.9);
    for (size_t d = 0; d < draws; d++) {
        double z = km_normal_quantile(((double)d + 0.5) / (double)draws);
        for (size_t k = 0; k < places; k++) {
            double reach = z < 0 ? -below[k] : above[k];
            error[d * places + k] = z / tenth * reach;
        }
    }
}

static double weight_of(const struct km_error_draws *of, size_t draw)
{
    return of->weight ? of->weight[draw] : 1;
}

static double within(const struct km_error_draws *of, double hit, double total)
{
    if (!(total > 0)) {
        return NAN;
    }
    double least = 1 / (of->groups + 1);
    return fmin(fmax(hit / total, least), 1 - least);
}

/* First place at which the draw's path is at or below the target. */
static size_t first_place(const struct km_error_draws *of, size_t draw,
                          const double *forecast, double target)
{
    const double *error = of->error + draw * of->places;
    size_t k = 0;
    while (k < of->places && !(forecast[k] + error[k] <= target)) {
        k++;
    }
    return k;
}

double km_draws_at(const struct km_error_draws *of, const double *forecast,
                   size_t place, double target)
{
    double hit = 0, total = 0;
    for (size_t d = 0; d < of->draws; d++) {
        double error = of->error[d * of->places + place];
        if (!isnan(error)) {
            total += weight_of(of, d);
            hit += forecast[place] + error <= target ? weight_of(of, d) : 0;
        }
    }
    return within(of, hit, total);
}

double km_draws_by(const struct km_error_draws *of, const double *forecast,
                   size_t place, double target)
{
    double hit = 0, total = 0;
    for (size_t d = 0; d < of->draws; d++) {
        size_t first = first_place(of, d, forecast, target);
        bool known =
            first <= place || !isnan(of->error[d * of->places + place]);
        total += known ? weight_of(of, d) : 0;
        hit += first <= place ? weight_of(of, d) : 0;
    }
    return within(of, hit, total);
}

double km_draws_time(const struct km_error_draws *of, const double *x,
                     const double *forecast, double target, double p,
                     double *scratch)
{
    double *w = scratch + of->draws;
    for (size_t d = 0; d < of->draws; d++) {
        size_t k = first_place(of, d, forecast, target);
        w[d] = weight_of(of, d);
        scratch[d] = k < of->places ? x[k] : (double)INFINITY;
        if (k > 0 && k < of->places) {
            const double *error = of->error + d * of->places;
            double before = forecast[k - 1] + error[k - 1];
            double after = forecast[k] + error[k];
            double share = (before - target) / (before - after);
            if (share >= 0 && share <= 1) {
                scratch[d] = x[k - 1] * pow(x[k] / x[k - 1], share);
            }
        }
    }
    return km_weighted_quantile(scratch, w, of->draws, p);
}
