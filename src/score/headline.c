/* headline.c - the run in one sentence, from figures that stand. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "score/curve_input.h"
#include "score/finding.h"

static bool stands(const struct km_figure_result *result)
{
    return result &&
           (result->state == KM_FIGURE_OK || result->state == KM_FIGURE_WEAK);
}

/* "0.0184 nat/Mtok [0.0158, 0.0236]", rounded as tables round it */
static const char *number_text(struct km_arena *arena,
                               const struct km_figure_result *result)
{
    const char *unit = strcmp(result->unit, "1") == 0 ? "" : result->unit;
    const char *gap = *unit ? " " : "";
    int decimals = km_decimals_for(result->value, result->lo, result->hi);
    if (decimals < 0) {
        return km_arena_printf(arena, "%.3g%s%s", result->value, gap, unit);
    }
    if (isfinite(result->lo) && isfinite(result->hi)) {
        return km_arena_printf(arena, "%.*f%s%s [%.*f, %.*f]", decimals,
                               result->value, gap, unit, decimals, result->lo,
                               decimals, result->hi);
    }
    return km_arena_printf(arena, "%.*f%s%s", decimals, result->value, gap,
                           unit);
}

static const char *velocity_text(const struct km_score_input *input,
                                 struct km_scorecard *card)
{
    bool of_late;
    const struct km_figure_result *velocity =
        km_card_leading_velocity(card, NULL, &of_late);
    const char *name = input->learn.track ? input->learn.track->name : "";
    if (!velocity) {
        const struct km_figure_result *any =
            km_card_find(card, "learn.velocity", NULL);
        return km_arena_printf(
            card->arena, "not enough data: %s%s",
            any ? any->reason : "no metric",
            input->learn.track
                ? ""
                : "; `km metrics` and `km evals` list what was logged");
    }
    if (!(velocity->value > 0)) {
        return km_arena_printf(card->arena,
                               "%s shows no improvement in the last %.0f %% of "
                               "steps",
                               name, 100 * (1 - input->learn.window));
    }
    const struct km_figure_result *local =
        km_card_find(card, "learn.velocity_local", "per step");
    if (input->steepened > 1 && stands(local)) {
        return km_arena_printf(card->arena,
                               "%s improves by %s, of late %.1f times as fast "
                               "as its fitted curve",
                               name, number_text(card->arena, local),
                               input->steepened);
    }
    bool weak = isfinite(velocity->lo) && velocity->lo <= 0;
    return km_arena_printf(
        card->arena,
        weak ? "%s may be improving by %s%s, but zero is not "
               "excluded"
             : "%s improves by %s%s",
        name, number_text(card->arena, velocity), of_late ? " of late" : "");
}

/* What a run that is at its end came to. */
static const char *end_text(const struct km_score_input *input,
                            struct km_arena *arena, const char *text)
{
    const struct km_curve_input *curve =
        input->valid.track ? &input->valid : &input->learn;
    if (!curve->count) {
        return text;
    }
    double last = curve->sign * km_curve_last(curve);
    double best = INFINITY;
    for (size_t i = 0; i < curve->count; i++) {
        best = fmin(best, curve->y[i]);
    }
    if (curve == &input->valid && curve->y[curve->count - 1] <= best) {
        return km_arena_printf(arena, "%s; the run is at its end", text);
    }
    int decimals = km_decimals_for(last, NAN, NAN);
    return km_arena_printf(arena, "%s; at its end, step %.0f, %s is %.*f %s",
                           text, input->x_now, curve->track->name,
                           decimals < 0 ? 6 : decimals, last, curve->unit);
}

/* A card of forecasts only: the last one, where it stands from, the chance. */
static const char *forecast_text(const struct km_score_input *input,
                                 struct km_scorecard *card)
{
    struct km_arena *arena = card->arena;
    const struct km_figure_result *final =
        km_card_find(card, "forecast.final", NULL);
    const struct km_figure_result *chance =
        km_card_find(card, "forecast.probability", NULL);
    if (!stands(final)) {
        return km_arena_printf(arena, "no forecast: %s",
                               final ? final->reason : "no metric");
    }
    const char *text =
        km_arena_printf(arena, "%s forecast %s at step %.0f (%.0f %%, %s)",
                        final->variant, number_text(arena, final),
                        input->horizon, 100 * final->level, final->rung);
    return stands(chance)
               ? km_arena_printf(arena, "%s; chance of %g by then %.2f", text,
                                 input->target, chance->value)
               : text;
}

/* The gravest verdict that stands comes first: "Diverged since step 812: ...".
 */
static const char *verdict_text(struct km_scorecard *card, const char *text)
{
    const char *word = NULL;
    const struct km_figure_result *on = km_finding_gravest(card, &word);
    if (on && word) {
        return km_arena_printf(card->arena, "%s since step %.0f: %s", word,
                               on->value, text);
    }
    return text;
}

/* What a validation metric that turned has come to. */
static const char *now_text(const struct km_score_input *input,
                            struct km_scorecard *card)
{
    const struct km_curve_input *valid = &input->valid;
    if (!km_finding_on(card, "verdict.overfitting") || !valid->count) {
        return "";
    }
    double now = valid->sign * valid->y[valid->count - 1];
    int decimals = km_decimals_for(now, NAN, NAN);
    const char *text = km_arena_printf(card->arena, ", now %.*f",
                                       decimals < 0 ? 6 : decimals, now);
    return text ? text : "";
}

/* A whole card: velocity, throughput, the best and the last or final value. */
static const char *whole_text(const struct km_score_input *input,
                              struct km_scorecard *card)
{
    struct km_arena *arena = card->arena;
    const char *text = velocity_text(input, card);
    const struct km_figure_result *speed = NULL;
    static const char *const variants[] = {"tokens", "samples", "steps"};
    for (size_t i = 0; i < 3 && !stands(speed); i++) {
        speed = km_card_find(card, "speed.throughput", variants[i]);
    }
    if (text && stands(speed)) {
        text = km_arena_printf(arena, "%s, at %s", text,
                               number_text(arena, speed));
    }
    const struct km_figure_result *best =
        km_card_find(card, "valid.best", NULL);
    if (text && stands(best)) {
        text = km_arena_printf(arena, "%s; best validation %s %s%s", text,
                               number_text(arena, best), best->reason,
                               now_text(input, card));
    }
    text = text ? verdict_text(card, text) : NULL;
    const struct km_figure_result *final =
        km_card_find(card, "forecast.final", NULL);
    if (text && input->at_end) {
        return end_text(input, arena, text);
    }
    if (text && stands(final)) {
        bool cold = strncmp(final->rung, "cold start", 10) == 0;
        text = km_arena_printf(arena, "%s; %s forecast %s at step %.0f%s%s",
                               text, final->variant, number_text(arena, final),
                               input->horizon,
                               input->planned ? "" : " if it goes on like this",
                               cold ? ", not calibrated" : "");
    }
    return text;
}

KM_FIGURE_COMPUTE(km_card_headline)
{
    const char *text = input->options->family ? forecast_text(input, card)
                                              : whole_text(input, card);
    char *sentence = text ? km_arena_printf(card->arena, "%s.", text) : NULL;
    if (!sentence) {
        return km_fail(err, KM_ELIMIT,
                       "the scorecard does not fit the memory allowed for one "
                       "command");
    }
    if (sentence[0] >= 'a' && sentence[0] <= 'z' &&
        strncmp(sentence, "not ", 4) == 0) {
        sentence[0] = (char)(sentence[0] - 32);
    }
    card->headline = sentence;
    return KM_OK;
}
