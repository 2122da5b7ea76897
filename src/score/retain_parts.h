/* retain_parts.h - what the files of the retain figures share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_RETAIN_PARTS_H
#define KM_SCORE_RETAIN_PARTS_H

#include "score/retain.h"

/* The same tasks in the same order, by the same metric and tests. */
bool km_retain_same_tasks(const struct km_task_matrix *a,
                          const struct km_task_matrix *b,
                          struct km_arena *arena);

/* "R[3][1] is missing: dbpedia after stage 3, yahoo". task 0: one stage. */
const char *km_retain_hole(const struct km_task_matrix *matrix, size_t stage,
                           size_t task, struct km_arena *arena);

/* retain.frontier "exchange rate" of one arm. */
enum km_code km_retain_exchange_add(const struct km_retain_arm *arm,
                                    struct km_scorecard *card,
                                    struct km_err *err);

/* The matrix "tasks" and the chart "retention": means over seeds. */
enum km_code km_retain_draw(const struct km_retain_arm *arm,
                            struct km_scorecard *card, struct km_err *err);

#endif
