/* figure_view.c - rounding, signs and notes of a result. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/figure_view.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/text.h"

enum { MANY_ROWS = 9, VARIANTS_MAX = 512, PARTED_MIN = 6 };

bool km_figure_applies(const struct km_figure_result *result)
{
    bool verdict = km_figure_is_verdict(result->figure);
    return result->state != KM_FIGURE_NOT_APPLICABLE &&
           result->state != KM_FIGURE_QUIET &&
           !(verdict && result->state == KM_FIGURE_INSUFFICIENT);
}

const char *km_figure_group(const struct km_figure_result *result)
{
    if (result->state == KM_FIGURE_QUIET) {
        return "no verdict fired";
    }
    if (result->state == KM_FIGURE_INSUFFICIENT) {
        return "too early to tell";
    }
    return *result->reason ? result->reason : "not applicable";
}

const char *km_figure_id_told(const struct km_figure_result *result)
{
    bool verdict = km_figure_is_verdict(result->figure) &&
                   result->state != KM_FIGURE_NOT_APPLICABLE;
    return verdict ? strchr(result->figure->id, '.') + 1 : result->figure->id;
}

static enum km_tone tone_of(enum km_figure_state state)
{
    switch (state) {
    case KM_FIGURE_OK:
        return KM_TONE_PLAIN;
    case KM_FIGURE_WEAK:
    case KM_FIGURE_STALE:
        return KM_TONE_WATCH;
    case KM_FIGURE_CENSORED:
        return KM_TONE_ACCENT;
    case KM_FIGURE_INSUFFICIENT:
    case KM_FIGURE_NOT_APPLICABLE:
    case KM_FIGURE_QUIET:
        break;
    }
    return KM_TONE_QUIET;
}

static enum km_interval_kind interval_of(const struct km_figure_result *result)
{
    if (!isnan(result->lo) || !isnan(result->hi)) {
        return KM_INTERVAL_RANGE;
    }
    return strcmp(result->rung, "exact") == 0 ? KM_INTERVAL_EXACT
                                              : KM_INTERVAL_NONE;
}

static struct km_short with_sign(const char *sign, struct km_short number)
{
    struct km_short out;
    (void)snprintf(out.text, sizeof out.text, "%s %.44s", sign, number.text);
    return out;
}

static size_t family_length(const struct km_figure *figure)
{
    return strcspn(figure->id, ".");
}

static bool same_family(const struct km_figure *a, const struct km_figure *b)
{
    size_t len = family_length(a);
    return len == family_length(b) && memcmp(a->id, b->id, len) == 0;
}

struct km_short km_family_title(const struct km_figure *figure)
{
    static const char *const titles[][2] = {
        {"learn", "Learning"},         {"valid", "Validation"},
        {"verdict", "Verdicts"},       {"compare", "Comparison"},
        {"backtest", "Back-test"},     {"retain", "Retention"},
        {"halving", "Runs under way"}, {"quality", "Quality in production"},
    };
    struct km_short out;
    size_t len = family_length(figure);
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        if (strlen(titles[i][0]) == len &&
            memcmp(titles[i][0], figure->id, len) == 0) {
            (void)snprintf(out.text, sizeof out.text, "%s", titles[i][1]);
            return out;
        }
    }
    (void)snprintf(out.text, sizeof out.text, "%.*s",
                   (int)(len < 40 ? len : 40), figure->id);
    if (out.text[0] >= 'a' && out.text[0] <= 'z') {
        out.text[0] = (char)(out.text[0] - 'a' + 'A');
    }
    return out;
}

bool km_figures_are_many(const struct km_scorecard *card)
{
    size_t rows = 0, families = 0;
    const struct km_figure *last = NULL;
    for (size_t i = 0; i < card->count; i++) {
        if (km_figure_applies(&card->results[i])) {
            const struct km_figure *figure = card->results[i].figure;
            families += !last || !same_family(last, figure);
            last = figure;
            rows++;
        }
    }
    return rows >= MANY_ROWS && families > 1;
}

/* Variants of one figure that are names of runs share their first folders. */
static struct km_str variant_of(const struct km_scorecard *card, size_t index)
{
    const char *names[VARIANTS_MAX];
    size_t count = 0, mine = 0;
    const struct km_figure_result *result = &card->results[index];
    if (!strchr(result->variant, '/')) {
        return km_str_of(result->variant);
    }
    for (size_t i = 0; i < card->count; i++) {
        const struct km_figure_result *other = &card->results[i];
        if (other->figure != result->figure || !km_figure_applies(other)) {
            continue;
        }
        if (count == VARIANTS_MAX) {
            return km_str_of(result->variant);
        }
        mine = i == index ? count : mine;
        names[count++] = other->variant;
    }
    return count ? km_str_distinct(names, count, mine)
                 : km_str_of(result->variant);
}

