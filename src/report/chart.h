/* chart.h - what one chart shows, before it is drawn in letters or in SVG.
 *
 * A scorecard's curves become charts: one question each. The vertical range
 * follows what happens after the first steps, because the first loss values
 * would flatten everything else; a chart that is cut says so. Stacks begin at
 * zero, stairs of shares reach from zero to one, places are never cut.
 * Ownership: borrows the scorecard. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_CHART_H
#define KM_REPORT_CHART_H

#include "base/str.h"
#include "report/ticks.h"
#include "score/figure.h"

enum {
    KM_CHART_CURVES_MAX = 64,
    KM_CHARTS_MAX = 8,
    KM_CHART_SERIES = 8, /* colours of what is told apart by name */
    KM_CHART_LINES = 6,  /* named lines; more stay in the background */
    KM_CHART_NESTS = 3,  /* bands within each other */
    KM_LEGEND_MAX = 48,
};

/* How a curve is drawn; the order is the order of painting. */
enum km_ink {
    KM_INK_BAND,      /* between lo and hi, and no more */
    KM_INK_STACK,     /* an area on top of others */
    KM_INK_GHOST,     /* an earlier attempt, or one line too many */
    KM_INK_DATA,      /* dots */
    KM_INK_VALID,     /* dots of the second series: validation */
    KM_INK_FIT,       /* the model where there is data */
    KM_INK_FORECAST,  /* the model beyond it, dashed */
    KM_INK_VALID_FIT, /* the same for validation */
    KM_INK_VALID_FORECAST,
    KM_INK_SERIES, /* a line told apart by its name */
    KM_INK_PLACE,  /* a marked and labelled place */
    KM_INK_COUNT,
};

struct km_span {
    double low, high;
};

struct km_chart_curve {
    const struct km_curve *curve;
    enum km_ink ink;
    size_t series; /* of SERIES and STACK: which colour */
    size_t nest;   /* of a band: 0 is the outermost */
    double level;  /* of a band */
    bool stairs;   /* a value holds until the next */
    bool of_valid; /* belongs to validation */
    bool ahead;    /* of a place: no other beats it */
};

struct km_chart {
    const char *id, *title, *unit;
    enum km_axis axis;
    struct km_chart_curve curves[KM_CHART_CURVES_MAX];
    size_t curve_count;
    const struct km_mark *marks;
    size_t mark_count;
    double target;           /* a level that matters; NaN: none */
    const char *target_word; /* "target"; "equal" for a ratio */
    double level;            /* of bands */
    struct km_span x, y;     /* what is shown */
    bool x_log;
    size_t left_out; /* curves that are one too many */
    double cut;      /* highest value above y.high; NaN: nothing is cut */
};

/* Returns how many charts there are; those without two places to draw are left
 * out. */
size_t km_charts_of(const struct km_scorecard *card,
                    struct km_chart charts[KM_CHARTS_MAX]);

/* Places on the chart as shares of its width, from the left, and of its height,
 * from the top; outside 0..1 where the chart is cut. */
double km_chart_x(const struct km_chart *chart, double x);
double km_chart_y(const struct km_chart *chart, double y);
struct km_ticks km_chart_x_ticks(const struct km_chart *chart, size_t wanted);

/* The lower edge of a layer of a stack at its place `index`: the sum of those
 * before it. */
double km_chart_below(const struct km_chart *chart, size_t layer, size_t index);

/* A fit or a forecast: drawn as a line. */
bool km_ink_is_line(enum km_ink ink);
/* Drawn dashed. */
bool km_ink_is_ahead(enum km_ink ink);
/* Draws a band: lo and hi are there, and are no whiskers. */
bool km_chart_curve_has_band(const struct km_chart_curve *row);

/* The unit as the vertical axis has it: "Mtok/s" where ticks are in millions.
 */
struct km_short km_chart_unit(const struct km_chart *chart);

bool km_chart_has(const struct km_chart *chart, enum km_ink ink);
/* "step", or what else the horizontal axis counts: "cost, kEUR, log". */
struct km_short km_chart_x_words(const struct km_chart *chart,
                                 const char *prefix);

/* What tells the name of a named curve from the others: without the folders
 * that all begin or end with. */
struct km_str km_chart_name(const struct km_chart *chart, size_t index);

/* Signs and words, one an ink, a band and a name; places have their names
 * beside them. A name may come from a log. */
struct km_legend_entry {
    enum km_ink ink;
    size_t series, nest;
    bool of_valid;
    char text[96];
    const char *rung; /* of a band; "" when it is not said */
};
size_t km_chart_legend(const struct km_chart *chart, const char *ellipsis,
                       struct km_legend_entry legend[KM_LEGEND_MAX]);

#endif
