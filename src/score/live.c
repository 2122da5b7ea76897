/* live.c - finished runs put beside a live one at the same share of the plan.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/live.h"

#include <assert.h>
#include <math.h>

static const double AT_END = 1e-9;

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the forecasts do not fit the memory allowed for one "
                   "command");
}

static enum km_code take_live(const struct km_live_question *of,
                              struct km_origin_workspace *work,
                              struct km_arena *arena, struct km_arena *scratch,
                              struct km_live *live, struct km_err *err)
{
    const struct km_forecast_run *run = of->run;
    double *unknown = km_new(arena, double, of->target_count + 1);
    if (!unknown) {
        return fail_full(err);
    }
    for (size_t t = 0; t < of->target_count; t++) {
        bool ahead = of->targets[t] > live->x_now && of->targets[t] <= of->end;
        live->targets[t] = ahead ? of->targets[t] : (double)NAN;
        unknown[t] = NAN;
    }
    live->judged[live->count++] = (struct km_judged_run){
        .group = run->group,
        .time_ns = run->time_ns,
        .e_min = run->e_min,
        .origin = &live->origin,
        .truth_x = unknown,
        .truth = unknown,
        .drop = {NAN, NAN},
    };
    struct km_forecast_run planned = *run;
    struct km_bin_sums sums;
    planned.planned = of->planned ? of->end : (double)NAN;
    km_arena_reset(scratch);
    const struct km_bin_sums *known = of->sums ? of->sums : &sums;
    enum km_code code =
        of->sums ? KM_OK : km_forecast_run_sums(&planned, scratch, &sums, err);
    return code ? code
                : km_origin_take(&planned, known, live->x_now, live->targets,
                                 of->target_count, KM_ORIGIN_WHOLE, work, arena,
                                 &live->origin, err);
}

/* A finished run of the same pool at the same share, or step. */
static enum km_code take_past(const struct km_live_question *of,
                              const struct km_past_curve *past,
                              struct km_origin_workspace *work,
                              struct km_arena *arena, struct km_arena *scratch,
                              struct km_live *live, struct km_err *err)
{
    size_t n = live->target_count;
    double scale = of->planned ? past->run.planned / of->end : 1;
    double now = live->x_now * scale;
    if (!(scale > 0) || past->run.count == 0 || past->run.x[0] > now) {
        return KM_OK;
    }
    double *truth = km_new(arena, double, 2 * n + 1);
    struct km_origin *origin = km_new(arena, struct km_origin, 1);
    if (!truth || !origin) {
        return fail_full(err);
    }
    for (size_t t = 0; t < n; t++) {
        double target = live->targets[t] * scale;
        bool end = target >= past->run.planned * (1 - AT_END);
        truth[t] = truth[n + t] = NAN;
        if (isfinite(target)) {
            km_forecast_truth(&past->run, NULL, now, target, end, &truth[t],
                              &truth[n + t]);
        }
    }
    /* a plan that the live run has not is nothing to learn from */
    struct km_forecast_run seen = past->run;
    struct km_bin_sums sums;
    seen.plan = of->run->plan ? past->run.plan : NULL;
    seen.count = 0;
    while (seen.count < past->run.count && past->run.x[seen.count] <= now) {
        seen.count++;
    }
    live->judged[live->count++] = (struct km_judged_run){
        .group = past->run.group,
        .time_ns = past->run.time_ns,
        .e_min = past->run.e_min,
        .origin = origin,
        .truth_x = truth,
        .truth = truth + n,
        .drop = {past->drop[0], past->drop[1]},
    };
    km_arena_reset(scratch);
    enum km_code code = km_forecast_run_sums(&seen, scratch, &sums, err);
    return code ? code
                : km_origin_take(&seen, &sums, now, truth, n, KM_ORIGIN_VALUES,
                                 work, arena, origin, err);
}

static enum km_code decide(const struct km_live_question *of,
                           struct km_origin_workspace *work,
                           struct km_arena *arena, struct km_live *live,
                           struct km_err *err)
{
    size_t n = live->target_count;
    live->decisions = km_new(arena, struct km_decision, n + 1);
    live->inner = km_new(arena, struct km_decision, n + 1);
    live->values = km_new(arena, double, n + 1);
    double *scratch = km_new(arena, double, 8 * live->count);
    if (!live->decisions || !live->inner || !live->values || !scratch) {
        return fail_full(err);
    }
    enum km_code code = km_forecasters_run(live->judged, live->count,
                                           KM_HISTORY_OTHERS, work, arena, err);
    if (code) {
        return code;
    }
    for (size_t t = 0; t < n; t++) {
        struct km_decision *inner = &live->inner[t];
        km_forecast_decide(live->judged, live->count, 0, t, KM_HISTORY_OTHERS,
                           of->level, scratch, &live->decisions[t]);
        km_forecast_decide(live->judged, live->count, 0, t, KM_HISTORY_OTHERS,
                           KM_LIVE_INNER, scratch, inner);
        if (inner->rung != KM_RUNG_CROSS_RUN) {
            inner->lo = inner->hi = NAN;
        }
        live->values[t] = live->decisions[t].value;
    }
    return km_forecast_draws(live->judged, live->count, 0, KM_HISTORY_OTHERS,
                             live->decisions, arena, &live->draws, err);
}

enum km_code km_live_forecast(const struct km_live_question *question,
                              const struct km_project_history *history,
                              struct km_origin_workspace *work,
                              struct km_arena *arena, struct km_arena *scratch,
                              struct km_live *live, struct km_err *err)
{
    const struct km_forecast_run *run = question->run;
    size_t past = history ? history->count : 0;
    assert(question->target_count <= KM_LIVE_TARGETS_MAX);
    *live = (struct km_live){.x_now = run->count ? run->x[run->count - 1] : 0,
                             .target_count = question->target_count,
                             .judged =
                                 km_new(arena, struct km_judged_run, past + 1)};
    if (!live->judged) {
        return fail_full(err);
    }
    enum km_code code = take_live(question, work, arena, scratch, live, err);
    for (size_t i = 0; i < past && code == KM_OK; i++) {
        const struct km_past_curve *curve = &history->curves[i];
        if (curve->pool_key == question->pool_key &&
            curve->run_id != question->run_id) {
            code = take_past(question, curve, work, arena, scratch, live, err);
        }
    }
    return code ? code : decide(question, work, arena, live, err);
}
