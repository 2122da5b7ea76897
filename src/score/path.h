/* path.h - where a curve is going: forecasts at rising steps, drawn as a fan.
 *
 *     x_now .. place .. place .. horizon (.. place .. reach)
 *
 * Each place is forecast on its own (live.h); between them everything is linear
 * in ln x, from what the model says at x_now. All values are turned so that
 * lower is better, and kept above the metric's floor.
 *
 * Ownership: the arena.   Threads: one at a time.   Errors: KM_ELIMIT.
 * Document: docs/metrics.md#forecast.final */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_PATH_H
#define KM_SCORE_PATH_H

#include "measure/velocity.h"
#include "score/live.h"

struct km_path_place {
    double x;
    struct km_estimate outer, inner; /* inner: NaN unless calibrated */
};

struct km_path {
    const struct km_stored_run *run; /* its plan and where that is from */
    struct km_path_place *places;    /* [0] is x_now */
    size_t count;                    /* at least 1 */
    double horizon;
    bool planned;        /* the run ends at the horizon */
    size_t final;        /* index of the horizon in live.targets */
    size_t history_runs; /* finished runs of the same metric */
    double level, e_min;
    const double *asked; /* steps that figures are about, besides the horizon */
    size_t asked_count;
    struct km_live live;
};

struct km_path_question {
    const struct km_stored_run *run;
    const struct km_stored_curve *curve;
    const struct km_bin_sums *sums; /* of it; NULL: yet to be made */
    double horizon, reach; /* reach: beyond the horizon, when not planned */
    bool planned;
    const double *at; /* further steps that are asked for */
    size_t at_count;  /* at most KM_PATH_ASKED_MAX */
    double level;
};
enum { KM_PATH_ASKED_MAX = 16 };

/* False in `*made`: nothing can be forecast. */
enum km_code km_path_make(const struct km_path_question *question,
                          const struct km_project_history *history,
                          struct km_origin_workspace *work,
                          struct km_arena *arena, struct km_path *path,
                          bool *made, struct km_err *err);

/* NaN beyond the last place. */
struct km_path_place km_path_at(const struct km_path *path, double x);

/* The decision at a step that was a target of its own (the horizon, what was
 * asked for); NULL: it was none. */
const struct km_decision *km_path_decision(const struct km_path *path,
                                           double x);

/* What the gains of finished runs to 1.25 times the step were of what the slope
 * of their fit promised, while the rate stayed constant, here as there. False:
 * fewer than 9 configurations, or the rate moves. */
bool km_path_velocity_band(const struct km_path *path, struct km_arena *arena,
                           struct km_velocity_band *band, size_t *groups);

/* Of chances and times to a target: the draws' rung; the horizon's where those
 * are of a cold start. */
const char *km_path_rung(const struct km_path *path, struct km_arena *arena);

/* First x at which the path, its lower and its upper end (of the level of the
 * path, by its draws) are at or below `target`; INFINITY: not on the path. */
struct km_estimate km_path_reaches(const struct km_path *path, double target,
                                   struct km_arena *arena);

/* Chance that it is at or below `target` somewhere up to x; NaN: no path. */
double km_path_chance(const struct km_path *path, double target, double x);

#endif
