/* figures_cost.c - rows of the registry: what it costs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
    {
        .id = "cost.spent",
        .title = "Cost so far",
        .unit = "currency",
        .better = KM_BETTER_LOWER,
        .needs = "a price per step, or per accelerator-hour with the number of "
                 "accelerators and a clock",
        .summary = "What the steps so far have cost.",
        .formula = "steps x currency per step; per step = price x accelerators "
                   "x hours per step",
        .source = "Definition",
        .compute = km_compute_cost_spent,
    },
    {
        .id = "cost.rate",
        .title = "Cost per hour",
        .unit = "currency/h",
        .better = KM_BETTER_LOWER,
        .needs = "the same as cost.spent, and a clock",
        .summary = "What an hour of this run costs.",
        .formula = "currency per step / seconds per step x 3600",
        .source = "Definition",
        .compute = km_compute_cost_rate,
    },
    {
        .id = "cost.to_target",
        .title = "Cost to target",
        .unit = "currency",
        .better = KM_BETTER_LOWER,
        .needs = "the same as cost.spent, and a target",
        .summary = "What it has cost, or will still cost, to reach the target.",
        .formula = "steps to the target x currency per step",
        .source = "forecast.time_to_target",
        .compute = km_compute_cost_to_target,
    },
};
const struct km_figure_family km_figures_cost = KM_FIGURE_FAMILY("cost", rows);
