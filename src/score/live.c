/* live.c - finished runs put beside a live one at the same share of the plan.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/live.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/limits.h"

static const double AT_END = 1e-9;

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the forecasts do not fit the memory allowed for one "
                   "command");
}

static bool make_room(struct km_live *live)
{
    if (live->count < live->cap) {
        return true;
    }
    size_t wider = live->cap ? 2 * live->cap : 64;
    struct km_judged_run *moved =
        km_new(live->arena, struct km_judged_run, wider);
    if (moved && live->count) {
        memcpy(moved, live->judged, live->count * sizeof *moved);
    }
    if (moved) {
        live->judged = moved;
        live->cap = wider;
    }
    return moved != NULL;
}

/* The origin of a run at x_now, spikes left out. */
static enum km_code take_origin(const struct km_forecast_run *run, double x_now,
                                const double *targets, size_t count,
                                struct km_origin_workspace *work,
                                struct km_arena *arena,
                                struct km_arena *scratch,
                                struct km_origin *origin, struct km_err *err)
{
    struct km_forecast_run clean;
    struct km_bin_sums sums;
    km_arena_reset(scratch);
    enum km_code code = km_forecast_run_clean(run, x_now, scratch, &clean, err);
    code = code ? code : km_forecast_run_sums(&clean, scratch, &sums, err);
    return code ? code
                : km_origin_take(&clean, &sums, x_now, targets, count, work,
                                 arena, origin, err);
}

enum km_code km_live_begin(const struct km_forecast_run *run, double horizon,
                           const double *targets, size_t count,
                           struct km_origin_workspace *work,
                           struct km_arena *arena, struct km_arena *scratch,
                           struct km_live *live, struct km_err *err)
{
    assert(count <= KM_LIVE_TARGETS_MAX);
    *live = (struct km_live){.x_now = run->count ? run->x[run->count - 1] : 0,
                             .horizon = horizon,
                             .target_count = count,
                             .plan_known = run->plan != NULL,
                             .arena = arena};
    struct km_forecast_run planned = *run;
    planned.planned = horizon;
    for (size_t t = 0; t < count; t++) {
        bool ahead = targets[t] > live->x_now && targets[t] <= horizon;
        live->targets[t] = ahead ? targets[t] : (double)NAN;
    }
    double *unknown = km_new(arena, double, count);
    if (!unknown || !make_room(live)) {
        return fail_full(err);
    }
    for (size_t t = 0; t < count; t++) {
        unknown[t] = NAN;
    }
    live->judged[live->count++] = (struct km_judged_run){
        .group = run->group,
        .pool = run->pool,
        .time_ns = run->time_ns,
        .e_min = run->e_min,
        .truth_x = unknown,
        .truth = unknown,
        .drop = {NAN, NAN},
    };
    return take_origin(&planned, live->x_now, live->targets, count, work, arena,
                       scratch, &live->origin, err);
}

/* C of the whole run, for the prior. */
static enum km_code take_drop(const struct km_forecast_run *run,
                              struct km_origin_workspace *work,
                              struct km_arena *scratch, double *drop,
                              struct km_err *err)
{
    static const enum km_family families[KM_ORIGIN_FAMILIES] = {
        KM_FAMILY_POW3, KM_FAMILY_INVLOG3};
    struct km_forecast_run clean;
    struct km_bin_sums sums;
    km_arena_reset(scratch);
    enum km_code code =
        km_forecast_run_clean(run, INFINITY, scratch, &clean, err);
    code = code ? code : km_forecast_run_sums(&clean, scratch, &sums, err);
    for (int f = 0; f < KM_ORIGIN_FAMILIES && code == KM_OK; f++) {
        drop[f] = km_forecast_run_drop(&clean, &sums, families[f], work);
    }
    return code;
}

