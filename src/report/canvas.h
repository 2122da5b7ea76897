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

struct km_canvas_cell {
    uint8_t dots; /* bits of U+2800 */
    uint8_t ink;  /* enum km_ink of the dots */
    bool shaded, hairline, level;
};

struct km_canvas {
    struct km_canvas_cell *cells; /* NULL: the arena was full */
    size_t columns, rows;
    bool many_valid; /* too many to give each a letter of its own */
};

void km_canvas_init(struct km_canvas *canvas, struct km_arena *arena,
                    size_t columns, size_t rows);
void km_canvas_dot(struct km_canvas *canvas, double x, double y,
                   enum km_ink ink);
void km_canvas_line(struct km_canvas *canvas, double x0, double y0, double x1,
                    double y1, enum km_ink ink);
void km_canvas_shade(struct km_canvas *canvas, double x0, double x1, double y0,
                     double y1);
void km_canvas_hairline(struct km_canvas *canvas, double x); /* vertical */
void km_canvas_level(struct km_canvas *canvas, double y);    /* horizontal */

/* Appends `columns` columns. */
void km_canvas_row(const struct km_canvas *canvas,
                   const struct km_terminal *terminal, size_t row,
                   struct km_buf *out);

/* How an ink looks: in the legend and in the plot. */
const char *km_ink_sign(const struct km_terminal *terminal, enum km_ink ink);
enum km_tone km_ink_tone(enum km_ink ink);

#endif
