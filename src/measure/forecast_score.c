/* forecast_score.c - means inside groups, then over groups. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/forecast_score.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "measure/distribution.h"
#include "measure/groups.h"
#include "measure/robust.h"

static const double EXACT = 1e-9; /* of the truth's size */

double km_winkler(double lo, double hi, double y, double level)
{
    double miss = fmax(fmax(lo - y, y - hi), 0);
    return hi - lo + 2 / (1 - level) * miss;
}

double km_pit(const double *errors, const double *weight, size_t count,
              double error)
{
    double below = 0, total = 0;
    for (size_t i = 0; i < count; i++) {
        double w = weight ? weight[i] : 1;
        if (isnan(errors[i]) || !(w > 0)) {
            continue;
        }
        total += w;
        below += errors[i] < error ? w : errors[i] > error ? 0 : w / 2;
    }
    return total > 0 ? below / total : (double)NAN;
}

enum measure {
    LOG_LAST,
    LOG_LINE,
    ERROR,
    LOG_ERROR,
    BIAS,
    COVERED,
    WIDTH,
    BELOW,
    ABOVE,
    WINKLER,
    PIT,
    MEASURES
};

/* NaN: this forecast has no such measure. */
static double measure_of(const struct km_resolved *r, enum measure what,
                         double level)
{
    double floor_ = EXACT * fmax(fabs(r->truth), 1e-300);
    double error = fmax(fabs(r->truth - r->forecast), floor_);
    double last = fmax(fabs(r->truth - r->last_value), floor_);
    double line = fmax(fabs(r->truth - r->line), floor_);
    bool low = r->truth<r->lo, high = r->truth> r->hi;
    bool interval = isfinite(r->lo) && isfinite(r->hi);
    switch (what) {
    case LOG_LAST:
        return fmin(fmax(log(error / last), -log(KM_SCORE_RATIO_MAX)),
                    log(KM_SCORE_RATIO_MAX));
    case LOG_LINE:
        return fmin(fmax(log(error / line), -log(KM_SCORE_RATIO_MAX)),
                    log(KM_SCORE_RATIO_MAX));
    case ERROR:
        return fabs(r->truth - r->forecast);
    case LOG_ERROR:
        return r->truth > 0 && r->forecast > 0
                   ? fabs(log(r->forecast / r->truth))
                   : (double)NAN;
    case BIAS:
        return r->truth - r->forecast;
    case COVERED:
        return interval ? !low && !high : (double)NAN;
    case WIDTH:
        return interval ? r->hi - r->lo : (double)NAN;
    case BELOW:
        return interval ? low : (double)NAN;
    case ABOVE:
        return interval ? high : (double)NAN;
    case WINKLER:
        return interval ? km_winkler(r->lo, r->hi, r->truth, level)
                        : (double)NAN;
    case PIT:
        return r->pit;
    case MEASURES:
        break;
    }
    return NAN;
}

static bool usable(const struct km_resolved *r)
{
    return isfinite(r->forecast) && isfinite(r->truth);
}

/* Means inside groups into `means`; returns how many groups have one. `keys`
 * are the groups, `counts` and `means` have room for one each. */
static size_t group_means(const struct km_resolved *of, size_t count,
                          enum measure what, double level, const double *keys,
                          size_t groups, double *counts, double *means)
{
    memset(counts, 0, groups * sizeof *counts);
    memset(means, 0, groups * sizeof *means);
    for (size_t i = 0; i < count; i++) {
        double value =
            usable(&of[i]) ? measure_of(&of[i], what, level) : (double)NAN;
        if (!isnan(value)) {
            size_t at = km_groups_find(keys, groups, of[i].group);
            counts[at]++;
            means[at] += value;
        }
    }
    size_t kept = 0;
    for (size_t g = 0; g < groups; g++) {
        if (counts[g] > 0) {
            means[kept++] = means[g] / counts[g];
        }
    }
    return kept;
}

/* The groups that occur, rising. */
static size_t find_groups(const struct km_resolved *of, size_t count,
                          double *keys)
{
    for (size_t i = 0; i < count; i++) {
        keys[i] = of[i].group;
    }
    km_sort_pairs(keys, NULL, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || keys[i] > keys[kept - 1]) {
            keys[kept++] = keys[i];
        }
    }
    return kept;
}

static double mean(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return count ? sum / (double)count : (double)NAN;
}

static void interval_of_rel(const double *logs, size_t groups, double centre,
                            double level, struct km_forecast_score *out)
{
    out->rel_lo = out->rel_hi = NAN;
    if (groups < 2) {
        return;
    }
    double n = (double)groups, sum = 0;
    for (size_t g = 0; g < groups; g++) {
        sum += (logs[g] - centre) * (logs[g] - centre);
    }
    double reach =
        km_t_quantile((1 + level) / 2, n - 1) * sqrt(sum / (n - 1) / n);
    out->rel_lo = exp(centre - reach);
    out->rel_hi = exp(centre + reach);
}

void km_forecast_score(const struct km_resolved *of, size_t count, double level,
                       double *scratch, struct km_forecast_score *out)
{
    *out = (struct km_forecast_score){.forecasts = 0};
    double value[MEASURES];
    double *keys = scratch, *counts = scratch + count;
    double *means = scratch + 2 * count;
    size_t different = find_groups(of, count, keys);
    for (int what = 0; what < MEASURES; what++) {
        size_t groups = group_means(of, count, (enum measure)what, level, keys,
                                    different, counts, means);
        value[what] = mean(means, groups);
        if (what == LOG_LAST) {
            interval_of_rel(means, groups, value[what], level, out);
        }
        if (what == ERROR) {
            out->groups = groups;
            out->median_error = km_median(means, groups);
        }
    }
    for (size_t i = 0; i < count; i++) {
        bool good = usable(&of[i]);
        out->forecasts += good;
        out->intervals += good && isfinite(of[i].lo) && isfinite(of[i].hi);
    }
    out->rel = exp(value[LOG_LAST]);
    out->rel_line = exp(value[LOG_LINE]);
    out->mae = value[ERROR];
    out->male = value[LOG_ERROR];
    out->bias = value[BIAS];
    out->covered = value[COVERED];
    out->width = value[WIDTH];
    out->below = value[BELOW];
    out->above = value[ABOVE];
    out->winkler = value[WINKLER];
    out->pit = value[PIT];
}
