/* figures_backtest.c - rows of the registry: how good forecasts have been. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
    {
        .id = "backtest.relative_error",
        .title = "Relative error of forecasts",
        .unit = "1",
        .better = KM_BETTER_LOWER,
        .needs = "finished runs of at least 2 configurations",
        .summary = "How much of the error of \"nothing changes\" a forecaster "
                   "makes on your finished runs; 1 or more switches it off.",
        .formula = "exp(mean ln(|truth - forecast| / |truth - last value|)), "
                   "inside a configuration first, then over configurations",
        .source = "Rolling origins, Tashman 2000; relative errors, Hyndman and "
                  "Koehler 2006",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "backtest.error",
        .title = "Error of forecasts",
        .unit = "nat",
        .better = KM_BETTER_LOWER,
        .needs = "finished runs",
        .summary = "By how much the forecasts that would have been shown "
                   "missed.",
        .formula = "mean |truth - forecast|, inside a configuration first",
        .source = "Mean absolute error; MALE = mean |ln(forecast / truth)|",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "backtest.coverage",
        .title = "Coverage of intervals",
        .unit = "1",
        .better = KM_BETTER_NEITHER,
        .needs = "finished runs",
        .summary = "How often the 80 % interval of a rung held what came true.",
        .formula = "share of truths between low and high, inside a "
                   "configuration first; its interval: Wilson, n = "
                   "configurations",
        .source = "Wilson 1927",
        .scope = KM_SCOPE_RUNS,
    },
    {
        .id = "backtest.winkler",
        .title = "Winkler score of intervals",
        .unit = "nat",
        .better = KM_BETTER_LOWER,
        .needs = "finished runs",
        .summary = "Width of the intervals plus ten times what they missed by.",
        .formula = "mean (hi - lo) + 2/alpha max(lo - y, y - hi, 0), alpha = "
                   "0.2, inside a configuration first",
        .source = "Winkler 1972; Gneiting and Raftery 2007",
        .scope = KM_SCOPE_RUNS,
    },
};

const struct km_figure_family km_figures_backtest =
    KM_FIGURE_FAMILY("backtest", rows);
