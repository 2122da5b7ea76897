/* chart_svg.c - axes, bands, dots and lines in SVG. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/chart_svg.h"

#include <math.h>
#include <string.h>

#include "report/text.h"

enum { DOTS_MAX = 600, TOP = 20, BOTTOM = 36, RIGHT = 8, MARKS_NAMED = 12 };

struct plot {
    const struct km_chart *chart;
    struct km_buf *out;
    double left, top, width, height; /* of the plot area */
};

static double x_of(const struct plot *p, double x)
{
    struct km_span span = p->chart->x;
    return (x - span.low) / (span.high - span.low) * p->width;
}

static double y_of(const struct plot *p, double y)
{
    struct km_span span = p->chart->y;
    double at = (span.high - y) / (span.high - span.low) * p->height;
    return fmin(fmax(at, -1000), 10000); /* far outside, still drawable */
}

static void html(struct km_buf *out, const char *text)
{
    km_text_html(out, km_str_of(text));
}

static void draw_y_axis(const struct plot *p, const struct km_ticks *ticks)
{
    for (size_t i = 0; i < ticks->count; i++) {
        double y = p->top + y_of(p, ticks->at[i]);
        km_buf_printf(p->out, "<path class=grid d=\"M%.1f %.1fh%.1f\"/>",
                      p->left, y, p->width);
        km_buf_printf(p->out, "<text x=%.1f y=%.1f text-anchor=end>%s</text>",
                      p->left - 8, y + 4, km_tick_label(ticks, i).text);
    }
}

static void draw_x_axis(const struct plot *p, const struct km_ticks *ticks)
{
    double base = p->top + p->height;
    km_buf_printf(p->out, "<path class=axis d=\"M%.1f %.1fh%.1f", p->left, base,
                  p->width);
    for (size_t i = 0; i < ticks->count; i++) {
        km_buf_printf(p->out, "M%.1f %.1fv4", p->left + x_of(p, ticks->at[i]),
                      base);
    }
    km_buf_append_text(p->out, "\"/>");
    const char *axis = km_chart_x_unit(p->chart);
    double unit = 7.0 * (double)(strlen(axis) + strlen(ticks->prefix) + 2);
    for (size_t i = 0; i < ticks->count; i++) {
        double x = x_of(p, ticks->at[i]);
        if (x > p->width - unit - 8) {
            continue;
        }
        km_buf_printf(p->out, "<text x=%.1f y=%.1f text-anchor=%s>%s</text>",
                      p->left + x, base + 20, x < 10 ? "start" : "middle",
                      km_tick_label(ticks, i).text);
    }
    km_buf_printf(p->out, "<text x=%.1f y=%.1f text-anchor=end>%s%s",
                  p->left + p->width, base + 20, ticks->prefix,
                  *ticks->prefix ? " " : "");
    html(p->out, axis);
    km_buf_append_text(p->out, "</text>");
}

/* A polyline broken where values are not finite. */
static void draw_line(const struct plot *p, const struct km_curve *curve,
                      const char *class_name)
{
    km_buf_printf(p->out, "<path class=\"%s\" d=\"", class_name);
    bool pen_down = false;
    for (size_t i = 0; i < curve->count; i++) {
        bool there = isfinite(curve->y[i]) && isfinite(curve->x[i]);
        if (there) {
            km_buf_printf(p->out, "%s%.1f %.1f", pen_down ? "L" : "M",
                          x_of(p, curve->x[i]), y_of(p, curve->y[i]));
        }
        pen_down = there;
    }
    km_buf_append_text(p->out, "\"/>");
}

static void draw_dots(const struct plot *p, const struct km_curve *curve,
                      const char *class_name)
{
    km_buf_printf(p->out, "<path class=%s d=\"", class_name);
    for (size_t i = 0; i < curve->count; i++) {
        double y = isfinite(curve->y[i]) ? y_of(p, curve->y[i]) : -1000;
        if (y >= -4 && y <= p->height + 4) {
            km_buf_printf(p->out, "M%.1f %.1fh0", x_of(p, curve->x[i]), y);
        }
    }
    km_buf_append_text(p->out, "\"/>");
}

/* Many points: the lowest and highest of each half pixel, which keeps every
 * extreme. */
static void draw_envelope(const struct plot *p, const struct km_curve *curve,
                          const char *class_name)
{
    km_buf_printf(p->out, "<path class=\"%s line\" d=\"", class_name);
    bool pen_down = false;
    for (size_t i = 0; i < curve->count;) {
        double column = floor(x_of(p, curve->x[i]) * 2);
        struct km_span span = {NAN, NAN};
        for (; i < curve->count && floor(x_of(p, curve->x[i]) * 2) == column;
             i++) {
            double y = curve->y[i];
            span.low = isfinite(y) && !(span.low <= y) ? y : span.low;
            span.high = isfinite(y) && !(span.high >= y) ? y : span.high;
        }
        if (isfinite(span.low)) {
            km_buf_printf(p->out, "%s%.1f %.1fV%.1f", pen_down ? "L" : "M",
                          column / 2, y_of(p, span.high), y_of(p, span.low));
            pen_down = true;
        }
        i += isnan(column) ? 1 : 0; /* a place that is not a number */
    }
    km_buf_append_text(p->out, "\"/>");
}

