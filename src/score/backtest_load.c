/* backtest_load.c - one finished run after the other, reduced to its origins.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/backtest_load.h"

#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "score/stored_run.h"

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the runs do not fit the memory allowed for one command; "
                   "name fewer");
}

/* Curves of one metric, role and project; NULL: too many kinds. */
static struct km_backtest_pool *pool_of(struct km_backtest_set *set,
                                        const struct km_stored_curve *curve,
                                        struct km_arena *arena)
{
    for (size_t i = 0; i < set->pool_count; i++) {
        if (set->pools[i].key == curve->pool_key) {
            return &set->pools[i];
        }
    }
    if (set->pool_count == KM_BACKTEST_POOLS_MAX) {
        return NULL;
    }
    struct km_backtest_pool *pool = &set->pools[set->pool_count++];
    *pool = (struct km_backtest_pool){
        .key = curve->pool_key,
        .project = km_arena_copy(arena, curve->project, strlen(curve->project)),
        .metric = km_arena_copy(arena, curve->metric, strlen(curve->metric)),
        .unit = km_arena_copy(arena, curve->unit, strlen(curve->unit)),
    };
    return pool;
}

static bool make_room(struct km_backtest_set *set, struct km_arena *arena)
{
    if (set->count < set->cap) {
        return true;
    }
    size_t wider = set->cap ? 2 * set->cap : 64;
    struct km_backtest_run *moved =
        km_new(arena, struct km_backtest_run, wider);
    if (moved && set->count) {
        memcpy(moved, set->runs, set->count * sizeof *moved);
    }
    if (moved) {
        set->runs = moved;
        set->cap = wider;
    }
    return moved != NULL;
}

static enum km_code take_run(struct km_backtest_set *set,
                             struct km_stored_run *run, struct km_arena *arena,
                             struct km_arena *scratch,
                             struct km_origin_workspace *work,
                             struct km_err *err)
{
    enum km_code code = KM_OK;
    double planned = isnan(run->planned) ? run->last : run->planned;
    if (!run->ended || !(planned > 0)) {
        set->going += run->curve_count > 0;
        set->short_ += run->curve_count == 0;
        return KM_OK;
    }
    set->short_ += run->curve_count == 0;
    for (size_t c = 0; c < run->curve_count && code == KM_OK; c++) {
        struct km_forecast_run *curve = &run->curves[c].run;
        struct km_backtest_pool *pool = pool_of(set, &run->curves[c], arena);
        if (!pool) {
            continue;
        }
        if (!pool->metric || !pool->project || !pool->unit ||
            !make_room(set, arena)) {
            return fail_full(err);
        }
        curve->pool = (unsigned)(pool - set->pools);
        curve->planned = planned;
        curve->plan = run->plan_logged ? &run->plan : NULL;
        set->undated += curve->time_ns == 0;
        code = km_backtest_take(curve, work, arena, scratch,
                                &set->runs[set->count++], err);
    }
    return code;
}

/* Kinds of curve by name: the project only where there are several. */
static enum km_code name_pools(struct km_backtest_set *set,
                               struct km_arena *arena, struct km_err *err)
{
    bool several = false;
    for (size_t i = 1; i < set->pool_count; i++) {
        several |= strcmp(set->pools[i].project, set->pools[0].project) != 0;
    }
    for (size_t i = 0; i < set->pool_count; i++) {
        struct km_backtest_pool *pool = &set->pools[i];
        bool show = several && *pool->project;
        pool->name = km_arena_printf(arena, "%s%s%s", show ? pool->project : "",
                                     show ? " " : "", pool->metric);
        if (!pool->name) {
            return fail_full(err);
        }
    }
    return KM_OK;
}

enum km_code km_backtest_load(struct km_store *store, const uint64_t *run_ids,
                              size_t count, const struct km_role_table *roles,
                              struct km_arena *arena,
                              struct km_origin_workspace *work,
                              struct km_backtest_set *set, struct km_err *err)
{
    *set = (struct km_backtest_set){.seen = count};
    struct km_arena one, scratch;
    km_arena_init(&one, KM_ARENA_COMMAND_BYTES_MAX);
    km_arena_init(&scratch, KM_ARENA_COMMAND_BYTES_MAX);
    enum km_code code = KM_OK;
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        struct km_stored_run run;
        km_arena_reset(&one);
        code = km_stored_run_load(store, run_ids[i], roles, &one, &run, err);
        if (code == KM_OK) {
            code = take_run(set, &run, arena, &scratch, work, err);
        }
    }
    km_arena_finish(&one);
    km_arena_finish(&scratch);
    return code ? code : name_pools(set, arena, err);
}
