/* figures.c - the registry: one row a figure, in the order of reports. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "score/card.h"

const struct km_figure km_figures[] = {
    {
        .id = "learn.velocity",
        .title = "Learning velocity",
        .unit = "nat/Mtok",
        .better = KM_BETTER_HIGHER,
        .needs = "a loss, score or reward with at least 8 points after the "
                 "first tenth and the warm-up; a rate for every axis but steps",
        .summary = "How fast the metric improves now, by the fitted learning "
                   "curve; positive is improving.",
        .formula = "v = -dy/dx of y = E + A (x/x_now)^-a at x_now, divided by "
                   "the axis units that one step takes",
        .source = "Variable projection (Golub and Pereyra 1973); interval: "
                  "Gauss-Newton error joined with the measured model "
                  "discrepancy x [0.86, 1.28]",
        .compute = km_compute_velocity,
    },
    {
        .id = "learn.velocity_local",
        .title = "Local velocity",
        .unit = "nat/kstep",
        .better = KM_BETTER_HIGHER,
        .needs = "at least 20 points in the last 60 % of steps",
        .summary = "The slope of the last stretch of the curve, whatever the "
                   "model says; it overstates what is to come.",
        .formula = "v = -b/x_c; b: Huber slope of y on ln x over "
                   "[x_now/rho, x_now], rho = 1.25 .. 2.5; x_c: its geometric "
                   "centre",
        .source = "Huber 1964; standard error: the larger of Huber's sandwich "
                  "and Newey and West 1987",
        .compute = km_compute_velocity_local,
    },
    {
        .id = "learn.relative_velocity",
        .title = "Relative velocity",
        .unit = "1",
        .better = KM_BETTER_HIGHER,
        .needs = "the same as learn.velocity",
        .summary = "Velocity without a scale: percent of the reducible part "
                   "of the metric gained for one percent more training.",
        .formula = "kappa = v x/(y - E); elasticity = v x/y needs no E",
        .source = "Local exponent of a power law; elasticity as in economics",
        .compute = km_compute_relative_velocity,
    },
    {
        .id = "valid.best",
        .title = "Best validation",
        .unit = "nat",
        .better = KM_BETTER_LOWER,
        .needs = "a validation loss or score",
        .summary = "The best validation value so far, and where.",
        .formula = "min over steps (max for a score)",
        .source = "Definition",
        .compute = km_compute_valid_best,
    },
    {
        .id = "valid.gap",
        .title = "Generalisation gap",
        .unit = "nat",
        .better = KM_BETTER_LOWER,
        .needs = "a validation and a training loss, at least 3 evaluations in "
                 "the last 60 % of steps",
        .summary = "How much worse the model is on validation data than on "
                   "training data, over the last evaluations.",
        .formula = "mean over the last 3 to 5 evaluations of validation minus "
                   "the training level at the same step",
        .source = "Training level: Huber line in ln x around the step; "
                  "Student's t over evaluations",
        .compute = km_compute_valid_gap,
    },
    {
        .id = "forecast.final",
        .title = "Final value",
        .unit = "nat",
        .better = KM_BETTER_LOWER,
        .needs = "at least 8 points of a loss, score or reward after the first "
                 "tenth and the warm-up",
        .summary = "Where the metric will be at the planned last step, if "
                   "training goes on as it does.",
        .formula =
            "mean of y = E + A (x/x_now)^-a and E + A/ln(1 + x/t) at "
            "the horizon; 80 % interval -k s, +k s; s^2 = Var(families x "
            "windows) + noise^2 + Var(block bootstrap) + (0.02 y ln "
            "h)^2; k = 0.8 when the learning rate stays constant, else "
            "2.4 down and 0.8 up, 3 when data are thin",
        .source = "Families: Viering and Loog 2022; window and interval: "
                  "measured on public curves, one class against the others",
        .compute = km_compute_forecast_final,
    },
    {
        .id = "forecast.time_to_target",
        .title = "Time to target",
        .unit = "step",
        .better = KM_BETTER_LOWER,
        .needs = "a target (--target VALUE or the config file), and what "
                 "forecast.final needs",
        .summary = "When the metric reached the target, or when it will.",
        .formula = "observed: first of two neighbouring values at the target, "
                   "interpolated in ln x; else the x at which the forecast and "
                   "its bounds cross it",
        .source = "Inverse of forecast.final; beyond ten times the present "
                  "step it is censored",
        .compute = km_compute_time_to_target,
    },
    {
        .id = "speed.throughput",
        .title = "Throughput",
        .unit = "ktok/s",
        .better = KM_BETTER_HIGHER,
        .needs = "times, step times or training time; tokens or samples per "
                 "step for those variants",
        .summary = "Tokens, samples and steps per second while training, "
                   "stalls left out.",
        .formula = "sum of steps / sum of seconds over stretches that are not "
                   "stalls, times tokens per step",
        .source = "Ratio of sums; block jackknife over 20 blocks (Tukey 1958)",
        .compute = km_compute_throughput,
    },
    {
        .id = "speed.step_time",
        .title = "Step time",
        .unit = "ms",
        .better = KM_BETTER_LOWER,
        .needs = "at least 2 timed stretches",
        .summary = "How long a step takes: the median, and how far steps "
                   "stray.",
        .formula = "median, 99 % quantile and median absolute deviation of "
                   "seconds per step over logged stretches",
        .source = "Order statistics (Hyndman and Fan 1996, type 7)",
        .compute = km_compute_step_time,
    },
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
const size_t km_figure_count = sizeof km_figures / sizeof *km_figures;

const struct km_figure *km_figure_find(struct km_str id)
{
    for (size_t i = 0; i < km_figure_count; i++) {
        if (km_str_is(id, km_figures[i].id)) {
            return &km_figures[i];
        }
    }
    return NULL;
}

const char *km_figure_state_name(enum km_figure_state state)
{
    static const char *const names[] = {
        "OK", "WEAK", "INSUFFICIENT", "CENSORED", "NOT_APPLICABLE", "STALE"};
    assert(state >= KM_FIGURE_OK && state <= KM_FIGURE_STALE);
    return names[state];
}
