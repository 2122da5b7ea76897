/* canvas.c - dots, lines and shades in character cells. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/canvas.h"

#include <assert.h>
#include <math.h>

void km_canvas_init(struct km_canvas *canvas, struct km_arena *arena,
                    size_t columns, size_t rows)
{
    assert(columns > 0 && rows > 0);
    *canvas = (struct km_canvas){.columns = columns, .rows = rows};
    canvas->cells = km_new(arena, struct km_canvas_cell, columns * rows);
}

static bool inside(double share)
{
    return share >= 0 && share <= 1; /* false for NaN */
}

static size_t place(double share, size_t count)
{
    size_t at = (size_t)(share * (double)count);
    return at < count ? at : count - 1;
}

void km_canvas_dot(struct km_canvas *canvas, double x, double y,
                   struct km_pen pen)
{
    static const uint8_t bits[4][2] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    if (!inside(x) || !inside(y)) {
        return;
    }
    size_t column = place(x, canvas->columns * 2);
    size_t row = place(y, canvas->rows * 4);
    struct km_canvas_cell *cell =
        &canvas->cells[row / 4 * canvas->columns + column / 2];
    bool other = cell->ink != pen.ink || cell->series != pen.series;
    if (other && km_ink_is_line(pen.ink)) {
        cell->dots = 0; /* a line stands out from the dots below it */
    }
    cell->dots |= bits[row % 4][column % 2];
    cell->ink = (uint8_t)pen.ink;
    cell->series = (uint8_t)pen.series;
}

void km_canvas_line(struct km_canvas *canvas, double x0, double y0, double x1,
                    double y1, struct km_pen pen)
{
    double wide = (x1 - x0) * (double)canvas->columns * 2;
    double high = (y1 - y0) * (double)canvas->rows * 4;
    double length = fmax(fabs(wide), fabs(high));
    if (!(length < 1e5)) {
        return; /* not a number, or far outside */
    }
    int steps = (int)ceil(length) + 1;
    for (int i = 0; i <= steps; i++) {
        double t = (double)i / steps;
        double x = x0 + t * (x1 - x0);
        bool gap = km_ink_is_ahead(pen.ink) && inside(x) &&
                   place(x, canvas->columns * 2) % 4 == 3;
        if (!gap) {
            km_canvas_dot(canvas, x, y0 + t * (y1 - y0), pen);
        }
    }
}

void km_canvas_shade(struct km_canvas *canvas, double x0, double x1, double y0,
                     double y1, uint8_t shade, enum km_tone tone)
{
    if (!(x1 >= 0 && x0 <= 1 && y1 >= 0 && y0 <= 1)) {
        return;
    }
    size_t left = place(fmax(x0, 0), canvas->columns);
    size_t right = place(fmin(x1, 1), canvas->columns);
    size_t top = place(fmax(y0, 0), canvas->rows);
    size_t bottom = place(fmin(y1, 1), canvas->rows);
    for (size_t row = top; row <= bottom; row++) {
        for (size_t column = left; column <= right; column++) {
            struct km_canvas_cell *cell =
                &canvas->cells[row * canvas->columns + column];
            if (shade >= cell->shade) {
                cell->shade = shade;
                cell->tone = (uint8_t)tone;
            }
        }
    }
}

void km_canvas_fill(struct km_canvas *canvas, size_t column, double y0,
                    double y1, size_t series)
{
    assert(column < canvas->columns);
    for (size_t row = 0; row < canvas->rows; row++) {
        double middle = ((double)row + 0.5) / (double)canvas->rows;
        if (middle >= y0 && middle < y1) {
            struct km_canvas_cell *cell =
                &canvas->cells[row * canvas->columns + column];
            cell->filled = true;
            cell->series = (uint8_t)series;
        }
    }
}

void km_canvas_letter(struct km_canvas *canvas, double x, double y, char letter,
                      bool strong)
{
    if (!inside(x) || !inside(y)) {
        return;
    }
    struct km_canvas_cell *cell =
        &canvas->cells[place(y, canvas->rows) * canvas->columns +
                       place(x, canvas->columns)];
    if (!cell->letter) {
        cell->letter = letter;
        cell->strong = strong;
    }
}

void km_canvas_hairline(struct km_canvas *canvas, double x)
{
    for (size_t row = 0; inside(x) && row < canvas->rows; row++) {
        size_t column = place(x, canvas->columns);
        canvas->cells[row * canvas->columns + column].hairline = true;
    }
}

void km_canvas_level(struct km_canvas *canvas, double y)
{
    for (size_t column = 0; inside(y) && column < canvas->columns; column++) {
        size_t row = place(y, canvas->rows);
        canvas->cells[row * canvas->columns + column].level = true;
    }
}

enum km_tone km_pen_tone(struct km_pen pen)
{
    switch (pen.ink) {
    case KM_INK_BAND:
    case KM_INK_GHOST:
        return KM_TONE_QUIET;
    case KM_INK_VALID:
    case KM_INK_VALID_FIT:
    case KM_INK_VALID_FORECAST:
        return KM_TONE_WATCH;
    case KM_INK_FIT:
    case KM_INK_FORECAST:
        return KM_TONE_ACCENT;
    case KM_INK_SERIES:
    case KM_INK_STACK:
        return km_tone_of_series(pen.series);
    case KM_INK_DATA:
    case KM_INK_PLACE:
    case KM_INK_COUNT:
        break;
    }
    return KM_TONE_PLAIN;
}

