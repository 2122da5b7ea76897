/* chart.c - curves to charts, and the range that each deserves. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/chart.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The share of the x range whose values may be cut, so that the first moments
 * of a training do not flatten the rest. */
#define OPENING_SHARE 0.04
/* Costs that differ by more than this are drawn by powers of ten. */
#define LOG_FROM 20.0
#define PLACE_MARGIN                                                           \
    0.04 /* of the width, so that no place is at the border                    \
          */

bool km_chart_curve_has_band(const struct km_chart_curve *row)
{
    return row->ink != KM_INK_PLACE && row->curve->lo && row->curve->hi;
}

bool km_chart_has(const struct km_chart *chart, enum km_ink ink)
{
    for (size_t i = 0; i < chart->curve_count; i++) {
        const struct km_chart_curve *row = &chart->curves[i];
        if (ink == KM_INK_BAND ? km_chart_curve_has_band(row)
                               : row->ink == ink) {
            return true;
        }
    }
    return false;
}

bool km_ink_is_line(enum km_ink ink)
{
    return ink >= KM_INK_FIT && ink <= KM_INK_SERIES;
}

bool km_ink_is_ahead(enum km_ink ink)
{
    return ink == KM_INK_FORECAST || ink == KM_INK_VALID_FORECAST;
}

static bool is_kind(const struct km_curve *curve, const char *kind)
{
    return strcmp(curve->kind, kind) == 0;
}

/* 0.5 of "forecast50", NaN of any other kind. */
static double level_of_kind(const struct km_curve *curve)
{
    const char *digits = curve->kind + 8;
    if (strncmp(curve->kind, "forecast", 8) != 0 || !*digits) {
        return NAN;
    }
    char *end;
    double percent = strtod(digits, &end);
    return !*end && percent > 0 && percent < 100 ? percent / 100 : (double)NAN;
}

/* Layers of a stack stand on each other, so they need the same places. */
static bool same_places(const struct km_chart *chart,
                        const struct km_curve *curve)
{
    for (size_t i = 0; i < chart->curve_count; i++) {
        const struct km_chart_curve *row = &chart->curves[i];
        if (row->ink == KM_INK_STACK) {
            return row->curve->count == curve->count &&
                   memcmp(row->curve->x, curve->x,
                          curve->count * sizeof *curve->x) == 0;
        }
    }
    return true;
}

static enum km_ink ink_of(const struct km_chart *chart,
                          const struct km_curve *curve)
{
    bool valid = strcmp(curve->id, "valid") == 0;
    if (is_kind(curve, "ghost")) {
        return KM_INK_GHOST;
    }
    if (is_kind(curve, "fit")) {
        return valid ? KM_INK_VALID_FIT : KM_INK_FIT;
    }
    if (is_kind(curve, "forecast")) {
        return valid ? KM_INK_VALID_FORECAST : KM_INK_FORECAST;
    }
    if (isfinite(level_of_kind(curve))) {
        return KM_INK_BAND;
    }
    if (is_kind(curve, "points")) {
        return KM_INK_PLACE;
    }
    if (is_kind(curve, "stack") && same_places(chart, curve)) {
        return KM_INK_STACK;
    }
    if (is_kind(curve, "line") || is_kind(curve, "step") ||
        is_kind(curve, "stack")) {
        return KM_INK_SERIES;
    }
    if (strcmp(curve->id, "velocity") == 0) {
        return KM_INK_FIT; /* it comes from the model */
    }
    return valid ? KM_INK_VALID : KM_INK_DATA;
}

/* Validation is drawn over the training loss where both are there. */
static const char *chart_id_of(const struct km_scorecard *card,
                               const struct km_curve *curve)
{
    if (strcmp(curve->id, "valid") != 0) {
        return curve->id;
    }
    for (size_t i = 0; i < card->curve_count; i++) {
        const struct km_curve *other = &card->curves[i];
        if (strcmp(other->id, "loss") == 0 && other->axis == curve->axis &&
            strcmp(other->unit, curve->unit) == 0) {
            return other->id;
        }
    }
    return curve->id;
}

static void widen(struct km_span *span, double value)
{
    if (!isfinite(value)) {
        return;
    }
    if (!(span->low <= value)) {
        span->low = value;
    }
    if (!(span->high >= value)) {
        span->high = value;
    }
}

