/* headline.c - the run in one sentence, from figures that stand. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "score/card.h"

static bool stands(const struct km_figure_result *result)
{
    return result &&
           (result->state == KM_FIGURE_OK || result->state == KM_FIGURE_WEAK);
}

/* "0.0184 nat/Mtok [0.0158, 0.0236]" */
static const char *number_text(struct km_arena *arena,
                               const struct km_figure_result *result)
{
    const char *unit = strcmp(result->unit, "1") == 0 ? "" : result->unit;
    const char *gap = *unit ? " " : "";
    if (isfinite(result->lo) && isfinite(result->hi)) {
        return km_arena_printf(arena, "%.4g%s%s [%.4g, %.4g]", result->value,
                               gap, unit, result->lo, result->hi);
    }
    return km_arena_printf(arena, "%.4g%s%s", result->value, gap, unit);
}

/* The velocity on the first axis that stands. */
static const struct km_figure_result *
find_velocity(const struct km_scorecard *card)
{
    for (size_t i = 0; i < card->count; i++) {
        const struct km_figure_result *result = &card->results[i];
        if (strcmp(result->figure->id, "learn.velocity") == 0 &&
            stands(result)) {
            return result;
        }
    }
    return NULL;
}

static const char *velocity_text(const struct km_score_input *input,
                                 struct km_scorecard *card)
{
    const struct km_figure_result *velocity = find_velocity(card);
    const char *name = input->learn.track ? input->learn.track->name : "";
    if (!velocity) {
        const struct km_figure_result *any =
            km_card_find(card, "learn.velocity", NULL);
        return km_arena_printf(card->arena, "not enough data: %s",
                               any ? any->reason : "no metric");
    }
    if (!(velocity->value > 0)) {
        return km_arena_printf(card->arena,
                               "%s shows no improvement in the last %.0f %% of "
                               "steps",
                               name, 100 * (1 - input->learn.window));
    }
    bool weak = isfinite(velocity->lo) && velocity->lo <= 0;
    return km_arena_printf(card->arena,
                           weak ? "%s may be improving by %s, but zero is not "
                                  "excluded"
                                : "%s improves by %s",
                           name, number_text(card->arena, velocity));
}

KM_FIGURE_COMPUTE(km_card_headline)
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
        text = km_arena_printf(arena, "%s; best validation %s %s", text,
                               number_text(arena, best), best->reason);
    }
    const struct km_figure_result *final =
        km_card_find(card, "forecast.final", NULL);
    if (text && stands(final)) {
        text = km_arena_printf(arena,
                               input->planned
                                   ? "%s; %s expected at step %.0f"
                                   : "%s; %s at step %.0f if it went on like "
                                     "this",
                               text, number_text(arena, final), input->horizon);
    }
    char *sentence = text ? km_arena_printf(arena, "%s.", text) : NULL;
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
