/* live.h - a run under way, forecast with the lab's finished runs beside it.
 *
 *     km_live_begin(live curve, horizon, targets)
 *     km_live_add(finished curve) ...      each reduced to the same share of
 * its plan, and may go afterwards km_live_finish()                     values,
 * intervals, paths of errors
 *
 *     live      |------ x_now ......t1.....t2....horizon|
 *     finished  |------  o  --------t1-----t2----planned|   same shares
 *
 * A finished run stands at share x_now / horizon of its own plan; its targets
 * are the same shares. Its own forecasts from there, by the same code and with
 * its configuration left out of what it learns from, give the errors that
 * calibrate the live run. The live run's configuration may be among them: other
 * seeds of it are finished runs like others, but they teach it nothing, so that
 * what is shown is what the back-test measured.
 *
 * Ownership: the arena.   Threads: one workspace and arena each.   Errors:
 * KM_ELIMIT, those of the store.   Document: docs/metrics.md#back-test */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_LIVE_H
#define KM_SCORE_LIVE_H

#include "score/forecaster.h"
#include "score/stored_run.h"

enum { KM_LIVE_TARGETS_MAX = 64 };

struct km_live {
    double x_now, horizon;
    bool plan_known; /* of the live run's learning rate */
    size_t target_count;
    double targets[KM_LIVE_TARGETS_MAX]; /* steps, rising, > x_now */
    struct km_origin origin;             /* of the live run */
    struct km_judged_run *judged;        /* [0] is the live run */
    size_t count, cap;
    struct km_decision *decisions; /* one a target */
    double *values;                /* theirs, for km_draws_*() */
    struct km_error_draws draws;
    struct km_arena *arena;
};

/* `horizon`: the planned last step; targets in (x_now, horizon], else NaN. */
enum km_code km_live_begin(const struct km_forecast_run *run, double horizon,
                           const double *targets, size_t count,
                           struct km_origin_workspace *work,
                           struct km_arena *arena, struct km_arena *scratch,
                           struct km_live *live, struct km_err *err);

/* A finished run of the same pool; `scratch` is reset. */
enum km_code km_live_add(struct km_live *live,
                         const struct km_forecast_run *run,
                         struct km_origin_workspace *work,
                         struct km_arena *scratch, struct km_err *err);

enum km_code km_live_finish(struct km_live *live, double level,
                            struct km_origin_workspace *work,
                            struct km_err *err);

/* Begin, add every finished run of the store among `run_ids` whose curve has
 * the same pool_key, finish. The live run itself is skipped. */
enum km_code km_live_forecast(struct km_store *store, const uint64_t *run_ids,
                              size_t count, const struct km_role_table *roles,
                              const struct km_stored_run *run,
                              const struct km_stored_curve *curve,
                              double horizon, const double *targets,
                              size_t target_count, double level,
                              struct km_arena *arena, struct km_live *live,
                              struct km_err *err);

#endif
