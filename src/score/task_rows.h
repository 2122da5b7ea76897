/* task_rows.h - evaluations as a matrix of tasks wants them.
 *
 * Ownership: texts and rows live in the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_TASK_ROWS_H
#define KM_SCORE_TASK_ROWS_H

#include "model/role.h"
#include "score/cohort.h"

/* What must agree before two scores of a task are held against each other;
 * "" and -1: not said. */
struct km_task_test {
    const char *version, *hash; /* NULL as "" */
    int64_t shots;              /* 1 more than there are; 0: not said */
};

struct km_task_row {
    size_t run;                                 /* place in the chain */
    const char *stage, *task, *metric, *subset; /* metric with its filter */
    struct km_task_test test;
    int64_t stage_index, step, time_ns, n;
    double value, stderr_;
    int higher_is_better;
};

struct km_task_rows {
    struct km_task_row *items;
    size_t count, cap;
};

/* Adds all evaluations of a run. */
enum km_code km_task_rows_read(struct km_store *store, uint64_t run_id,
                               size_t run, struct km_arena *arena,
                               struct km_task_rows *rows, struct km_err *err);

/* What the settings of a run say it trained on; NULL: nothing. */
const char *km_task_setting(const struct km_member *member);

/* What the settings of a run say it trained on ("task", "dataset"), else its
 * name. */
enum km_code km_task_said_load(struct km_store *store, uint64_t run_id,
                               struct km_arena *arena, const char **said,
                               struct km_err *err);

struct km_task_choice {
    const char *metric, *subset;
};
bool km_task_row_is_of(const struct km_task_row *row,
                       const struct km_task_choice *choice);
/* Whether "exact_match,strict" is meant by a glob, with or without filter. */
bool km_task_metric_matches(const char *metric, const char *glob);
/* Below 0: `a` is the more usual measure of a task. */
int km_task_choice_compare(const struct km_task_choice *a,
                           const struct km_task_choice *b);
/* 1, or -1 where lower is better: as the rows say, else as the name does. */
double km_task_rows_sign(const struct km_task_rows *rows,
                         const struct km_task_choice *choice,
                         const struct km_role_table *roles);

/* 100 when scores are per cent, else 1; rows may be NULL. */
double km_task_rows_scale(const struct km_task_row *const *rows, size_t count);
/* Standard error: the row's own, else that of a share of n items; NaN. */
double km_task_row_error(const struct km_task_row *row, double scale);

/* Adds what `more` says to `test`; a text such as "version 1 and version 2"
 * when they contradict each other, else NULL. */
const char *km_task_test_join(struct km_task_test *test,
                              const struct km_task_test *more,
                              struct km_arena *arena);
#endif
