/* lm_eval_table.h - tasks and their results while a results file is read.
 *
 * Sections of the file arrive in any order and speak of the same tasks; a row
 * is one (task, metric, filter).
 * Ownership: texts and tables live in the arena that it was made with. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_LM_EVAL_TABLE_H
#define KM_SOURCE_LM_EVAL_TABLE_H

#include "base/id_map.h"
#include "model/record.h"
#include "source/json_walk.h"

struct km_lm_eval_table {
    struct km_arena *arena;
    struct km_id_map task_of, row_of, better_of;
    struct km_buf tasks; /* of struct lm_eval_task */
    struct km_buf rows;  /* of struct lm_eval_row */
};

void km_lm_eval_table_init(struct km_lm_eval_table *table,
                           struct km_arena *arena);
void km_lm_eval_table_finish(struct km_lm_eval_table *table);

/* What `section` says of `task`: results.arc_easy.acc, versions.arc_easy. `key`
 * is empty where the section has none. Unknown sections are ignored. */
enum km_code km_lm_eval_table_take(struct km_lm_eval_table *table,
                                   struct km_str section, struct km_str task,
                                   struct km_str key,
                                   const struct km_json_token *token,
                                   struct km_err *err);

size_t km_lm_eval_table_count(const struct km_lm_eval_table *table);

/* Fills in what the table knows; false for a row without a value. */
bool km_lm_eval_table_get(const struct km_lm_eval_table *table, size_t index,
                          struct km_evaluation *evaluation);

/* The step in "step1000", ".../checkpoint-1000", "160m_step1000.json". */
bool km_lm_eval_step(struct km_str text, int64_t *step);

#endif
