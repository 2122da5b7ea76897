/* fig_forecast.c - forecast.final and forecast.at. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/distribution.h"
#include "score/card.h"
#include "score/outlook.h"
#include "score/record.h"

/* Why this forecaster: its record on the finished runs, else its rule. */
static const char *choice_text(const struct km_path *path,
                               const struct km_decision *d,
                               struct km_arena *arena)
{
    const char *name = km_forecaster_name(d->chosen);
    if (isfinite(d->rel)) {
        return km_arena_printf(
            arena,
            "%s: error %.2f of that of the last value on %zu finished "
            "configurations%s",
            name, d->rel, d->rel_groups,
            d->chosen == d->usual ? "" : ", clearly better than the usual one");
    }
    return km_arena_printf(
        arena,
        "%s: the usual one for a rate that is %s; %zu finished runs "
        "beside it",
        name,
        d->regime == KM_REGIME_CONSTANT   ? "constant"
        : d->regime == KM_REGIME_DECAYING ? "known to fall"
                                          : "not known",
        path->history_runs);
}

static const char *const reach_down =
    "the interval of a cold start reaches further towards improvement: a "
    "falling learning rate may still help";

static void add_evidence(const struct km_score_input *input,
                         const struct km_curve_input *curve,
                         const struct km_decision *d,
                         struct km_evidence *evidence)
{
    struct km_arena *arena = input->arena;
    const struct km_path *path = curve->path;
    km_evidence_add(evidence,
                    km_arena_printf(arena, "metric: %s", curve->track->name));
    km_evidence_add(
        evidence, km_arena_printf(arena, "horizon: %s", input->horizon_source));
    km_evidence_add(
        evidence, km_arena_printf(
                      arena, "learning rate: %s%s%s", path->run->plan_source,
                      path->run->plan_problem ? "; " : "",
                      path->run->plan_problem ? path->run->plan_problem : ""));
    if (d) {
        km_evidence_add(evidence, choice_text(path, d, arena));
    }
    if (d && d->rung == KM_RUNG_COLD && d->regime == KM_REGIME_UNKNOWN) {
        km_evidence_add(evidence, reach_down);
    }
    if (curve->masked) {
        km_evidence_add(evidence,
                        km_arena_printf(arena, "%zu points of spikes left out",
                                        curve->masked));
    }
}

/* No forecaster beats "nothing changes" on what has finished. */
static enum km_code add_off(const char *id, const char *variant,
                            const struct km_curve_input *curve,
                            const struct km_decision *d,
                            struct km_scorecard *card, struct km_err *err)
{
    const char *reason =
        d && d->off
            ? km_arena_printf(card->arena,
                              "switched off: on %zu finished configurations no "
                              "forecaster beats the last value here",
                              d->rel_groups)
            : "beyond the planned last step";
    return km_card_add_absent(card, id, variant, curve->unit,
                              KM_FIGURE_INSUFFICIENT, reason, err);
}