/* Layers differ without colours, too: the first, which is most of it, is light.
 */
static const char *layer_sign(bool unicode, size_t series)
{
    static const char *const letters[KM_CHART_SERIES][2] = {
        {"░", ":"}, {"█", "#"}, {"▒", "%"}, {"╱", "/"},
        {"▓", "="}, {"╳", "x"}, {"○", "o"}, {"╲", "+"}};
    return letters[series % KM_CHART_SERIES][unicode ? 0 : 1];
}

const char *km_shade_sign(const struct km_terminal *terminal, uint8_t shade)
{
    static const char *const letters[][2] = {
        {"░", ":"}, {"▒", "%"}, {"▓", "#"}};
    assert(shade >= 1);
    return letters[shade > 3 ? 2 : shade - 1][terminal->unicode ? 0 : 1];
}

const char *km_pen_sign(const struct km_terminal *terminal, struct km_pen pen)
{
    static const char *const letters[][2] = {
        [KM_INK_BAND] = {"░", ":"},           [KM_INK_STACK] = {"░", ":"},
        [KM_INK_GHOST] = {"⠂", ","},          [KM_INK_DATA] = {"⠿", "."},
        [KM_INK_VALID] = {"●", "o"},          [KM_INK_FIT] = {"━", "*"},
        [KM_INK_FORECAST] = {"╍", "+"},       [KM_INK_VALID_FIT] = {"━", "*"},
        [KM_INK_VALID_FORECAST] = {"╍", "+"}, [KM_INK_SERIES] = {"━", "*"},
        [KM_INK_PLACE] = {"●", "o"},
    };
    static const char *const lines[KM_CHART_SERIES] = {"*", "o", "x", "+",
                                                       "#", "@", "%", "="};
    assert(pen.ink < KM_INK_COUNT);
    if (pen.ink == KM_INK_STACK) {
        return layer_sign(terminal->unicode, pen.series);
    }
    if (pen.ink == KM_INK_SERIES && !terminal->unicode) {
        return lines[pen.series % KM_CHART_SERIES];
    }
    return letters[pen.ink][terminal->unicode ? 0 : 1];
}

static void append_dots(struct km_buf *out, uint8_t dots)
{
    char utf8[3] = {(char)0xe2, (char)(0xa0 | dots >> 6),
                    (char)(0x80 | (dots & 0x3f))};
    km_buf_append(out, utf8, 3);
}

static struct km_pen pen_of(const struct km_canvas_cell *cell)
{
    return (struct km_pen){cell->dots ? (enum km_ink)cell->ink : KM_INK_STACK,
                           cell->series};
}

static enum km_tone cell_tone(const struct km_canvas_cell *cell)
{
    if (cell->letter) {
        return cell->strong ? KM_TONE_STRONG : KM_TONE_PLAIN;
    }
    if (cell->dots || cell->filled) {
        return km_pen_tone(pen_of(cell));
    }
    if (cell->shade && !cell->level) {
        return (enum km_tone)cell->tone;
    }
    return cell->level || cell->hairline ? KM_TONE_QUIET : KM_TONE_PLAIN;
}

static void append_cell(struct km_buf *out, const struct km_terminal *terminal,
                        const struct km_canvas_cell *cell, bool many_valid)
{
    bool unicode = terminal->unicode;
    if (cell->letter) {
        km_buf_append_char(out, cell->letter);
    } else if (cell->dots && unicode &&
               (cell->ink != KM_INK_VALID || many_valid)) {
        append_dots(out, cell->dots);
    } else if (cell->dots || cell->filled) {
        km_buf_append_text(out, km_pen_sign(terminal, pen_of(cell)));
    } else if (cell->level) {
        km_buf_append_text(out, unicode ? "╌" : "-");
    } else if (cell->shade) {
        km_buf_append_text(out, km_shade_sign(terminal, cell->shade));
    } else if (cell->hairline) {
        km_buf_append_text(out, unicode ? "┊" : "|");
    } else {
        km_buf_append_char(out, ' ');
    }
}

void km_canvas_row(const struct km_canvas *canvas,
                   const struct km_terminal *terminal, size_t row,
                   struct km_buf *out)
{
    assert(row < canvas->rows);
    enum km_tone tone = KM_TONE_PLAIN;
    for (size_t column = 0; column < canvas->columns; column++) {
        const struct km_canvas_cell *cell =
            &canvas->cells[row * canvas->columns + column];
        enum km_tone wanted = cell_tone(cell);
        if (wanted != tone) {
            km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_PLAIN));
            if (wanted != KM_TONE_PLAIN) {
                km_buf_append_text(out, km_terminal_tone(terminal, wanted));
            }
            tone = wanted;
        }
        append_cell(out, terminal, cell, canvas->many_valid);
    }
    if (tone != KM_TONE_PLAIN) {
        km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_PLAIN));
    }
}
