/* fig_cost.c - cost.spent, cost.rate and cost.to_target. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "score/card.h"

static const char *currency(const struct km_score_input *input)
{
    const char *given = input->options->currency;
    return given && *given ? given : "currency";
}

static enum km_code add_absent(const struct km_score_input *input,
                               const char *id, const char *unit,
                               const char *reason, struct km_scorecard *card,
                               struct km_err *err)
{
    const struct km_rate *rate = &input->axes.rate[KM_AXIS_CURRENCY];
    return km_card_add_absent(card, id, "", unit, KM_FIGURE_NOT_APPLICABLE,
                              rate->known ? reason : rate->source, err);
}

static void judge(const struct km_rate *rate, struct km_figure_result *result)
{
    if (rate->estimated && result->state == KM_FIGURE_OK) {
        result->state = KM_FIGURE_WEAK;
        result->reason = "rests on estimated times";
    }
}

KM_FIGURE_COMPUTE(km_compute_cost_spent)
{
    const struct km_rate *rate = &input->axes.rate[KM_AXIS_CURRENCY];
    if (!rate->known) {
        return add_absent(input, "cost.spent", currency(input), "", card, err);
    }
    struct km_figure_result result =
        km_result_new("cost.spent", "", currency(input));
    result.value = rate->per_step * input->x_now;
    result.method = "currency per step times steps";
    result.window_from = 0;
    result.window_to = input->x_now;
    judge(rate, &result);
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence, rate->source);
    return km_card_add(card, result, &evidence, err);
}

KM_FIGURE_COMPUTE(km_compute_cost_rate)
{
    const struct km_rate *rate = &input->axes.rate[KM_AXIS_CURRENCY];
    const struct km_rate *wall = &input->axes.rate[KM_AXIS_SECOND];
    const struct km_rate *active = &input->axes.rate[KM_AXIS_ACTIVE];
    const struct km_rate *clock = wall->known ? wall : active;
    const char *unit = km_arena_printf(card->arena, "%s/h", currency(input));
    if (!rate->known || !clock->known) {
        return add_absent(input, "cost.rate", unit, "no clock", card, err);
    }
    struct km_figure_result result = km_result_new("cost.rate", "", unit);
    result.value = rate->per_step / clock->per_step * 3600;
    result.method =
        wall->known ? "per hour of wall time" : "per hour of training time";
    judge(clock, &result);
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence, rate->source);
    return km_card_add(card, result, &evidence, err);
}

KM_FIGURE_COMPUTE(km_compute_cost_to_target)
{
    const struct km_rate *rate = &input->axes.rate[KM_AXIS_CURRENCY];
    const struct km_figure_result *target =
        km_card_find(card, "forecast.time_to_target", "step");
    bool stands = target && isfinite(target->value);
    if (!rate->known || !stands) {
        return add_absent(input, "cost.to_target", currency(input),
                          target ? target->reason : "no target", card, err);
    }
    bool reached = input->outlook.crossing.reached;
    double from = reached ? 0 : input->outlook.curve->x_now;
    struct km_figure_result result = km_result_new(
        "cost.to_target", reached ? "spent" : "to come", currency(input));
    result.value = (target->value - from) * rate->per_step;
    result.lo = (target->lo - from) * rate->per_step;
    result.hi = (target->hi - from) * rate->per_step;
    result.level = target->level;
    result.method = "steps to the target times currency per step";
    result.rung = target->rung;
    result.state = target->state;
    result.reason = target->reason;
    judge(rate, &result);
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence, rate->source);
    return km_card_add(card, result, &evidence, err);
}
