/* origin_own.c - what a run's own resolved forecasts missed by. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/origin_own.h"

#include <math.h>

#include "measure/conformal.h"

enum { ORIGINS = 9 };
static const double EARLIEST = 0.12; /* of x_now */
#define LEVEL KM_COLD_START_LEVEL

/* One earlier forecast: truth - forecast, NaN when it was not possible. */
static double past_error(const struct km_forecast_run *run,
                         const struct km_bin_sums *sums, size_t cut,
                         double reach, struct km_origin_workspace *work,
                         size_t seen)
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
        return NAN;
    }
    double mean = (km_fit_value(&pow3, x) + km_fit_value(&invlog3, x)) / 2;
    return truth - fmax(mean, run->e_min);
}

void km_origin_own(const struct km_forecast_run *run,
                   const struct km_bin_sums *sums,
                   struct km_origin_workspace *work, struct km_origin *origin)
{
    for (size_t t = 0; t < origin->target_count; t++) {
        struct km_origin_target *target = &origin->targets[t];
        double reach = target->x / origin->x_now, error[ORIGINS];
        size_t count = 0, before = 0;
        double latest = 1 / reach;
        if (!(latest > EARLIEST)) {
            continue;
        }
        for (int k = 0; k < ORIGINS; k++) {
            double q = EARLIEST *
                       pow(latest / EARLIEST, (double)k / (ORIGINS - 1)) *
                       origin->x_now;
            size_t cut = km_bins_find(run->x, origin->seen, q * (1 + 1e-9));
            if (cut < KM_FIT_POINTS_MIN || cut == before) {
                continue;
            }
            before = cut;
            double off = past_error(run, sums, cut, reach, work, origin->seen);
            if (isfinite(off)) {
                error[count++] = off;
            }
        }
        target->own_count = count;
        if (!km_conformal_own(error, count, LEVEL, &target->own)) {
            target->own = NAN;
        }
    }
}
