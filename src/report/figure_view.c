/* figure_view.c - rounding, signs and notes of a result. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/figure_view.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

bool km_figure_applies(const struct km_figure_result *result)
{
    return result->state != KM_FIGURE_NOT_APPLICABLE;
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
    };
    for (size_t i = index; i > 0 && !view.repeats; i--) {
        if (km_figure_applies(&card->results[i - 1])) {
            view.repeats = card->results[i - 1].figure == result->figure;
            break;
        }
    }
    if (!view.has_value) {
        return view;
    }
    int decimals = km_decimals_for(result->value, result->lo, result->hi);
    if (strcmp(result->unit, "step") == 0 ||
        strcmp(result->unit, "seed") == 0) {
        decimals = 0; /* there are no parts of them */
    }
    view.value = km_show_decimals(result->value, decimals);
    if (result->state == KM_FIGURE_CENSORED) {
        view.value = with_sign(">", view.value);
    }
    view.interval = interval_of(result);
    if (view.interval == KM_INTERVAL_RANGE) {
        /* 96.5 % is not 96 % */
        double percent = 100 * result->level;
        (void)snprintf(view.level.text, sizeof view.level.text, "%.*f %%",
                       fabs(percent - round(percent)) > 0.01 ? 1 : 0, percent);
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
