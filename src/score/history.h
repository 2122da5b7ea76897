/* history.h - finished runs of a project, kept light, that calibrate the
 * forecasts of the ones that still go.
 *
 * The newest KM_HISTORY_RUNS_MAX runs that are done, at most
 * KM_HISTORY_SEEDS_MAX of a configuration. Of a noisy curve the spikes are left
 * out and neighbouring points averaged to at most KM_HISTORY_POINTS_MAX, so
 * memory does not depend on how long runs were. A project is read once, when
 * its first forecast is asked for.
 *
 * Ownership: the arena given to km_histories_init().   Threads: one.   Errors:
 * the store's, KM_ELIMIT.   Document: docs/metrics.md#intervals-of-forecasts */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_HISTORY_H
#define KM_SCORE_HISTORY_H

#include "score/stored_run.h"

enum {
    KM_HISTORY_RUNS_MAX = 128,
    KM_HISTORY_SEEDS_MAX = 4,
    KM_HISTORY_LOOKED_MAX = 1000, /* newest runs of the project */
    KM_HISTORY_POINTS_MAX = 2048,
    KM_HISTORY_PROJECTS_MAX = 16,
};

struct km_past_curve {
    uint64_t run_id, pool_key;
    struct km_forecast_run run; /* cleaned, with its plan and planned end */
    double drop[KM_ORIGIN_FAMILIES]; /* C of the whole run */
};

struct km_project_history {
    const char *project;
    struct km_past_curve *curves;
    size_t count, cap;
    size_t runs; /* that the curves are of */
};

struct km_histories {
    struct km_store *store;
    const struct km_role_table *roles; /* NULL: the built-in names */
    struct km_arena *arena;
    struct km_origin_workspace *work;
    struct km_project_history *projects[KM_HISTORY_PROJECTS_MAX];
    size_t project_count;
};

/* Nothing is read yet. */
void km_histories_init(struct km_histories *histories, struct km_store *store,
                       const struct km_role_table *roles,
                       struct km_arena *arena);

/* Of a project; of more than KM_HISTORY_PROJECTS_MAX the rest has an empty
 * one. */
enum km_code km_history_of(struct km_histories *histories, const char *project,
                           const struct km_project_history **out,
                           struct km_err *err);

#endif
