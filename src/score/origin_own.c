/* origin_own.c - what a run's own resolved forecasts missed by. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/origin_own.h"

#include <assert.h>
#include <math.h>

#include "measure/conformal.h"

enum { ORIGINS = 16 };
static const double EARLIEST = 0.12, LATEST = 0.8; /* of x_now */
#define LEVEL KM_COLD_START_LEVEL

/* Errors of one target, truth - forecast. */
struct errors {
    double mean[ORIGINS], line[ORIGINS];
    size_t count;
};

/* What was forecast when only `cut` points were there, for every target as far
 * ahead as it is now. */
static void judge_past(const struct km_forecast_run *run,
                       const struct km_bin_sums *sums, size_t cut,
                       const struct km_log_line *line,
                       const struct km_origin_workspace *work,
                       const struct km_origin *origin, struct errors *errors)
{
    /* only what the origin has seen counts as truth */
    struct km_forecast_run known = *run;
    known.count = origin->seen;
    double from = run->x[cut - 1];
    struct km_origin_mean mean = km_origin_mean_of(run, sums, cut, work);
    for (size_t t = 0; t < origin->target_count; t++) {
        double at = from * origin->targets[t].x / origin->x_now, x, truth;
        if (!(at <= origin->x_now)) {
            continue;
        }
        km_forecast_truth(&known, sums, from, at, false, &x, &truth);
        if (isnan(truth)) {
            continue;
        }
        struct errors *of = &errors[t];
        of->mean[of->count] = truth - km_origin_mean_at(&mean, x);
        of->line[of->count++] = truth - km_log_line_value(line, x);
    }
}

/* At earlier origins, evenly in ln x, each number of points once. */
static void forecast_again(const struct km_forecast_run *run,
                           const struct km_bin_sums *sums,
                           struct km_origin_workspace *work,
                           const struct km_origin *origin,
                           struct errors *errors)
{
    size_t before = 0;
    for (int k = 0; k < ORIGINS; k++) {
        double q = EARLIEST *
                   pow(LATEST / EARLIEST, (double)k / (ORIGINS - 1)) *
                   origin->x_now;
        size_t cut = km_bins_find(run->x, origin->seen, q * (1 + 1e-9));
        struct km_bins *bins = &work->bins[0];
        double window;
        if (cut < KM_FIT_POINTS_MIN || cut == before ||
            !km_origin_window(run, sums, cut, bins, &window) ||
            !km_origin_fit(run, cut, bins, KM_FIT_GRID, &work->fit, &work->pow3,
                           &work->invlog3)) {
            continue;
        }
        size_t half = km_bins_find(run->x, cut, 0.5 * run->x[cut - 1]);
        km_bins_of_sums(bins, sums, cut - half < 4 ? cut - 4 : half, cut);
        struct km_log_line line =
            km_log_line_fit(bins->x, bins->y, bins->n, bins->count);
        judge_past(run, sums, cut, &line, work, origin, errors);
        before = cut;
    }
}

/* Mean |error|, and how far it reaches at the level; NaN: too few. */
static void summarise(double *errors, size_t count, double *reach, double *mae)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += fabs(errors[i]) / (double)count;
    }
    if (isfinite(sum) && km_conformal_own(errors, count, LEVEL, reach)) {
        *mae = sum;
    } else {
        *reach = NAN;
    }
}

void km_origin_own(const struct km_forecast_run *run,
                   const struct km_bin_sums *sums,
                   struct km_origin_workspace *work, struct km_origin *origin)
{
    struct errors errors[KM_ORIGIN_TARGETS_MAX] = {{.count = 0}};
    assert(origin->target_count <= KM_ORIGIN_TARGETS_MAX);
    forecast_again(run, sums, work, origin, errors);
    for (size_t t = 0; t < origin->target_count; t++) {
        struct km_origin_target *target = &origin->targets[t];
        struct errors *of = &errors[t];
        target->own_count = of->count;
        summarise(of->mean, of->count, &target->own, &target->own_mae);
        summarise(of->line, of->count, &target->own_line,
                  &target->own_line_mae);
    }
}
