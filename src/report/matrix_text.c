/* matrix_text.c - heat maps in letters and colours. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/matrix_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/matrix_view.h"
#include "report/text.h"

enum {
    ROW_NAME_MAX = 28,
    COLUMN_NAME_MAX = 14,
    MARGIN = 1, /* right of the value: the shade, or colour */
};

struct grid {
    struct km_matrix_view view;
    const struct km_matrix *matrix;
    const struct km_terminal *terminal;
    struct km_buf *out;
    bool numbered;     /* columns have numbers, named below */
    bool number_rows;  /* rows and columns are the same: the key is there */
    size_t name_width; /* of rows, with their numbers */
    size_t cell_width; /* with the shade, without the gap before it */
    size_t per_block;  /* columns side by side */
};

static bool has_palette(const struct grid *g)
{
    return g->terminal->palette != KM_PALETTE_TONES;
}

static const char *ellipsis_of(const struct grid *g)
{
    return g->terminal->unicode ? "…" : "~";
}

static size_t digits_of(size_t number)
{
    return (size_t)snprintf(NULL, 0, "%zu", number);
}

static struct km_str row_name(const struct grid *g, size_t row)
{
    return km_str_distinct(g->matrix->rows, g->matrix->row_count, row);
}

static struct km_str column_name(const struct grid *g, size_t column)
{
    return km_str_distinct(g->matrix->columns, g->matrix->column_count,
                            column);
}

static size_t widest_column(const struct grid *g, size_t most)
{
    size_t widest = 0;
    for (size_t i = 0; i < g->matrix->column_count; i++) {
        size_t width = km_text_width(column_name(g, i));
        widest = width > widest ? width : widest;
    }
    return widest < most ? widest : most;
}

/* Of the names of rows as they are shown: what is cut may need less room. */
static size_t widest_row(const struct grid *g, size_t most)
{
    size_t widest = 0;
    for (size_t r = 0; r < g->matrix->row_count; r++) {
        struct km_buf name;
        km_buf_init(&name, 64 * 1024);
        km_text_name(&name, row_name(g, r), most, ellipsis_of(g));
        size_t width = km_text_width((struct km_str){name.bytes, name.len});
        widest = width > widest ? width : widest;
        km_buf_finish(&name);
    }
    return widest < most ? widest : most;
}

/* Columns that fit side by side, and how wide they are, with full names or with
 * numbers over them. */
static void lay_out(struct grid *g, bool numbered)
{
    const struct km_matrix *m = g->matrix;
    size_t head = numbered ? digits_of(m->column_count)
                           : widest_column(g, COLUMN_NAME_MAX);
    size_t value = g->view.value_width > 1 ? g->view.value_width : 1;
    g->numbered = numbered;
    g->number_rows = numbered && g->view.same_names && !g->view.dense;
    g->cell_width = (head > value ? head : value) + MARGIN;
    size_t number = g->number_rows ? digits_of(m->row_count) + 1 : 0;
    size_t most = g->terminal->width * 2 / 5 - number;
    most = most < ROW_NAME_MAX ? most : ROW_NAME_MAX;
    g->name_width = number + widest_row(g, most);
    size_t room = g->terminal->width - g->name_width - 1;
    if (g->view.dense) {
        g->cell_width = 2 * m->column_count <= room ? 2 : 1;
    }
    size_t each = g->cell_width + (g->view.dense ? 0 : 1);
    g->per_block = room / each ? room / each : 1;
}

static void tone(const struct grid *g, enum km_tone wanted)
{
    km_buf_append_text(g->out, km_terminal_tone(g->terminal, wanted));
}

static void blanks(struct km_buf *out, size_t count)
{
    km_buf_printf(out, "%*s", (int)count, "");
}

static void trim(struct km_buf *out)
{
    while (out->len && out->bytes[out->len - 1] == ' ') {
        out->len--;
    }
    km_buf_append_char(out, '\n');
}

static void title_lines(const struct grid *g)
{
    const struct km_matrix *m = g->matrix;
    char text[512];
    km_terminal_line(g->terminal, KM_TONE_STRONG, km_str_of(m->title), g->out);
    (void)snprintf(text, sizeof text, "%s%srows: %.120s; columns: %.120s",
                   strcmp(m->unit, "1") == 0 ? "" : m->unit,
                   strcmp(m->unit, "1") == 0 ? "" : "; ", m->row_title,
                   m->column_title);
    km_terminal_line(g->terminal, KM_TONE_QUIET, km_str_of(text), g->out);
}

static void heading_line(const struct grid *g, size_t from, size_t to)
{
    tone(g, KM_TONE_QUIET);
    blanks(g->out, g->name_width + 1);
    for (size_t c = from; c < to && !g->view.dense; c++) {
        char number[24];
        (void)snprintf(number, sizeof number, "%zu", c + 1);
        struct km_str head =
            g->numbered ? km_str_of(number) : column_name(g, c);
        km_buf_append_char(g->out, ' ');
        km_text_fit(g->out, head, g->cell_width - MARGIN, KM_ALIGN_RIGHT,
                    ellipsis_of(g));
        blanks(g->out, MARGIN);
    }
    if (g->view.dense) {
        char text[160];
        (void)snprintf(text, sizeof text, "%.60s to %.60s",
                       g->matrix->columns[from], g->matrix->columns[to - 1]);
        km_text_fit(g->out, km_str_of(text),
                    g->terminal->width - g->name_width - 1, KM_ALIGN_LEFT,
                    ellipsis_of(g));
    }
    trim(g->out);
    tone(g, KM_TONE_PLAIN);
}

