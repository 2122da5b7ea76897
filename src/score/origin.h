/* origin.h - what can be said of a curve at one step of it, and no later.
 *
 *     x  |----------- seen -----------|  x_now  |------ targets ------|
 *
 * km_origin_take() reads points at steps <= x_now only, so a forecast of a
 * finished run at an early origin is the forecast that the live run had; a test
 * deletes the rest and compares. What depends on other runs (the prior of the
 * annealing drop, the history analogue, conformal intervals) comes later, in
 * forecaster.h, from what stands here.
 *
 * Ownership: everything in an origin lives in the arena.   Threads: any, one
 * workspace and arena each.   Errors: KM_ELIMIT when the arena is full.
 * Document: docs/metrics.md#back-test */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_ORIGIN_H
#define KM_SCORE_ORIGIN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "measure/anneal.h"
#include "measure/forecast.h"
#include "measure/schedule.h"
#include "series/bins.h"

/* A curve to be lowered (a score turned round), finished or not. */
struct km_forecast_run {
    const double *x, *y; /* steps > 0, rising; finite */
    size_t count;
    bool averaged;  /* many noisy points (training loss), not evaluations */
    bool loss;      /* a loss: cold-start intervals know those */
    double planned; /* last step of the plan; NaN: none */
    const struct km_rate_plan *plan; /* of the learning rate; NULL: unknown */
    double e_min;                    /* -INFINITY: none */
    unsigned group;                  /* configuration: seeds of one share it */
    unsigned pool;   /* runs that may calibrate each other: metric, project */
    int64_t time_ns; /* when it started: history is what began earlier */
};

enum km_rate_regime {
    KM_REGIME_UNKNOWN,  /* no plan */
    KM_REGIME_CONSTANT, /* from the start of the window up to the target */
    KM_REGIME_DECAYING, /* known, and not constant */
};
enum { KM_RATE_REGIMES = 3 };
const char *km_rate_regime_name(enum km_rate_regime regime);

enum {
    KM_ORIGIN_FAMILIES = 2, /* pow3, invlog3 */
    KM_ORIGIN_TARGETS_MAX = 64,
};

struct km_origin_target {
    double x;        /* step; NaN: not asked */
    double s1, drop; /* of the plan there */
    enum km_rate_regime regime;
    double pow3;     /* that fit alone: velocities are its slope */
    double mean;     /* mean of pow3 and invlog3 on the step axis */
    double line;     /* log-log line over the last half */
    double s;        /* of a cold start, forecast.h, before k */
    double own;      /* reach of own past forecasts by the mean; NaN: too few */
    double own_line; /* the same by the log-log line */
    double own_mae, own_line_mae; /* their mean |error| */
    size_t own_count;
};

struct km_origin {
    double x_now, last_value, share; /* share: x_now / planned */
    double now; /* the mean of families at x_now; NaN unless fitted */
    double pow3_now;
    size_t seen; /* points */
    bool fitted;
    double window;                        /* share of x_now kept by the mean */
    size_t anneal_count;                  /* 0: no plan, or too few points */
    const double *s1, *drop, *y, *weight; /* bins of the annealing window */
    double s1_now, drop_now;
    double end_drop; /* D at the end of the plan; NaN without one */
    size_t points;   /* in the window */
    bool loss;
    struct km_origin_target *targets;
    size_t target_count;
};

/* Reused from call to call. */
struct km_origin_workspace {
    struct km_fit_scratch fit;
    struct km_forecast forecast;
    struct km_bins bins[KM_FORECAST_WINDOWS + 1];
    struct km_fit pow3, invlog3;
};

/* What a fit may see of the points at steps <= `x_now`: spikes of a noisy curve
 * left out (measure/mask.h). The points stay the caller's or go into `arena`.
 */
enum km_code km_forecast_run_clean(const struct km_forecast_run *run,
                                   double x_now, struct km_arena *arena,
                                   struct km_forecast_run *clean,
                                   struct km_err *err);

/* Sums over all points of a run, for any window of it. */
enum km_code km_forecast_run_sums(const struct km_forecast_run *run,
                                  struct km_arena *arena,
                                  struct km_bin_sums *sums, struct km_err *err);

/* What is taken: with or without what an interval of the run's own needs. */
enum km_origin_depth { KM_ORIGIN_WHOLE, KM_ORIGIN_VALUES };

/* Points at steps <= `x_now`; targets[i] > x_now or NaN. */
enum km_code km_origin_take(const struct km_forecast_run *run,
                            const struct km_bin_sums *sums, double x_now,
                            const double *targets, size_t target_count,
                            enum km_origin_depth depth,
                            struct km_origin_workspace *work,
                            struct km_arena *arena, struct km_origin *origin,
                            struct km_err *err);

/* The annealing law at an origin with a prior (NULL: from the run alone). */
bool km_origin_anneal(const struct km_origin *origin, enum km_family family,
                      double e_min, const struct km_anneal_prior *prior,
                      struct km_fit_scratch *scratch, struct km_anneal *fit);

/* C of a finished run, from all of it after the first 20th; NaN unless its rate
 * fell by at least 0.2 within that. */
double km_forecast_run_drop(const struct km_forecast_run *run,
                            const struct km_bin_sums *sums,
                            enum km_family family,
                            struct km_origin_workspace *work);

/* What came to be seen around `target`: the mean over +-2 % of a noisy curve
 * (the last 3 % at the end), else the nearest evaluation. `x` is where that
 * stands; both NaN when there is nothing after `x_now`. `sums` of the run make
 * it quick; NULL. */
void km_forecast_truth(const struct km_forecast_run *run,
                       const struct km_bin_sums *sums, double x_now,
                       double target, bool end, double *x, double *value);

/* The value that "nothing changes" would forecast: the last evaluation, or the
 * mean over the last 5 % of steps of a noisy curve. */
double km_last_value(const struct km_forecast_run *run, size_t seen);

#endif
