/* chart.c - curves to charts, and the range that each deserves. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/chart.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The share of the x range whose values may be cut, so that the first moments
 * of a training do not flatten the rest. */
#define OPENING_SHARE 0.04

const char *km_ink_word(enum km_ink ink)
{
    static const char *const words[] = {
        "band", "earlier",  "data",       "validation",
        "fit",  "forecast", "valid. fit", "valid. forecast"};
    assert(ink < KM_INK_COUNT);
    return words[ink];
}

bool km_chart_has(const struct km_chart *chart, enum km_ink ink)
{
    for (size_t i = 0; i < chart->curve_count; i++) {
        const struct km_chart_curve *row = &chart->curves[i];
        if (row->ink == ink ||
            (ink == KM_INK_BAND && row->curve->lo && row->curve->hi)) {
            return true;
        }
    }
    return false;
}

bool km_ink_is_line(enum km_ink ink)
{
    return ink >= KM_INK_FIT;
}

bool km_ink_is_ahead(enum km_ink ink)
{
    return ink == KM_INK_FORECAST || ink == KM_INK_VALID_FORECAST;
}

static bool is_kind(const struct km_curve *curve, const char *kind)
{
    return strcmp(curve->kind, kind) == 0;
}

/* Lines told apart by name: the first and the second have colours, the others
 * stay in the background. */
static enum km_ink ink_of_named(const struct km_chart *chart)
{
    return !km_chart_has(chart, KM_INK_FIT)         ? KM_INK_FIT
           : !km_chart_has(chart, KM_INK_VALID_FIT) ? KM_INK_VALID_FIT
                                                    : KM_INK_GHOST;
}

const char *km_chart_word(const struct km_chart *chart, enum km_ink ink)
{
    for (size_t i = 0; i < chart->curve_count; i++) {
        const struct km_curve *curve = chart->curves[i].curve;
        if (chart->curves[i].ink == ink && curve->name) {
            return ink == KM_INK_GHOST ? "others" : curve->name;
        }
    }
    return km_ink_word(ink);
}

const char *km_chart_x_unit(const struct km_chart *chart)
{
    const struct km_curve *first =
        chart->curve_count ? chart->curves[0].curve : NULL;
    return first && first->x_unit ? first->x_unit : km_axis_name(chart->axis);
}

static enum km_ink ink_of(const struct km_curve *curve)
{
    bool valid = strcmp(curve->id, "valid") == 0;
    if (strcmp(curve->kind, "ghost") == 0) {
        return KM_INK_GHOST;
    }
    if (strcmp(curve->kind, "fit") == 0) {
        return valid ? KM_INK_VALID_FIT : KM_INK_FIT;
    }
    if (strcmp(curve->kind, "forecast") == 0) {
        return valid ? KM_INK_VALID_FORECAST : KM_INK_FORECAST;
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
}

/* Past the opening, every value and band counts, and the target. A band may
 * widen the range to at most twice what the lines need. */
static void find_y(struct km_chart *chart)
{
    double span = chart->x.high - chart->x.low;
    double opening = chart->x.low + OPENING_SHARE * span;
    struct km_span lines = {NAN, NAN}, bands = {NAN, NAN}, all = {NAN, NAN};
    for (size_t c = 0; c < chart->curve_count; c++) {
        const struct km_curve *curve = chart->curves[c].curve;
        for (size_t i = 0; i < curve->count; i++) {
            widen(&all, curve->y[i]);
            if (curve->x[i] < opening) {
                continue;
            }
            widen(&lines, curve->y[i]);
            widen(&bands, curve->lo ? curve->lo[i] : (double)NAN);
            widen(&bands, curve->hi ? curve->hi[i] : (double)NAN);
        }
    }
    if (!isfinite(lines.low)) {
        lines = all;
    }
    widen(&lines, chart->target);
    double room = lines.high - lines.low;
    if (bands.low < lines.low) {
        lines.low = fmax(bands.low, lines.low - room / 2);
    }
    if (bands.high > lines.high) {
        lines.high = fmin(bands.high, lines.high + room / 2);
    }
    double margin = 0.06 * (lines.high - lines.low);
    if (!(lines.high - lines.low > 1e-6 * fabs(lines.high))) {
        margin = fabs(lines.high) * 0.01 + 1e-9; /* flat but for rounding */
    }
    bool from_zero = lines.low >= 0 && lines.low < 0.3 * lines.high;
    chart->y.low = from_zero ? 0 : lines.low - margin;
    chart->y.high = lines.high + margin;
    chart->cut = all.high > chart->y.high ? all.high : (double)NAN;
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
    *chart = (struct km_chart){
        .id = id,
        .title = curve->title,
        .unit = curve->unit,
        .axis = curve->axis,
        .marks = card->marks,
        .mark_count = card->mark_count,
        .target = is_loss ? card->target : (double)NAN,
        .level = card->level,
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
        if (chart->curves[i].ink != KM_INK_FORECAST) {
            chart->curves[kept++] = chart->curves[i];
        }
    }
    chart->curve_count = kept;
}

size_t km_charts_of(const struct km_scorecard *card,
                    struct km_chart charts[KM_CHARTS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < card->curve_count; i++) {
        const struct km_curve *curve = &card->curves[i];
        if (curve->count == 0) {
            continue;
        }
        struct km_chart *chart = chart_for(card, curve, charts, &count);
        if (chart && chart->curve_count < KM_CHART_CURVES_MAX) {
            bool named = is_kind(curve, "line") || is_kind(curve, "step");
            enum km_ink ink = named                      ? ink_of_named(chart)
                              : is_kind(curve, "points") ? KM_INK_VALID
                                                         : ink_of(curve);
            chart->curves[chart->curve_count++] =
                (struct km_chart_curve){curve, ink};
            if (ink == KM_INK_DATA) {
                chart->title = curve->title; /* not that of a ghost */
            }
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        keep_one_forecast(&charts[i]);
        find_x(&charts[i]);
        if (charts[i].x.low < charts[i].x.high) {
            find_y(&charts[i]);
        }
        if (isfinite(charts[i].x.high - charts[i].x.low) &&
            isfinite(charts[i].y.high - charts[i].y.low) &&
            charts[i].y.low < charts[i].y.high) {
            charts[kept++] = charts[i];
        }
    }
    return kept;
}

struct km_short km_chart_unit(const struct km_chart *chart)
{
    struct km_ticks ticks;
    struct km_short unit;
    km_ticks_place(&ticks, chart->y.low, chart->y.high, 4);
    (void)snprintf(unit.text, sizeof unit.text, "%s%.40s", ticks.prefix,
                   chart->unit);
    return unit;
}
