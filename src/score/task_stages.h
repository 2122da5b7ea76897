/* task_stages.h - after which stage each evaluation of a lineage was made.
 *
 * By the index that evaluations carry; else by the stage that they name, in the
 * order of steps; else each run of the chain is a stage, called as its settings
 * or its name say. A first run that trained none of the tasks, and scores at
 * step 0, are before any training.
 * Ownership: the arena.   Threads: any.
 * Document: docs/metrics.md#task-matrix */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_TASK_STAGES_H
#define KM_SCORE_TASK_STAGES_H

#include "score/task_rows.h"

enum { KM_TASK_STAGES_MAX = 256 };

struct km_task_stages {
    const char **names; /* of each stage */
    size_t count;
    bool base_first;     /* the first run trained no task */
    const char *problem; /* NULL; a sentence: the stages are not known */
};

/* said[run]: what each run of the chain trained, "" not said. Rows get their
 * index: of a stage, or -1. False: the arena is full. */
bool km_task_stages_find(struct km_task_rows *rows, const char *const *said,
                         size_t run_count, struct km_arena *arena,
                         struct km_task_stages *stages);

/* 1-based; 0: before any training; SIZE_MAX: of no stage. */
size_t km_task_stage_of(const struct km_task_stages *stages,
                        const struct km_task_row *row);

/* Place of a name, `count` when it is none of them; names may be NULL. */
size_t km_task_name_find(const char *const *names, size_t count,
                         const char *name);

#endif
