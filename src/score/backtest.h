/* backtest.h - rolling origins over finished runs: how good forecasts are.
 *
 * From 20, 40, 60 and 80 % of the planned steps of every run, x1.25, x1.5, x2
 * of the origin and the end are forecast by every forecaster of forecaster.h
 * and by their choice, each run from its history only. One row a run, origin
 * and target that came true.
 *
 *     run     |--20%----40%----60%----80%----| planned
 *     rows      x1.25 x1.5 x2 end, at each origin, where the run got there
 *
 * Memory: of each run and origin the bins of a fit, whatever the run's length.
 * Ownership: the arena.   Threads: any, one arena a call.   Errors: KM_ELIMIT.
 * Document: docs/metrics.md#back-test */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_BACKTEST_H
#define KM_SCORE_BACKTEST_H

#include "measure/forecast_score.h"
#include "score/forecaster.h"

enum { KM_BACKTEST_ORIGINS = 4, KM_BACKTEST_TARGETS = 4 };
extern const double km_backtest_origins[KM_BACKTEST_ORIGINS];  /* 0.2 ... */
extern const double km_backtest_horizons[KM_BACKTEST_TARGETS]; /* 0: the end */

/* A run reduced to what the back-test needs of it. */
struct km_backtest_run {
    struct km_judged_run at[KM_BACKTEST_ORIGINS];
    double truth_x[KM_BACKTEST_ORIGINS][KM_BACKTEST_TARGETS];
    double truth[KM_BACKTEST_ORIGINS][KM_BACKTEST_TARGETS];
    struct km_origin origin[KM_BACKTEST_ORIGINS];
};

/* Takes what is needed of one finished run; `run` may go afterwards, but its
 * plan must stay. `scratch` is reset: the sums of one run. */
enum km_code km_backtest_take(const struct km_forecast_run *run,
                              struct km_origin_workspace *work,
                              struct km_arena *arena, struct km_arena *scratch,
                              struct km_backtest_run *out, struct km_err *err);

struct km_backtest_row {
    size_t run;
    int origin, target; /* indices */
    unsigned group, pool;
    double value[KM_FORECASTERS]; /* NaN: not possible */
    struct km_decision decision;
    double truth, last_value, line;
    double now;   /* the mean of families at the origin */
    double gain;  /* from there to the target, by pow3 alone */
    double ahead; /* step of the truth / step of the origin */
};

struct km_backtest {
    struct km_backtest_row *rows;
    size_t count;
};

/* All rows of `runs` under one kind of history. */
enum km_code km_backtest_run(struct km_backtest_run *runs, size_t count,
                             enum km_history history, double level,
                             struct km_origin_workspace *work,
                             struct km_arena *arena, struct km_backtest *out,
                             struct km_err *err);

/* Which rows a score is over; -1 (0 of history_min) means all. */
struct km_backtest_filter {
    int regime, origin, target, rung;
    int end;            /* 1: the end only, 0: horizons only, -1: both */
    int pool;           /* -1: all */
    size_t history_min; /* configurations that the choice could learn from */
};
extern const struct km_backtest_filter km_backtest_all;

/* Scores of one forecaster (KM_FORECASTERS: the choice, with its intervals). */
enum km_code km_backtest_score(const struct km_backtest *of,
                               struct km_backtest_filter filter,
                               enum km_forecaster forecaster, double level,
                               struct km_arena *arena,
                               struct km_forecast_score *score,
                               struct km_err *err);

#endif
