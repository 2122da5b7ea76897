/* retain.h - figures of what lineages kept: accuracy, transfer, forgetting.
 *
 * An arm is a lineage, or several of one configuration that were trained on the
 * same tasks in the same order: its seeds.
 * Ownership: the card's arena.   Threads: any.
 * Document: docs/metrics.md#retain.acc */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_RETAIN_H
#define KM_SCORE_RETAIN_H

#include "score/figure.h"
#include "score/task_matrix.h"

struct km_retain_arm {
    const char *name; /* label of the first seed, "and 2 seeds" */
    const struct km_task_matrix **seeds;
    size_t count;
};

/* Puts lineages of one configuration together, in the order given; returns how
 * many arms there are, SIZE_MAX when the arena is full. configuration[i]: of
 * the last run of matrices[i]. `arms` has room for `count`. Lineages with a
 * problem stand alone. */
size_t km_retain_arms(const struct km_task_matrix *matrices,
                      const uint64_t *configuration, size_t count,
                      struct km_arena *arena, struct km_retain_arm *arms);

/* retain.acc, .bwt, .fwt, .forgetting, .intransigence, .half_life, the exchange
 * rate of retain.frontier, plasticity.trend of the diagonal; the matrix
 * "tasks", the chart "retention", headline and context. reference[T], error[T]:
 * scores of a run that was trained on all tasks; NULL: none is named. */
enum km_code km_retain_add(const struct km_retain_arm *arm,
                           const double *reference, const double *error,
                           struct km_scorecard *card, struct km_err *err);

/* retain.frontier of several arms: how well new tasks are learned against what
 * of the old ones is lost; curves "frontier", headline. */
enum km_code km_retain_frontier_add(const struct km_retain_arm *arms,
                                    size_t count, struct km_scorecard *card,
                                    struct km_err *err);

#endif
