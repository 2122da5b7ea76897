/* compare_tasks.h - arms over many tasks: interquartile mean, probability of
 * improvement, MLPerf's score.
 *
 * Scores are the last evaluation of each run, task and metric in the store.
 * Ownership: the card's arena.   Threads: any.
 * Document: docs/metrics.md#compare.iqm */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_COMPARE_TASKS_H
#define KM_SCORE_COMPARE_TASKS_H

#include "score/arm.h"

/* compare.iqm an arm and compare.prob_improvement of the first over each other,
 * where all arms have a task in common; compare.olympic an arm whose runs say
 * how long they trained to the target (MLPerf logs). Nothing where there is
 * nothing of the kind. `group`, `names` as for km_arms_build(). */
enum km_code km_compare_tasks_add(struct km_store *store,
                                  const struct km_cohort *cohort,
                                  const uint32_t *group,
                                  const char *const *names, size_t arm_count,
                                  struct km_scorecard *card,
                                  struct km_err *err);

#endif
