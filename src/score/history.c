/* history.c - one finished run after the other, reduced and kept. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/history.h"

#include <math.h>
#include <string.h>

#include "base/limits.h"

static const struct km_project_history nothing = {.project = ""};

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the finished runs do not fit the memory allowed for one "
                   "command");
}

void km_histories_init(struct km_histories *histories, struct km_store *store,
                       const struct km_role_table *roles,
                       struct km_arena *arena)
{
    *histories =
        (struct km_histories){.store = store, .roles = roles, .arena = arena};
}

/* The newest runs of the project. */
struct listing {
    const char *project;
    uint64_t *ids;
    size_t count;
};

static bool take_id(void *user, const struct km_run_row *row)
{
    struct listing *listing = user;
    if (row->meta.state != KM_RUN_RUNNING &&
        km_str_equal(row->meta.project, km_str_of(listing->project))) {
        listing->ids[listing->count++] = row->id;
    }
    return listing->count < KM_HISTORY_LOOKED_MAX;
}

/* Means of neighbours; all points when they are few. */
static bool reduce(const struct km_forecast_run *from, struct km_arena *arena,
                   struct km_forecast_run *to)
{
    size_t n = from->count, most = KM_HISTORY_POINTS_MAX;
    size_t each = from->averaged ? (n + most - 1) / most : 1;
    size_t kept = each ? (n + each - 1) / each : 0;
    double *x = km_new(arena, double, 2 * kept + 1);
    *to = *from;
    if (!x) {
        return false;
    }
    for (size_t k = 0; k < kept; k++) {
        size_t first = k * each, last = first + each < n ? first + each : n;
        double sum_x = 0, sum_y = 0;
        for (size_t i = first; i < last; i++) {
            sum_x += from->x[i];
            sum_y += from->y[i];
        }
        x[k] = sum_x / (double)(last - first);
        x[kept + k] = sum_y / (double)(last - first);
    }
    to->x = x;
    to->y = x + kept;
    to->count = kept;
    return true;
}

/* The plan with its table, out of the arena of one run. */
static const struct km_rate_plan *keep_plan(const struct km_rate_plan *plan,
                                            struct km_arena *arena)
{
    struct km_rate_plan *kept = km_new(arena, struct km_rate_plan, 1);
    size_t n = plan->kind == KM_PLAN_TABLE ? plan->table_count : 0;
    double *table = km_new(arena, double, 2 * n + 1);
    if (!kept || !table) {
        return NULL;
    }
    *kept = *plan;
    if (n) {
        memcpy(table, plan->table_step, n * sizeof *table);
        memcpy(table + n, plan->table_rate, n * sizeof *table);
        kept->table_step = table;
        kept->table_rate = table + n;
    }
    return kept;
}

static struct km_past_curve *make_room(struct km_project_history *history,
                                       struct km_arena *arena)
{
    if (history->count == history->cap) {
        size_t wider = history->cap ? 2 * history->cap : 32;
        struct km_past_curve *moved =
            km_new(arena, struct km_past_curve, wider);
        if (!moved) {
            return NULL;
        }
        if (history->count) {
            memcpy(moved, history->curves, history->count * sizeof *moved);
        }
        history->curves = moved;
        history->cap = wider;
    }
    return &history->curves[history->count];
}

static enum km_code keep_curve(struct km_histories *of,
                               struct km_project_history *history,
                               const struct km_stored_run *run,
                               const struct km_stored_curve *curve,
                               const struct km_rate_plan *plan,
                               struct km_arena *scratch, struct km_err *err)
{
    static const enum km_family families[KM_ORIGIN_FAMILIES] = {
        KM_FAMILY_POW3, KM_FAMILY_INVLOG3};
    struct km_past_curve *past = make_room(history, of->arena);
    struct km_forecast_run clean;
    struct km_bin_sums sums;
    km_arena_reset(scratch);
    enum km_code code =
        km_forecast_run_clean(&curve->run, INFINITY, scratch, &clean, err);
    if (code == KM_OK) {
        code = km_forecast_run_sums(&clean, scratch, &sums, err);
    }
    if (code || !past) {
        return code ? code : fail_full(err);
    }
    *past = (struct km_past_curve){.run_id = run->view.run_id,
                                   .pool_key = curve->pool_key};
    clean.plan = plan;
    for (int f = 0; f < KM_ORIGIN_FAMILIES; f++) {
        past->drop[f] =
            km_forecast_run_drop(&clean, &sums, families[f], of->work);
    }
    if (!reduce(&clean, of->arena, &past->run)) {
        return fail_full(err);
    }
    history->count++;
    return KM_OK;
}

