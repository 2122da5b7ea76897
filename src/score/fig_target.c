/* fig_target.c - forecast.time_to_target and forecast.probability. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "score/card.h"
#include "score/outlook.h"

static const char *metric_text(const struct km_score_input *input)
{
    return km_arena_printf(input->arena, "metric: %s",
                           input->outlook.curve->track->name);
}

static void add_evidence(const struct km_score_input *input,
                         struct km_evidence *evidence)
{
    const struct km_path *path = input->outlook.curve->path;
    km_evidence_add(evidence, metric_text(input));
    if (path) {
        km_evidence_add(evidence,
                        km_arena_printf(input->arena, "learning rate: %s",
                                        path->run->plan_source));
    }
}

/* The target was passed: where, and how long it had taken. */
static enum km_code add_reached(const struct km_score_input *input,
                                struct km_scorecard *card, struct km_err *err)
{
    const struct km_outlook *outlook = &input->outlook;
    const struct km_crossing *crossing = &outlook->crossing;
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence, metric_text(input));
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

/* Why the time is only a bound. */
static const char *open_text(const struct km_score_input *input,
                             struct km_arena *arena)
{
    const struct km_curve_input *curve = input->outlook.curve;
    double floor;
    if (isfinite(input->outlook.eta.value)) {
        return km_arena_printf(arena, "upper end beyond step %.0f",
                               input->outlook.x_max);
    }
    if (km_outlook_never(curve, curve->sign * input->target, &floor)) {
        return km_arena_printf(arena,
                               "never under this model: its floor is %.4g",
                               floor * curve->sign);
    }
    return km_arena_printf(arena,
                           input->planned
                               ? "not before the planned end, step %.0f"
                               : "not before step %.0f",
                           input->outlook.x_max);
}

static enum km_code add_expected(const struct km_score_input *input,
                                 const char *variant, const char *unit,
                                 double offset, double scale,
                                 struct km_scorecard *card, struct km_err *err)
{
    const struct km_outlook *outlook = &input->outlook;
    const struct km_path *path = outlook->curve->path;
    const struct km_estimate *eta = &outlook->eta;
    struct km_figure_result result =
        km_result_new("forecast.time_to_target", variant, unit);
    bool open = isinf(eta->value);
    result.value = ((open ? outlook->x_max : eta->value) - offset) * scale;
    result.lo = isinf(eta->lo) ? (double)NAN : (eta->lo - offset) * scale;
    result.hi = isinf(eta->hi) ? (double)NAN : (eta->hi - offset) * scale;
    result.level = path->level;
    result.method = "where the forecast meets the target";
    result.rung = km_path_rung(path, card->arena);
    result.window_from = outlook->curve->window_from;
    result.window_to = outlook->curve->x_now;
    result.n = outlook->curve->window_count;
    result.state = path->live.draws.weight ? KM_FIGURE_OK : KM_FIGURE_WEAK;
    result.reason =
        km_arena_printf(card->arena, "to %g; %s", input->target, result.rung);
    if (isinf(eta->hi)) {
        result.state = KM_FIGURE_CENSORED;
        result.reason =
            km_arena_printf(card->arena, "to %g: %s; %s", input->target,
                            open_text(input, card->arena), result.rung);
    }
    struct km_evidence evidence = {0};
    add_evidence(input, &evidence);
    return km_card_add(card, result, &evidence, err);
}

/* Nothing more is to come and it was not reached. */
static enum km_code add_missed(const struct km_score_input *input,
                               struct km_scorecard *card, struct km_err *err)
{
    struct km_figure_result result =
        km_result_new("forecast.time_to_target", "step", "step");
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence, metric_text(input));
    result.value = input->outlook.curve->x_now;
    result.method = "observed";
    result.rung = "exact";
    result.state = KM_FIGURE_CENSORED;
    result.reason =
        km_arena_printf(card->arena,
                        "%g was not reached by the end; --horizon STEP looks "
                        "further",
                        input->target);
    return km_card_add(card, result, &evidence, err);
}

/* What both figures say when there is nothing to forecast; false: there is. */
static bool settle_absent(const struct km_score_input *input, const char *id,
                          const char *variant, const char *unit,
                          struct km_scorecard *card, enum km_code *code,
                          struct km_err *err)
{
    const struct km_curve_input *curve = input->outlook.curve;
    const char *reason = isnan(input->target)
                             ? "no target given: --target VALUE"
                         : !curve || !curve->track ? "no loss, score or reward"
                                                   : NULL;
    if (reason) {
        *code = km_card_add_absent(card, id, variant, unit,
                                   KM_FIGURE_NOT_APPLICABLE, reason, err);
    } else if (!input->outlook.crossing.reached && !curve->fitted) {
        *code = km_card_add_absent(card, id, variant, unit,
                                   KM_FIGURE_INSUFFICIENT, curve->problem, err);
        reason = curve->problem;
    }
    return reason != NULL;
}

KM_FIGURE_COMPUTE(km_compute_time_to_target)
{
    const struct km_outlook *outlook = &input->outlook;
    enum km_code code;
    if (settle_absent(input, "forecast.time_to_target", "step", "step", card,
                      &code, err)) {
        return code;
    }
    if (outlook->crossing.reached) {
        return add_reached(input, card, err);
    }
    if (!outlook->curve->path) {
        return add_missed(input, card, err);
    }
    code = add_expected(input, "step", "step", 0, 1, card, err);
    const struct km_rate *wall = &input->axes.rate[KM_AXIS_SECOND];
    const struct km_rate *active = &input->axes.rate[KM_AXIS_ACTIVE];
    const struct km_rate *clock = wall->known ? wall : active;
    if (code == KM_OK && clock->known) {
        code = add_expected(input, "time left", "h", outlook->curve->x_now,
                            clock->per_step / 3600, card, err);
    }
    return code;
}

KM_FIGURE_COMPUTE(km_compute_probability)
{
    const char *id = "forecast.probability";
    const struct km_outlook *outlook = &input->outlook;
    const struct km_path *path = outlook->curve ? outlook->curve->path : NULL;
    enum km_code code;
    if (settle_absent(input, id, "", "1", card, &code, err)) {
        return code;
    }
    struct km_figure_result result = km_result_new(id, "", "1");
    struct km_evidence evidence = {0};
    add_evidence(input, &evidence);
    result.rung = "exact";
    result.method = "observed";
    if (outlook->crossing.reached) {
        result.value = 1;
        result.reason = km_arena_printf(card->arena,
                                        "%g was reached at step "
                                        "%.0f",
                                        input->target, outlook->crossing.x);
    } else if (!path) {
        result.value = 0;
        result.reason = km_arena_printf(
            card->arena, "%g was not reached by the end", input->target);
    } else {
        result.value = km_path_chance(
            path, outlook->curve->sign * input->target, input->horizon);
        result.method = "share of paths of the forecast at or beyond it";
        result.rung = km_path_rung(path, card->arena);
        result.state = path->live.draws.weight ? KM_FIGURE_OK : KM_FIGURE_WEAK;
        result.reason =
            km_arena_printf(card->arena, "to reach %g by step %.0f; %s",
                            input->target, input->horizon, result.rung);
    }
    return km_card_add(card, result, &evidence, err);
}