static void find_x(struct km_chart *chart)
{
    chart->x = (struct km_span){NAN, NAN};
    for (size_t c = 0; c < chart->curve_count; c++) {
        const struct km_curve *curve = chart->curves[c].curve;
        for (size_t i = 0; i < curve->count; i++) {
            if (isfinite(curve->y[i])) {
                widen(&chart->x, curve->x[i]);
            }
        }
    }
    struct km_span *x = &chart->x;
    if (!km_chart_has(chart, KM_INK_PLACE) || !(x->low < x->high)) {
        return;
    }
    chart->x_log = x->low > 0 && x->high / x->low > LOG_FROM;
    if (chart->x_log) {
        double room = pow(x->high / x->low, PLACE_MARGIN);
        x->low /= room;
        x->high *= room;
    } else {
        double room = PLACE_MARGIN * (x->high - x->low);
        x->low = x->low >= 0 ? fmax(x->low - room, 0) : x->low - room;
        x->high += room;
    }
}

/* From zero to the top of the highest stack, which is all of it when shares add
 * up to one or to a hundred. */
static void find_y_of_stack(struct km_chart *chart)
{
    double top = 0;
    for (size_t c = 0; c < chart->curve_count; c++) {
        const struct km_curve *curve = chart->curves[c].curve;
        for (size_t i = 0; i < curve->count; i++) {
            double below = chart->curves[c].ink == KM_INK_STACK
                               ? km_chart_below(chart, c, i)
                               : 0;
            if (isfinite(curve->y[i])) {
                top = fmax(top, below + curve->y[i]);
            }
        }
    }
    double whole = top > 2 ? 100 : 1;
    chart->y.low = 0;
    chart->y.high = fabs(top - whole) < 0.02 * whole ? whole : 1.05 * top;
}

struct ranges {
    struct km_span lines, bands, all;
};

/* Past `opening`, every value and band; whiskers of places count as values. */
static void gather(const struct km_chart *chart, double opening,
                   struct ranges *r)
{
    for (size_t c = 0; c < chart->curve_count; c++) {
        const struct km_chart_curve *row = &chart->curves[c];
        const struct km_curve *curve = row->curve;
        bool place = row->ink == KM_INK_PLACE;
        for (size_t i = 0; i < curve->count; i++) {
            widen(&r->all, curve->y[i]);
            if (curve->x[i] < opening) {
                continue;
            }
            if (row->ink != KM_INK_BAND) {
                widen(&r->lines, curve->y[i]);
            }
            widen(place ? &r->lines : &r->bands,
                  curve->lo ? curve->lo[i] : (double)NAN);
            widen(place ? &r->lines : &r->bands,
                  curve->hi ? curve->hi[i] : (double)NAN);
        }
    }
}

/* Only along a run is there an opening. */
static double opening_of(const struct km_chart *chart)
{
    for (size_t c = 0; c < chart->curve_count; c++) {
        if (chart->curves[c].curve->x_unit || chart->curves[c].stairs) {
            return -INFINITY;
        }
    }
    return chart->x.low + OPENING_SHARE * (chart->x.high - chart->x.low);
}

static bool is_share(const struct km_chart *chart, struct km_span lines)
{
    return chart->curves[0].stairs && strcmp(chart->unit, "1") == 0 &&
           lines.low >= 0 && lines.high <= 1;
}

/* A band may widen the range to at most twice what the lines need. */
static void find_y(struct km_chart *chart)
{
    struct ranges r = {{NAN, NAN}, {NAN, NAN}, {NAN, NAN}};
    if (km_chart_has(chart, KM_INK_STACK)) {
        find_y_of_stack(chart);
        return;
    }
    gather(chart, opening_of(chart), &r);
    struct km_span lines = isfinite(r.lines.low) ? r.lines : r.all;
    if (is_share(chart, lines)) {
        chart->y = (struct km_span){0, 1.02}; /* a line at 1 is seen */
        return;
    }
    widen(&lines, chart->target);
    double room = lines.high - lines.low;
    if (r.bands.low < lines.low) {
        lines.low = fmax(r.bands.low, lines.low - room / 2);
    }
    if (r.bands.high > lines.high) {
        lines.high = fmin(r.bands.high, lines.high + room / 2);
    }
    double margin = 0.06 * (lines.high - lines.low);
    if (!(lines.high - lines.low > 1e-6 * fabs(lines.high))) {
        margin = fabs(lines.high) * 0.01 + 1e-9; /* flat but for rounding */
    }
    bool from_zero = lines.low >= 0 && lines.low < 0.3 * lines.high;
    chart->y.low = from_zero ? 0 : lines.low - margin;
    chart->y.high = lines.high + margin;
    chart->cut = r.all.high > chart->y.high ? r.all.high : (double)NAN;
}