static enum km_code add_forecast(const struct km_score_input *input,
                                 const struct km_curve_input *curve,
                                 const char *id, const char *variant, double x,
                                 struct km_scorecard *card, struct km_err *err)
{
    const struct km_path *path = curve->path;
    const struct km_decision *d = km_path_decision(path, x);
    if (!d || !isfinite(d->value)) {
        return add_off(id, variant, curve, d, card, err);
    }
    struct km_estimate e = km_outlook_at(curve, x);
    struct km_figure_result result = km_result_new(id, variant, curve->unit);
    result.better = curve->sign < 0 ? KM_BETTER_HIGHER : KM_BETTER_LOWER;
    result.value = e.value;
    result.lo = e.lo;
    result.hi = e.hi;
    result.level = path->level;
    result.method = km_arena_printf(card->arena, "%s, last %.0f %% of steps",
                                    km_forecaster_name(d->chosen),
                                    100 * (1 - curve->window));
    result.rung = km_decision_rung(d, card->arena);
    result.window_from = curve->window_from;
    result.window_to = curve->x_now;
    result.n = curve->window_count;
    result.n_eff = curve->pow3.n_eff / (double)curve->bins.count *
                   (double)curve->window_count;
    bool calibrated = d->rung == KM_RUNG_CROSS_RUN;
    result.state = calibrated ? KM_FIGURE_OK : KM_FIGURE_WEAK;
    result.reason =
        km_arena_printf(card->arena, "at step %.0f; %s", x, result.rung);
    struct km_evidence evidence = {0};
    add_evidence(input, curve, d, &evidence);
    return km_card_add(card, result, &evidence, err);
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
    if (!curve->path) {
        return km_card_add_absent(
            card, id, variant, curve->unit, KM_FIGURE_NOT_APPLICABLE,
            km_arena_printf(card->arena,
                            "%s, step %.0f: --horizon STEP looks "
                            "further",
                            curve->no_path, input->x_now),
            err);
    }
    return add_forecast(input, curve, id, variant, input->horizon, card, err);
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

KM_FIGURE_COMPUTE(km_compute_forecast_at)
{
    const char *id = "forecast.at";
    const struct km_curve_input *curve =
        input->valid.track ? &input->valid : &input->learn;
    const char *unit = curve->unit ? curve->unit : "nat";
    if (input->at_count && !curve->track) {
        return km_card_add_absent(card, id, "", unit, KM_FIGURE_NOT_APPLICABLE,
                                  "no loss, score or reward", err);
    }
    enum km_code code = KM_OK;
    for (size_t i = 0; i < input->at_count && code == KM_OK; i++) {
        const char *variant =
            km_arena_printf(card->arena, "step %.0f", input->at[i]);
        bool past = input->at[i] <= curve->x_now;
        if (!curve->path || past) {
            code = km_card_add_absent(
                card, id, variant, unit,
                curve->fitted ? KM_FIGURE_NOT_APPLICABLE
                              : KM_FIGURE_INSUFFICIENT,
                curve->path ? "the run has passed it" : curve->no_path, err);
        } else {
            code = add_forecast(input, curve, id, variant, input->at[i], card,
                                err);
        }
    }
    return code;
}

/* The record is of few independent runs: bounds of a share. */
static enum km_code add_coverage(const struct km_record *record,
                                 struct km_scorecard *card, struct km_err *err)
{
    const struct km_forecast_score *score = &record->score;
    struct km_figure_result result =
        km_result_new("forecast.skill", "coverage", "1");
    result.better = KM_BETTER_NEITHER;
    result.n = score->intervals;
    result.method =
        km_arena_printf(card->arena, "share of truths inside %.0f %% intervals",
                        100 * KM_COLD_START_LEVEL);
    if (score->intervals == 0 || !isfinite(score->covered)) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = "no interval has been resolved yet";
        return km_card_add(card, result, NULL, err);
    }
    result.value = score->covered;
    km_wilson(score->covered, (double)score->groups, 0.95, &result.lo,
              &result.hi);
    result.level = 0.95;
    result.rung = "Wilson, over configurations";
    result.state = score->groups < KM_FORECASTER_GROUPS_MIN ? KM_FIGURE_WEAK
                                                            : KM_FIGURE_OK;
    result.reason =
        km_arena_printf(card->arena, "%zu forecasts of %zu configurations",
                        score->intervals, score->groups);
    return km_card_add(card, result, NULL, err);
}

KM_FIGURE_COMPUTE(km_compute_forecast_skill)
{
    const char *id = "forecast.skill";
    const struct km_record *record = input->record;
    if (!record) {
        return km_card_add_absent(card, id, "error", "1",
                                  KM_FIGURE_NOT_APPLICABLE,
                                  "nothing is forecast", err);
    }
    if (record->resolved == 0) {
        return km_card_add_absent(
            card, id, "error", "1", KM_FIGURE_INSUFFICIENT,
            record->kept
                ? km_arena_printf(card->arena,
                                  "%zu forecasts kept, none of them has come "
                                  "due",
                                  record->kept)
                : "no forecast kept yet: km forecast keeps what it says",
            err);
    }
    const struct km_forecast_score *score = &record->score;
    struct km_figure_result result = km_result_new(id, "error", "1");
    result.value = score->rel;
    result.lo = score->rel_lo;
    result.hi = score->rel_hi;
    result.level = KM_COLD_START_LEVEL;
    result.method = "mean error over that of the last value, geometric";
    result.rung = "Student's t over configurations";
    result.n = score->forecasts;
    result.state = score->groups < KM_FORECASTER_GROUPS_MIN ? KM_FIGURE_WEAK
                                                            : KM_FIGURE_OK;
    result.reason =
        km_arena_printf(card->arena,
                        "%zu of %zu kept forecasts have come due, of %zu "
                        "configurations",
                        record->resolved, record->kept, score->groups);
    enum km_code code = km_card_add(card, result, NULL, err);
    return code ? code : add_coverage(record, card, err);
}
