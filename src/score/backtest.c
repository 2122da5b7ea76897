/* backtest.c - every run from every origin, by its history alone. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/backtest.h"

#include <math.h>
#include <string.h>

const double km_backtest_origins[KM_BACKTEST_ORIGINS] = {0.2, 0.4, 0.6, 0.8};
const double km_backtest_horizons[KM_BACKTEST_TARGETS] = {1.25, 1.5, 2, 0};
const struct km_backtest_filter km_backtest_all = {-1, -1, -1, -1, -1, -1, 0};
static const double ROUNDING = 1.0001;

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the back-test does not fit the memory allowed for one "
                   "command");
}

/* Targets of one origin and what came of them. */
static void take_truths(const struct km_forecast_run *run, int o,
                        struct km_backtest_run *out)
{
    double now = km_backtest_origins[o] * run->planned;
    for (int t = 0; t < KM_BACKTEST_TARGETS; t++) {
        bool end = !(km_backtest_horizons[t] > 0);
        double target = end ? run->planned : now * km_backtest_horizons[t];
        out->truth_x[o][t] = out->truth[o][t] = NAN;
        if (target <= ROUNDING * run->planned) {
            km_forecast_truth(run, NULL, now, target, end, &out->truth_x[o][t],
                              &out->truth[o][t]);
        }
    }
}

/* The points that a fit may see up to `x_now`, and their sums. */
static enum km_code take_clean(const struct km_forecast_run *run, double x_now,
                               struct km_arena *scratch,
                               struct km_forecast_run *clean,
                               struct km_bin_sums *sums, struct km_err *err)
{
    km_arena_reset(scratch);
    enum km_code code = km_forecast_run_clean(run, x_now, scratch, clean, err);
    return code ? code : km_forecast_run_sums(clean, scratch, sums, err);
}

enum km_code km_backtest_take(const struct km_forecast_run *run,
                              struct km_origin_workspace *work,
                              struct km_arena *arena, struct km_arena *scratch,
                              struct km_backtest_run *out, struct km_err *err)
{
    struct km_forecast_run clean;
    struct km_bin_sums sums;
    enum km_code code = take_clean(run, INFINITY, scratch, &clean, &sums, err);
    static const enum km_family families[KM_ORIGIN_FAMILIES] = {
        KM_FAMILY_POW3, KM_FAMILY_INVLOG3};
    double drop[KM_ORIGIN_FAMILIES];
    for (int f = 0; f < KM_ORIGIN_FAMILIES && code == KM_OK; f++) {
        drop[f] = km_forecast_run_drop(&clean, &sums, families[f], work);
    }
    for (int o = 0; o < KM_BACKTEST_ORIGINS && code == KM_OK; o++) {
        double now = km_backtest_origins[o] * run->planned;
        take_truths(run, o, out);
        code = take_clean(run, now, scratch, &clean, &sums, err);
        if (code == KM_OK) {
            code = km_origin_take(&clean, &sums, now, out->truth_x[o],
                                  KM_BACKTEST_TARGETS, KM_ORIGIN_WHOLE, work,
                                  arena, &out->origin[o], err);
        }
        out->at[o] = (struct km_judged_run){
            .group = run->group,
            .pool = run->pool,
            .time_ns = run->time_ns,
            .e_min = run->e_min,
        };
        memcpy(out->at[o].drop, drop, sizeof drop);
    }
    return code;
}

