/* fig_speed.c - speed.throughput and speed.step_time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/robust.h"
#include "score/card.h"
#include "score/speed.h"

enum { STRETCHES_GOOD = 50 };

/* A prefix that keeps a rate between 1 and 1000. */
static double choose_prefix(double value, const char **prefix)
{
    static const struct {
        double size;
        const char *prefix;
    } rows[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    for (size_t i = 0; i < 3; i++) {
        if (value >= rows[i].size) {
            *prefix = rows[i].prefix;
            return rows[i].size;
        }
    }
    *prefix = "";
    return 1;
}

void km_speed_interval(const struct km_throughput *speed, double level,
                       struct km_figure_result *result)
{
    if (isfinite(speed->relative_se)) {
        double t = km_t_quantile(0.5 + level / 2, KM_THROUGHPUT_BLOCKS - 1);
        result->lo = result->value * exp(-t * speed->relative_se);
        result->hi = result->value * exp(t * speed->relative_se);
        result->level = level;
        result->rung = "block jackknife";
    }
}

bool km_evaluated_within(const struct km_score_input *input, double from,
                         double to)
{
    const struct km_track *valid = input->valid.track;
    if (!valid || valid == input->learn.track) {
        return false;
    }
    size_t at = km_track_find(valid, from);
    return at < valid->count && valid->step[at] <= to;
}

size_t km_checkpoints_until(const struct km_score_input *input, double step)
{
    const struct km_run_events *events = &input->events;
    size_t low = 0, high = events->checkpoint_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (events->checkpoints[middle] <= step) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool km_saved_within(const struct km_score_input *input, double from, double to)
{
    size_t until = km_checkpoints_until(input, to);
    return until && input->events.checkpoints[until - 1] >= from;
}

static const char *missing_clock(const struct km_score_input *input)
{
    return input->timeline.source ? "fewer than two timed stretches"
                                  : "no times, step times or training time";
}

static void add_evidence(const struct km_score_input *input,
                         struct km_evidence *evidence)
{
    const struct km_throughput *speed = &input->throughput;
    km_evidence_add(evidence, km_arena_printf(input->arena, "clock: %s",
                                              input->timeline.source));
    if (speed->stall_count) {
        km_evidence_add(evidence, km_arena_printf(input->arena,
                                                  "%zu stalls left out, %.3g s",
                                                  speed->stall_count,
                                                  speed->stall_seconds));
    }
    if (input->timeline.averaged) {
        km_evidence_add(evidence, "only running averages were logged");
    }
}

/* What the times behind a figure are worth. */
static void judge(const struct km_score_input *input,
                  struct km_figure_result *result)
{
    if (input->timeline.estimated) {
        result->state = KM_FIGURE_WEAK;
        result->reason = "rests on estimated times";
    } else if (input->timeline.averaged) {
        result->state = KM_FIGURE_WEAK;
        result->reason = "only running averages were logged";
    } else if (input->throughput.count < STRETCHES_GOOD) {
        result->state = KM_FIGURE_WEAK;
        result->reason = km_arena_printf(
            input->arena, "%zu timed stretches, %d make it firm",
            input->throughput.count, STRETCHES_GOOD);
    }
}

static enum km_code add_throughput(const struct km_score_input *input,
                                   enum km_axis axis, const char *variant,
                                   const char *unit, struct km_scorecard *card,
                                   struct km_err *err)
{
    const struct km_rate *rate = &input->axes.rate[axis];
    const struct km_throughput *speed = &input->throughput;
    if (!rate->known) {
        return km_card_add_absent(card, "speed.throughput", variant,
                                  km_arena_printf(card->arena, "%s/s", unit),
                                  KM_FIGURE_NOT_APPLICABLE, rate->source, err);
    }
    const char *prefix;
    double value = rate->per_step / speed->seconds_per_step;
    double size = choose_prefix(value, &prefix);
    struct km_figure_result result =
        km_result_new("speed.throughput", variant,
                      km_arena_printf(card->arena, "%s%s/s", prefix, unit));
    result.value = value / size;
    km_speed_interval(speed, card->level, &result);
    result.method = "ratio of sums without stalls";
    result.window_from = input->throughput_from;
    result.window_to = input->throughput_to;
    result.n = speed->count;
    judge(input, &result);
    struct km_evidence evidence = {0};
    add_evidence(input, &evidence);
    if (axis != KM_AXIS_STEP) {
        km_evidence_add(&evidence,
                        km_arena_printf(card->arena, "rate: %s", rate->source));
    }
    return km_card_add(card, result, &evidence, err);
}

enum km_code km_compute_throughput(const struct km_score_input *input,
                                   struct km_scorecard *card,
                                   struct km_err *err)
{
    if (!input->timed) {
        return km_card_add_absent(card, "speed.throughput", "", "step/s",
                                  KM_FIGURE_NOT_APPLICABLE,
                                  missing_clock(input), err);
    }
    enum km_code code =
        add_throughput(input, KM_AXIS_TOKEN, "tokens", "tok", card, err);
    if (code == KM_OK) {
        code = add_throughput(input, KM_AXIS_SAMPLE, "samples", "sample", card,
                              err);
    }
    if (code == KM_OK) {
        code = add_throughput(input, KM_AXIS_STEP, "steps", "step", card, err);
    }
    return code;
}

static enum km_code add_step_time(const struct km_score_input *input,
                                  const char *variant, double seconds,
                                  struct km_scorecard *card, struct km_err *err)
{
    const struct km_throughput *speed = &input->throughput;
    bool slow = speed->median >= 1;
    struct km_figure_result result =
        km_result_new("speed.step_time", variant, slow ? "s" : "ms");
    result.value = seconds * (slow ? 1 : 1000);
    result.method = speed->irregular
                        ? "seconds per step over stretches of several steps"
                        : "over logged stretches";
    result.window_from = input->throughput_from;
    result.window_to = input->throughput_to;
    result.n = speed->count;
    judge(input, &result);
    struct km_evidence evidence = {0};
    add_evidence(input, &evidence);
    return km_card_add(card, result, &evidence, err);
}

enum km_code km_compute_step_time(const struct km_score_input *input,
                                  struct km_scorecard *card, struct km_err *err)
{
    if (!input->timed) {
        return km_card_add_absent(card, "speed.step_time", "", "ms",
                                  KM_FIGURE_NOT_APPLICABLE,
                                  missing_clock(input), err);
    }
    const struct km_throughput *speed = &input->throughput;
    enum km_code code =
        add_step_time(input, "median", speed->median, card, err);
    if (code == KM_OK) {
        code = add_step_time(input, "p99", speed->p99, card, err);
    }
    /* what the subtraction of clock readings leaves is no spread */
    double mad = speed->mad > speed->median * 1e-9 ? speed->mad : 0;
    return code == KM_OK ? add_step_time(input, "MAD", mad, card, err) : code;
}