static const char *shade_of(const struct grid *g, double share)
{
    static const char *const letters[][2] = {
        {" ", " "}, {"░", ":"}, {"▒", "+"}, {"▓", "%"}, {"█", "#"}};
    size_t step = (size_t)fmin(share * 5, 4);
    return letters[step][g->terminal->unicode ? 0 : 1];
}

/* A colour or a shade for one of very many values. */
static void draw_dense_cell(const struct grid *g, double share)
{
    const char *hole = g->terminal->unicode ? "·" : ".";
    const char *sign = isnan(share)     ? hole
                       : has_palette(g) ? " "
                                        : shade_of(g, share);
    if (!isnan(share)) {
        km_buf_append_text(g->out, km_terminal_heat(g->terminal, share).text);
    }
    for (size_t i = 0; i < g->cell_width; i++) {
        km_buf_append_text(g->out, sign);
    }
    if (has_palette(g)) {
        tone(g, KM_TONE_PLAIN);
    }
}

static void draw_cell(const struct grid *g, size_t row, size_t column)
{
    double share = km_matrix_share(&g->view, row, column);
    struct km_short value = km_matrix_cell(&g->view, row, column);
    if (g->view.dense) {
        draw_dense_cell(g, share);
        return;
    }
    if (isnan(share)) {
        tone(g, KM_TONE_QUIET);
        blanks(g->out, g->cell_width - MARGIN);
        km_buf_append_text(g->out, g->terminal->unicode ? "·" : ".");
        blanks(g->out, MARGIN);
        tone(g, KM_TONE_PLAIN);
        return;
    }
    km_buf_append_text(g->out, km_terminal_heat(g->terminal, share).text);
    blanks(g->out, 1 + g->cell_width - MARGIN - strlen(value.text));
    km_buf_append_text(g->out, value.text);
    km_buf_append_text(g->out, has_palette(g) ? " " : shade_of(g, share));
    if (has_palette(g)) {
        tone(g, KM_TONE_PLAIN);
    }
}

static void block(const struct grid *g, size_t from, size_t to)
{
    const struct km_matrix *m = g->matrix;
    heading_line(g, from, to);
    for (size_t r = 0; r < m->row_count; r++) {
        size_t width = g->name_width;
        if (g->number_rows) {
            size_t digits = digits_of(m->row_count);
            km_buf_printf(g->out, "%*zu ", (int)digits, r + 1);
            width -= digits + 1;
        }
        km_text_fit(g->out, row_name(g, r), width, KM_ALIGN_MIDDLE,
                    ellipsis_of(g));
        km_buf_append_char(g->out, ' ');
        for (size_t c = from; c < to; c++) {
            draw_cell(g, r, c);
        }
        trim(g->out);
    }
}

/* "1 task one, 2 task two": where numbers stand for names. */
static void key_lines(const struct grid *g)
{
    const struct km_matrix *m = g->matrix;
    if (!g->numbered || g->number_rows || g->view.dense) {
        return;
    }
    struct km_buf line;
    km_buf_init(&line, 64 * 1024);
    for (size_t c = 0; c < m->column_count; c++) {
        struct km_str name = column_name(g, c);
        km_buf_printf(&line, "%s%zu ", c ? ", " : "", c + 1);
        km_buf_append(&line, name.ptr, name.len);
    }
    km_terminal_line(g->terminal, KM_TONE_QUIET,
                     (struct km_str){line.bytes, line.len}, g->out);
    km_buf_finish(&line);
}

static void scale_line(const struct grid *g)
{
    const struct km_matrix *m = g->matrix;
    if (isnan(g->view.low)) {
        km_buf_append_text(g->out, "no cell has a value\n");
        return;
    }
    char hole[64] = "";
    if (g->view.hole_count) {
        (void)snprintf(hole, sizeof hole, "; %s not measured",
                       g->terminal->unicode ? "·" : ".");
    }
    char text[256];
    (void)snprintf(
        text, sizeof text, "%s %s to %s %s%s%s%s",
        has_palette(g) ? "pale" : "light", km_matrix_end(&g->view, false).text,
        has_palette(g) ? "dark" : "full", km_matrix_end(&g->view, true).text,
        g->view.logarithmic ? ", by powers of ten" : "",
        m->better == KM_BETTER_HIGHER  ? "; higher is better"
        : m->better == KM_BETTER_LOWER ? "; lower is better"
                                       : "",
        hole);
    km_terminal_line(g->terminal, KM_TONE_QUIET, km_str_of(text), g->out);
}

void km_matrix_text(const struct km_matrix *matrix,
                    const struct km_terminal *terminal, struct km_buf *out)
{
    if (matrix->row_count == 0 || matrix->column_count == 0) {
        return;
    }
    struct grid grid = {.view = km_matrix_view_of(matrix),
                        .matrix = matrix,
                        .terminal = terminal,
                        .out = out};
    lay_out(&grid, grid.view.dense);
    if (matrix->column_count > grid.per_block ||
        widest_column(&grid, SIZE_MAX) > COLUMN_NAME_MAX) {
        lay_out(&grid, true);
    }
    title_lines(&grid);
    for (size_t from = 0; from < matrix->column_count; from += grid.per_block) {
        size_t rest = matrix->column_count - from;
        block(&grid, from,
              from + (rest < grid.per_block ? rest : grid.per_block));
    }
    key_lines(&grid);
    scale_line(&grid);
}
