/* comparison.h - the rows that the scorecards of several runs have in common.
 *
 * A row is a figure, its variant and unit; it is there when at least one run
 * has it with a value. Order: that of the registry, then of the cards. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_COMPARISON_H
#define KM_REPORT_COMPARISON_H

#include "report/figure_view.h"

struct km_comparison_row {
    const struct km_figure *figure; /* NULL: before the first */
    const char *variant, *unit;
    /* the iterator's place: in the registry, and where it was found first */
    size_t order, card, index;
};

/* Moves to the next row; false after the last. Begin with a zeroed row. */
bool km_comparison_next(const struct km_scorecard *cards, size_t count,
                        struct km_comparison_row *row);

/* 1 when the first card is about the others and none of them: no run's, and
 * without a row that another has. Else 0. It is not compared. */
size_t km_comparison_first(const struct km_scorecard *cards, size_t count);

/* What tells the name of a card from those of the others. */
struct km_str km_comparison_name(const struct km_scorecard *cards, size_t count,
                                 size_t index);

/* False: the run does not have it. */
bool km_comparison_view(const struct km_scorecard *card,
                        const struct km_comparison_row *row,
                        struct km_figure_view *view);

#endif
