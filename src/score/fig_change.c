/* fig_change.c - speed.change: where steps began to take longer, or shorter. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "measure/change.h"
#include "measure/robust.h"
#include "score/card.h"

enum { BINS = 120, BINS_MIN = 20, FINE = 600, WATCHED = 25, QUIET_MIN = 50 };
static const double SLOW = 3;              /* medians: a stall, no level */
static const double LASTING = 0.048790164; /* ln 1.05 */

struct levels {
    double at[FINE];    /* last step of the bin */
    double value[FINE]; /* ln of seconds a step */
    size_t count;
};

/* Where bin `b` begins; of many stretches at a block of sums, so that few have
 * to be visited. */
static size_t edge_of(size_t count, size_t bins, size_t b)
{
    size_t edge = b * count / bins;
    bool many = count / bins >= 4 * KM_STRETCHES_BLOCK;
    return many && b < bins ? edge - edge % KM_STRETCHES_BLOCK : edge;
}

/* Neighbouring stretches in equal numbers, stalls left out. */
static void fill_levels(const struct km_score_input *input, size_t most_bins,
                        struct levels *out)
{
    const struct km_timeline *line = &input->timeline;
    double most = SLOW * input->throughput.median;
    size_t bins = line->count < most_bins ? line->count : most_bins;
    out->count = 0;
    for (size_t b = 0; b < bins; b++) {
        double steps = 0, seconds = 0;
        size_t end = edge_of(line->count, bins, b + 1);
        for (size_t i = edge_of(line->count, bins, b); i < end;) {
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

/* What has changed so lately that no test would split it off: a CUSUM over the
 * last bins, against what was usual from step `from` on. Its scale is never so
 * small that less than LASTING adds up. False: nothing. */
static bool find_latest(const struct levels *fine, double from,
                        struct km_change *out)
{
    double quiet[FINE], spare[FINE];
    size_t n = 0, end = fine->count - WATCHED;
    for (size_t i = 0; i < end; i++) {
        if (fine->at[i] > from) {
            quiet[n++] = fine->value[i];
        }
    }
    if (n < QUIET_MIN) {
        return false;
    }
    struct km_cusum cusum;
    double usual = km_median(quiet, n);
    double spread = KM_MAD_TO_SIGMA * km_mad(quiet, n, usual, spare);
    km_cusum_init(&cusum, usual, fmax(spread, 2 * LASTING));
    int alarm = 0;
    for (size_t i = end; i < fine->count; i++) {
        size_t up = (size_t)cusum.since_up, down = (size_t)cusum.since_down;
        int side = km_cusum_add(&cusum, fine->value[i]);
        if (side && side != alarm) {
            alarm = side;
            out->index = i - (side > 0 ? up : down);
        }
    }
    n = alarm ? fine->count - out->index : 0;
    memcpy(spare, fine->value + fine->count - n, n * sizeof *spare);
    out->before = usual;
    out->after = n ? km_median(spare, n) : usual;
    return alarm * (out->after - usual) > LASTING;
}

static enum km_code add_latest(const struct km_score_input *input, double from,
                               struct km_scorecard *card, struct km_err *err)
{
    struct levels fine;
    struct km_change change = {0};
    fill_levels(input, FINE, &fine);
    if (fine.count < FINE || !find_latest(&fine, from, &change)) {
        return KM_OK;
    }
    struct km_figure_result result =
        km_result_new("speed.change", "latest", "1");
    double step = fine.at[change.index - 1];
    result.value = gain(&change);
    result.method = "CUSUM over bins (k 0.5, h 5)";
    result.window_from = step;
    result.window_to = fine.at[fine.count - 1];
    result.n = fine.count - change.index;
    result.state = KM_FIGURE_WEAK;
    result.reason = km_arena_printf(
        card->arena, "since step %.0f: too new to be called lasting", step);
    struct km_mark mark = {step, "speed",
                           km_arena_printf(card->arena, "speed %+.0f %% lately",
                                           100 * result.value)};
    enum km_code code = km_card_add_mark(card, mark, err);
    return code ? code : km_card_add(card, result, NULL, err);
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
    fill_levels(input, BINS, &levels);
    if (levels.count < BINS_MIN) {
        return km_card_add_absent(
            card, "speed.change", "", "1", KM_FIGURE_INSUFFICIENT,
            km_arena_printf(card->arena, "fewer than %d timed stretches",
                            BINS_MIN),
            err);
    }
    km_change_options_init(&options);
    options.difference_min = LASTING;
    size_t count =
        km_change_find(levels.value, levels.count, &options, scratch, changes);
    double from =
        count ? levels.at[changes[count - 1].index - 1] : (double)-INFINITY;
    enum km_code code = add(input, &levels, changes, count, card, err);
    return code ? code : add_latest(input, from, card, err);
}
