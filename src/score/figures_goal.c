/* figures_goal.c - rows of the registry: targets with deadline and budget. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
    {
        .id = "goal.probability",
        .title = "Probability of the goal",
        .unit = "1",
        .better = KM_BETTER_HIGHER,
        .needs = "a goal that means the run (km goal add), a forecast, and a "
                 "clock for a deadline, a price for a budget",
        .summary = "How likely the target is reached before the deadline, "
                   "within the budget, steps or tokens.",
        .formula =
            "share of forecast paths with min y(x) <= target for x <= X; "
            "X: step at which the limit is used up, over what the rate "
            "may be",
        .source = "Intervals of the forecast, forecast.at",
        .compute = km_compute_goal_probability,
    },
    {
        .id = "goal.margin",
        .title = "Margin of the goal",
        .unit = "h",
        .better = KM_BETTER_HIGHER,
        .needs = "the same as goal.probability",
        .summary = "What is left of the limit when the target is reached; "
                   "negative: it is missed by so much.",
        .formula = "(X - x*) x amount of a step; x*: forecast or observed "
                   "crossing of the target",
        .source = "forecast.time_to_target",
        .compute = km_compute_goal_margin,
    },
    {
        .id = "goal.spent",
        .title = "Spent of the limit",
        .unit = "1",
        .better = KM_BETTER_NEITHER,
        .needs = "a goal that means the run, and the rate of its limit",
        .summary = "Which share of the time, money, steps or tokens of the "
                   "goal is used up.",
        .formula =
            "used / allowed; time counts from the first point of the run",
        .source = "Definition",
        .compute = km_compute_goal_spent,
    },
};
const struct km_figure_family km_figures_goal = KM_FIGURE_FAMILY("goal", rows);
