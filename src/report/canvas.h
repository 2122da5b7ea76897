/* canvas.h - a grid of character cells to draw curves on.
 *
 * Each cell has 2 x 4 dots (Braille) and the ink that was put last; places are
 * shares of the width and height, 0..1 from the top left. What lies outside is
 * not drawn. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_CANVAS_H
#define KM_REPORT_CANVAS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "report/chart.h"
#include "report/terminal.h"

/* What draws: series is the colour of SERIES and STACK. */
struct km_pen {
    enum km_ink ink;
    size_t series;
};

struct km_canvas_cell {
    uint8_t dots;   /* bits of U+2800 */
    uint8_t ink;    /* enum km_ink of the dots */
    uint8_t series; /* of the dots or the fill */
    uint8_t shade;  /* 0: none; 1 is the lightest */
    uint8_t tone;   /* enum km_tone of the shade */
    char letter;    /* a place's key; 0: none */
    bool filled, hairline, level, strong;
};

struct km_canvas {
    struct km_canvas_cell *cells; /* NULL: the arena was full */
    size_t columns, rows;
    bool many_valid; /* too many to give each a letter of its own */
};

void km_canvas_init(struct km_canvas *canvas, struct km_arena *arena,
                    size_t columns, size_t rows);
void km_canvas_dot(struct km_canvas *canvas, double x, double y,
                   struct km_pen pen);
void km_canvas_line(struct km_canvas *canvas, double x0, double y0, double x1,
                    double y1, struct km_pen pen);
/* A band; `shade` from 1, darker over lighter; the last of one darkness has the
 * tone. */
void km_canvas_shade(struct km_canvas *canvas, double x0, double x1, double y0,
                     double y1, uint8_t shade, enum km_tone tone);
/* A layer of a stack: the cells of a column whose middle is between the edges.
 */
void km_canvas_fill(struct km_canvas *canvas, size_t column, double y0,
                    double y1, size_t series);
/* A place with the letter that is its key; the first there stays. */
void km_canvas_letter(struct km_canvas *canvas, double x, double y, char letter,
                      bool strong);
void km_canvas_hairline(struct km_canvas *canvas, double x); /* vertical */
void km_canvas_level(struct km_canvas *canvas, double y);    /* horizontal */

/* Appends `columns` columns. */
void km_canvas_row(const struct km_canvas *canvas,
                   const struct km_terminal *terminal, size_t row,
                   struct km_buf *out);

/* How an ink looks: in the legend and in the plot. */
const char *km_pen_sign(const struct km_terminal *terminal, struct km_pen pen);
enum km_tone km_pen_tone(struct km_pen pen);
const char *km_shade_sign(const struct km_terminal *terminal, uint8_t shade);

#endif
