/* figures_forecast.c - rows of the registry: where it goes, and when it gets
 * there. */
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
            "the forecaster that the finished runs speak for (docs/metrics.md, "
            "choice of forecaster): mean of y = E + A (x/x_now)^-a and E + "
            "A/ln(1 + x/t), or y = E + A g(S1) - C D with a known schedule; 80 "
            "% interval from the errors of 9 or more finished configurations "
            "at the same share of the plan, else of the run's own past "
            "forecasts, else of a cold start",
        .source = "Families: Viering and Loog 2022; annealing: Tissue et al. "
                  "2024; split conformal prediction: Vovk et al. 2005",
        .compute = km_compute_forecast_final,
    },
    {
        .id = "forecast.at",
        .title = "Value at a step",
        .unit = "nat",
        .better = KM_BETTER_LOWER,
        .needs = "a step (km forecast --at STEP), and what forecast.final "
                 "needs",
        .summary = "Where the metric will be at a step that is asked for.",
        .formula = "forecast.final at that step",
        .source = "As forecast.final",
        .compute = km_compute_forecast_at,
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
                   "interpolated in ln x; else the x at which the forecast "
                   "meets it, and 10 % and 90 % of the forecast's paths do",
        .source = "Inverse of forecast.final; beyond the planned end, or ten "
                  "times the present step without one, it is censored",
        .compute = km_compute_time_to_target,
    },
    {
        .id = "forecast.probability",
        .title = "Chance of the target",
        .unit = "1",
        .better = KM_BETTER_HIGHER,
        .needs = "a target (--target VALUE or the config file), and what "
                 "forecast.final needs",
        .summary = "How likely the metric reaches the target by the planned "
                   "last step.",
        .formula = "share of paths, forecast + errors of one finished run "
                   "each (weight 1 / runs of its configuration), at or beyond "
                   "the target somewhere up to the horizon; between 1/(n+1) "
                   "and n/(n+1) of n configurations",
        .source = "Predictive distribution of split conformal prediction: Vovk "
                  "et al. 2005",
        .compute = km_compute_probability,
    },
    {
        .id = "forecast.skill",
        .title = "Record of forecasts",
        .unit = "1",
        .better = KM_BETTER_LOWER,
        .needs = "forecasts that were kept while runs were alive (km forecast) "
                 "and have come due",
        .summary = "How good the forecasts of this project's runs have turned "
                   "out.",
        .formula = "error: exp(mean ln(|truth - forecast| / |truth - last "
                   "value|)), below 1 is better than nothing changes; "
                   "coverage: share of truths inside their interval; each "
                   "configuration counts once",
        .source = "Kept forecasts, scored as km backtest scores",
        .compute = km_compute_forecast_skill,
    },
};
const struct km_figure_family km_figures_forecast =
    KM_FIGURE_FAMILY("forecast", rows);
