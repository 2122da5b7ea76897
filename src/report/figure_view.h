/* figure_view.h - one result in the words that every face shows.
 *
 * Value and bounds are rounded together; a censored value carries its sign; the
 * note is the reason, or how the interval was made. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_FIGURE_VIEW_H
#define KM_REPORT_FIGURE_VIEW_H

#include "base/str.h"
#include "report/quantity.h"
#include "report/terminal.h"
#include "score/figure.h"

enum km_interval_kind {
    KM_INTERVAL_NONE,  /* the value has none, or there is no value */
    KM_INTERVAL_RANGE, /* low and high are known */
    KM_INTERVAL_EXACT, /* counted, not estimated */
};

struct km_figure_view {
    const struct km_figure_result *result;
    bool repeats; /* another variant of the figure in the row above */
    bool opens;   /* the first of its family, or of those that follow others */
    struct km_str variant; /* without the folders that all variants share */
    /* many variants of several parts, "loss, known schedule, as shown": all but
     * the last part, which `variant` then is; else "" */
    struct km_str group;
    bool opens_group; /* another group than the row above */
    bool has_value;
    struct km_short value, low, high;
    enum km_interval_kind interval;
    struct km_short level; /* of a range: "80 %", "99.6 %" */
    bool other_level;      /* not that of the card: it must be said */
    const char *state, *note;
    bool told; /* the row above is of the same figure and says state and note */
    enum km_tone tone;
};

struct km_figure_view km_figure_view_of(const struct km_scorecard *card,
                                        size_t index);

/* Has a row of its own. Figures that do not apply, and verdicts that are quiet
 * or came too early, are told in one line for each reason. */
bool km_figure_applies(const struct km_figure_result *result);

/* So many rows of several families that headings help. */
bool km_figures_are_many(const struct km_scorecard *card);
/* "Learning" of learn.velocity. */
struct km_short km_family_title(const struct km_figure *figure);

/* What figures without a row are told under: "no verdict fired", "too early to
 * tell", else the reason; and the id as it is told there: "spike". */
const char *km_figure_group(const struct km_figure_result *result);
const char *km_figure_id_told(const struct km_figure_result *result);

/* A pure number has the unit "1", which is not shown. */
const char *km_unit_shown(const char *unit);

#endif
