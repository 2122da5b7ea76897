/* stored_run.c - points turned, the plan of the rate found. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/stored_run.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "score/plan_config.h"

enum { CURVE_POINTS_MIN = 12, RATE_POINTS_MIN = 8, KNOTS_MAX = 1024 };

static const enum km_role judged_roles[KM_STORED_CURVES_MAX] = {
    KM_ROLE_TRAIN_LOSS,  KM_ROLE_VALID_LOSS, KM_ROLE_TEST_LOSS,
    KM_ROLE_VALID_SCORE, KM_ROLE_TEST_SCORE, KM_ROLE_REWARD};

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

/* What was logged: a known shape, which says the rest of it, else a table. */
static enum km_code take_logged(struct km_stored_run *run,
                                const struct km_track *rate,
                                struct km_arena *arena, struct km_err *err)
{
    double until = run->planned > run->last ? run->planned : run->last;
    bool known = km_plan_recognise(rate->step, rate->value, rate->count,
                                   until + 1, &run->plan);
    if (!known) {
        if (!table_of(rate, arena, &run->plan)) {
            return fail_full(err);
        }
        known = km_plan_problem(&run->plan) == NULL;
    }
    run->plan_logged = known;
    /* of a run that may go on, a rate that was constant, that is like
     * nothing, or that falls towards no known end says nothing of what
     * comes */
    run->plan_known =
        known && (run->done || (run->plan.kind != KM_PLAN_TABLE &&
                                run->plan.kind != KM_PLAN_CONSTANT &&
                                isfinite(run->planned)));
    run->plan_source =
        km_arena_printf(arena, "%s, from the logged rate",
                        run->plan.kind == KM_PLAN_CONSTANT && !run->plan_known
                            ? "constant so far"
                            : km_plan_kind_name(run->plan.kind));
    return run->plan_source ? KM_OK : fail_full(err);
}

/* The plan that the config states and the log follows; of a run that ended,
 * what was logged. */
static enum km_code find_plan(struct km_store *store, struct km_stored_run *run,
                              struct km_arena *arena, struct km_err *err)
{
    const struct km_track *rate = run->view.tracks[KM_ROLE_LEARNING_RATE];
    bool logged = rate && rate->count >= RATE_POINTS_MIN;
    struct km_config_plan stated;
    enum km_code code = km_plan_of_config(store, run->view.run_id, run->planned,
                                          arena, &stated, err);
    if (code) {
        return code;
    }
    run->plan_source = "not known";
    if (stated.known && !(logged && run->done)) {
        if (!stated.warmup_said && rate && stated.plan.kind != KM_PLAN_TABLE) {
            stated.plan.warmup =
                km_rate_warmup(rate->step, rate->value, rate->count);
        }
        bool followed =
            !rate || km_config_plan_followed(&stated, rate->step, rate->value,
                                             rate->count);
        if (followed) {
            run->plan = stated.plan;
            run->plan_known = run->plan_logged = true;
            run->plan_source =
                km_arena_printf(arena, "%s, from the config", stated.source);
            return run->plan_source ? KM_OK : fail_full(err);
        }
        run->plan_problem = km_arena_printf(
            arena, "the logged rate does not follow the config's %s",
            stated.source);
    } else if (stated.source && !stated.known) {
        run->plan_problem = km_arena_printf(arena, "the config's %s: %s",
                                            stated.source, stated.problem);
    }
    return logged ? take_logged(run, rate, arena, err) : KM_OK;
}

/* Points with step > 0, turned so that lower is better. */
static enum km_code turn(const struct km_track *track, struct km_arena *arena,
                         struct km_stored_curve *curve, struct km_err *err)
{
    struct km_forecast_run *run = &curve->run;
    double *x = km_new(arena, double, 2 * track->count);
    if (!x) {
        return fail_full(err);
    }
    double *y = x + track->count, low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < track->count; i++) {
        if (track->step[i] > 0) {
            x[run->count] = track->step[i];
            y[run->count] = curve->sign * track->value[i];
            low = fmin(low, y[run->count]);
            high = fmax(high, y[run->count++]);
        }
    }
    run->x = x;
    run->y = y;
    bool score = curve->sign < 0 && track->of.role != KM_ROLE_REWARD;
    run->e_min = curve->sign > 0 && low >= 0       ? 0
                 : score && low >= -1 && high <= 0 ? -1
                                                   : -(double)INFINITY;
    return KM_OK;
}

