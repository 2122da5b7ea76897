/* backtest_load.c - one finished run after the other, reduced to its origins.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/backtest_load.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "score/cohort.h"

static const double PLAN_REACHED = 0.99, PLAN_LEFT_BEHIND = 1.1;
enum { CURVE_POINTS_MIN = 12, RATE_POINTS_MIN = 8, KNOTS_MAX = 1024 };

static const enum km_role judged_roles[] = {
    KM_ROLE_TRAIN_LOSS, KM_ROLE_VALID_LOSS, KM_ROLE_TEST_LOSS,
    KM_ROLE_VALID_SCORE, KM_ROLE_REWARD};
enum { ROLES = sizeof judged_roles / sizeof *judged_roles };

struct loader {
    struct km_store *store;
    const struct km_role_table *roles;
    struct km_arena *arena;       /* what stays */
    struct km_arena run, scratch; /* one run; the sums of one window */
    struct km_origin_workspace *work;
    struct km_backtest_set *set;
    struct km_run_view view;
    struct km_run_facts facts;
    struct km_member member;
    struct km_err *err;
};

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the runs do not fit the memory allowed for one command; "
                   "name fewer");
}

/* A logged rate as a table of at most KNOTS_MAX knots. */
static bool table_of(const struct km_track *rate, struct km_arena *arena,
                     struct km_rate_plan *plan)
{
    size_t n = rate->count < KNOTS_MAX ? rate->count : KNOTS_MAX, kept = 0;
    double *step = km_new(arena, double, 2 * n);
    if (!step) {
        return false;
    }
    for (size_t k = 0; k < n; k++) {
        size_t i = n > 1 ? k * (rate->count - 1) / (n - 1) : 0;
        if (rate->value[i] >= 0 &&
            (kept == 0 || rate->step[i] > step[kept - 1])) {
            step[kept] = rate->step[i];
            step[n + kept++] = rate->value[i];
        }
    }
    *plan = (struct km_rate_plan){.kind = KM_PLAN_TABLE,
                                  .table_step = step,
                                  .table_rate = step + n,
                                  .table_count = kept};
    return true;
}

/* The rate that the run had, else what its config says of it. */
static enum km_code find_plan(struct loader *l, double planned,
                              struct km_rate_plan *plan, bool *known)
{
    const struct km_track *rate = l->view.tracks[KM_ROLE_LEARNING_RATE];
    const char *stated = l->facts.schedule;
    *known = false;
    if (rate && rate->count >= RATE_POINTS_MIN) {
        *known = km_plan_recognise(rate->step, rate->value, rate->count,
                                   planned + 1, plan);
        if (!*known) {
            if (!table_of(rate, &l->run, plan)) {
                return fail_full(l->err);
            }
            *known = km_plan_problem(plan) == NULL;
        }
    } else if (stated &&
               km_glob_match(KM_STR("*constant*"), km_str_of(stated))) {
        *plan = (struct km_rate_plan){.kind = KM_PLAN_CONSTANT, .final = 1};
        plan->warmup = l->facts.warmup_steps > 0 ? l->facts.warmup_steps : 0;
        *known = true;
    }
    return KM_OK;
}

/* Curves of one metric, role and project. */
static struct km_backtest_pool *pool_of(struct loader *l,
                                        const struct km_track *track)
{
    struct km_backtest_set *set = l->set;
    const char *project = l->member.project;
    uint64_t key = km_hash(
        track->name, strlen(track->name) + 1,
        km_hash(project, strlen(project) + 1, (uint64_t)track->of.role));
    for (size_t i = 0; i < set->pool_count; i++) {
        if (set->pools[i].key == key) {
            return &set->pools[i];
        }
    }
    if (set->pool_count == KM_BACKTEST_POOLS_MAX) {
        return NULL;
    }
    struct km_backtest_pool *pool = &set->pools[set->pool_count++];
    *pool = (struct km_backtest_pool){.key = key};
    pool->name = km_arena_printf(l->arena, "%s%s%s", project,
                                 *project ? " " : "", track->name);
    pool->unit =
        strcmp(track->of.unit, "1") == 0
            ? km_role_title(track->of.role)
            : km_arena_copy(l->arena, track->of.unit, strlen(track->of.unit));
    return pool;
}

/* Points with step > 0, turned so that lower is better. */
static enum km_code turn(struct loader *l, const struct km_track *track,
                         struct km_forecast_run *run)
{
    double sign = track->of.better > 0 ? -1 : 1;
    double *x = km_new(&l->run, double, 2 * track->count);
    if (!x) {
        return fail_full(l->err);
    }
    double *y = x + track->count, low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < track->count; i++) {
        if (track->step[i] > 0) {
            x[run->count] = track->step[i];
            y[run->count] = sign * track->value[i];
            low = fmin(low, y[run->count]);
            high = fmax(high, y[run->count++]);
        }
    }
    run->x = x;
    run->y = y;
    bool score = sign < 0 && track->of.role != KM_ROLE_REWARD;
    run->e_min = sign > 0 && low >= 0              ? 0
                 : score && low >= -1 && high <= 0 ? -1
                                                   : -(double)INFINITY;
    return KM_OK;
}

