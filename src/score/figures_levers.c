/* figures_levers.c - rows of the registry: what moved learning. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
    {
        .id = "levers.importance",
        .title = "Importance of a setting",
        .unit = "1",
        .better = KM_BETTER_NEITHER,
        .needs = "at least 4 runs that reached the target and differ in the "
                 "setting, some of them with the same value",
        .summary = "Which share of the differences between runs goes with a "
                   "setting; not measured when it changed with another.",
        .formula = "omega^2 = (SSb - (k-1) MSw)/(SSt + MSw) of ln time to "
                   "target; p by shuffling within matched runs, Holm over "
                   "settings",
        .source = "Hays 1963; interval: noncentral F, Steiger 2004; Holm 1979; "
                  "Phipson and Smyth 2010",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "levers.effect",
        .title = "Effect of a setting",
        .unit = "x",
        .better = KM_BETTER_HIGHER,
        .needs = "runs that differ in the setting; matched when they agree in "
                 "all others",
        .summary = "How many times as fast runs with one value reach the "
                   "target as runs with another.",
        .formula = "exp(-mean difference of ln time to target within blocks "
                   "of runs that are equal otherwise)",
        .source = "Blocks joined by DerSimonian and Laird 1986; unmatched: "
                  "Welch 1947",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "levers.frontier",
        .title = "Quality against cost",
        .unit = "nat",
        .better = KM_BETTER_NEITHER,
        .needs = "at least two configurations with one metric",
        .summary = "Which configurations are worth their cost: another that "
                   "costs no more and is no worse dominates.",
        .formula = "Pareto frontier of mean final value and mean cost over "
                   "seeds",
        .source = "Definition",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "halving.advice",
        .title = "Which runs to stop",
        .unit = "probability",
        .better = KM_BETTER_HIGHER,
        .needs = "at least two runs under way whose forecasts are calibrated "
                 "on finished runs",
        .summary = "How likely a run ends as the best of those under way; "
                   "below the risk, and not among the best 1/eta: stop it.",
        .formula = "P(final < best final - margin) from the forecast "
                   "intervals; one run in 20 is exempt",
        .source = "Successive halving: Jamieson and Talwalkar 2016",
        .scope = KM_SCOPE_RUNS,
    },
};
const struct km_figure_family km_figures_levers =
    KM_FIGURE_FAMILY("levers", rows);