static struct km_chart *chart_for(const struct km_scorecard *card,
                                  const struct km_curve *curve,
                                  struct km_chart *charts, size_t *count)
{
    const char *id = chart_id_of(card, curve);
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(charts[i].id, id) == 0 && charts[i].axis == curve->axis) {
            return &charts[i];
        }
    }
    if (*count == KM_CHARTS_MAX) {
        return NULL;
    }
    struct km_chart *chart = &charts[(*count)++];
    bool is_loss = strcmp(id, "loss") == 0 || strcmp(id, "valid") == 0;
    bool is_ratio = strcmp(curve->unit, "x") == 0;
    *chart = (struct km_chart){
        .id = id,
        .title = curve->title,
        .unit = curve->unit,
        .axis = curve->axis,
        .marks = card->marks,
        .mark_count = card->mark_count,
        .target = is_loss    ? card->target
                  : is_ratio ? 1.0
                             : (double)NAN,
        .target_word = is_loss ? "target" : "equal",
        .level = card->level,
        .cut = NAN,
    };
    return chart;
}

/* Two bands over each other answer nothing: where validation is forecast, the
 * forecast of the training loss is not drawn. */
static void keep_one_forecast(struct km_chart *chart)
{
    if (!km_chart_has(chart, KM_INK_VALID_FORECAST)) {
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < chart->curve_count; i++) {
        const struct km_chart_curve *row = &chart->curves[i];
        bool mine = row->ink == KM_INK_FORECAST || row->ink == KM_INK_BAND;
        if (!mine || row->of_valid) {
            chart->curves[kept++] = *row;
        }
    }
    chart->curve_count = kept;
}

enum { NO_SERIES = KM_CHART_SERIES };

static bool has_series(const struct km_chart_curve *row)
{
    return row->ink == KM_INK_SERIES || row->ink == KM_INK_STACK;
}

/* The colour that a name has in a chart before this one. */
static size_t series_before(const struct km_chart *charts, size_t chart,
                            const char *name)
{
    for (size_t c = 0; c < chart && name; c++) {
        for (size_t i = 0; i < charts[c].curve_count; i++) {
            const struct km_chart_curve *row = &charts[c].curves[i];
            if (row->ink == KM_INK_SERIES && row->curve->name &&
                strcmp(row->curve->name, name) == 0) {
                return row->series;
            }
        }
    }
    return NO_SERIES;
}

/* The first colour from `from` on that nothing in the chart has. */
static size_t free_series(const struct km_chart *chart, size_t from)
{
    for (size_t series = from; series < NO_SERIES; series++) {
        bool taken = false;
        for (size_t i = 0; i < chart->curve_count; i++) {
            taken = taken || (has_series(&chart->curves[i]) &&
                              chart->curves[i].series == series);
        }
        if (!taken) {
            return series;
        }
    }
    return NO_SERIES;
}

/* A name has one colour on all charts of a card; others in the order of
 * arrival, after those that a fit and validation have. Lines beyond the palette
 * stay in the background, layers share its last colour. */
static void number_series(struct km_chart *chart, const struct km_chart *before,
                          size_t before_count)
{
    size_t first = 0;
    if (km_chart_has(chart, KM_INK_FIT) ||
        km_chart_has(chart, KM_INK_FORECAST)) {
        first = km_chart_has(chart, KM_INK_VALID) ? 2 : 1;
    }
    for (size_t i = 0; i < chart->curve_count; i++) {
        struct km_chart_curve *row = &chart->curves[i];
        if (has_series(row)) {
            row->series = series_before(before, before_count, row->curve->name);
        }
    }
    for (size_t i = 0; i < chart->curve_count; i++) {
        struct km_chart_curve *row = &chart->curves[i];
        if (!has_series(row) || row->series != NO_SERIES) {
            continue;
        }
        row->series = free_series(chart, first);
        if (row->ink == KM_INK_SERIES && row->series >= KM_CHART_LINES) {
            row->ink = KM_INK_GHOST;
            row->series = 0;
        } else if (row->series == NO_SERIES) {
            row->series = KM_CHART_SERIES - 1;
        }
    }
}

/* Bands of one forecast, from the outermost inwards. */
static void nest_bands(struct km_chart *chart)
{
    for (size_t i = 0; i < chart->curve_count; i++) {
        struct km_chart_curve *row = &chart->curves[i];
        bool of_forecast = row->ink == KM_INK_BAND || km_ink_is_ahead(row->ink);
        for (size_t k = 0; k < chart->curve_count && of_forecast; k++) {
            const struct km_chart_curve *other = &chart->curves[k];
            bool around =
                (other->ink == KM_INK_BAND || km_ink_is_ahead(other->ink)) &&
                km_chart_curve_has_band(other) &&
                other->of_valid == row->of_valid &&
                other->level > row->level + 1e-9;
            row->nest += around && row->nest + 1 < KM_CHART_NESTS;
        }
    }
}

