/* goal_judge.h - goals set against one run: reached, ended, or forecast.
 *
 * Ownership: the input's arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_GOAL_JUDGE_H
#define KM_SCORE_GOAL_JUDGE_H

#include "score/goal_limit.h"

/* One goal and one run. */
struct km_goal_judgement {
    const struct km_goal *goal;
    const struct km_curve_input *curve; /* NULL: not a metric judged here */
    double target;                      /* turned: to be fallen to */
    struct km_crossing crossing;
    struct km_estimate eta; /* step; where it is not reached and goes on */
    bool ended;             /* nothing more is to come */
    double x_max;           /* how far ahead is looked */
    struct km_goal_limit limits[KM_GOAL_KINDS];
    size_t limit_count;
};

/* Judges input->goals; needs the outlook. */
enum km_code km_goals_judge(struct km_score_input *input, struct km_err *err);

/* The burn-up chart of a goal: progress, forecast, required pace. */
enum km_code km_goal_chart(const struct km_score_input *input,
                           const struct km_goal_judgement *judgement,
                           struct km_scorecard *card, struct km_err *err);

#endif
