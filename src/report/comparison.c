/* comparison.c - a walk over the results of several cards, each row once. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/comparison.h"

#include <math.h>
#include <string.h>

#include "report/text.h"

enum { NAMES_MAX = 256 };

static bool same_row(const struct km_figure_result *a,
                     const struct km_figure_result *b)
{
    return a->figure == b->figure && strcmp(a->variant, b->variant) == 0 &&
           strcmp(a->unit, b->unit) == 0;
}

static bool has_value(const struct km_figure_result *result)
{
    return isfinite(result->value);
}

/* True when a card before this one, or this one before `index`, shows it. */
static bool seen_before(const struct km_scorecard *cards, size_t card,
                        size_t index)
{
    const struct km_figure_result *result = &cards[card].results[index];
    for (size_t c = 0; c <= card; c++) {
        size_t end = c == card ? index : cards[c].count;
        for (size_t i = 0; i < end; i++) {
            const struct km_figure_result *other = &cards[c].results[i];
            if (has_value(other) && same_row(other, result)) {
                return true;
            }
        }
    }
    return false;
}

static size_t order_of(const struct km_figure *figure)
{
    size_t count = km_figure_count();
    for (size_t i = 0; i < count; i++) {
        if (km_figure_at(i) == figure) {
            return i;
        }
    }
    return count; /* of no registry */
}

static bool comes_before(const struct km_comparison_row *a,
                         const struct km_comparison_row *b)
{
    return a->order != b->order ? a->order < b->order
           : a->card != b->card ? a->card < b->card
                                : a->index < b->index;
}

bool km_comparison_next(const struct km_scorecard *cards, size_t count,
                        struct km_comparison_row *row)
{
    struct km_comparison_row next = {0};
    for (size_t card = 0; card < count; card++) {
        for (size_t index = 0; index < cards[card].count; index++) {
            const struct km_figure_result *result = &cards[card].results[index];
            if (!has_value(result)) {
                continue;
            }
            struct km_comparison_row here = {
                result->figure, result->variant,
                result->unit,   order_of(result->figure),
                card,           index};
            if ((!row->figure || comes_before(row, &here)) &&
                (!next.figure || comes_before(&here, &next)) &&
                !seen_before(cards, card, index)) {
                next = here;
            }
        }
    }
    *row = next;
    return next.figure != NULL;
}

size_t km_comparison_first(const struct km_scorecard *cards, size_t count)
{
    if (count < 2 || cards[0].run_id != 0) {
        return 0;
    }
    for (size_t i = 0; i < cards[0].count; i++) {
        for (size_t c = 1; c < count; c++) {
            for (size_t k = 0; k < cards[c].count; k++) {
                if (same_row(&cards[0].results[i], &cards[c].results[k])) {
                    return 0;
                }
            }
        }
    }
    return 1;
}

struct km_str km_comparison_name(const struct km_scorecard *cards, size_t count,
                                 size_t index)
{
    const char *names[NAMES_MAX];
    for (size_t c = 0; c < count && count <= NAMES_MAX; c++) {
        names[c] = cards[c].run_name;
    }
    return count <= NAMES_MAX ? km_str_distinct(names, count, index)
                              : km_str_of(cards[index].run_name);
}

bool km_comparison_view(const struct km_scorecard *card,
                        const struct km_comparison_row *row,
                        struct km_figure_view *view)
{
    for (size_t i = 0; i < card->count; i++) {
        const struct km_figure_result *result = &card->results[i];
        if (result->figure == row->figure &&
            strcmp(result->variant, row->variant) == 0 &&
            strcmp(result->unit, row->unit) == 0) {
            *view = km_figure_view_of(card, i);
            return true;
        }
    }
    return false;
}