static enum km_code keep_run(struct km_histories *of,
                             struct km_project_history *history,
                             const struct km_stored_run *run,
                             struct km_arena *scratch, struct km_err *err)
{
    const struct km_rate_plan *plan =
        run->plan_known ? keep_plan(&run->plan, of->arena) : NULL;
    if (run->plan_known && !plan) {
        return fail_full(err);
    }
    enum km_code code = KM_OK;
    for (size_t c = 0; code == KM_OK && c < run->curve_count; c++) {
        code =
            keep_curve(of, history, run, &run->curves[c], plan, scratch, err);
    }
    history->runs += run->curve_count > 0;
    return code;
}

/* Runs of one configuration among those kept. */
static size_t seeds_kept(const struct km_project_history *history,
                         unsigned group)
{
    size_t seeds = 0;
    uint64_t last = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct km_past_curve *past = &history->curves[i];
        seeds += past->run.group == group && past->run_id != last;
        last = past->run_id;
    }
    return seeds;
}

static enum km_code read_project(struct km_histories *of,
                                 struct km_project_history *history,
                                 const struct listing *listing,
                                 struct km_err *err)
{
    struct km_arena one, scratch;
    km_arena_init(&one, KM_ARENA_COMMAND_BYTES_MAX);
    km_arena_init(&scratch, KM_ARENA_COMMAND_BYTES_MAX);
    enum km_code code = KM_OK;
    for (size_t i = 0; code == KM_OK && i < listing->count &&
                       history->runs < KM_HISTORY_RUNS_MAX;
         i++) {
        struct km_stored_run run;
        km_arena_reset(&one);
        struct km_member member = {.run_id = listing->ids[i]};
        code = km_member_identify(of->store, &one, &member, err);
        unsigned group = (unsigned)(member.configuration & 0xffffffff);
        if (code || seeds_kept(history, group) >= KM_HISTORY_SEEDS_MAX) {
            continue;
        }
        code = km_stored_run_load(of->store, listing->ids[i], of->roles, &one,
                                  &run, err);
        if (code == KM_OK && run.done) {
            code = keep_run(of, history, &run, &scratch, err);
        }
    }
    km_arena_finish(&one);
    km_arena_finish(&scratch);
    return code;
}

enum km_code km_history_of(struct km_histories *of, const char *project,
                           const struct km_project_history **out,
                           struct km_err *err)
{
    *out = &nothing;
    for (size_t i = 0; i < of->project_count; i++) {
        if (strcmp(of->projects[i]->project, project) == 0) {
            *out = of->projects[i];
            return KM_OK;
        }
    }
    if (of->project_count == KM_HISTORY_PROJECTS_MAX) {
        return KM_OK;
    }
    struct km_project_history *history =
        km_new(of->arena, struct km_project_history, 1);
    struct listing listing = {
        .project = project,
        .ids = km_new(of->arena, uint64_t, KM_HISTORY_LOOKED_MAX)};
    if (!of->work) {
        of->work = km_new(of->arena, struct km_origin_workspace, 1);
    }
    if (!history || !listing.ids || !of->work) {
        return fail_full(err);
    }
    *history = (struct km_project_history){
        .project = km_arena_copy(of->arena, project, strlen(project))};
    if (!history->project) {
        return fail_full(err);
    }
    const struct km_run_filter filter = {.project = km_str_of(project),
                                         .order = KM_ORDER_NEWEST};
    enum km_code code =
        km_store_list_runs(of->store, &filter, take_id, &listing, err);
    if (code == KM_OK) {
        code = read_project(of, history, &listing, err);
    }
    of->projects[of->project_count++] = history;
    *out = history;
    return code;
}
