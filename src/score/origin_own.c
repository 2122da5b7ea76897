/* origin_own.c - what a run's own resolved forecasts missed by. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/origin_own.h"

#include <math.h>

#include "measure/conformal.h"

enum { ORIGINS = 9 };
static const double EARLIEST = 0.12; /* of x_now */
#define LEVEL KM_COLD_START_LEVEL

/* Errors of one target, truth - forecast. */
struct past {
    double mean[ORIGINS], line[ORIGINS];
    size_t count;
};

/* One earlier forecast by the mean of families and by the log-log line. */
static void judge_past(const struct km_forecast_run *run,
                       const struct km_bin_sums *sums, size_t cut, double reach,
                       struct km_origin_workspace *work, size_t seen,
                       struct past *past)
{
    struct km_bins bins;
    struct km_fit pow3, invlog3;
    double window, x, truth;
    /* only what the origin has seen counts as truth */
    struct km_forecast_run known = *run;
    known.count = seen;
    km_forecast_truth(&known, run->x[cut - 1], reach * run->x[cut - 1], false,
                      &x, &truth);
    if (isnan(truth) || !km_origin_window(run, sums, cut, &bins, &window) ||
        !km_origin_fit(run, cut, &bins, KM_FIT_GRID, &work->fit, &pow3,
                       &invlog3)) {
        return;
    }
    double mean = (km_fit_value(&pow3, x) + km_fit_value(&invlog3, x)) / 2;
    size_t half = km_bins_find(run->x, cut, 0.5 * run->x[cut - 1]);
    km_bins_of_sums(&bins, sums, cut - half < 4 ? cut - 4 : half, cut);
    struct km_log_line line =
        km_log_line_fit(bins.x, bins.y, bins.n, bins.count);
    past->mean[past->count] = truth - fmax(mean, run->e_min);
    past->line[past->count++] = truth - km_log_line_value(&line, x);
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
    for (size_t t = 0; t < origin->target_count; t++) {
        struct km_origin_target *target = &origin->targets[t];
        double reach = target->x / origin->x_now;
        double latest = 1 / reach;
        struct past past = {.count = 0};
        size_t before = 0;
        if (!(latest > EARLIEST)) {
            continue;
        }
        for (int k = 0; k < ORIGINS; k++) {
            double q = EARLIEST *
                       pow(latest / EARLIEST, (double)k / (ORIGINS - 1)) *
                       origin->x_now;
            size_t cut = km_bins_find(run->x, origin->seen, q * (1 + 1e-9));
            if (cut >= KM_FIT_POINTS_MIN && cut != before) {
                judge_past(run, sums, cut, reach, work, origin->seen, &past);
                before = cut;
            }
        }
        target->own_count = past.count;
        summarise(past.mean, past.count, &target->own, &target->own_mae);
        summarise(past.line, past.count, &target->own_line,
                  &target->own_line_mae);
    }
}
