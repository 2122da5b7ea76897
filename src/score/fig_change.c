/* fig_change.c - speed.change: where steps began to take longer, or shorter. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/change.h"
#include "score/card.h"

enum { BINS = 120, BINS_MIN = 20 };
static const double SLOW = 3; /* medians: a stall, no level */

struct levels {
    double at[BINS];    /* last step of the bin */
    double value[BINS]; /* ln of seconds a step */
    size_t count;
};

/* Neighbouring stretches in equal numbers, stalls left out. */
static void fill_levels(const struct km_score_input *input, struct levels *out)
{
    const struct km_timeline *line = &input->timeline;
    double most = SLOW * input->throughput.median;
    size_t bins = line->count < BINS ? line->count : (size_t)BINS;
    out->count = 0;
    for (size_t b = 0; b < bins; b++) {
        double steps = 0, seconds = 0;
        size_t end = (b + 1) * line->count / bins;
        for (size_t i = b * line->count / bins; i < end;) {
            const struct km_stretch_block *block =
                km_stretches_block(input->stretches, i, end);
            if (block && block->slowest <= most) {
                steps += block->steps;
                seconds += block->seconds;
                i += KM_STRETCHES_BLOCK;
                continue;
            }
            if (line->seconds[i] <= most * line->steps[i]) {
                steps += line->steps[i];
                seconds += line->seconds[i];
            }
            i++;
        }
        if (steps > 0) {
            out->at[out->count] = line->at[end - 1];
            out->value[out->count++] = log(seconds / steps);
        }
    }
}

/* Throughput after over before, less 1. */
static double gain(const struct km_change *change)
{
    return expm1(change->before - change->after);
}

static enum km_code add(const struct km_score_input *input,
                        const struct levels *levels,
                        const struct km_change *changes, size_t count,
                        struct km_scorecard *card, struct km_err *err)
{
    struct km_arena *arena = card->arena;
    struct km_figure_result result = km_result_new("speed.change", "", "1");
    struct km_evidence evidence = {0};
    enum km_code code = KM_OK;
    result.value = 0;
    result.method = "E-divisive means over bins, Welch's t-test";
    result.window_from = levels->at[0];
    result.window_to = levels->at[levels->count - 1];
    result.n = input->timeline.count;
    result.reason = "no lasting change of 5 % or more";
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        const struct km_change *c = &changes[i];
        const char *text =
            km_arena_printf(arena, "speed %+.0f %% from step %.0f",
                            100 * gain(c), levels->at[c->index - 1]);
        result.value = gain(c);
        result.reason = km_arena_printf(
            arena, "from step %.0f; %zu change%s in all",
            levels->at[c->index - 1], count, count == 1 ? "" : "s");
        km_evidence_add(&evidence, text);
        code = km_card_add_mark(
            card, (struct km_mark){levels->at[c->index - 1], "speed", text},
            err);
    }
    if (input->timeline.estimated) {
        result.state = KM_FIGURE_WEAK;
    }
    return code ? code : km_card_add(card, result, &evidence, err);
}

KM_FIGURE_COMPUTE(km_compute_speed_change)
{
    struct levels levels;
    struct km_change changes[KM_CHANGE_SEGMENTS_MAX];
    struct km_change_options options;
    double scratch[2 * (BINS + 1)];
    if (!input->timed) {
        return km_card_add_absent(
            card, "speed.change", "", "1", KM_FIGURE_NOT_APPLICABLE,
            input->timeline.source ? "fewer than two timed stretches"
                                   : "no times, step times or training time",
            err);
    }
    fill_levels(input, &levels);
    if (levels.count < BINS_MIN) {
        return km_card_add_absent(
            card, "speed.change", "", "1", KM_FIGURE_INSUFFICIENT,
            km_arena_printf(card->arena, "fewer than %d timed stretches",
                            BINS_MIN),
            err);
    }
    km_change_options_init(&options);
    options.difference_min = log(1.05);
    size_t count =
        km_change_find(levels.value, levels.count, &options, scratch, changes);
    return add(input, &levels, changes, count, card, err);
}