/* Bytes before the last ", " of a variant; 0 without one. "cold start, not
 * calibrated" is one part. */
static size_t parts_of(const char *variant)
{
    size_t at = 0;
    for (const char *c = variant; (c = strstr(c, ", ")) != NULL; c += 2) {
        at = strncmp(c, ", not ", 6) == 0 ? at : (size_t)(c - variant);
    }
    return at;
}

/* "loss, known schedule" of a figure that has many such variants. */
static struct km_str group_of(const struct km_scorecard *card, size_t index)
{
    const struct km_figure_result *result = &card->results[index];
    size_t parted = 0;
    for (size_t i = 0; i < card->count && parted < PARTED_MIN; i++) {
        parted += card->results[i].figure == result->figure &&
                  km_figure_applies(&card->results[i]) &&
                  parts_of(card->results[i].variant) > 0;
    }
    return (struct km_str){
        result->variant, parted == PARTED_MIN ? parts_of(result->variant) : 0};
}

/* The row above, among those that are shown. */
static bool find_above(const struct km_scorecard *card, size_t index,
                       size_t *above)
{
    for (size_t i = index; i > 0; i--) {
        if (km_figure_applies(&card->results[i - 1])) {
            *above = i - 1;
            return true;
        }
    }
    return false;
}

/* A verdict that fired is not "OK": it stands, or it is over. */
static void show_verdict(struct km_figure_view *view)
{
    bool over = strcmp(view->result->rung, "over") == 0;
    view->state = over ? "OVER" : "STANDS";
    view->tone = over ? KM_TONE_PLAIN : KM_TONE_WATCH;
}

struct km_figure_view km_figure_view_of(const struct km_scorecard *card,
                                        size_t index)
{
    assert(index < card->count);
    const struct km_figure_result *result = &card->results[index];
    struct km_figure_view view = {
        .result = result,
        .has_value = isfinite(result->value),
        .value = {"--"},
        .low = {""},
        .high = {""},
        .state = km_figure_state_name(result->state),
        .note = result->reason,
        .tone = tone_of(result->state),
        .opens = true,
        .variant = variant_of(card, index),
    };
    size_t above;
    view.group = group_of(card, index);
    view.opens_group = view.group.len > 0;
    if (view.group.len) {
        view.variant = km_str_of(result->variant + view.group.len + 2);
    }
    if (find_above(card, index, &above)) {
        const struct km_figure *figure = card->results[above].figure;
        view.repeats = figure == result->figure;
        view.told =
            view.repeats && card->results[above].state == result->state &&
            strcmp(card->results[above].reason, result->reason) == 0;
        view.opens = !same_family(figure, result->figure);
        view.opens_group =
            view.group.len &&
            !(view.repeats && km_str_equal(group_of(card, above), view.group));
    }
    if (!view.has_value) {
        return view;
    }
    if (km_figure_is_verdict(result->figure)) {
        show_verdict(&view);
    }
    int decimals = km_decimals_for(result->value, result->lo, result->hi);
    if (strcmp(result->unit, "step") == 0 ||
        strcmp(result->unit, "seed") == 0) {
        decimals = 0; /* there are no parts of them */
    }
    view.value = km_show_decimals(result->value, decimals);
    if (result->state == KM_FIGURE_CENSORED) {
        view.value = with_sign(result->at_most ? "<" : ">", view.value);
    }
    view.interval = interval_of(result);
    if (view.interval == KM_INTERVAL_RANGE) {
        /* 96.5 % is not 96 % */
        double percent = 100 * result->level;
        int nines = fabs(percent - round(percent)) > 0.05 ? 1 : 0;
        if (percent > 99.9) { /* never "100.0 %": one digit more than nines */
            nines = (int)ceil(-log10(100 - percent));
        }
        (void)snprintf(view.level.text, sizeof view.level.text, "%.*f %%",
                       nines, percent);
        view.other_level =
            !isnan(result->level) && fabs(result->level - card->level) > 1e-9;
        view.low = isnan(result->lo) ? (struct km_short){""}
                                     : km_show_decimals(result->lo, decimals);
        view.high = isnan(result->hi) ? (struct km_short){""}
                                      : km_show_decimals(result->hi, decimals);
    }
    if (!*view.note && view.interval == KM_INTERVAL_RANGE) {
        view.note = result->rung;
    }
    return view;
}

const char *km_unit_shown(const char *unit)
{
    return strcmp(unit, "1") == 0 ? "" : unit;
}
