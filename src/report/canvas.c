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
                   enum km_ink ink)
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
    if (cell->ink != ink && ink >= KM_INK_FIT) {
        cell->dots = 0; /* a line stands out from the dots below it */
    }
    cell->dots |= bits[row % 4][column % 2];
    cell->ink = (uint8_t)ink;
}

void km_canvas_line(struct km_canvas *canvas, double x0, double y0, double x1,
                    double y1, enum km_ink ink)
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
        bool gap = km_ink_is_ahead(ink) && inside(x) &&
                   place(x, canvas->columns * 2) % 4 == 3;
        if (!gap) {
            km_canvas_dot(canvas, x, y0 + t * (y1 - y0), ink);
        }
    }
}

void km_canvas_shade(struct km_canvas *canvas, double x0, double x1, double y0,
                     double y1)
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
            canvas->cells[row * canvas->columns + column].shaded = true;
        }
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

enum km_tone km_ink_tone(enum km_ink ink)
{
    switch (ink) {
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
    case KM_INK_DATA:
    case KM_INK_COUNT:
        break;
    }
    return KM_TONE_PLAIN;
}

const char *km_ink_sign(const struct km_terminal *terminal, enum km_ink ink)
{
    static const char *const letters[][2] = {
        [KM_INK_BAND] = {"░", ":"},      [KM_INK_GHOST] = {"⠂", ","},
        [KM_INK_DATA] = {"⠿", "."},      [KM_INK_VALID] = {"●", "o"},
        [KM_INK_FIT] = {"━", "*"},       [KM_INK_FORECAST] = {"╍", "+"},
        [KM_INK_VALID_FIT] = {"━", "*"}, [KM_INK_VALID_FORECAST] = {"╍", "+"},
    };
    assert(ink < KM_INK_COUNT);
    return letters[ink][terminal->unicode ? 0 : 1];
}

static void append_dots(struct km_buf *out, uint8_t dots)
{
    char utf8[3] = {(char)0xe2, (char)(0xa0 | dots >> 6),
                    (char)(0x80 | (dots & 0x3f))};
    km_buf_append(out, utf8, 3);
}

static enum km_tone cell_tone(const struct km_canvas_cell *cell)
{
    if (cell->dots) {
        return km_ink_tone((enum km_ink)cell->ink);
    }
    return cell->level || cell->hairline || cell->shaded ? KM_TONE_QUIET
                                                         : KM_TONE_PLAIN;
}

static void append_cell(struct km_buf *out, const struct km_terminal *terminal,
                        const struct km_canvas_cell *cell, bool many_valid)
{
    bool unicode = terminal->unicode;
    if (cell->dots && unicode && (cell->ink != KM_INK_VALID || many_valid)) {
        append_dots(out, cell->dots);
    } else if (cell->dots) {
        km_buf_append_text(out, km_ink_sign(terminal, (enum km_ink)cell->ink));
    } else if (cell->level) {
        km_buf_append_text(out, unicode ? "╌" : "-");
    } else if (cell->shaded) {
        km_buf_append_text(out, unicode ? "░" : ":");
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
