/* view.h - the metrics of one run as arrays, as its last attempt saw them.
 *
 * Rule of attempts. An attempt's restart step is the one its log states, else
 * the smallest first step over the series that it shares with earlier
 * attempts. In every series that it has, an attempt supersedes the points of
 * earlier attempts at steps >= its restart step. What is superseded stays
 * behind the live points of its track, as ghosts.
 *
 *     track   step[]  0 ..... count-1 | count ........... count+ghost_count-1
 *                     live, by step   | superseded, by attempt, then step
 *
 * One track a role: of several series with one role the one with most points,
 * then the plainest name. Values that are not finite, or beyond 1e100, are left
 * out and counted.
 * A series longer than KM_TRACK_POINTS_MAX is thinned to means of `every`
 * neighbours; the last of an attempt, when they are fewer, are left out.
 *
 * Ownership: everything lives in the arena.   Threads: any, one arena a call.
 * Errors: those of the store, KM_ENOTFOUND, KM_ELIMIT when the arena is full.*/
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SERIES_VIEW_H
#define KM_SERIES_VIEW_H

#include "base/arena.h"
#include "model/role.h"
#include "store/store.h"

/* Neighbours on their way to become one point of a thinned track: sums. */
struct km_pile {
    double step, time_s, value;
    uint32_t count, attempt;
};

/* Beyond it squares and sums of many values are no numbers any more. */
#define KM_TRACK_VALUE_MAX 1e100

struct km_track {
    uint64_t series_id;
    const char *name; /* "loss {subset=train}" */
    struct km_role_of of;
    uint32_t flags;         /* enum km_series_flag */
    uint64_t stored;        /* points in the store */
    uint64_t nonfinite;     /* of them left out */
    int64_t nonfinite_step; /* the first of those; KM_STEP_ABSENT */
    uint32_t every;         /* 1: as logged */
    size_t count, ghost_count;
    double *step;
    double *time_s; /* seconds since view->origin_ns; NaN where absent */
    double *value;  /* in the role's unit, scaled */
    uint32_t *attempt;
    /* for km_run_view_grow(): */
    size_t cap;          /* of the arrays */
    int64_t tail_step;   /* the last attempt's highest, KM_STEP_ABSENT: none */
    size_t tail_same;    /* its points that stand there */
    struct km_pile pile; /* of the points after the last one, when thinned */
};

struct km_attempt_view {
    uint32_t ordinal;
    int64_t restart_step; /* KM_STEP_ABSENT: it supersedes nothing */
    int64_t stated_step;  /* of it what the log says */
    int64_t start_ns;
    const char *reason;
    uint64_t superseded; /* points of earlier attempts, over all tracks */
};

struct km_run_view {
    uint64_t run_id;
    const char *project, *name;
    const char *source; /* format that brought it: "mllog" */
    enum km_run_state state;
    int64_t created_ns, ended_ns, first_time_ns, last_time_ns;
    int64_t origin_ns; /* zero of time_s; KM_TIME_ABSENT without any time */
    size_t series_count;
    struct km_attempt_view *attempts;
    size_t attempt_count;
    struct km_track *tracks[KM_ROLE_COUNT]; /* NULL: the run has none */
};

/* Roles that no figure reads are not loaded. `roles` may be NULL. */
enum km_code km_run_view_load(struct km_store *store, uint64_t run_id,
                              const struct km_role_table *roles,
                              struct km_arena *arena, struct km_run_view *view,
                              struct km_err *err);

/* Takes what has come into the store since `view` was loaded, or grown: new
 * points of the last attempt behind those that are there, for as many points as
 * there are new ones. `arena` is that of the view; `scratch` is free after the
 * call. *grown is false when something else has changed (another attempt, a
 * metric, a point in the past, thinning): then the view is spoilt and has to be
 * loaded anew. Else it is what km_run_view_load() would give. */
enum km_code km_run_view_grow(struct km_store *store,
                              const struct km_role_table *roles,
                              struct km_arena *arena, struct km_arena *scratch,
                              struct km_run_view *view, bool *grown,
                              struct km_err *err);

/* Index of the first live point at a step >= `step`; `count` when none. */
size_t km_track_find(const struct km_track *track, double step);

#endif
