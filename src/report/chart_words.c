/* chart_words.c - units, names and the legend of a chart. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/chart.h"
#include "report/text.h"

struct km_short km_chart_x_words(const struct km_chart *chart,
                                 const char *prefix)
{
    struct km_short out;
    const struct km_curve *first =
        chart->curve_count ? chart->curves[0].curve : NULL;
    bool other = first && first->x_unit;
    const char *title = other && first->x_title ? first->x_title : "";
    const char *unit = other ? first->x_unit : km_axis_name(chart->axis);
    if (strcmp(unit, "1") == 0 || strcmp(unit, "x") == 0) { /* a number */
        (void)snprintf(out.text, sizeof out.text, "%.30s%s", title,
                       chart->x_log ? ", log" : "");
        return out;
    }
    bool twice = strcmp(title, unit) == 0;
    (void)snprintf(out.text, sizeof out.text, "%.16s%s%s%s%.14s%s",
                   twice ? "" : title, *title && !twice ? ", " : "", prefix,
                   *prefix ? " " : "", unit, chart->x_log ? ", log" : "");
    return out;
}

struct km_short km_chart_unit(const struct km_chart *chart)
{
    struct km_ticks ticks;
    struct km_short unit;
    km_ticks_place(&ticks, chart->y.low, chart->y.high, 4);
    bool pure = strcmp(chart->unit, "1") == 0;
    (void)snprintf(unit.text, sizeof unit.text, "%s%.40s", ticks.prefix,
                   pure ? "" : chart->unit);
    return unit;
}

struct km_str km_chart_name(const struct km_chart *chart, size_t index)
{
    const char *names[KM_CHART_CURVES_MAX];
    size_t count = 0, mine = KM_CHART_CURVES_MAX;
    enum km_ink ink = chart->curves[index].ink;
    for (size_t i = 0; i < chart->curve_count; i++) {
        if (chart->curves[i].curve->name && chart->curves[i].ink == ink) {
            mine = i == index ? count : mine;
            names[count++] = chart->curves[i].curve->name;
        }
    }
    return mine < count ? km_str_distinct(names, count, mine) : KM_STR("");
}

/* The part of all time that a layer took. */
static double share_of(const struct km_chart *chart, size_t layer)
{
    double mine = 0, all = 0;
    for (size_t c = 0; c < chart->curve_count; c++) {
        const struct km_curve *curve = chart->curves[c].curve;
        for (size_t i = 0; i < curve->count; i++) {
            double y = curve->y[i] > 0 ? curve->y[i] : 0;
            all += chart->curves[c].ink == KM_INK_STACK ? y : 0;
            mine += c == layer ? y : 0;
        }
    }
    return mine / all;
}

static const char *word_of(const struct km_chart *chart, size_t index)
{
    static const char *const words[] = {
        [KM_INK_BAND] = "band",
        [KM_INK_STACK] = "share",
        [KM_INK_GHOST] = "earlier",
        [KM_INK_DATA] = "data",
        [KM_INK_VALID] = "validation",
        [KM_INK_FIT] = "fit",
        [KM_INK_FORECAST] = "forecast",
        [KM_INK_VALID_FIT] = "valid. fit",
        [KM_INK_VALID_FORECAST] = "valid. forecast",
        [KM_INK_SERIES] = "line",
        [KM_INK_PLACE] = "place",
    };
    const struct km_chart_curve *row = &chart->curves[index];
    return row->ink == KM_INK_GHOST && row->curve->name ? "others"
                                                        : words[row->ink];
}

static void name_entry(const struct km_chart *chart, size_t index,
                       const char *ellipsis, struct km_legend_entry *entry)
{
    const struct km_chart_curve *row = &chart->curves[index];
    struct km_str name = km_chart_name(chart, index);
    if (name.len == 0) {
        name = km_str_of(word_of(chart, index));
    }
    struct km_buf shown;
    km_buf_init(&shown, 64 * 1024);
    km_text_name(&shown, name, 28, ellipsis);
    if (row->ink == KM_INK_STACK) {
        double share = 100 * share_of(chart, index);
        km_buf_printf(&shown, " %.*f %%", share < 10 ? 1 : 0, share);
    }
    (void)snprintf(entry->text, sizeof entry->text, "%.*s", (int)shown.len,
                   shown.len ? shown.bytes : "");
    km_buf_finish(&shown);
}

/* How bands within each other were made is said once, with the innermost. */
static bool said_further_in(const struct km_chart *chart,
                            const struct km_chart_curve *row)
{
    for (size_t i = 0; i < chart->curve_count; i++) {
        const struct km_chart_curve *other = &chart->curves[i];
        if (km_chart_curve_has_band(other) && other->nest > row->nest &&
            other->curve->rung &&
            strcmp(other->curve->rung, row->curve->rung) == 0) {
            return true;
        }
    }
    return false;
}

static void band_entry(const struct km_chart *chart,
                       const struct km_chart_curve *row,
                       struct km_legend_entry *entry)
{
    const char *rung = row->curve->rung;
    entry->rung = rung && !said_further_in(chart, row) ? rung : "";
    (void)snprintf(entry->text, sizeof entry->text, "%.0f %%",
                   100 * row->level);
}

static bool is_new(const struct km_legend_entry *legend, size_t count,
                   const struct km_legend_entry *entry)
{
    for (size_t i = 0; i < count; i++) {
        bool by_name =
            entry->ink == KM_INK_SERIES || entry->ink == KM_INK_STACK;
        if (legend[i].ink == entry->ink && !by_name &&
            (entry->ink != KM_INK_BAND || legend[i].nest == entry->nest)) {
            return false;
        }
    }
    return true;
}

/* Bands first, from the outermost; then inks in the order of painting. */
size_t km_chart_legend(const struct km_chart *chart, const char *ellipsis,
                       struct km_legend_entry legend[KM_LEGEND_MAX])
{
    size_t count = 0;
    for (int pass = -KM_CHART_NESTS; pass < (int)KM_INK_COUNT; pass++) {
        for (size_t i = 0; i < chart->curve_count; i++) {
            const struct km_chart_curve *row = &chart->curves[i];
            struct km_legend_entry entry = {
                .series = row->series, .of_valid = row->of_valid, .rung = ""};
            bool named = false;
            if (pass < 0) {
                entry.ink = KM_INK_BAND;
                entry.nest = (size_t)(pass + KM_CHART_NESTS);
                if (!km_chart_curve_has_band(row) || row->nest != entry.nest) {
                    continue;
                }
                band_entry(chart, row, &entry);
            } else if ((int)row->ink != pass || row->ink == KM_INK_BAND ||
                       row->ink == KM_INK_PLACE) {
                continue;
            } else {
                entry.ink = row->ink;
                named = row->ink == KM_INK_SERIES || row->ink == KM_INK_STACK;
            }
            if (count < KM_LEGEND_MAX && is_new(legend, count, &entry)) {
                if (named) {
                    name_entry(chart, i, ellipsis, &entry);
                } else if (pass >= 0) {
                    (void)snprintf(entry.text, sizeof entry.text, "%s",
                                   word_of(chart, i));
                }
                legend[count++] = entry;
            }
        }
    }
    return count;
}
