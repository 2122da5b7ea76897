/* backtest_load.h - finished runs of a store as the back-test wants them.
 *
 * A run counts when it has ended: finished, 99 % of its plan done, failed or
 * killed, or without a plan and not said to be running. Each of its
 * curves (stored_run.h) with at least 12 points is judged; curves of one
 * project, metric and role calibrate each other. One run is in memory at a
 * time.
 *
 * Ownership: the arena.   Threads: one.   Errors: the store's, KM_ELIMIT. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_BACKTEST_LOAD_H
#define KM_SCORE_BACKTEST_LOAD_H

#include "score/backtest.h"
#include "score/input.h"

enum { KM_BACKTEST_POOLS_MAX = 64 };

struct km_backtest_pool {
    const char *name; /* "val/loss"; of several projects "lab val/loss" */
    const char *project, *metric;
    const char *unit;
    uint64_t key;
};

struct km_backtest_set {
    struct km_backtest_run *runs; /* curves, pool by pool as they came */
    size_t count, cap;
    struct km_backtest_pool pools[KM_BACKTEST_POOLS_MAX];
    size_t pool_count;
    size_t seen, going, short_; /* runs: all, still under way, too short */
    size_t undated;             /* curves without a start time */
};

enum km_code km_backtest_load(struct km_store *store, const uint64_t *run_ids,
                              size_t count, const struct km_role_table *roles,
                              struct km_arena *arena,
                              struct km_origin_workspace *work,
                              struct km_backtest_set *set, struct km_err *err);

/* Figures, matrices and headline of a set under one kind of history; `set`
 * must have been loaded with the same workspace. */
enum km_code km_backtest_card(struct km_backtest_set *set,
                              enum km_history history,
                              struct km_origin_workspace *work,
                              struct km_scorecard *card, struct km_err *err);

#endif
