/* goal_limit.h - where on a run's steps the limits of a goal lie.
 *
 *     deadline   x_now + (deadline - now) / wall seconds per step
 *     budget     budget / price per step
 *     tokens     tokens / tokens per step
 *     steps      as they are
 *
 * A rate that the run does not give leaves the limit without a place, with the
 * reason. Ownership: the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_GOAL_LIMIT_H
#define KM_SCORE_GOAL_LIMIT_H

#include "score/goal.h"
#include "score/input.h"

enum km_goal_kind {
    KM_GOAL_DEADLINE,
    KM_GOAL_BUDGET,
    KM_GOAL_STEPS,
    KM_GOAL_TOKENS,
    KM_GOAL_KINDS,
};

struct km_goal_limit {
    enum km_goal_kind kind;
    const char *word;    /* "deadline" */
    const char *unit;    /* of amounts: "h", "EUR", "step", "Mtok" */
    double size;         /* how many hours, tokens ... are one of it: 1, 1e6 */
    double x;            /* step at which it is used up; NaN: `missing` */
    double per_step;     /* amount of one step, in unit */
    double relative_se;  /* of per_step */
    double used, total;  /* amounts; NaN: not known */
    bool passed;         /* it is used up already */
    const char *source;  /* of the rate; "" for steps */
    const char *missing; /* what would help; NULL: nothing is missing */
};

/* The limits that the goal sets, in the order above; returns how many. */
size_t km_goal_limits(const struct km_score_input *input,
                      const struct km_goal *goal,
                      struct km_goal_limit limits[KM_GOAL_KINDS]);

/* Wall time at a step of the curve, between its points; KM_TIME_ABSENT without
 * times. */
int64_t km_goal_time_at(const struct km_score_input *input,
                        const struct km_curve_input *curve, double x);

#endif
