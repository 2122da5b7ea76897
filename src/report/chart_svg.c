/* chart_svg.c - axes, bands, dots and lines in SVG. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/chart_svg.h"

#include <math.h>
#include <string.h>

#include "report/svg_plot.h"
#include "report/text.h"

enum { TOP = 20, BOTTOM = 36, RIGHT = 8, MARKS_NAMED = 12, LABEL_MIN = 6 };

static void html(struct km_buf *out, const char *text)
{
    km_text_html(out, km_str_of(text));
}

static void draw_y_axis(const struct km_svg_plot *p,
                        const struct km_ticks *ticks)
{
    for (size_t i = 0; i < ticks->count; i++) {
        double y = p->top + km_svg_y(p, ticks->at[i]);
        km_buf_printf(p->out, "<path class=grid d=\"M%.1f %.1fh%.1f\"/>",
                      p->left, y, p->width);
        km_buf_printf(p->out, "<text x=%.1f y=%.1f text-anchor=end>%s</text>",
                      p->left - 8, y + 4, km_tick_label(ticks, i).text);
    }
}

static void draw_x_axis(const struct km_svg_plot *p,
                        const struct km_ticks *ticks)
{
    double base = p->top + p->height;
    km_buf_printf(p->out, "<path class=axis d=\"M%.1f %.1fh%.1f", p->left, base,
                  p->width);
    for (size_t i = 0; i < ticks->count; i++) {
        km_buf_printf(p->out, "M%.1f %.1fv4",
                      p->left + km_svg_x(p, ticks->at[i]), base);
    }
    km_buf_append_text(p->out, "\"/>");
    struct km_short words = km_chart_x_words(p->chart, ticks->prefix);
    double unit = 6.6 * (double)km_text_width(km_str_of(words.text)) + 14;
    for (size_t i = 0; i < ticks->count; i++) {
        double x = km_svg_x(p, ticks->at[i]);
        struct km_short label = km_tick_label(ticks, i);
        double half = 3.5 * (double)strlen(label.text);
        if (x + half > p->width - unit) {
            continue;
        }
        km_buf_printf(p->out, "<text x=%.1f y=%.1f text-anchor=%s>%s</text>",
                      p->left + x, base + 20, x < 10 ? "start" : "middle",
                      label.text);
    }
    km_buf_printf(p->out, "<text x=%.1f y=%.1f text-anchor=end>",
                  p->left + p->width, base + 20);
    html(p->out, words.text);
    km_buf_append_text(p->out, "</text>");
}

static void draw_marks(const struct km_svg_plot *p, bool named)
{
    double free_from = -1000;
    for (size_t i = 0; i < p->chart->mark_count; i++) {
        const struct km_mark *mark = &p->chart->marks[i];
        double x = km_svg_x(p, mark->x);
        if (!(x >= 0 && x <= p->width)) {
            continue;
        }
        km_buf_printf(p->out, "<path class=mark d=\"M%.1f %.1fv%.1f\"/>",
                      p->left + x, p->top, p->height);
        double need = 6.2 * (double)km_text_width(km_str_of(mark->text)) + 8;
        if (!named || i >= MARKS_NAMED || x < free_from ||
            x + need > p->width) {
            continue;
        }
        km_buf_printf(p->out, "<text class=markname x=%.1f y=%.1f>",
                      p->left + x + 3, p->top - 6);
        html(p->out, mark->text);
        km_buf_append_text(p->out, "</text>");
        free_from = x + need;
    }
}

static void draw_target(const struct km_svg_plot *p)
{
    double target = p->chart->target;
    if (!isfinite(target)) {
        return;
    }
    double y = p->top + km_svg_y(p, target);
    km_buf_printf(p->out, "<path class=target d=\"M%.1f %.1fh%.1f\"/>", p->left,
                  y, p->width);
    km_buf_printf(p->out, "<text x=%.1f y=%.1f>%s %s</text>", p->left + 6,
                  y - 6, p->chart->target_word, km_show_plain(target).text);
}

/* The upper end of all bands around a forecast, or of its line. */
static double top_of(const struct km_chart *chart,
                     const struct km_chart_curve *forecast)
{
    double top = forecast->curve->y[forecast->curve->count - 1];
    for (size_t c = 0; c < chart->curve_count; c++) {
        const struct km_chart_curve *row = &chart->curves[c];
        if ((row == forecast || row->ink == KM_INK_BAND) &&
            row->of_valid == forecast->of_valid &&
            km_chart_curve_has_band(row)) {
            top = fmax(top, row->curve->hi[row->curve->count - 1]);
        }
    }
    return top;
}

/* The forecast's last value, said where the line ends. */
static void draw_said(const struct km_svg_plot *p)
{
    for (size_t c = 0; c < p->chart->curve_count; c++) {
        const struct km_chart_curve *row = &p->chart->curves[c];
        const struct km_curve *curve = row->curve;
        if (!km_ink_is_ahead(row->ink) || curve->count == 0) {
            continue;
        }
        size_t last = curve->count - 1;
        double low = curve->lo ? curve->lo[last] : (double)NAN;
        double high = curve->hi ? curve->hi[last] : (double)NAN;
        int decimals = km_decimals_for(curve->y[last], low, high);
        double y = fmax(km_svg_y(p, top_of(p->chart, row)), 0);
        km_buf_printf(p->out,
                      "<text class=said x=%.1f y=%.1f text-anchor=end>%s ",
                      p->left + p->width, p->top + y - 8,
                      km_show_decimals(curve->y[last], decimals).text);
        html(p->out, strcmp(p->chart->unit, "1") == 0 ? "" : p->chart->unit);
        km_buf_append_text(p->out, "</text>");
    }
}

