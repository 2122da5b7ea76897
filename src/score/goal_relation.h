/* goal_relation.h - what two goals of one run and metric have to do with each
 * other.
 *
 * A target is to be reached once, in the direction of its metric, so no two
 * goals exclude each other; but one may follow from the other and never decide
 * anything:
 *
 *     hard   2.0 within 100 steps      reached  =>  reached
 *     easy   3.0 within 200 steps
 *
 * Ownership: the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_GOAL_RELATION_H
#define KM_SCORE_GOAL_RELATION_H

#include "score/goal.h"

enum km_goal_relation {
    KM_GOALS_APART,
    KM_GOALS_SAME,
    KM_GOALS_FOLLOWS, /* the second follows from the first */
    KM_GOALS_IMPLIES, /* the first from the second */
};

/* Of goals that mean a common run and metric. sign: 1 for a metric to be
 * lowered, -1 raised, 0 not known (only equal targets are compared). A limit
 * is compared with one of its kind, budgets in one currency. */
enum km_goal_relation km_goal_relate(const struct km_goal *first,
                                     const struct km_goal *second, double sign);

/* One sentence; NULL: they are apart, or memory is short. */
const char *km_goal_relation_text(const struct km_goal *first,
                                  const struct km_goal *second, double sign,
                                  struct km_arena *arena);

/* "3 is no better than 2.5, where val/loss began, and it is to be lowered";
 * NULL: the target is ahead of the first value, or sign is 0. */
const char *km_goal_behind_text(const struct km_goal *goal, const char *metric,
                                double first_value, double sign,
                                struct km_arena *arena);

#endif