static enum km_code take_curve(struct loader *l, const struct km_track *track,
                               double planned, const struct km_rate_plan *plan)
{
    struct km_backtest_set *set = l->set;
    struct km_backtest_pool *pool = pool_of(l, track);
    enum km_role role = track->of.role;
    int64_t began =
        l->view.created_ns > 0 ? l->view.created_ns : l->view.first_time_ns;
    struct km_forecast_run run = {
        .averaged = role == KM_ROLE_TRAIN_LOSS || role == KM_ROLE_REWARD,
        .loss = role == KM_ROLE_TRAIN_LOSS || role == KM_ROLE_VALID_LOSS ||
                role == KM_ROLE_TEST_LOSS,
        .planned = planned,
        .plan = plan,
        .group = (unsigned)(l->member.configuration & 0xffffffff),
        .time_ns = began > 0 ? began : 0,
    };
    enum km_code code = pool ? turn(l, track, &run) : KM_OK;
    if (code || !pool || run.count < CURVE_POINTS_MIN) {
        return code;
    }
    run.pool = (unsigned)(pool - set->pools);
    pool->curves++;
    set->undated += began <= 0;
    if (set->count == set->cap) {
        size_t wider = set->cap ? 2 * set->cap : 64;
        struct km_backtest_run *moved =
            km_new(l->arena, struct km_backtest_run, wider);
        if (!moved) {
            return fail_full(l->err);
        }
        if (set->count) {
            memcpy(moved, set->runs, set->count * sizeof *moved);
        }
        set->runs = moved;
        set->cap = wider;
    }
    return km_backtest_take(&run, l->work, l->arena, &l->scratch,
                            &set->runs[set->count++], l->err);
}

/* The last step that was planned; NaN: the run is still under way. */
static double planned_steps(const struct loader *l, double last)
{
    double planned =
        strcmp(l->view.source, "mllog") == 0 ? (double)NAN : l->facts.max_steps;
    if (!(planned > 0) || last > PLAN_LEFT_BEHIND * planned) {
        planned = last;
        return l->view.state == KM_RUN_FINISHED ? planned : (double)NAN;
    }
    bool done = last >= PLAN_REACHED * planned;
    return done || l->view.state == KM_RUN_FINISHED ? planned : (double)NAN;
}

static enum km_code take_run(struct loader *l)
{
    double last = 0;
    size_t before = l->set->count;
    for (size_t r = 0; r < ROLES; r++) {
        const struct km_track *track = l->view.tracks[judged_roles[r]];
        if (track && track->count) {
            last = fmax(last, track->step[track->count - 1]);
        }
    }
    double planned = planned_steps(l, last);
    if (!(planned > 0)) {
        l->set->going++;
        return KM_OK;
    }
    struct km_rate_plan plan;
    bool known;
    enum km_code code = find_plan(l, planned, &plan, &known);
    for (size_t r = 0; r < ROLES && code == KM_OK; r++) {
        const struct km_track *track = l->view.tracks[judged_roles[r]];
        if (track && track->count) {
            code = take_curve(l, track, planned, known ? &plan : NULL);
        }
    }
    l->set->short_ += l->set->count == before;
    return code;
}

static enum km_code load_run(struct loader *l, uint64_t run_id)
{
    km_arena_reset(&l->run);
    l->member = (struct km_member){.run_id = run_id};
    enum km_code code =
        km_run_view_load(l->store, run_id, l->roles, &l->run, &l->view, l->err);
    if (code == KM_OK) {
        code = km_run_facts_load(l->store, run_id, &l->run, &l->facts, l->err);
    }
    if (code == KM_OK) {
        code = km_member_identify(l->store, &l->run, &l->member, l->err);
    }
    return code ? code : take_run(l);
}

enum km_code km_backtest_load(struct km_store *store, const uint64_t *run_ids,
                              size_t count, const struct km_role_table *roles,
                              struct km_arena *arena,
                              struct km_origin_workspace *work,
                              struct km_backtest_set *set, struct km_err *err)
{
    *set = (struct km_backtest_set){.seen = count};
    struct loader l = {.store = store,
                       .roles = roles,
                       .arena = arena,
                       .work = work,
                       .set = set,
                       .err = err};
    km_arena_init(&l.run, KM_ARENA_COMMAND_BYTES_MAX);
    km_arena_init(&l.scratch, KM_ARENA_COMMAND_BYTES_MAX);
    enum km_code code = KM_OK;
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        code = load_run(&l, run_ids[i]);
    }
    km_arena_finish(&l.run);
    km_arena_finish(&l.scratch);
    return code;
}
