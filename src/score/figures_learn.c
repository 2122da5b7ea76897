/* figures_learn.c - rows of the registry: how fast the metric improves. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
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
        .id = "learn.half_life",
        .title = "Half-life",
        .unit = "step",
        .better = KM_BETTER_LOWER,
        .needs = "the same as learn.velocity, and a floor that the data "
                 "identify to a factor of ten",
        .summary = "How many more steps halve what is left of the metric "
                   "above its floor.",
        .formula = "H: y(x + H) - E = (y(x) - E)/2; pow3: H = x (2^(1/a) - 1)",
        .source = "Closed form; interval: posterior over (E, a) with a flat "
                  "prior, Student in E",
        .compute = km_compute_half_life,
    },
    {
        .id = "learn.aulc",
        .title = "Area under the learning curve",
        .unit = "nat",
        .better = KM_BETTER_LOWER,
        .needs = "two steps after the warm-up; eight places for an interval",
        .summary = "The mean of the metric over the logarithm of steps, over "
                   "the stretch that is there and no further.",
        .formula = "1/ln(x1/x0) x integral of y d ln x over [x0, x1]",
        .source = "Trapezoids; interval: moving-block bootstrap, Kuensch 1989",
        .compute = km_compute_aulc,
    },
    {
        .id = "learn.marginal_cost",
        .title = "Marginal cost",
        .unit = "step",
        .better = KM_BETTER_LOWER,
        .needs = "the same as learn.velocity; a clock for time, a price for "
                 "money",
        .summary = "What the next 1 % of the metric takes, and how much more "
                   "than the last 1 % took.",
        .formula = "x(y - |y|/100) - x by the inverse of pow3; per milli-nat: "
                   "price of a step / (1000 v)",
        .source = "Inverse of the fitted curve; interval: the band of "
                  "learn.velocity on the gain",
        .compute = km_compute_marginal_cost,
    },
};
const struct km_figure_family km_figures_learn =
    KM_FIGURE_FAMILY("learn", rows);
