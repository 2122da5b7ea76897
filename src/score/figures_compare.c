/* figures_compare.c - rows of the registry: one arm against another. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
    {
        .id = "compare.speedup",
        .title = "Speed-up at matched loss",
        .unit = "x",
        .better = KM_BETTER_HIGHER,
        .needs = "two arms whose curves pass through the same losses; a rate "
                 "of both for every axis but steps",
        .summary = "How many times as fast the first arm reaches the losses "
                   "of the second, and what of it is data efficiency, "
                   "throughput and price.",
        .formula = "exp(mean over levels of ln x_B - ln x_A), isotonic curves, "
                   "levels even in ln x_B, their later half; data efficiency "
                   "x throughput x price multiply to it",
        .source = "Isotonic regression: Ayer et al. 1955; interval over seeds: "
                  "Welch 1947, bootstrap from 8 seeds",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "compare.quality",
        .title = "Quality at the same budget",
        .unit = "nat",
        .better = KM_BETTER_LOWER,
        .needs = "a run of each arm at a checkpoint of a known plan, or at its "
                 "end",
        .summary = "The difference between the arms at the same step, as one "
                   "look shows it.",
        .formula = "mean over seeds of A less that of B",
        .source = "Student's t with the pooled variance of seeds",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "compare.verdict",
        .title = "Verdict",
        .unit = "nat",
        .better = KM_BETTER_LOWER,
        .needs = "two seeds of an arm, or other configurations with seeds",
        .summary = "Whether one arm is better, may be called no worse, or how "
                   "many more seeds it takes; looking often does no harm.",
        .formula = "e >= 1/alpha at 1/8, 1/4, 1/2 and 1 of the plan, which "
                   "spend 5, 10, 15 and 70 % of alpha = 5 %",
        .source = "Gonen et al. 2005; Perez-Ortiz et al. 2024, anytime-valid "
                  "t test",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "compare.pair",
        .title = "These two runs",
        .unit = "nat",
        .better = KM_BETTER_LOWER,
        .needs = "one run an arm, the same data_order_id, 640 steps that both "
                 "logged",
        .summary = "Which of two runs that saw the same batches is ahead, as "
                   "these runs: it says nothing of other seeds; looking often "
                   "does no harm.",
        .formula = "mean of A less B step by step since a power of two, means "
                   "of 20 steps; asymptotic confidence sequence",
        .source = "Waudby-Smith et al. 2024",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "compare.to_target",
        .title = "Time to target",
        .unit = "step",
        .better = KM_BETTER_LOWER,
        .needs = "km compare --target VALUE and a run of the arm with a curve",
        .summary = "When half of the runs of an arm have reached a target, "
                   "counting those that have not yet.",
        .formula = "first x with S(x) <= 1/2, S the Kaplan-Meier curve of runs "
                   "not at the target",
        .source = "Kaplan and Meier 1958; limits: Brookmeyer and Crowley 1982 "
                  "on the log(-log) scale",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "compare.restricted_mean",
        .title = "Restricted mean time to target",
        .unit = "step",
        .better = KM_BETTER_LOWER,
        .needs = "km compare --target VALUE; an interval: two runs of the arm "
                 "that reached it",
        .summary = "Mean time that the runs of an arm are short of the target "
                   "up to a common horizon, and how much longer than the arm "
                   "that gets there first.",
        .formula = "integral of S from 0 to tau; tau: the least over arms of "
                   "the last run's place",
        .source = "Kaplan and Meier 1958, section 6.2; Royston and Parmar 2013",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "compare.seeds",
        .title = "Spread of seeds",
        .unit = "nat",
        .better = KM_BETTER_NEITHER,
        .needs = "a configuration with two seeds that ended",
        .summary = "How much seeds of one configuration differ, and how many "
                   "an arm needs to find a difference.",
        .formula = "pooled standard deviation of final values; seeds: least n "
                   "with P(e >= 1/alpha | delta) >= power",
        .source = "Chi-squared interval of a variance; power: noncentral F",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "compare.iqm",
        .title = "Interquartile mean",
        .unit = "score",
        .better = KM_BETTER_HIGHER,
        .needs = "evaluations of a task that every arm has",
        .summary = "The mean of the middle half of the scores over runs and "
                   "tasks: neither a lucky run nor one easy task decides.",
        .formula = "25 % trimmed mean over runs x tasks",
        .source = "Agarwal et al. 2021; interval: stratified bootstrap",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "compare.prob_improvement",
        .title = "Probability of improvement",
        .unit = "probability",
        .better = KM_BETTER_HIGHER,
        .needs = "evaluations of a task that both arms have",
        .summary = "How likely a run of the first arm scores higher than one "
                   "of the other, on a task drawn at random.",
        .formula = "mean over tasks of U/(n m), ties count half",
        .source = "Mann and Whitney 1947; Agarwal et al. 2021",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "compare.profile",
        .title = "Performance profile score",
        .unit = "1",
        .better = KM_BETTER_HIGHER,
        .needs =
            "workloads with targets (km compare --workloads NAME=TARGET,...) "
            "and a clock",
        .summary = "How near an arm is to the fastest over many workloads.",
        .formula = "r = time to target / that of the fastest arm (median over "
                   "studies of the earliest trial; above 4: missed); share of "
                   "workloads with r <= tau, its area over tau in [1, 4] / 3",
        .source = "Dolan and More 2002; AlgoPerf: Dahl et al. 2023",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "compare.olympic",
        .title = "MLPerf score",
        .unit = "min",
        .better = KM_BETTER_LOWER,
        .needs = "at least 3 runs that say how long they trained to the target",
        .summary = "Time to train: the mean over runs without the fastest and "
                   "the slowest.",
        .formula = "olympic mean of time to train; one run that never got "
                   "there is the slowest, two make it void",
        .source = "MLPerf training rules, section 11",
        .scope = KM_SCOPE_RUNS,
    },
};
const struct km_figure_family km_figures_compare =
    KM_FIGURE_FAMILY("compare", rows);
