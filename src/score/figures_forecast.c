/* figures_forecast.c - rows of the registry: where it goes, and when it gets there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
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
};
const struct km_figure_family km_figures_forecast = KM_FIGURE_FAMILY("forecast", rows);
