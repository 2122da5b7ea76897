/* figures_retain.c - rows of the registry: what is left of earlier tasks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
    {
        .id = "retain.acc",
        .title = "Average accuracy",
        .unit = "score",
        .better = KM_BETTER_HIGHER,
        .needs = "a score on every task after the last stage; over stages and "
                 "cells: after each stage on all tasks so far",
        .summary = "How good the model is at all tasks at the end, over time, "
                   "and as it learned them.",
        .formula = "mean over tasks of R[T][j]; over stages: mean over i of "
                   "the mean of R[i][1..i]; over cells: mean of R[i][j], i >= "
                   "j; as learned: mean of R[j][j]",
        .source = "Lopez-Paz and Ranzato 2017; Rebuffi et al. 2017; "
                  "Diaz-Rodriguez et al. 2018; Riemer et al. 2019",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "retain.bwt",
        .title = "Backward transfer",
        .unit = "score",
        .better = KM_BETTER_HIGHER,
        .needs = "every task scored as it was learned and after the last stage",
        .summary = "What later training did to earlier tasks: below 0 it made "
                   "them worse.",
        .formula = "mean over j < T of R[T][j] - R[j][j]; over cells: mean "
                   "over i > j of R[i][j] - R[j][j]",
        .source = "Lopez-Paz and Ranzato 2017; Diaz-Rodriguez et al. 2018",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "retain.fwt",
        .title = "Forward transfer",
        .unit = "score",
        .better = KM_BETTER_HIGHER,
        .needs = "every task scored before it was trained, and before any "
                 "training",
        .summary = "What earlier training did for tasks that were still to "
                   "come.",
        .formula = "mean over j > 1 of R[j-1][j] - R[0][j]; over cells: mean "
                   "of R[i][j], 1 <= i < j",
        .source = "Lopez-Paz and Ranzato 2017; Diaz-Rodriguez et al. 2018",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "retain.forgetting",
        .title = "Forgetting",
        .unit = "score",
        .better = KM_BETTER_LOWER,
        .needs = "every task scored after each stage from its own on",
        .summary = "How much of the best score that a task ever had is gone at "
                   "the end.",
        .formula = "mean over j < T of max over l in [j, T-1] of R[l][j] - "
                   "R[T][j]; since learned: R[j][j] - R[T][j]",
        .source = "Chaudhry et al. 2018; since learned: Lomonaco et al. 2021 "
                  "(Avalanche)",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "retain.intransigence",
        .title = "Intransigence",
        .unit = "score",
        .better = KM_BETTER_LOWER,
        .needs = "a run that was trained on all tasks, and every task scored "
                 "as it was learned",
        .summary = "How much worse new tasks are learned in sequence than "
                   "together.",
        .formula = "mean over k of R*[k] - R[k][k]",
        .source = "Chaudhry et al. 2018",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "retain.half_life",
        .title = "Retention half-life",
        .unit = "stage",
        .better = KM_BETTER_HIGHER,
        .needs = "tasks scored as they were learned and after later stages, "
                 "higher is better",
        .summary = "After how many further stages half of a task's score is "
                   "gone; a bound where it was not watched for that long.",
        .formula = "ln 2/rate of R[i][j]/R[j][j] = exp(-rate (i - j)), least "
                   "squares",
        .source = "Ebbinghaus 1885; errors: Bell and McCaffrey 2002",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "retain.frontier",
        .title = "Gain against forgetting",
        .unit = "score",
        .better = KM_BETTER_HIGHER,
        .needs = "lineages over the same tasks; exchange rate: each task "
                 "scored by the stage before its own",
        .summary = "Which lineages are worth having: another that learns new "
                   "tasks as well and forgets less dominates.",
        .formula = "Pareto frontier of mean R[j][j] and forgetting; exchange "
                   "rate: sum of old score lost over sum of new score gained",
        .source = "Definition (Pareto); ratio: Cochran 1977",
        .scope = KM_SCOPE_RUNS,
    },
};
const struct km_figure_family km_figures_retain =
    KM_FIGURE_FAMILY("retain", rows);
