/* chart_text.c - curves onto a grid of cells, cells into lines. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/chart_text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/canvas.h"
#include "report/labels.h"
#include "report/text.h"

enum {
    SIDE_NAME_MAX = 24,
    SIDE_SIGN = 3,      /* columns before the name */
    SIDE_PLOT_MIN = 40, /* columns that names beside the plot must leave */
    PLACES_MAX = 52,    /* letters */
    LABEL_MIN = 6,      /* so that charts below each other are aligned */
    LINES_MORE = 4,     /* title, axis, its labels, and one to spare */
};

/* The name of a line, beside the row where it ends. */
struct side_name {
    struct km_str text;
    struct km_pen pen;
    size_t row;
};

struct drawing {
    const struct km_chart *chart;
    const struct km_terminal *terminal;
    struct km_canvas canvas;
    struct km_ticks x, y;
    size_t width, label_width;
    struct side_name side[KM_CHART_LINES];
    size_t side_count, side_width; /* 0: names are in the legend */
    struct km_legend_entry *legend;
    size_t legend_count;
    struct km_buf line;
    struct km_arena *arena;
    struct km_chart_lines *lines;
    size_t line_cap;
    bool failed;
};

static double x_of(const struct drawing *d, double x)
{
    return km_chart_x(d->chart, x);
}

static double y_of(const struct drawing *d, double y)
{
    return km_chart_y(d->chart, y);
}

static struct km_pen pen_of(const struct km_chart_curve *row)
{
    return (struct km_pen){row->ink, row->series};
}

static void draw_line(struct drawing *d, const struct km_chart_curve *row)
{
    const struct km_curve *curve = row->curve;
    struct km_pen pen = pen_of(row);
    for (size_t i = 0; i + 1 < curve->count; i++) {
        double x0 = x_of(d, curve->x[i]), x1 = x_of(d, curve->x[i + 1]);
        double y0 = y_of(d, curve->y[i]), y1 = y_of(d, curve->y[i + 1]);
        if (row->stairs) {
            km_canvas_line(&d->canvas, x0, y0, x1, y0, pen);
            km_canvas_line(&d->canvas, x1, y0, x1, y1, pen);
        } else {
            km_canvas_line(&d->canvas, x0, y0, x1, y1, pen);
        }
    }
}

/* The band of a line has its colour. */
static enum km_tone band_tone(const struct km_chart_curve *row)
{
    return row->ink == KM_INK_SERIES ? km_tone_of_series(row->series)
                                     : KM_TONE_QUIET;
}

/* Under stairs a bound holds until the next place. */
static void draw_band(struct drawing *d, const struct km_chart_curve *row)
{
    const struct km_curve *curve = row->curve;
    for (size_t i = 0; i + 1 < curve->count; i++) {
        size_t next = row->stairs ? i : i + 1;
        double y_low = fmin(curve->lo[i], curve->lo[next]);
        double y_high = fmax(curve->hi[i], curve->hi[next]);
        bool known = isfinite(curve->lo[i]) && isfinite(curve->lo[next]) &&
                     isfinite(curve->hi[i]) && isfinite(curve->hi[next]);
        if (known) {
            km_canvas_shade(&d->canvas, x_of(d, curve->x[i]),
                            x_of(d, curve->x[i + 1]), y_of(d, y_high),
                            y_of(d, y_low), (uint8_t)(row->nest + 1),
                            band_tone(row));
        }
    }
}

/* The value of a layer at `x` and what is below it, between two places. */
static void draw_layer(struct drawing *d, size_t layer)
{
    const struct km_chart_curve *row = &d->chart->curves[layer];
    const struct km_curve *curve = row->curve;
    size_t i = 0;
    for (size_t c = 0; c < d->canvas.columns && curve->count > 1; c++) {
        double at = ((double)c + 0.5) / (double)d->canvas.columns;
        while (i + 2 < curve->count && x_of(d, curve->x[i + 1]) < at) {
            i++;
        }
        double x0 = x_of(d, curve->x[i]), x1 = x_of(d, curve->x[i + 1]);
        double t = x1 > x0 ? fmin(fmax((at - x0) / (x1 - x0), 0), 1) : 0;
        double low = (1 - t) * km_chart_below(d->chart, layer, i) +
                     t * km_chart_below(d->chart, layer, i + 1);
        double y = (1 - t) * curve->y[i] + t * curve->y[i + 1];
        if (y > 0) {
            km_canvas_fill(&d->canvas, c, y_of(d, low + y), y_of(d, low),
                           row->series);
        }
    }
}