void km_stored_curve_describe(const struct km_stored_run *run,
                              const struct km_track *track,
                              struct km_stored_curve *curve)
{
    enum km_role role = track->of.role;
    const char *project = run->member.project;
    int64_t began = run->view.created_ns > 0 ? run->view.created_ns
                                             : run->view.first_time_ns;
    *curve = (struct km_stored_curve){
        .track = track,
        .sign = track->of.better > 0 ? -1 : 1,
        .project = project,
        .metric = track->name,
        .unit = strcmp(track->of.unit, "1") != 0 ? track->of.unit
                : role == KM_ROLE_REWARD         ? "reward"
                                                 : "score",
        .pool_key =
            km_hash(track->name, strlen(track->name) + 1,
                    km_hash(project, strlen(project) + 1, (uint64_t)role)),
        .run = {.averaged =
                    role == KM_ROLE_TRAIN_LOSS || role == KM_ROLE_REWARD,
                .loss = role == KM_ROLE_TRAIN_LOSS ||
                        role == KM_ROLE_VALID_LOSS || role == KM_ROLE_TEST_LOSS,
                .planned = run->planned,
                .plan = run->plan_known ? &run->plan : NULL,
                .group = (unsigned)(run->member.configuration & 0xffffffff),
                .time_ns = began > 0 ? began : 0},
    };
}

/* Where the plan ends, and whether the run got there. */
static void find_end(struct km_stored_run *run, double horizon)
{
    for (size_t r = 0; r < KM_STORED_CURVES_MAX; r++) {
        const struct km_track *track = run->view.tracks[judged_roles[r]];
        if (track && track->count) {
            run->last = fmax(run->last, track->step[track->count - 1]);
        }
    }
    bool finished = run->view.state == KM_RUN_FINISHED;
    run->planned = km_run_facts_planned(&run->facts, run->last);
    if (horizon > run->last) {
        run->planned = horizon;
        finished = false;
    } else if (isnan(run->planned) && finished && run->last > 0) {
        run->planned = run->last;
    }
    run->done = finished || km_run_is_through(run->planned, run->last);
    enum km_run_state state = run->view.state;
    run->ended = run->done || state == KM_RUN_FAILED ||
                 state == KM_RUN_KILLED ||
                 (state == KM_RUN_UNKNOWN && isnan(run->planned));
}

enum km_code km_stored_run_plan(struct km_store *store, double horizon,
                                struct km_arena *arena,
                                struct km_stored_run *run, struct km_err *err)
{
    run->member = (struct km_member){.run_id = run->view.run_id};
    enum km_code code = km_member_identify(store, arena, &run->member, err);
    if (code == KM_OK) {
        find_end(run, horizon);
        code = find_plan(store, run, arena, err);
    }
    return code;
}

enum km_code km_stored_run_load(struct km_store *store, uint64_t run_id,
                                const struct km_role_table *roles,
                                struct km_arena *arena,
                                struct km_stored_run *out, struct km_err *err)
{
    *out = (struct km_stored_run){.last = 0};
    enum km_code code =
        km_run_view_load(store, run_id, roles, arena, &out->view, err);
    if (code == KM_OK) {
        code = km_run_facts_load(store, run_id, arena, &out->facts, err);
    }
    if (code == KM_OK) {
        km_run_facts_settle(&out->view, &out->facts);
        code = km_stored_run_plan(store, NAN, arena, out, err);
    }
    for (size_t r = 0; r < KM_STORED_CURVES_MAX && code == KM_OK; r++) {
        const struct km_track *track = out->view.tracks[judged_roles[r]];
        struct km_stored_curve *curve = &out->curves[out->curve_count];
        if (track && track->count) {
            km_stored_curve_describe(out, track, curve);
            code = turn(track, arena, curve, err);
            out->curve_count +=
                code == KM_OK && curve->run.count >= CURVE_POINTS_MIN;
        }
    }
    return code;
}
