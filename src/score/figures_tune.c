/* figures_tune.c - rows of the registry: training that goes on from a run. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
    {
        .id = "tune.to_90",
        .title = "Time to 90 % of the gain",
        .unit = "step",
        .better = KM_BETTER_LOWER,
        .needs = "a run with a curve that names its parent, or is held "
                 "against another",
        .summary = "What it took to make nine tenths of what the stage gained "
                   "in all, on every axis.",
        .formula = "first x at y_first + 0.9 (y_last - y_first), isotonic "
                   "curve",
        .source = "Definition; isotonic regression: Ayer et al. 1955",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "tune.to_target",
        .title = "Tuning to the target",
        .unit = "step",
        .better = KM_BETTER_LOWER,
        .needs = "a target, and a run that names its parent, or is held "
                 "against another",
        .summary = "What it took to reach the target, on every axis.",
        .formula = "first x at the target, isotonic curve",
        .source = "Definition; isotonic regression: Ayer et al. 1955",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "tune.speedup",
        .title = "Speed-up of tuning",
        .unit = "x",
        .better = KM_BETTER_HIGHER,
        .needs = "a run from scratch on the same task, or a base line, whose "
                 "curve passes through the same levels",
        .summary = "How many times as fast the run learns the task as training "
                   "from scratch, and as a base line.",
        .formula = "exp(mean over levels of ln x_other - ln x), as "
                   "compare.speedup",
        .source = "As compare.speedup",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "tune.savings",
        .title = "Savings",
        .unit = "ratio",
        .better = KM_BETTER_HIGHER,
        .needs = "as tune.speedup",
        .summary = "Which share of the other training is saved.",
        .formula = "1 - x/x_other = 1 - 1/speed-up",
        .source = "Ebbinghaus 1885",
        .scope = KM_SCOPE_RUNS,
    },
};
const struct km_figure_family km_figures_tune = KM_FIGURE_FAMILY("tune", rows);