static char letter_of(size_t place)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return place < PLACES_MAX ? letters[place] : '*';
}

static void draw_place(struct drawing *d, const struct km_chart_curve *row,
                       size_t number)
{
    const struct km_curve *curve = row->curve;
    char letter = letter_of(number);
    for (size_t i = 0; i < curve->count; i++) {
        double x = x_of(d, curve->x[i]);
        if (curve->lo && curve->hi) {
            km_canvas_line(&d->canvas, x, y_of(d, curve->lo[i]), x,
                           y_of(d, curve->hi[i]),
                           (struct km_pen){KM_INK_GHOST, 0});
        }
        km_canvas_letter(&d->canvas, x, y_of(d, curve->y[i]), letter,
                         row->ahead);
    }
}

static void draw_curve(struct drawing *d, size_t index, enum km_ink ink)
{
    const struct km_chart_curve *row = &d->chart->curves[index];
    if (ink == KM_INK_BAND && km_chart_curve_has_band(row)) {
        draw_band(d, row);
    } else if (row->ink != ink || ink == KM_INK_BAND) {
        return;
    } else if (ink == KM_INK_STACK) {
        draw_layer(d, index);
    } else if (km_ink_is_line(ink)) {
        draw_line(d, row);
    } else {
        for (size_t i = 0; i < row->curve->count; i++) {
            km_canvas_dot(&d->canvas, x_of(d, row->curve->x[i]),
                          y_of(d, row->curve->y[i]), pen_of(row));
        }
    }
}