/* A place is ahead when a line runs through it, or when there is no line. */
static void judge_places(struct km_chart *chart)
{
    bool any_line = km_chart_has(chart, KM_INK_SERIES);
    for (size_t i = 0; i < chart->curve_count; i++) {
        struct km_chart_curve *row = &chart->curves[i];
        row->ahead = !any_line;
        for (size_t k = 0; k < chart->curve_count && row->curve->count; k++) {
            const struct km_chart_curve *line = &chart->curves[k];
            for (size_t p = 0;
                 line->ink == KM_INK_SERIES && p < line->curve->count; p++) {
                row->ahead =
                    row->ahead || (line->curve->x[p] == row->curve->x[0] &&
                                   line->curve->y[p] == row->curve->y[0]);
            }
        }
    }
}

static bool is_nothing(const struct km_curve *curve)
{
    bool any = !is_kind(curve, "stack");
    for (size_t i = 0; i < curve->count && !any; i++) {
        any = curve->y[i] > 0;
    }
    return !any || curve->count == 0;
}

static void add_curve(struct km_chart *chart, const struct km_curve *curve)
{
    enum km_ink ink = ink_of(chart, curve);
    double level = level_of_kind(curve);
    chart->curves[chart->curve_count++] = (struct km_chart_curve){
        .curve = curve,
        .ink = ink,
        .level = isfinite(level) ? level : chart->level,
        .stairs = is_kind(curve, "step"),
        .of_valid = strcmp(curve->id, "valid") == 0,
    };
    if (ink == KM_INK_DATA) {
        chart->title = curve->title; /* not that of a ghost */
    }
}

static bool is_along_run(const struct km_chart *chart)
{
    for (size_t c = 0; c < chart->curve_count; c++) {
        const struct km_chart_curve *row = &chart->curves[c];
        if (row->curve->x_unit || row->stairs || row->ink == KM_INK_PLACE) {
            return false;
        }
    }
    return true;
}

/* Charts along the same axis of a run are read under each other: they begin
 * and end at the same places. */
static void share_x(struct km_chart *charts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct km_span x = charts[i].x;
        for (size_t k = 0; k < count && is_along_run(&charts[i]); k++) {
            if (charts[k].axis == charts[i].axis && is_along_run(&charts[k])) {
                widen(&x, charts[k].x.low);
                widen(&x, charts[k].x.high);
            }
        }
        charts[i].x = x;
    }
}

size_t km_charts_of(const struct km_scorecard *card,
                    struct km_chart charts[KM_CHARTS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < card->curve_count; i++) {
        const struct km_curve *curve = &card->curves[i];
        if (is_nothing(curve)) {
            continue;
        }
        struct km_chart *chart = chart_for(card, curve, charts, &count);
        if (chart && chart->curve_count < KM_CHART_CURVES_MAX) {
            add_curve(chart, curve);
        } else if (chart) {
            chart->left_out++;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct km_chart *chart = &charts[i];
        keep_one_forecast(chart);
        number_series(chart, charts, kept);
        nest_bands(chart);
        judge_places(chart);
        find_x(chart);
        if (chart->x.low < chart->x.high) {
            find_y(chart);
        }
        if (isfinite(chart->x.high - chart->x.low) &&
            isfinite(chart->y.high - chart->y.low) &&
            chart->y.low < chart->y.high) {
            charts[kept++] = *chart;
        }
    }
    share_x(charts, kept);
    return kept;
}

double km_chart_x(const struct km_chart *chart, double x)
{
    struct km_span span = chart->x;
    return chart->x_log ? log(x / span.low) / log(span.high / span.low)
                        : (x - span.low) / (span.high - span.low);
}

double km_chart_y(const struct km_chart *chart, double y)
{
    return (chart->y.high - y) / (chart->y.high - chart->y.low);
}

double km_chart_below(const struct km_chart *chart, size_t layer, size_t index)
{
    double sum = 0;
    assert(layer < chart->curve_count);
    for (size_t c = 0; c < layer; c++) {
        const struct km_chart_curve *row = &chart->curves[c];
        if (row->ink == KM_INK_STACK && row->curve->y[index] > 0) {
            sum += row->curve->y[index];
        }
    }
    return sum;
}

struct km_ticks km_chart_x_ticks(const struct km_chart *chart, size_t wanted)
{
    struct km_ticks ticks;
    if (chart->x_log) {
        km_ticks_place_log(&ticks, chart->x.low, chart->x.high, wanted);
    } else {
        km_ticks_place(&ticks, chart->x.low, chart->x.high, wanted);
    }
    return ticks;
}
