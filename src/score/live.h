/* live.h - a run under way, forecast with the lab's finished runs beside it.
 *
 *     live      |------ x_now ......t1.....t2......end|
 *     finished  |------  o  --------t1-----t2--planned|   same shares
 *
 * Where the live run's end is planned, a finished run stands at the same share
 * of its own plan and its targets are the same shares; where it is not, at the
 * same steps. Its own forecasts from there, by the same code and with its
 * configuration left out of what it learns from, give the errors that calibrate
 * the live run. The live run's configuration may be among them: other seeds of
 * it are finished runs like others, but they teach it nothing, so that what is
 * shown is what the back-test measured.
 *
 * Ownership: the arena.   Threads: one workspace and arena each.   Errors:
 * KM_ELIMIT.   Document: docs/metrics.md#back-test */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_LIVE_H
#define KM_SCORE_LIVE_H

#include "score/forecaster.h"
#include "score/history.h"

enum { KM_LIVE_TARGETS_MAX = KM_ORIGIN_TARGETS_MAX };
#define KM_LIVE_INNER 0.50 /* level of the inner band of a fan */

struct km_live_question {
    const struct km_forecast_run *run; /* without spikes; plan NULL: unknown */
    const struct km_bin_sums *sums;    /* of it; NULL: yet to be made */
    uint64_t run_id, pool_key;
    double end;          /* how far ahead is looked */
    bool planned;        /* the run ends there */
    double level;        /* of intervals */
    size_t target_count; /* at most KM_LIVE_TARGETS_MAX */
    const double
        *targets; /* steps, rising; outside (x_now, end]: no forecast */
};

struct km_live {
    double x_now;
    size_t target_count;
    double targets[KM_LIVE_TARGETS_MAX]; /* steps; NaN outside (x_now, end] */
    struct km_origin origin;             /* of the live run */
    struct km_judged_run *judged;        /* [0] is the live run */
    size_t count;
    struct km_decision *decisions; /* one a target */
    struct km_decision *inner;     /* at KM_LIVE_INNER, on rung 1 only */
    double *values;                /* theirs, for km_draws_*() */
    struct km_error_draws draws;
};

/* `history` NULL: nothing has finished yet. `scratch` is reset. */
enum km_code km_live_forecast(const struct km_live_question *question,
                              const struct km_project_history *history,
                              struct km_origin_workspace *work,
                              struct km_arena *arena, struct km_arena *scratch,
                              struct km_live *live, struct km_err *err);

#endif
