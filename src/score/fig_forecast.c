/* fig_forecast.c - forecast.final and forecast.time_to_target. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "score/card.h"
#include "score/outlook.h"

static void add_schedule(const struct km_score_input *input,
                         struct km_evidence *evidence)
{
    static const char *const words[] = {
        [KM_SCHEDULE_UNKNOWN] =
            "learning-rate schedule not known: the interval reaches further "
            "towards improvement",
        [KM_SCHEDULE_CONSTANT_SO_FAR] =
            "learning rate constant so far, what comes is not known: the "
            "interval reaches further towards improvement",
        [KM_SCHEDULE_CONSTANT] = "constant learning rate, from the config",
        [KM_SCHEDULE_DECAYING] =
            "the learning rate decays and this model does not know it: "
            "forecasts of a loss are biased high, the interval reaches further "
            "down",
    };
    km_evidence_add(evidence, words[input->schedule]);
}

static enum km_code add_final(const struct km_score_input *input,
                              const struct km_curve_input *curve,
                              const char *variant, struct km_scorecard *card,
                              struct km_err *err)
{
    const char *id = "forecast.final";
    if (!curve->fitted) {
        return km_card_add_absent(card, id, variant, curve->unit,
                                  KM_FIGURE_INSUFFICIENT, curve->problem, err);
    }
    if (input->at_end) {
        return km_card_add_absent(
            card, id, variant, curve->unit, KM_FIGURE_NOT_APPLICABLE,
            km_arena_printf(card->arena,
                            "the run is at its end, step %.0f: --horizon STEP "
                            "looks further",
                            input->x_now),
            err);
    }
    struct km_estimate e = km_outlook_at(curve, input->horizon);
    struct km_figure_result result = km_result_new(id, variant, curve->unit);
    result.better = curve->sign < 0 ? KM_BETTER_HIGHER : KM_BETTER_LOWER;
    result.value = e.value;
    result.lo = e.lo;
    result.hi = e.hi;
    result.level = KM_COLD_START_LEVEL;
    result.method = km_arena_printf(
        card->arena, "mean of pow3 and invlog3, last %.0f %% of steps",
        100 * (1 - curve->window));
    result.rung = "cold start, not calibrated";
    result.window_from = curve->window_from;
    result.window_to = curve->x_now;
    result.n = curve->window_count;
    result.n_eff = curve->pow3.n_eff / (double)curve->bins.count *
                   (double)curve->window_count;
    result.state = KM_FIGURE_WEAK;
    result.reason =
        km_arena_printf(card->arena, "at step %.0f; cold start, not calibrated",
                        input->horizon);
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence, km_arena_printf(card->arena, "metric: %s",
                                               curve->track->name));
    km_evidence_add(&evidence, km_arena_printf(card->arena, "horizon: %s",
                                               input->horizon_source));
    add_schedule(input, &evidence);
    return km_card_add(card, result, &evidence, err);
}

KM_FIGURE_COMPUTE(km_compute_forecast_final)
{
    bool two = input->valid.track && input->valid.track != input->learn.track;
    enum km_code code = KM_OK;
    if (!input->learn.track && !input->valid.track) {
        return km_card_add_absent(card, "forecast.final", "", "nat",
                                  KM_FIGURE_NOT_APPLICABLE,
                                  "no loss, score or reward", err);
    }
    if (input->valid.track) {
        code = add_final(input, &input->valid, "validation", card, err);
    }
    if (code == KM_OK && (two || !input->valid.track)) {
        code = add_final(input, &input->learn, "training", card, err);
    }
    return code;
}

/* The target was passed: where, and how long it had taken. */
static enum km_code add_reached(const struct km_score_input *input,
                                struct km_scorecard *card, struct km_err *err)
{
    const struct km_outlook *outlook = &input->outlook;
    const struct km_crossing *crossing = &outlook->crossing;
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence, km_arena_printf(card->arena, "metric: %s",
                                               outlook->curve->track->name));
    struct km_figure_result result =
        km_result_new("forecast.time_to_target", "step", "step");
    result.value = crossing->x;
    result.lo = crossing->after;
    result.hi = crossing->until;
    result.level = 1;
    result.method = "observed, interpolated in ln x";
    result.rung = "exact";
    result.n = outlook->curve->count;
    result.reason =
        km_arena_printf(card->arena, "%g was reached", input->target);
    if (!crossing->confirmed) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "reached by the last observation only";
    }
    enum km_code code = km_card_add(card, result, &evidence, err);
    if (code != KM_OK || !isfinite(outlook->reached_after_s)) {
        return code;
    }
    struct km_figure_result time =
        km_result_new("forecast.time_to_target", "training time", "min");
    time.value = outlook->reached_after_s / 60;
    time.method = "training time at that step";
    time.rung = "exact";
    time.state = result.state;
    time.reason = result.reason;
    km_evidence_add(&evidence, input->timeline.source);
    return km_card_add(card, time, &evidence, err);
}

