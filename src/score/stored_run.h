/* stored_run.h - a run of the store as forecasts and back-tests want it.
 *
 * Its training loss, validation (else test) loss, validation score and reward,
 * each with its points turned so that lower is better, the plan of its learning
 * rate, its planned steps and its configuration. The plan is what the config
 * states (plan_config.h) where the log follows it; else, and for a run that
 * ended, what was logged: recognised as a known shape (which then says the rest
 * of it), else the logged table.
 * Ownership: the arena.   Threads: one arena a call.   Errors: the store's,
 * KM_ELIMIT. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_STORED_RUN_H
#define KM_SCORE_STORED_RUN_H

#include "score/cohort.h"
#include "score/origin.h"

enum { KM_STORED_CURVES_MAX = 6 };

struct km_stored_curve {
    struct km_forecast_run run; /* pool: 0, the caller's to say */
    const struct km_track *track;
    double sign; /* value = sign x y */
    const char *project, *metric;
    const char *unit;
    uint64_t pool_key; /* of project, metric and role */
};

struct km_stored_run {
    struct km_run_view view;
    struct km_run_facts facts;
    struct km_member member; /* names, settings, configuration; no curves */
    double last;             /* step of the last point of a judged curve */
    double planned;          /* last step of the plan; NaN: none */
    bool done;               /* finished, or 99 % of the plan are */
    bool ended; /* done; or without a plan and not said to be running; or failed
                   or killed */
    bool plan_known;  /* also of what comes after the last step */
    bool plan_logged; /* up to the last step: enough for a run that ended */
    struct km_rate_plan plan;
    const char *plan_source;  /* "cosine (lr_decay_style), from the config" */
    const char *plan_problem; /* why the config's is not used; NULL */
    struct km_stored_curve curves[KM_STORED_CURVES_MAX];
    size_t curve_count;
};

/* Configuration, end and plan of run->view and run->facts, which are there;
 * `horizon`: the last step that somebody says is planned, NaN: the config's. */
enum km_code km_stored_run_plan(struct km_store *store, double horizon,
                                struct km_arena *arena,
                                struct km_stored_run *run, struct km_err *err);

/* All but the points of one curve of it; `run` must stay: the plan is its. */
void km_stored_curve_describe(const struct km_stored_run *run,
                              const struct km_track *track,
                              struct km_stored_curve *curve);

enum km_code km_stored_run_load(struct km_store *store, uint64_t run_id,
                                const struct km_role_table *roles,
                                struct km_arena *arena,
                                struct km_stored_run *out, struct km_err *err);

#endif
