/* card.c - results, curves and marks onto the card, with the rules held. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/spell.h"

enum { VECTOR_START = 16 };

struct km_figure_result km_result_new(const char *figure_id,
                                      const char *variant, const char *unit)
{
    const struct km_figure *figure = km_figure_find(km_str_of(figure_id));
    assert(figure);
    return (struct km_figure_result){
        .figure = figure,
        .variant = variant,
        .unit = unit,
        .better = figure->better,
        .value = NAN,
        .lo = NAN,
        .hi = NAN,
        .level = NAN,
        .method = "",
        .rung = "",
        .window_axis = KM_AXIS_STEP,
        .window_from = NAN,
        .window_to = NAN,
        .n_eff = NAN,
        .state = KM_FIGURE_OK,
        .reason = "",
    };
}

void km_evidence_add(struct km_evidence *evidence, const char *text)
{
    if (text && *text && evidence->count < KM_EVIDENCE_MAX) {
        evidence->text[evidence->count++] = text;
    }
}

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the scorecard does not fit the memory allowed for one "
                   "command");
}

/* Room for one more item in a vector of the card's arena. */
static void *widen(struct km_arena *arena, void *items, size_t count,
                   size_t *cap, size_t size)
{
    if (count < *cap) {
        return items;
    }
    size_t wider = *cap ? *cap * 2 : VECTOR_START;
    void *moved = km_arena_calloc(arena, wider, size);
    if (moved && count) {
        memcpy(moved, items, count * size);
    }
    if (moved) {
        *cap = wider;
    }
    return moved;
}

static bool has_value(enum km_figure_state state)
{
    return state == KM_FIGURE_OK || state == KM_FIGURE_WEAK ||
           state == KM_FIGURE_CENSORED;
}

static void hold_rules(struct km_figure_result *result)
{
    if (has_value(result->state) && !isfinite(result->value)) {
        result->state = KM_FIGURE_INSUFFICIENT;
        result->reason = *result->reason ? result->reason
                                         : "the computation gives no number";
    }
    if (!has_value(result->state)) {
        result->value = result->lo = result->hi = result->level = NAN;
    }
    if (!isfinite(result->lo) || !isfinite(result->hi)) {
        bool open = result->state == KM_FIGURE_CENSORED;
        result->lo = open && isfinite(result->lo) ? result->lo : (double)NAN;
        result->hi = open && isfinite(result->hi) ? result->hi : (double)NAN;
        result->level = open ? result->level : (double)NAN;
    }
}

enum km_code km_card_add(struct km_scorecard *card,
                         struct km_figure_result result,
                         const struct km_evidence *evidence, struct km_err *err)
{
    size_t count = evidence ? evidence->count : 0;
    const char **texts = km_new(card->arena, const char *, count);
    card->results = widen(card->arena, card->results, card->count, &card->cap,
                          sizeof *card->results);
    if (!texts || !card->results || !result.reason || !result.method ||
        !result.unit || !result.variant || !result.rung) {
        card->count = card->results ? card->count : 0;
        return fail_full(err);
    }
    for (size_t i = 0; i < count; i++) {
        texts[i] = km_spell_numbers(evidence->text[i], card->arena);
    }
    result.reason = km_spell_numbers(result.reason, card->arena);
    result.method = km_spell_numbers(result.method, card->arena);
    if (!result.reason || !result.method) {
        return fail_full(err);
    }
    result.evidence = texts;
    result.evidence_count = count;
    hold_rules(&result);
    card->results[card->count++] = result;
    return KM_OK;
}

enum km_code km_card_add_absent(struct km_scorecard *card, const char *id,
                                const char *variant, const char *unit,
                                enum km_figure_state state, const char *reason,
                                struct km_err *err)
{
    struct km_figure_result result = km_result_new(id, variant, unit);
    result.state = state;
    result.reason = reason;
    return km_card_add(card, result, NULL, err);
}

const struct km_figure_result *km_card_find(const struct km_scorecard *card,
                                            const char *id, const char *variant)
{
    for (size_t i = 0; i < card->count; i++) {
        const struct km_figure_result *result = &card->results[i];
        if (strcmp(result->figure->id, id) == 0 &&
            (!variant || strcmp(result->variant, variant) == 0)) {
            return result;
        }
    }
    return NULL;
}

const struct km_figure_result *
km_card_leading_velocity(const struct km_scorecard *card, const char *variant,
                         bool *of_late)
{
    const struct km_figure_result *local =
        km_card_find(card, "learn.velocity_local", "per step");
    const struct km_figure_result *model = NULL;
    for (size_t i = 0; i < card->count && !model; i++) {
        const struct km_figure_result *result = &card->results[i];
        bool asked = !variant || strcmp(result->variant, variant) == 0;
        model = asked && strcmp(result->figure->id, "learn.velocity") == 0 &&
                        isfinite(result->value)
                    ? result
                    : NULL;
    }
    *of_late = local && isfinite(local->value) && isfinite(local->lo) &&
               !(model && isfinite(model->lo));
    return *of_late ? local : model;
}

enum km_code km_card_spell(struct km_scorecard *card, struct km_err *err)
{
    card->headline = km_spell_numbers(card->headline, card->arena);
    card->context = km_spell_numbers(card->context, card->arena);
    return card->headline && card->context ? KM_OK : fail_full(err);
}

enum km_code km_card_add_curve(struct km_scorecard *card, struct km_curve curve,
                               struct km_err *err)
{
    card->curves = widen(card->arena, card->curves, card->curve_count,
                         &card->curve_cap, sizeof *card->curves);
    if (!card->curves || !curve.title || !curve.x || !curve.y) {
        card->curve_count = card->curves ? card->curve_count : 0;
        return fail_full(err);
    }
    card->curves[card->curve_count++] = curve;
    return KM_OK;
}

enum km_code km_card_add_mark(struct km_scorecard *card, struct km_mark mark,
                              struct km_err *err)
{
    card->marks = widen(card->arena, card->marks, card->mark_count,
                        &card->mark_cap, sizeof *card->marks);
    if (!card->marks || !mark.text) {
        card->mark_count = card->marks ? card->mark_count : 0;
        return fail_full(err);
    }
    mark.text = km_spell_numbers(mark.text, card->arena);
    card->marks[card->mark_count++] = mark;
    if (!mark.text) {
        return fail_full(err);
    }
    return KM_OK;
}

enum km_code km_card_add_matrix(struct km_scorecard *card,
                                struct km_matrix matrix, struct km_err *err)
{
    card->matrices = widen(card->arena, card->matrices, card->matrix_count,
                           &card->matrix_cap, sizeof *card->matrices);
    if (!card->matrices || !matrix.title || !matrix.rows || !matrix.columns ||
        !matrix.value) {
        card->matrix_count = card->matrices ? card->matrix_count : 0;
        return fail_full(err);
    }
    card->matrices[card->matrix_count++] = matrix;
    return KM_OK;
}
