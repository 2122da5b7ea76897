/* figures_plasticity.c - rows of the registry: does learning slow down. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
    {
        .id = "plasticity.trend",
        .title = "Trend of plasticity",
        .unit = "score/stage",
        .better = KM_BETTER_HIGHER,
        .needs = "at least 3 stages with a score of their own task, or a "
                 "transition time",
        .summary = "Whether new tasks are learned less well, or take longer, "
                   "from stage to stage.",
        .formula = "median over pairs of stages of the slope of R[k][k], or of "
                   "ln transition time, told as a factor a stage",
        .source = "Theil 1950; Sen 1968; Mann 1945; Kendall 1970",
        .scope = KM_SCOPE_RUNS,
    },
};
const struct km_figure_family km_figures_plasticity =
    KM_FIGURE_FAMILY("plasticity", rows);
