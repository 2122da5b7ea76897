/* figures_transfer.c - rows of the registry: one task's worth for another. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
    {
        .id = "transfer.jumpstart",
        .title = "Jump start",
        .unit = "nat",
        .better = KM_BETTER_HIGHER,
        .needs = "a run with a parent and one from scratch on the same task, "
                 "with a metric in common",
        .summary = "How much better the run begins than training from scratch "
                   "does.",
        .formula = "difference of the metric at the first step that all have",
        .source = "Taylor and Stone 2009",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "transfer.threshold_ratio",
        .title = "Time-to-threshold ratio",
        .unit = "x",
        .better = KM_BETTER_HIGHER,
        .needs = "a level that training from scratch reached: the target, else "
                 "90 % of its gain",
        .summary = "How many times as soon the level is reached; with source: "
                   "when what the earlier runs took is counted too.",
        .formula = "x_scratch/x, x_scratch/(x + x_source)",
        .source = "Taylor and Stone 2009",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "transfer.auc_ratio",
        .title = "Transfer ratio",
        .unit = "ratio",
        .better = KM_BETTER_HIGHER,
        .needs = "as transfer.jumpstart, over a stretch of steps in common",
        .summary = "How much better the run is over the whole stretch, as a "
                   "share of the curve from scratch.",
        .formula = "(A_scratch - A)/|A_scratch| of areas to be lowered, over "
                   "the steps in common",
        .source = "Taylor and Stone 2009",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "transfer.transition_time",
        .title = "Transition time",
        .unit = "step",
        .better = KM_BETTER_LOWER,
        .needs = "a chain of runs that name their parents, with curves",
        .summary = "How long after the change of task each stage took to make "
                   "nine tenths of its gain.",
        .formula = "first x at y_first + 0.9 (y_last - y_first), steps from "
                   "the change of task",
        .source = "Definition",
        .scope = KM_SCOPE_RUNS,
    },
};
const struct km_figure_family km_figures_transfer =
    KM_FIGURE_FAMILY("transfer", rows);