/* One origin: judged runs side by side, as forecaster.h wants them. */
static enum km_code run_origin(struct km_backtest_run *runs, size_t count,
                               int o, enum km_history history, double level,
                               struct km_judged_run *judged, double *scratch,
                               struct km_origin_workspace *work,
                               struct km_arena *arena, struct km_backtest *out,
                               struct km_err *err)
{
    for (size_t i = 0; i < count; i++) {
        judged[i] = runs[i].at[o];
        judged[i].origin = &runs[i].origin[o];
        judged[i].truth_x = runs[i].truth_x[o];
        judged[i].truth = runs[i].truth[o];
    }
    enum km_code code =
        km_forecasters_run(judged, count, history, work, arena, err);
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        const struct km_origin *origin = judged[i].origin;
        for (int t = 0; t < KM_BACKTEST_TARGETS && origin->fitted; t++) {
            if (!isfinite(judged[i].truth[t])) {
                continue;
            }
            struct km_backtest_row *row = &out->rows[out->count++];
            *row = (struct km_backtest_row){
                .run = i,
                .origin = o,
                .target = t,
                .group = judged[i].group,
                .pool = judged[i].pool,
                .truth = judged[i].truth[t],
                .last_value = origin->last_value,
                .line = origin->targets[t].line,
                .now = origin->now,
                .gain = origin->pow3_now - origin->targets[t].pow3,
                .ahead = origin->targets[t].x / origin->x_now,
            };
            for (int k = 0; k < KM_FORECASTERS; k++) {
                row->value[k] = judged[i].value[k * KM_BACKTEST_TARGETS + t];
            }
            km_forecast_decide(judged, count, i, (size_t)t, history, level,
                               scratch, &row->decision);
        }
    }
    return code;
}

enum km_code km_backtest_run(struct km_backtest_run *runs, size_t count,
                             enum km_history history, double level,
                             struct km_origin_workspace *work,
                             struct km_arena *arena, struct km_backtest *out,
                             struct km_err *err)
{
    *out = (struct km_backtest){.count = 0};
    out->rows = km_new(arena, struct km_backtest_row,
                       count * KM_BACKTEST_ORIGINS * KM_BACKTEST_TARGETS);
    struct km_judged_run *judged = km_new(arena, struct km_judged_run, count);
    double *scratch = km_new(arena, double, 8 * count);
    if (!out->rows || !judged || !scratch) {
        return fail_full(err);
    }
    enum km_code code = KM_OK;
    for (int o = 0; o < KM_BACKTEST_ORIGINS && code == KM_OK; o++) {
        code = run_origin(runs, count, o, history, level, judged, scratch, work,
                          arena, out, err);
    }
    return code;
}

static bool passes(const struct km_backtest_row *row,
                   const struct km_backtest_filter *filter)
{
    bool end = row->target == KM_BACKTEST_TARGETS - 1;
    return (filter->regime < 0 ||
            row->decision.regime == (enum km_rate_regime)filter->regime) &&
           (filter->origin < 0 || row->origin == filter->origin) &&
           (filter->target < 0 || row->target == filter->target) &&
           (filter->rung < 0 ||
            row->decision.rung == (enum km_rung)filter->rung) &&
           (filter->end < 0 || filter->end == (int)end) &&
           (filter->pool < 0 || row->pool == (unsigned)filter->pool) &&
           row->decision.rel_groups >= filter->history_min;
}

enum km_code km_backtest_score(const struct km_backtest *of,
                               struct km_backtest_filter filter,
                               enum km_forecaster forecaster, double level,
                               struct km_arena *arena,
                               struct km_forecast_score *score,
                               struct km_err *err)
{
    struct km_resolved *kept = km_new(arena, struct km_resolved, of->count);
    double *scratch = km_new(arena, double, 3 * of->count);
    if (!kept || !scratch) {
        return fail_full(err);
    }
    size_t n = 0;
    for (size_t i = 0; i < of->count; i++) {
        const struct km_backtest_row *row = &of->rows[i];
        if (!passes(row, &filter)) {
            continue;
        }
        bool choice = forecaster == KM_FORECASTERS;
        kept[n++] = (struct km_resolved){
            .group = row->group,
            .forecast = choice ? row->decision.value : row->value[forecaster],
            .truth = row->truth,
            .last_value = row->last_value,
            .line = row->line,
            .lo = choice ? row->decision.lo : (double)NAN,
            .hi = choice ? row->decision.hi : (double)NAN,
            .pit = choice ? row->decision.pit : (double)NAN,
        };
    }
    km_forecast_score(kept, n, level, scratch, score);
    return KM_OK;
}
