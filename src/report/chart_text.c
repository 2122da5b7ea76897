/* chart_text.c - curves onto a grid of cells, cells into lines. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/chart_text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/canvas.h"
#include "report/text.h"

struct drawing {
    const struct km_chart *chart;
    const struct km_terminal *terminal;
    struct km_canvas canvas;
    struct km_ticks x, y;
    size_t width, label_width;
    struct km_buf line;
    struct km_arena *arena;
    struct km_chart_lines *lines;
    bool failed;
};

static double share(struct km_span span, double value)
{
    return (value - span.low) / (span.high - span.low);
}

static void put(struct drawing *d, double x, double y, enum km_ink ink)
{
    km_canvas_dot(&d->canvas, share(d->chart->x, x), 1 - share(d->chart->y, y),
                  ink);
}

static void draw_line(struct drawing *d, const struct km_curve *curve,
                      enum km_ink ink)
{
    for (size_t i = 0; i + 1 < curve->count; i++) {
        double x0 = share(d->chart->x, curve->x[i]);
        double x1 = share(d->chart->x, curve->x[i + 1]);
        double y0 = 1 - share(d->chart->y, curve->y[i]);
        double y1 = 1 - share(d->chart->y, curve->y[i + 1]);
        km_canvas_line(&d->canvas, x0, y0, x1, y1, ink);
    }
}

static void draw_band(struct drawing *d, const struct km_curve *curve)
{
    for (size_t i = 0; i + 1 < curve->count; i++) {
        double y_low = fmin(curve->lo[i], curve->lo[i + 1]);
        double y_high = fmax(curve->hi[i], curve->hi[i + 1]);
        if (!isfinite(y_low) || !isfinite(y_high)) {
            continue;
        }
        km_canvas_shade(&d->canvas, share(d->chart->x, curve->x[i]),
                        share(d->chart->x, curve->x[i + 1]),
                        1 - share(d->chart->y, y_high),
                        1 - share(d->chart->y, y_low));
    }
}

static void draw_curve(struct drawing *d, const struct km_chart_curve *row,
                       enum km_ink ink)
{
    const struct km_curve *curve = row->curve;
    if (ink == KM_INK_BAND) {
        if (curve->lo && curve->hi) {
            draw_band(d, curve);
        }
        return;
    }
    if (row->ink != ink) {
        return;
    }
    if (km_ink_is_line(ink)) {
        draw_line(d, curve, ink);
        return;
    }
    for (size_t i = 0; i < curve->count; i++) {
        put(d, curve->x[i], curve->y[i], ink);
    }
}

static void draw_marks(struct drawing *d)
{
    const struct km_chart *chart = d->chart;
    for (size_t i = 0; i < chart->mark_count; i++) {
        km_canvas_hairline(&d->canvas, share(chart->x, chart->marks[i].x));
    }
    if (isfinite(chart->target)) {
        km_canvas_level(&d->canvas, 1 - share(chart->y, chart->target));
    }
}

static void draw_all(struct drawing *d)
{
    draw_marks(d);
    for (size_t i = 0; i < d->chart->curve_count; i++) {
        const struct km_chart_curve *row = &d->chart->curves[i];
        d->canvas.many_valid =
            d->canvas.many_valid || (row->ink == KM_INK_VALID &&
                                     row->curve->count > d->canvas.columns / 4);
    }
    for (enum km_ink ink = KM_INK_BAND; ink < KM_INK_COUNT; ink++) {
        for (size_t i = 0; i < d->chart->curve_count; i++) {
            draw_curve(d, &d->chart->curves[i], ink);
        }
    }
}

/* Keeps the collected line, filled to the full width; `used` columns are in
 * it. */
static void keep_line(struct drawing *d, size_t used)
{
    for (; used < d->width; used++) {
        km_buf_append_char(&d->line, ' ');
    }
    char *copy = d->line.bytes && !d->line.failed
                     ? km_arena_copy(d->arena, d->line.bytes, d->line.len)
                     : NULL;
    if (!copy) {
        d->failed = true;
        return;
    }
    d->lines->lines[d->lines->count++] = (struct km_str){copy, d->line.len};
    km_buf_reset(&d->line);
}