static void draw_band(const struct plot *p, const struct km_curve *curve,
                      bool of_valid)
{
    for (size_t i = 0; i < curve->count;) {
        size_t end = i;
        while (end < curve->count && isfinite(curve->lo[end]) &&
               isfinite(curve->hi[end])) {
            end++;
        }
        if (end > i + 1) {
            km_buf_printf(p->out, "<path class=\"band%s\" d=\"",
                          of_valid ? " ofvalid" : "");
            for (size_t k = i; k < end; k++) {
                km_buf_printf(p->out, "%s%.1f %.1f", k > i ? "L" : "M",
                              x_of(p, curve->x[k]), y_of(p, curve->hi[k]));
            }
            for (size_t k = end; k > i; k--) {
                km_buf_printf(p->out, "L%.1f %.1f", x_of(p, curve->x[k - 1]),
                              y_of(p, curve->lo[k - 1]));
            }
            km_buf_append_text(p->out, "Z\"/>");
        }
        i = end + (end == i);
    }
}

static void draw_curve(const struct plot *p, const struct km_chart_curve *row,
                       enum km_ink ink)
{
    static const char *const classes[] = {
        "band", "ghost",    "data",        "valid",
        "fit",  "forecast", "fit ofvalid", "forecast ofvalid"};
    const struct km_curve *curve = row->curve;
    if (ink == KM_INK_BAND) {
        if (curve->lo && curve->hi) {
            draw_band(p, curve, row->ink == KM_INK_VALID_FORECAST);
        }
    } else if (row->ink != ink) {
        return;
    } else if (km_ink_is_line(ink)) {
        draw_line(p, curve, classes[ink]);
    } else if (curve->count > DOTS_MAX) {
        draw_envelope(p, curve, classes[ink]);
    } else {
        if (ink == KM_INK_VALID) {
            draw_line(p, curve, "valid line");
        }
        draw_dots(p, curve, classes[ink]);
    }
}

static void draw_marks(const struct plot *p, bool named)
{
    double free_from = -1000;
    for (size_t i = 0; i < p->chart->mark_count; i++) {
        const struct km_mark *mark = &p->chart->marks[i];
        double x = x_of(p, mark->x);
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

static void draw_target(const struct plot *p)
{
    double target = p->chart->target;
    if (!isfinite(target)) {
        return;
    }
    double y = p->top + y_of(p, target);
    km_buf_printf(p->out, "<path class=target d=\"M%.1f %.1fh%.1f\"/>", p->left,
                  y, p->width);
    km_buf_printf(p->out, "<text x=%.1f y=%.1f>target %s</text>", p->left + 6,
                  y - 6, km_show_plain(target).text);
}

/* The forecast's last value, said where the line ends. */
static void draw_said(const struct plot *p)
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
        double top = isfinite(high) ? high : curve->y[last];
        km_buf_printf(p->out,
                      "<text class=said x=%.1f y=%.1f text-anchor=end>%s"
                      "</text>",
                      p->left + p->width, p->top + y_of(p, top) - 8,
                      km_show_decimals(curve->y[last], decimals).text);
    }
}

static void describe(const struct plot *p)
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
    struct plot p = {.chart = chart, .out = out, .top = TOP};
    p.height = size.height - TOP - BOTTOM;
    bool is_wide = size.width > 500;
    struct km_ticks x, y;
    size_t wanted = size.height < 180 ? 3 : size.height < 280 ? 5 : 6;
    km_ticks_place(&y, chart->y.low, chart->y.high, wanted);
    km_ticks_place(&x, chart->x.low, chart->x.high, is_wide ? 8 : 4);
    size_t widest = 0;
    for (size_t i = 0; i < y.count; i++) {
        size_t len = strlen(km_tick_label(&y, i).text);
        widest = len > widest ? len : widest;
    }
    p.left = 7.0 * (double)widest + 12;
    p.width = size.width - p.left - RIGHT;
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
    for (enum km_ink ink = KM_INK_BAND; ink < KM_INK_COUNT; ink++) {
        for (size_t i = 0; i < chart->curve_count; i++) {
            draw_curve(&p, &chart->curves[i], ink);
        }
    }
    km_buf_append_text(out, "</svg>");
    draw_target(&p);
    draw_said(&p);
    km_buf_append_text(out, "</svg>\n");
}

void km_chart_legend_html(const struct km_chart *chart, struct km_buf *out)
{
    static const char *const signs[] = {
        "<path class=band d=\"M0 0h20v10h-20z\"/>",
        "<path class=ghost d=\"M3 5h0M10 3h0M17 7h0\"/>",
        "<path class=data d=\"M3 5h0M10 3h0M17 7h0\"/>",
        "<path class=valid d=\"M10 5h0\"/>",
        "<path class=fit d=\"M0 5h20\"/>",
        "<path class=forecast d=\"M0 5h20\"/>",
        "<path class=\"fit ofvalid\" d=\"M0 5h20\"/>",
        "<path class=\"forecast ofvalid\" d=\"M0 5h20\"/>",
    };
    const char *band = km_chart_has(chart, KM_INK_VALID_FORECAST)
                           ? "<path class=\"band ofvalid\" d=\"M0 "
                             "0h20v10h-20z\"/>"
                           : signs[KM_INK_BAND];
    km_buf_append_text(out, "<ul class=legend>");
    for (enum km_ink ink = KM_INK_BAND; ink < KM_INK_COUNT; ink++) {
        if (!km_chart_has(chart, ink)) {
            continue;
        }
        km_buf_printf(out, "<li><svg viewBox=\"0 0 20 10\">%s</svg>",
                      ink == KM_INK_BAND ? band : signs[ink]);
        if (ink == KM_INK_BAND) {
            km_buf_printf(out, "%.0f %% interval</li>", 100 * chart->level);
        } else {
            km_text_html(out, km_str_of(km_chart_word(chart, ink)));
            km_buf_append_text(out, "</li>");
        }
    }
    km_buf_append_text(out, "</ul>");
}
