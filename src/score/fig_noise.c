/* fig_noise.c - speed.noise_scale: the batch at which gradients stop being
 * noise. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/distribution.h"
#include "measure/noise_scale.h"
#include "measure/robust.h"
#include "score/card.h"
#include "score/side_series.h"

static const double LAST = 0.2, FAR = 2;

/* The scale over the batch of a step, and what follows from it. */
static enum km_code add_ratio(const struct km_figure_result *scale,
                              double batch, struct km_scorecard *card,
                              struct km_err *err)
{
    struct km_figure_result result = *scale;
    if (!(batch > 0)) {
        return km_card_add_absent(card, "speed.noise_scale", "over the batch",
                                  "1", KM_FIGURE_NOT_APPLICABLE,
                                  "samples per step not known", err);
    }
    result.variant = "over the batch";
    result.unit = "1";
    result.value /= batch;
    result.lo /= batch;
    result.hi /= batch;
    result.reason = result.lo > FAR ? "a larger batch would lose few samples"
                    : result.hi < 1 / FAR
                        ? "a smaller batch would take few more steps"
                    : isnan(result.lo) ? "no interval: nothing is advised"
                    : result.lo >= 1 / FAR && result.hi <= FAR
                        ? "the batch is about right: within a factor of two"
                        : "not known well enough to advise on the batch";
    return km_card_add(card, result, NULL, err);
}

static enum km_code add_scale(struct km_figure_result result,
                              const struct km_evidence *evidence, double batch,
                              struct km_scorecard *card, struct km_err *err)
{
    enum km_code code = km_card_add(card, result, evidence, err);
    return code ? code : add_ratio(&result, batch, card, err);
}

/* As whoever trained computed it: the median of the last fifth of steps. */
static enum km_code add_logged(const struct km_score_input *input,
                               struct km_scorecard *card, struct km_err *err)
{
    const struct km_noise_input *noise = input->side->noise;
    struct km_figure_result result =
        km_result_new("speed.noise_scale", "", "sample");
    struct km_evidence evidence = {0};
    double *last = km_new(card->arena, double, noise->logged_count + 1);
    if (!last) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    size_t n = 0;
    for (size_t i = 0; i < noise->logged_count; i++) {
        if (noise->logged_at[i] >= (1 - LAST) * input->x_now) {
            last[n++] = noise->logged[i];
        }
    }
    result.value = n ? km_median(last, n) : (double)NAN;
    result.n = n;
    result.method = "median of the last fifth of steps, as logged";
    result.state = KM_FIGURE_WEAK;
    result.reason = n ? "as logged: how it was averaged is not known"
                      : "nothing logged in the last fifth of steps";
    km_evidence_add(&evidence,
                    km_arena_printf(card->arena, "metric: %s", noise->names));
    return add_scale(result, &evidence, noise->batch_big, card, err);
}

KM_FIGURE_COMPUTE(km_compute_noise_scale)
{
    const char *id = "speed.noise_scale";
    const struct km_noise_input *noise = input->side->noise;
    struct km_arena *arena = card->arena;
    if (!noise) {
        return km_card_add_absent(card, id, "", "sample",
                                  KM_FIGURE_NOT_APPLICABLE,
                                  input->side->no_noise, err);
    }
    if (noise->logged) {
        return add_logged(input, card, err);
    }
    struct km_noise_scale scale = {.gradient = NAN, .trace = NAN};
    bool sizes =
        noise->batch_small > 0 && noise->batch_small < noise->batch_big;
    if (!sizes || !km_noise_scale_estimate(noise->small, noise->big,
                                           noise->count, noise->batch_small,
                                           noise->batch_big, &scale)) {
        return km_card_add_absent(
            card, id, "", "sample", KM_FIGURE_INSUFFICIENT,
            !sizes ? "the sizes of the two batches are not known: "
                     "noise_batch_small and noise_batch_big in the config"
            : noise->count < KM_NOISE_POINTS_MIN
                ? km_arena_printf(arena, "%zu steps with both norms, %d needed",
                                  noise->count, KM_NOISE_POINTS_MIN)
                : "the squared gradient, or its variance, is not above 0",
            err);
    }
    struct km_figure_result result = km_result_new(id, "", "sample");
    struct km_evidence evidence = {0};
    result.value = scale.scale;
    result.method = "ratio of exponential averages (0.99) of trace and norm";
    result.window_from = noise->step[0];
    result.window_to = noise->step[noise->count - 1];
    result.n = scale.count;
    if (isfinite(scale.relative_se)) {
        double t = km_t_quantile(0.5 + card->level / 2, KM_NOISE_BLOCKS - 1);
        result.lo = result.value * exp(-t * scale.relative_se);
        result.hi = result.value * exp(t * scale.relative_se);
        result.level = card->level;
        result.rung = "block jackknife";
    } else {
        result.state = KM_FIGURE_WEAK;
        result.reason = "no interval";
    }
    km_evidence_add(&evidence,
                    km_arena_printf(arena, "metrics: %s", noise->names));
    km_evidence_add(&evidence,
                    km_arena_printf(arena,
                                    "batches of %g and %g samples; |G|^2 %.3g, "
                                    "trace of the covariance %.3g",
                                    noise->batch_small, noise->batch_big,
                                    scale.gradient, scale.trace));
    return add_scale(result, &evidence, noise->batch_big, card, err);
}