static void draw_marks(struct drawing *d)
{
    const struct km_chart *chart = d->chart;
    for (size_t i = 0; i < chart->mark_count; i++) {
        km_canvas_hairline(&d->canvas, x_of(d, chart->marks[i].x));
    }
    if (isfinite(chart->target)) {
        km_canvas_level(&d->canvas, y_of(d, chart->target));
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
    for (enum km_ink ink = KM_INK_BAND; ink < KM_INK_PLACE; ink++) {
        for (size_t i = 0; i < d->chart->curve_count; i++) {
            draw_curve(d, i, ink);
        }
    }
    size_t places = 0;
    for (size_t i = 0; i < d->chart->curve_count; i++) {
        if (d->chart->curves[i].ink == KM_INK_PLACE) {
            draw_place(d, &d->chart->curves[i], places++);
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
    bool room = d->lines->count < d->line_cap;
    char *copy = room && d->line.bytes && !d->line.failed
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

static const char *ellipsis_of(const struct drawing *d)
{
    return d->terminal->unicode ? "…" : "~";
}

/* Sign and blanks, words, and how a band was made. */
static size_t entry_width(const struct km_legend_entry *entry)
{
    size_t rung = km_text_width(km_str_of(entry->rung));
    return 4 + km_text_width(km_str_of(entry->text)) + (rung ? rung + 1 : 0);
}

/* A text is cut where the line is too short even for it alone. */
static size_t legend_entry(struct drawing *d,
                           const struct km_legend_entry *entry)
{
    bool plain = entry->ink == KM_INK_VALID && d->canvas.many_valid;
    struct km_pen pen = {plain ? KM_INK_DATA : entry->ink, entry->series};
    struct km_pen tone = {entry->ink, entry->series};
    const char *sign =
        entry->ink == KM_INK_BAND
            ? km_shade_sign(d->terminal, (uint8_t)(entry->nest + 1))
            : km_pen_sign(d->terminal, pen);
    size_t width = entry_width(entry);
    width = width < d->width ? width : d->width;
    km_buf_append_text(&d->line, "  ");
    (void)tone_text(d, km_pen_tone(tone), sign);
    km_buf_append_char(&d->line, ' ');
    km_buf_append_text(&d->line, km_terminal_tone(d->terminal, KM_TONE_QUIET));
    char text[256];
    (void)snprintf(text, sizeof text, "%s%s%.128s", entry->text,
                   *entry->rung ? " " : "", entry->rung);
    km_text_fit(&d->line, km_str_of(text), width - 4, KM_ALIGN_LEFT,
                ellipsis_of(d));
    km_buf_append_text(&d->line, km_terminal_tone(d->terminal, KM_TONE_PLAIN));
    return width;
}

/* Entries from `from` on that fit into `room` columns, at least one; their
 * width. */
static size_t fitting(const struct drawing *d, size_t from, size_t room,
                      size_t *to)
{
    size_t used = 0;
    for (*to = from; *to < d->legend_count; ++*to) {
        size_t more = entry_width(&d->legend[*to]);
        if (used + more > room && *to > from) {
            break;
        }
        used += more;
    }
    return used < d->width ? used : d->width;
}

/* Title on the left, signs of what is drawn on the right, below where there is
 * no room beside. */
static void title_lines(struct drawing *d)
{
    const struct km_chart *chart = d->chart;
    char unit[80];
    (void)snprintf(unit, sizeof unit, "  %s", km_chart_unit(chart).text);
    size_t used = tone_text(d, KM_TONE_STRONG, chart->title);
    used += tone_text(d, KM_TONE_QUIET, unit);
    bool alone = chart->curve_count < 2 && !km_chart_has(chart, KM_INK_BAND) &&
                 !km_chart_has(chart, KM_INK_SERIES);
    size_t to = 0, legend = fitting(d, 0, SIZE_MAX, &to);
    if (alone || used + legend > d->width || to == 0) {
        keep_line(d, used);
        used = 0;
    }
    for (size_t from = 0; from < d->legend_count && !alone; from = to) {
        legend = fitting(d, from, d->width - used, &to);
        for (; used + legend < d->width; used++) {
            km_buf_append_char(&d->line, ' ');
        }
        for (size_t i = from; i < to; i++) {
            used += legend_entry(d, &d->legend[i]);
        }
        keep_line(d, used);
        used = 0;
    }
}

/* "a IQN  b Rainbow": the places by their letters, those ahead first. */
static void place_lines(struct drawing *d)
{
    size_t used = 0;
    for (int pass = 0; pass < 2; pass++) {
        size_t number = 0;
        for (size_t i = 0; i < d->chart->curve_count; i++) {
            const struct km_chart_curve *row = &d->chart->curves[i];
            if (row->ink != KM_INK_PLACE) {
                continue;
            }
            size_t place = number++;
            struct km_str name = km_chart_name(d->chart, i);
            if (row->ahead != (pass == 0) || place >= PLACES_MAX) {
                continue;
            }
            size_t room = d->width - d->label_width - 4;
            size_t need = km_text_width(name);
            need = (need < room ? need : room) + 4;
            if (used && used + need > d->width) {
                keep_line(d, used);
                used = 0;
            }
            for (; used < d->label_width; used++) {
                km_buf_append_char(&d->line, ' ');
            }
            char key[4] = {' ', ' ', letter_of(place), '\0'};
            used +=
                tone_text(d, row->ahead ? KM_TONE_STRONG : KM_TONE_PLAIN, key);
            km_buf_append_text(&d->line,
                               km_terminal_tone(d->terminal, KM_TONE_QUIET));
            km_buf_append_char(&d->line, ' ');
            km_text_fit(&d->line, name, need - 4, KM_ALIGN_MIDDLE,
                        ellipsis_of(d));
            km_buf_append_text(&d->line,
                               km_terminal_tone(d->terminal, KM_TONE_PLAIN));
            used += need - 3;
        }
    }
    if (used) {
        keep_line(d, used);
    }
}

/* The tick whose place is in this row, or -1. */
static int tick_of_row(const struct drawing *d, size_t row)
{
    for (size_t i = 0; i < d->y.count; i++) {
        double at = y_of(d, d->y.at[i]) * (double)d->canvas.rows;
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
    size_t used = d->label_width + 2 + d->canvas.columns;
    for (size_t i = 0; i < d->side_count; i++) {
        if (d->side[i].row != row) {
            continue;
        }
        const char *sign = km_pen_sign(d->terminal, d->side[i].pen);
        km_buf_append_char(&d->line, ' ');
        km_buf_append_text(
            &d->line,
            km_terminal_tone(d->terminal, km_pen_tone(d->side[i].pen)));
        km_buf_append_text(&d->line, sign);
        km_buf_append_char(&d->line, ' ');
        km_text_fit(&d->line, d->side[i].text, d->side_width - SIDE_SIGN,
                    KM_ALIGN_MIDDLE, ellipsis_of(d));
        km_buf_append_text(&d->line,
                           km_terminal_tone(d->terminal, KM_TONE_PLAIN));
        used += d->side_width;
    }
    keep_line(d, used);
}

static size_t column_of(const struct drawing *d, double x)
{
    double at = x_of(d, x) * (double)d->canvas.columns;
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
    struct km_short unit = km_chart_x_words(d->chart, d->x.prefix);
    size_t unit_width = km_text_width(km_str_of(unit.text));
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
    km_text_plain(&d->line, km_str_of(unit.text));
    used += unit_width;
    km_buf_append_text(&d->line, km_terminal_tone(d->terminal, KM_TONE_PLAIN));
    keep_line(d, used);
}

/* Names of lines stand beside the plot where that leaves room for it; they are
 * then no part of the legend. */
static void name_sides(struct drawing *d, size_t *columns, size_t rows)
{
    double at[KM_CHART_LINES];
    size_t count = 0, widest = 0;
    for (size_t i = 0; i < d->chart->curve_count; i++) {
        const struct km_chart_curve *row = &d->chart->curves[i];
        if (row->ink != KM_INK_SERIES) {
            continue;
        }
        size_t last = row->curve->count;
        while (last > 0 && !isfinite(row->curve->y[last - 1])) {
            last--;
        }
        struct km_str name = km_chart_name(d->chart, i);
        size_t width = km_text_width(name);
        if (last == 0 || width == 0 || count == KM_CHART_LINES) {
            return;
        }
        widest = width > widest ? width : widest;
        at[count] = y_of(d, row->curve->y[last - 1]) * (double)rows - 0.5;
        d->side[count++] = (struct side_name){.text = name, .pen = pen_of(row)};
    }
    size_t need = (widest < SIDE_NAME_MAX ? widest : SIDE_NAME_MAX) + SIDE_SIGN;
    if (count == 0 || *columns < SIDE_PLOT_MIN + need ||
        !km_labels_spread(at, count, 1, 0, (double)rows - 1)) {
        return;
    }
    /* rounding keeps what is one apart on rows of their own */
    for (size_t i = 0; i < count; i++) {
        d->side[i].row = (size_t)(at[i] + 0.5);
    }
    d->side_count = count;
    d->side_width = need;
    *columns -= need;
    size_t kept = 0;
    for (size_t i = 0; i < d->legend_count; i++) {
        if (d->legend[i].ink != KM_INK_SERIES) {
            d->legend[kept++] = d->legend[i];
        }
    }
    d->legend_count = kept;
}

static void measure(struct drawing *d, size_t width, size_t rows)
{
    km_ticks_place(&d->y, d->chart->y.low, d->chart->y.high,
                   rows / 3 < 2   ? 2
                   : rows / 3 > 6 ? 6
                                  : rows / 3);
    d->label_width = width < 80 ? 0 : LABEL_MIN;
    for (size_t i = 0; i < d->y.count; i++) {
        size_t label = strlen(km_tick_label(&d->y, i).text);
        d->label_width = label > d->label_width ? label : d->label_width;
    }
    size_t columns = width - d->label_width - 2;
    name_sides(d, &columns, rows);
    size_t wanted = columns / 12;
    d->x = km_chart_x_ticks(d->chart, wanted < 2    ? 2
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
    d.line_cap = rows + LINES_MORE + KM_LEGEND_MAX + chart->curve_count;
    lines->lines = km_new(arena, struct km_str, d.line_cap);
    d.legend = km_new(arena, struct km_legend_entry, KM_LEGEND_MAX);
    d.failed = !lines->lines || !d.legend;
    if (!d.failed) {
        d.legend_count = km_chart_legend(chart, ellipsis_of(&d), d.legend);
        measure(&d, width, rows);
        d.failed = !d.canvas.cells;
    }
    if (!d.failed) {
        draw_all(&d);
        title_lines(&d);
    }
    for (size_t row = 0; row < rows && !d.failed; row++) {
        plot_line(&d, row);
    }
    if (!d.failed) {
        axis_line(&d);
        label_line(&d);
        place_lines(&d);
    }
    km_buf_finish(&d.line);
    return d.failed ? km_fail(err, KM_ELIMIT, "no memory for a chart") : KM_OK;
}