static size_t tone_text(struct drawing *d, enum km_tone tone, const char *text)
{
    km_buf_append_text(&d->line, km_terminal_tone(d->terminal, tone));
    km_text_plain(&d->line, km_str_of(text));
    km_buf_append_text(&d->line, km_terminal_tone(d->terminal, KM_TONE_PLAIN));
    return km_text_width(km_str_of(text));
}

static size_t legend_entry(struct drawing *d, enum km_ink ink, bool write)
{
    char text[64];
    if (ink == KM_INK_BAND) {
        (void)snprintf(text, sizeof text, " %.0f %%", 100 * d->chart->level);
    } else {
        /* a name may come from a log: tone_text() makes it harmless */
        (void)snprintf(text, sizeof text, " %.40s",
                       km_chart_word(d->chart, ink));
    }
    if (write) {
        km_buf_append_text(&d->line, "  ");
        bool plain = ink == KM_INK_VALID && d->canvas.many_valid;
        (void)tone_text(d, km_ink_tone(ink),
                        km_ink_sign(d->terminal, plain ? KM_INK_DATA : ink));
        (void)tone_text(d, KM_TONE_QUIET, text);
    }
    return 3 + km_text_width(km_str_of(text));
}

/* Title on the left, signs of what is drawn on the right. */
static void title_line(struct drawing *d)
{
    const struct km_chart *chart = d->chart;
    char unit[80];
    (void)snprintf(unit, sizeof unit, "  %s", km_chart_unit(chart).text);
    size_t used = tone_text(d, KM_TONE_STRONG, chart->title);
    used += tone_text(d, KM_TONE_QUIET, unit);
    size_t legend = 0;
    for (enum km_ink ink = KM_INK_BAND; ink < KM_INK_COUNT; ink++) {
        if (km_chart_has(chart, ink)) {
            legend += legend_entry(d, ink, false);
        }
    }
    bool alone = chart->curve_count < 2 && !km_chart_has(chart, KM_INK_BAND);
    if (alone) {
        keep_line(d, used);
        return;
    }
    if (used + legend > d->width) {
        keep_line(d, used);
        used = d->width >= legend ? d->width - legend : 0;
        km_buf_printf(&d->line, "%*s", (int)used, "");
    }
    for (; used + legend < d->width; used++) {
        km_buf_append_char(&d->line, ' ');
    }
    for (enum km_ink ink = KM_INK_BAND; ink < KM_INK_COUNT; ink++) {
        if (km_chart_has(chart, ink)) {
            used += legend_entry(d, ink, true);
        }
    }
    keep_line(d, used);
}

/* The tick whose place is in this row, or -1. */
static int tick_of_row(const struct drawing *d, size_t row)
{
    for (size_t i = 0; i < d->y.count; i++) {
        double at =
            (1 - share(d->chart->y, d->y.at[i])) * (double)d->canvas.rows;
        if ((size_t)fmin(fmax(at, 0), (double)d->canvas.rows - 1) == row) {
            return (int)i;
        }
    }
    return -1;
}

static void plot_line(struct drawing *d, size_t row)
{
    bool unicode = d->terminal->unicode;
    int tick = tick_of_row(d, row);
    const char *label = "";
    struct km_short text;
    if (tick >= 0) {
        text = km_tick_label(&d->y, (size_t)tick);
        label = text.text;
    }
    km_buf_append_text(&d->line, km_terminal_tone(d->terminal, KM_TONE_QUIET));
    km_text_fit(&d->line, km_str_of(label), d->label_width, KM_ALIGN_RIGHT, "");
    km_buf_append_text(&d->line, tick >= 0 ? (unicode ? " ┤" : " +")
                                           : (unicode ? " │" : " |"));
    km_buf_append_text(&d->line, km_terminal_tone(d->terminal, KM_TONE_PLAIN));
    km_canvas_row(&d->canvas, d->terminal, row, &d->line);
    keep_line(d, d->label_width + 2 + d->canvas.columns);
}

static size_t column_of(const struct drawing *d, double x)
{
    double at = share(d->chart->x, x) * (double)d->canvas.columns;
    return (size_t)fmin(fmax(at, 0), (double)d->canvas.columns - 1);
}

