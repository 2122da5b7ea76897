/* task_matrix.h - R[stage][task] of a lineage, from evaluations in the store.
 *
 * A row is a stage of task_stages.h; row 0 is before any training. A column is
 * a task that is the name of a stage too: groups and averages that a log
 * carries beside the tasks are left out. Where a stage was trained but never
 * scored its row is holes.
 *
 * Nothing is mixed: one metric, and one version, hash and number of shots of
 * each task, or the lineage is refused with a sentence.
 * Ownership: the arena.   Threads: any.   Errors: those of the store,
 * KM_ELIMIT. Document: docs/metrics.md#task-matrix */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_TASK_MATRIX_H
#define KM_SCORE_TASK_MATRIX_H

#include "measure/retention.h"
#include "score/lineage.h"
#include "score/task_stages.h"

struct km_task_options {
    const char *metric; /* glob; NULL: the one that fills most cells */
    const struct km_role_table *roles; /* which way is better; may be NULL */
};

struct km_task_matrix {
    const char *label; /* of the last run */
    const struct km_lineage_run *runs[KM_LINEAGE_CHAIN_MAX]; /* first first */
    size_t run_count;
    const char *problem; /* NULL; a sentence: no figures */
    const char *metric;  /* "exact_match", "acc,none"; NULL: none */
    const char *subset;
    double sign;              /* -1: lower is better, cells are turned */
    const char *const *tasks; /* T names in the order they were trained */
    const struct km_task_test *tests; /* of each */
    bool has_base;                    /* row 0 has a cell */
    struct km_retention cells;
};

/* Of the chain that ends in a run. cells.stages 0 and no problem: it has
 * nothing to do with stages. */
enum km_code
km_task_matrix_load(struct km_store *store, const struct km_lineage *lineage,
                    uint64_t run_id, const struct km_task_options *options,
                    struct km_arena *arena, struct km_task_matrix *matrix,
                    struct km_err *err);

/* Of all runs of the chain: lineages that differ in seeds alone have the same.
 */
enum km_code km_task_configuration(struct km_store *store,
                                   const struct km_task_matrix *matrix,
                                   struct km_arena *arena,
                                   uint64_t *configuration, struct km_err *err);

/* What one run scored last on each task of a matrix, turned as its cells are:
 * reference[T], error[T]; NaN where it did not, or by another test. */
enum km_code km_task_reference_load(struct km_store *store, uint64_t run_id,
                                    const struct km_task_matrix *matrix,
                                    struct km_arena *arena, double *reference,
                                    double *error, struct km_err *err);

#endif
