/* figures_speed.c - rows of the registry: how fast the machine is. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
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
};
const struct km_figure_family km_figures_speed =
    KM_FIGURE_FAMILY("speed", rows);