enum km_code km_live_add(struct km_live *live,
                         const struct km_forecast_run *run,
                         struct km_origin_workspace *work,
                         struct km_arena *scratch, struct km_err *err)
{
    size_t n = live->target_count;
    double scale = run->planned / live->horizon;
    if (!(scale > 0)) {
        return KM_OK;
    }
    /* whose plan is not known is held against runs as if theirs was not */
    struct km_forecast_run as_live = *run;
    as_live.plan = live->plan_known ? run->plan : NULL;
    double now = live->x_now * scale;
    double *truth = km_new(live->arena, double, 2 * n);
    struct km_origin *origin = km_new(live->arena, struct km_origin, 1);
    if (!truth || !origin || !make_room(live)) {
        return fail_full(err);
    }
    for (size_t t = 0; t < n; t++) {
        double target = live->targets[t] * scale;
        bool end = target >= run->planned * (1 - AT_END);
        truth[t] = truth[n + t] = NAN;
        if (isfinite(target)) {
            km_forecast_truth(run, now, target, end, &truth[t], &truth[n + t]);
        }
    }
    struct km_judged_run judged = {
        .group = run->group,
        .pool = live->judged[0].pool,
        .time_ns = run->time_ns,
        .e_min = run->e_min,
        .origin = origin,
        .truth_x = truth,
        .truth = truth + n,
    };
    enum km_code code = take_drop(run, work, scratch, judged.drop, err);
    code = code ? code
                : take_origin(&as_live, now, truth, n, work, live->arena,
                              scratch, origin, err);
    live->judged[live->count] = judged;
    live->count += code == KM_OK;
    return code;
}

enum km_code km_live_finish(struct km_live *live, double level,
                            struct km_origin_workspace *work,
                            struct km_err *err)
{
    live->judged[0].origin = &live->origin;
    live->decisions =
        km_new(live->arena, struct km_decision, live->target_count + 1);
    live->values = km_new(live->arena, double, live->target_count + 1);
    double *scratch = km_new(live->arena, double, 8 * live->count);
    if (!live->decisions || !live->values || !scratch) {
        return fail_full(err);
    }
    enum km_code code = km_forecasters_run(
        live->judged, live->count, KM_HISTORY_OTHERS, work, live->arena, err);
    if (code) {
        return code;
    }
    for (size_t t = 0; t < live->target_count; t++) {
        km_forecast_decide(live->judged, live->count, 0, t, KM_HISTORY_OTHERS,
                           level, scratch, &live->decisions[t]);
        live->values[t] = live->decisions[t].value;
    }
    return km_forecast_draws(live->judged, live->count, 0, KM_HISTORY_OTHERS,
                             live->decisions, live->arena, &live->draws, err);
}

/* Adds the curve of a finished run that calibrates the live one. */
static enum km_code add_stored(struct km_store *store, uint64_t run_id,
                               const struct km_role_table *roles,
                               uint64_t pool_key, struct km_live *live,
                               struct km_origin_workspace *work,
                               struct km_arena *one, struct km_arena *scratch,
                               struct km_err *err)
{
    struct km_stored_run run;
    km_arena_reset(one);
    enum km_code code =
        km_stored_run_load(store, run_id, roles, one, &run, err);
    for (size_t c = 0; code == KM_OK && run.done && c < run.curve_count; c++) {
        if (run.curves[c].pool_key == pool_key) {
            code = km_live_add(live, &run.curves[c].run, work, scratch, err);
        }
    }
    return code;
}

enum km_code km_live_forecast(struct km_store *store, const uint64_t *run_ids,
                              size_t count, const struct km_role_table *roles,
                              const struct km_stored_run *run,
                              const struct km_stored_curve *curve,
                              double horizon, const double *targets,
                              size_t target_count, double level,
                              struct km_arena *arena, struct km_live *live,
                              struct km_err *err)
{
    struct km_origin_workspace *work =
        km_new(arena, struct km_origin_workspace, 1);
    if (!work) {
        return fail_full(err);
    }
    struct km_arena one, scratch;
    km_arena_init(&one, KM_ARENA_COMMAND_BYTES_MAX);
    km_arena_init(&scratch, KM_ARENA_COMMAND_BYTES_MAX);
    enum km_code code =
        km_live_begin(&curve->run, horizon, targets, target_count, work, arena,
                      &scratch, live, err);
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        if (run_ids[i] != run->view.run_id) {
            code = add_stored(store, run_ids[i], roles, curve->pool_key, live,
                              work, &one, &scratch, err);
        }
    }
    code = code ? code : km_live_finish(live, level, work, err);
    km_arena_finish(&one);
    km_arena_finish(&scratch);
    return code;
}
