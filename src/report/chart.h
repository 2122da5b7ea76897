/* chart.h - what one chart shows, before it is drawn in letters or in SVG.
 *
 * A scorecard's curves become charts: one question each. The vertical range
 * follows what happens after the first steps, because the first loss values
 * would flatten everything else; a chart that is cut says so.
 * Ownership: borrows the scorecard. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_CHART_H
#define KM_REPORT_CHART_H

#include "report/ticks.h"
#include "score/figure.h"

enum { KM_CHART_CURVES_MAX = 32, KM_CHARTS_MAX = 8 };

/* How a curve is drawn; the order is the order of painting. */
enum km_ink {
    KM_INK_BAND,      /* between lo and hi */
    KM_INK_GHOST,     /* an earlier attempt */
    KM_INK_DATA,      /* dots */
    KM_INK_VALID,     /* dots of the second series: validation */
    KM_INK_FIT,       /* the model where there is data */
    KM_INK_FORECAST,  /* the model beyond it, dashed */
    KM_INK_VALID_FIT, /* the same for validation */
    KM_INK_VALID_FORECAST,
    KM_INK_COUNT,
};

struct km_span {
    double low, high;
};

struct km_chart_curve {
    const struct km_curve *curve;
    enum km_ink ink;
};

struct km_chart {
    const char *id, *title, *unit;
    enum km_axis axis;
    struct km_chart_curve curves[KM_CHART_CURVES_MAX];
    size_t curve_count;
    const struct km_mark *marks;
    size_t mark_count;
    double target;       /* NaN: none */
    double level;        /* of bands */
    struct km_span x, y; /* what is shown */
    double cut;          /* highest value above y.high; NaN: nothing is cut */
};

/* Returns how many charts there are; those without two places to draw are left
 * out. */
size_t km_charts_of(const struct km_scorecard *card,
                    struct km_chart charts[KM_CHARTS_MAX]);

/* A fit or a forecast: drawn as a line. */
bool km_ink_is_line(enum km_ink ink);
/* Drawn dashed. */
bool km_ink_is_ahead(enum km_ink ink);
/* The unit as the vertical axis has it: "Mtok/s" where ticks are in millions.
 */
struct km_short km_chart_unit(const struct km_chart *chart);

bool km_chart_has(const struct km_chart *chart, enum km_ink ink);
const char *km_ink_word(enum km_ink ink); /* "fit" */
/* The name of the curve that has this ink, where curves are told apart by name;
 * else the ink's word. It may come from a log. */
const char *km_chart_word(const struct km_chart *chart, enum km_ink ink);
/* "step", or what else the horizontal axis counts. */
const char *km_chart_x_unit(const struct km_chart *chart);

#endif
