/* figures_verdict.c - rows of the registry: what goes wrong, since when. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
    {
        .id = "verdict.nonfinite",
        .title = "Not finite",
        .unit = "step",
        .needs = "a loss, score or gradient norm",
        .summary = "Values that are NaN or infinite, and the first step of "
                   "them.",
        .formula = "any value of a loss, score or gradient norm that is not "
                   "finite",
        .source = "Definition",
        .compute = km_compute_verdict_nonfinite,
    },
    {
        .id = "verdict.spike",
        .title = "Spike",
        .unit = "step",
        .needs = "at least 106 points of a loss after the warm-up",
        .summary = "The loss jumped far out of its noise, and whether it came "
                   "back.",
        .formula = "mean of 5 points above the median of the 101 before by 6 "
                   "sigma of such means and by 3 % or 0.1",
        .source = "Definition; thresholds measured on public curves",
        .false_alarms_max = 0.01,
        .compute = km_compute_verdict_spike,
    },
    {
        .id = "verdict.diverged",
        .title = "Diverged",
        .unit = "step",
        .needs = "at least 20 points of the metric after the warm-up",
        .summary = "The metric lost at least half of what it had gained, and "
                   "stays there.",
        .formula = "median of 9 points above the best one by half of the gain, "
                   "3 sigma, and 3 % or 0.1, for 2 % of the points (10 to 200)",
        .source = "Definition; thresholds measured on public curves",
        .false_alarms_max = 0.005,
        .compute = km_compute_verdict_diverged,
    },
    {
        .id = "verdict.plateau",
        .title = "Plateau",
        .unit = "step",
        .needs = "at least 32 points after the warm-up, quiet enough to see a "
                 "gain of 0.1 %",
        .summary = "Nothing worth waiting for comes any more: even the upper "
                   "bound of the next gain is negligible.",
        .formula = "95 % bound of the gain over 25 % more steps (Huber line in "
                   "ln x over x/1.5 or x/2.5) below 0.1 % of the level "
                   "(--negligible), in two "
                   "looks in a row",
        .source = "Huber 1964; Newey and West 1987",
        .false_alarms_max = 0.01,
        .compute = km_compute_verdict_plateau,
    },
    {
        .id = "verdict.overfitting",
        .title = "Overfitting",
        .unit = "step",
        .needs = "at least 7 evaluations",
        .summary = "Validation gets worse while the gap to training grows; "
                   "since the best evaluation.",
        .formula = "6 evaluations after the best; worse by 2 % or 3 rises in a "
                   "row; gap rises (Mann-Kendall p < 0.01) and so does "
                   "validation (95 %)",
        .source = "Prechelt 1998 (GL, UP); Mann 1945; Kendall 1975",
        .false_alarms_max = 0.005,
        .compute = km_compute_verdict_overfitting,
    },
    {
        .id = "verdict.underfitting",
        .title = "Underfitting",
        .unit = "step",
        .needs = "a run that ended, with a fitted curve",
        .summary = "The run ended while it was still learning, with training "
                   "and validation together.",
        .formula = "5 % bound of the gain over 25 % more steps above 1 % of "
                   "the level; validation falls; gap spans 0 or is below 5 % "
                   "of the reducible loss; rate not brought down",
        .source = "learn.velocity; valid.gap",
        .false_alarms_max = 0.01,
        .compute = km_compute_verdict_underfitting,
    },
    {
        .id = "verdict.memorising",
        .title = "Memorising",
        .unit = "step",
        .needs = "epochs, validation, at least 32 training points an epoch",
        .summary = "The training loss falls in steps at the starts of epochs "
                   "while validation does not improve.",
        .formula = "drop at two boundaries in a row above that in mid-epoch by "
                   "6 sigma and by 3 % or 0.1; validation flat since",
        .source = "Definition",
        .false_alarms_max = 0.005,
        .compute = km_compute_verdict_memorising,
    },
    {
        .id = "verdict.stalled",
        .title = "Stalled",
        .unit = "step",
        .needs = "at least 21 timed stretches of steps",
        .summary = "Steps that took far longer than usual, and whether the run "
                   "is silent now.",
        .formula = "one step longer than max(3 median, median + 10 sigma, 30 "
                   "s) of the last 101 stretches",
        .source = "Definition; 3 x median is exceeded in 3 of 73 public runs",
        .false_alarms_max = 0.005,
        .compute = km_compute_verdict_stalled,
    },
    {
        .id = "verdict.regime_change",
        .title = "Regime change",
        .unit = "step",
        .needs = "at least 32 points after the warm-up",
        .summary = "The curve turned round or moved to a worse level, against "
                   "what its past says.",
        .formula = "fitted velocity > 0 and local velocity < -4 standard "
                   "errors in two looks in a row; or a spike that lasts",
        .source = "learn.velocity; learn.velocity_local",
        .false_alarms_max = 0.005,
        .compute = km_compute_verdict_regime_change,
    },
};
const struct km_figure_family km_figures_verdict =
    KM_FIGURE_FAMILY("verdict", rows);