static void describe(const struct km_svg_plot *p)
{
    km_buf_append_text(p->out, "<title>");
    html(p->out, p->chart->title);
    km_buf_append_text(p->out, " in ");
    html(p->out, p->chart->unit);
    km_buf_printf(p->out, " against %s</title>", km_axis_name(p->chart->axis));
}

void km_chart_svg(const struct km_chart *chart, struct km_svg_size size,
                  struct km_buf *out)
{
    struct km_svg_plot p = {.chart = chart, .out = out, .top = TOP};
    p.height = size.height - TOP - BOTTOM;
    bool is_wide = size.width > 500;
    struct km_ticks x, y;
    size_t wanted = size.height < 180 ? 3 : size.height < 280 ? 5 : 6;
    km_ticks_place(&y, chart->y.low, chart->y.high, wanted);
    x = km_chart_x_ticks(chart, is_wide ? 8 : 4);
    size_t widest = is_wide ? LABEL_MIN : 0; /* charts stand below each other */
    for (size_t i = 0; i < y.count; i++) {
        size_t len = strlen(km_tick_label(&y, i).text);
        widest = len > widest ? len : widest;
    }
    p.left = 7.0 * (double)widest + 12;
    p.side = is_wide ? km_svg_side(chart) : 0;
    p.width = size.width - p.left - RIGHT - p.side;
    km_buf_printf(out,
                  "<svg class=\"chart %s\" role=img viewBox=\"0 0 %.0f %.0f\">",
                  size.name, size.width, size.height);
    describe(&p);
    draw_y_axis(&p, &y);
    draw_x_axis(&p, &x);
    draw_marks(&p, is_wide);
    km_buf_printf(out,
                  "<svg x=%.1f y=%.1f width=%.1f height=%.1f "
                  "style=\"overflow:hidden\">",
                  p.left, p.top, p.width, p.height);
    km_svg_curves(&p);
    km_buf_append_text(out, "</svg>");
    draw_target(&p);
    draw_said(&p);
    km_svg_names(&p);
    km_buf_append_text(out, "</svg>\n");
}

/* A sign in a box of 20 x 10. */
static void legend_sign(const struct km_legend_entry *entry, struct km_buf *out)
{
    static const char *const signs[] = {
        [KM_INK_BAND] = "",
        [KM_INK_STACK] = "",
        [KM_INK_GHOST] = "<path class=ghost d=\"M3 5h0M10 3h0M17 7h0\"/>",
        [KM_INK_DATA] = "<path class=data d=\"M3 5h0M10 3h0M17 7h0\"/>",
        [KM_INK_VALID] = "<path class=valid d=\"M10 5h0\"/>",
        [KM_INK_FIT] = "<path class=fit d=\"M0 5h20\"/>",
        [KM_INK_FORECAST] = "<path class=forecast d=\"M0 5h20\"/>",
        [KM_INK_VALID_FIT] = "<path class=\"fit ofvalid\" d=\"M0 5h20\"/>",
        [KM_INK_VALID_FORECAST] =
            "<path class=\"forecast ofvalid\" d=\"M0 5h20\"/>",
        [KM_INK_SERIES] = "",
        [KM_INK_PLACE] = "",
    };
    km_buf_append_text(out, "<svg viewBox=\"0 0 20 10\">");
    if (entry->ink == KM_INK_STACK) {
        km_buf_printf(out, "<path class=\"layer c%zu\" d=\"M4 0h12v10h-12z\"/>",
                      entry->series);
    } else if (entry->ink == KM_INK_SERIES) {
        km_buf_printf(out, "<path class=\"series c%zu\" d=\"M0 5h20\"/>",
                      entry->series);
    }
    /* a band within others is as dark as all of them together */
    for (size_t i = 0; entry->ink == KM_INK_BAND && i <= entry->nest; i++) {
        km_buf_printf(out, "<path class=\"band%s\" d=\"M0 0h20v10h-20z\"/>",
                      entry->of_valid ? " ofvalid" : "");
    }
    km_buf_append_text(out, signs[entry->ink]);
    km_buf_append_text(out, "</svg>");
}

void km_chart_legend_html(const struct km_chart *chart, struct km_buf *out)
{
    struct km_legend_entry legend[KM_LEGEND_MAX];
    size_t count = km_chart_legend(chart, "…", legend);
    bool beside = km_svg_side(chart) > 0;
    km_buf_append_text(out, "<ul class=legend>");
    for (size_t i = 0; i < count; i++) {
        /* names beside lines are enough where there is room for them */
        bool twice = beside && legend[i].ink == KM_INK_SERIES;
        km_buf_append_text(out, twice ? "<li class=narrow>" : "<li>");
        legend_sign(&legend[i], out);
        html(out, legend[i].text);
        if (legend[i].ink == KM_INK_BAND) {
            bool last = i + 1 == count || legend[i + 1].ink != KM_INK_BAND;
            km_buf_append_text(out, last ? " interval" : "");
            km_buf_append_text(out, *legend[i].rung ? ", " : "");
            html(out, legend[i].rung);
        }
        km_buf_append_text(out, "</li>");
    }
    km_buf_append_text(out, "</ul>");
}
