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
    {
        .id = "speed.mfu",
        .title = "Model FLOP utilisation",
        .unit = "1",
        .better = KM_BETTER_HIGHER,
        .needs = "tokens per second, the model's parameters or shape, the "
                 "device's name or peak, and how many devices",
        .summary = "What share of the devices' peak the model's own operations "
                   "are.",
        .formula = "tokens/s x F / (devices x peak); F = 6 (N - N_emb) + 6 L H "
                   "(d_qk + d_v) T FLOP a token, recomputation left out",
        .source = "Chowdhery et al. 2022, arXiv:2204.02311, appendix B",
        .compute = km_compute_mfu,
    },
    {
        .id = "speed.hfu",
        .title = "Hardware FLOP utilisation",
        .unit = "1",
        .better = KM_BETTER_HIGHER,
        .needs = "what speed.mfu needs, and whether activations are "
                 "recomputed",
        .summary = "What share of the devices' peak they really compute, "
                   "recomputed activations too.",
        .formula = "as speed.mfu, with one more forward pass of what is "
                   "recomputed",
        .source = "Korthikanti et al. 2022, arXiv:2205.05198",
        .compute = km_compute_hfu,
    },
    {
        .id = "speed.goodput",
        .title = "Goodput",
        .unit = "1",
        .better = KM_BETTER_HIGHER,
        .needs = "at least 20 points with times",
        .summary = "What share of the time made progress, and what the rest "
                   "was lost to.",
        .formula =
            "seconds of the clock from the first to the last point, "
            "each booked once: productive, start-up, stall, restart, "
            "redone steps, evaluation, checkpoint, waiting for data; over "
            "all of them",
        .source = "Google ML goodput; a stall as in speed.throughput",
        .compute = km_compute_goodput,
    },
    {
        .id = "speed.ettr",
        .title = "Expected training-time ratio",
        .unit = "1",
        .better = KM_BETTER_HIGHER,
        .needs = "a restart, and what speed.goodput needs",
        .summary = "What share of the time a job that goes on failing like "
                   "this makes progress.",
        .formula =
            "1 - (u + D/2) / M, over 1 + w/D where checkpoints made the "
            "run wait: M time between restarts, u time to get going, D/2 "
            "steps done again, w a checkpoint, D between two",
        .source = "Kokolis et al. 2024, arXiv:2410.21680",
        .compute = km_compute_ettr,
    },
    {
        .id = "speed.change",
        .title = "Change of speed",
        .unit = "1",
        .better = KM_BETTER_HIGHER,
        .needs = "at least 20 timed stretches",
        .summary = "By how much the throughput changed for good when it last "
                   "did, and since which step.",
        .formula = "E-divisive means on ln(seconds/step) of 120 bins without "
                   "stalls; changes of at least 5 % at p <= 0.001; "
                   "exp(before - after) - 1",
        .source = "Matteson and James 2014; Fleming et al. 2023",
        .compute = km_compute_speed_change,
    },
    {
        .id = "speed.straggler",
        .title = "Straggler",
        .unit = "1",
        .better = KM_BETTER_LOWER,
        .needs = "step times of at least 2 ranks over 20 common steps",
        .summary = "By how much the slowest rank is slower than the others, "
                   "whether that is chance, and what waiting for it costs.",
        .formula = "s = t / median over ranks at each step; a straggler: its "
                   "moving average above 1 + max(3 MAD, 0.05) for 20 steps and "
                   "slowest more often than chance (p < 0.001)",
        .source = "own rule: moving average with a binomial test",
        .compute = km_compute_straggler,
    },
    {
        .id = "speed.noise_scale",
        .title = "Gradient noise scale",
        .unit = "sample",
        .better = KM_BETTER_NEITHER,
        .needs = "norms of the gradient of a small and a big batch at 100 "
                 "steps, with the sizes of both; or the scale as logged",
        .summary = "The batch at which gradients stop being mostly noise: far "
                   "below it samples are well spent, far above it steps are.",
        .formula = "tr Sigma / |G|^2 by exponential averages (0.99) of the "
                   "unbiased estimates of both",
        .source = "McCandlish et al. 2018, arXiv:1812.06162, appendix A",
        .compute = km_compute_noise_scale,
    },
    {
        .id = "speed.scaling",
        .title = "Scaling over accelerators",
        .unit = "1",
        .better = KM_BETTER_HIGHER,
        .needs = "runs with at least 2 numbers of accelerators (4 for the "
                 "law), a clock and, but for steps, what a step takes",
        .summary = "What share of its throughput an accelerator keeps when "
                   "there are more, and how many are worth having.",
        .formula = "X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)); "
                   "most at N = sqrt((1 - sigma) / kappa)",
        .source = "Gunther 1993, universal scalability law",
        .scope = KM_SCOPE_RUNS,
    },
};
const struct km_figure_family km_figures_speed =
    KM_FIGURE_FAMILY("speed", rows);