static enum km_code add_expected(const struct km_score_input *input,
                                 const char *variant, const char *unit,
                                 double offset, double scale,
                                 struct km_scorecard *card, struct km_err *err)
{
    const struct km_outlook *outlook = &input->outlook;
    const struct km_time_to_target *eta = &outlook->eta;
    struct km_figure_result result =
        km_result_new("forecast.time_to_target", variant, unit);
    bool open = isinf(eta->x);
    result.value = ((open ? outlook->x_max : eta->x) - offset) * scale;
    result.lo = isinf(eta->early) ? (double)NAN : (eta->early - offset) * scale;
    result.hi = isinf(eta->late) ? (double)NAN : (eta->late - offset) * scale;
    result.level = KM_COLD_START_LEVEL;
    result.method = "inverse of the mean of pow3 and invlog3";
    result.rung = "cold start, not calibrated";
    result.window_from = outlook->curve->window_from;
    result.window_to = outlook->curve->x_now;
    result.n = outlook->curve->window_count;
    result.state = KM_FIGURE_WEAK;
    result.reason = km_arena_printf(
        card->arena, "to %g; cold start, not calibrated", input->target);
    if (open || isinf(eta->late)) {
        result.state = KM_FIGURE_CENSORED;
        result.reason =
            eta->never
                ? km_arena_printf(card->arena,
                                  "never under this model: its floor is %.4g",
                                  eta->floor * outlook->curve->sign)
            : open
                ? km_arena_printf(card->arena, "not before step %.0f",
                                  outlook->x_max)
                : km_arena_printf(card->arena,
                                  "upper end beyond step %.0f; cold start, not "
                                  "calibrated",
                                  outlook->x_max);
    }
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence, km_arena_printf(card->arena, "metric: %s",
                                               outlook->curve->track->name));
    add_schedule(input, &evidence);
    return km_card_add(card, result, &evidence, err);
}

KM_FIGURE_COMPUTE(km_compute_time_to_target)
{
    const char *id = "forecast.time_to_target";
    const struct km_outlook *outlook = &input->outlook;
    if (isnan(input->target)) {
        return km_card_add_absent(card, id, "step", "step",
                                  KM_FIGURE_NOT_APPLICABLE,
                                  "no target given: --target VALUE", err);
    }
    if (!outlook->curve || !outlook->curve->track) {
        return km_card_add_absent(card, id, "step", "step",
                                  KM_FIGURE_NOT_APPLICABLE,
                                  "no loss, score or reward", err);
    }
    if (outlook->crossing.reached) {
        return add_reached(input, card, err);
    }
    if (!outlook->curve->fitted) {
        return km_card_add_absent(card, id, "step", "step",
                                  KM_FIGURE_INSUFFICIENT,
                                  outlook->curve->problem, err);
    }
    enum km_code code = add_expected(input, "step", "step", 0, 1, card, err);
    const struct km_rate *wall = &input->axes.rate[KM_AXIS_SECOND];
    const struct km_rate *active = &input->axes.rate[KM_AXIS_ACTIVE];
    const struct km_rate *clock = wall->known ? wall : active;
    if (code == KM_OK && clock->known) {
        code = add_expected(input, "time left", "h", outlook->curve->x_now,
                            clock->per_step / 3600, card, err);
    }
    return code;
}