static void axis_line(struct drawing *d)
{
    bool unicode = d->terminal->unicode;
    km_buf_append_text(&d->line, km_terminal_tone(d->terminal, KM_TONE_QUIET));
    km_text_fit(&d->line, KM_STR(""), d->label_width + 1, KM_ALIGN_LEFT, "");
    km_buf_append_text(&d->line, unicode ? "└" : "+");
    for (size_t c = 0; c < d->canvas.columns; c++) {
        bool tick = false;
        for (size_t i = 0; i < d->x.count; i++) {
            tick = tick || column_of(d, d->x.at[i]) == c;
        }
        km_buf_append_text(&d->line, tick ? (unicode ? "┬" : "+")
                                          : (unicode ? "─" : "-"));
    }
    km_buf_append_text(&d->line, km_terminal_tone(d->terminal, KM_TONE_PLAIN));
    keep_line(d, d->label_width + 2 + d->canvas.columns);
}

/* Labels centred under their ticks, the unit behind the last; what would touch
 * a neighbour is left out. */
static void label_line(struct drawing *d)
{
    char unit[64];
    (void)snprintf(unit, sizeof unit, "%s%s%s", d->x.prefix,
                   *d->x.prefix ? " " : "", km_chart_x_unit(d->chart));
    size_t unit_width = strlen(unit);
    size_t used = 0, from = d->label_width + 2;
    km_buf_append_text(&d->line, km_terminal_tone(d->terminal, KM_TONE_QUIET));
    for (size_t i = 0; i < d->x.count; i++) {
        struct km_short label = km_tick_label(&d->x, i);
        size_t width = strlen(label.text);
        size_t centre = from + column_of(d, d->x.at[i]);
        size_t start = centre > width / 2 ? centre - width / 2 : 0;
        if ((used && start < used + 2) ||
            start + width + 2 + unit_width > d->width) {
            continue;
        }
        for (; used < start; used++) {
            km_buf_append_char(&d->line, ' ');
        }
        km_buf_append_text(&d->line, label.text);
        used += width;
    }
    for (; used + unit_width < d->width; used++) {
        km_buf_append_char(&d->line, ' ');
    }
    km_buf_append_text(&d->line, unit);
    used += unit_width;
    km_buf_append_text(&d->line, km_terminal_tone(d->terminal, KM_TONE_PLAIN));
    keep_line(d, used);
}

static void measure(struct drawing *d, size_t width, size_t rows)
{
    km_ticks_place(&d->y, d->chart->y.low, d->chart->y.high,
                   rows / 3 < 2   ? 2
                   : rows / 3 > 6 ? 6
                                  : rows / 3);
    for (size_t i = 0; i < d->y.count; i++) {
        size_t label = strlen(km_tick_label(&d->y, i).text);
        d->label_width = label > d->label_width ? label : d->label_width;
    }
    size_t columns = width - d->label_width - 2;
    size_t wanted = columns / 12;
    km_ticks_place(&d->x, d->chart->x.low, d->chart->x.high,
                   wanted < 2    ? 2
                   : wanted > 10 ? 10
                                 : wanted);
    km_canvas_init(&d->canvas, d->arena, columns, rows);
}

enum km_code km_chart_text(const struct km_chart *chart,
                           const struct km_terminal *terminal, size_t width,
                           size_t rows, struct km_arena *arena,
                           struct km_chart_lines *lines, struct km_err *err)
{
    assert(width >= 30 && rows >= 3);
    struct drawing d = {.chart = chart,
                        .terminal = terminal,
                        .width = width,
                        .arena = arena,
                        .lines = lines};
    km_buf_init(&d.line, 64 * 1024);
    *lines = (struct km_chart_lines){.width = width};
    lines->lines = km_new(arena, struct km_str, rows + 4);
    measure(&d, width, rows);
    d.failed = !lines->lines || !d.canvas.cells;
    if (!d.failed) {
        draw_all(&d);
        title_line(&d);
    }
    for (size_t row = 0; row < rows && !d.failed; row++) {
        plot_line(&d, row);
    }
    if (!d.failed) {
        axis_line(&d);
        label_line(&d);
    }
    km_buf_finish(&d.line);
    return d.failed ? km_fail(err, KM_ELIMIT, "no memory for a chart") : KM_OK;
}
