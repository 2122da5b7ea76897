/* table.c - widths first, then rows. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "report/names.h"

enum { GAP = 2, FLEXIBLE_MIN = 8 };

void km_table_init(struct km_table *table, struct km_arena *arena,
                   const struct km_column *columns, size_t column_count)
{
    assert(column_count > 0 && column_count <= KM_TABLE_COLUMNS_MAX);
    *table = (struct km_table){
        .arena = arena, .columns = columns, .column_count = column_count};
}

static bool grow_cells(struct km_table *table)
{
    size_t cap = table->cell_cap ? table->cell_cap * 2 : 128;
    struct km_cell *cells = km_new(table->arena, struct km_cell, cap);
    if (!cells) {
        table->failed = true;
        return false;
    }
    if (table->cell_count) {
        memcpy(cells, table->cells, table->cell_count * sizeof *cells);
    }
    table->cells = cells;
    table->cell_cap = cap;
    return true;
}

void km_table_cell(struct km_table *table, struct km_str text,
                   enum km_tone tone)
{
    if (table->failed ||
        (table->cell_count == table->cell_cap && !grow_cells(table))) {
        return;
    }
    char *copy =
        km_arena_copy(table->arena, text.ptr ? text.ptr : "", text.len);
    table->failed = copy == NULL;
    table->cells[table->cell_count++] =
        (struct km_cell){{copy, copy ? text.len : 0}, tone, false};
}

void km_table_cellf(struct km_table *table, enum km_tone tone,
                    const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert(len >= 0);
    size_t kept = (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    km_table_cell(table, (struct km_str){text, kept}, tone);
}

void km_table_heading(struct km_table *table, struct km_str text,
                      enum km_tone tone)
{
    assert(table->failed || table->cell_count % table->column_count == 0);
    size_t first = table->cell_count;
    km_table_cell(table, text, tone);
    for (size_t c = 1; c < table->column_count; c++) {
        km_table_cell(table, KM_STR(""), tone);
    }
    if (!table->failed) {
        table->cells[first].spans = true;
    }
}

/* Columns of the widest cell, 0 for a column without any text. */
static void measure(const struct km_table *table, size_t *widths)
{
    for (size_t c = 0; c < table->column_count; c++) {
        size_t widest = 0;
        for (size_t i = c; i < table->cell_count; i += table->column_count) {
            size_t width =
                table->cells[i].spans ? 0 : km_text_width(table->cells[i].text);
            widest = width > widest ? width : widest;
        }
        size_t title = km_text_width(km_str_of(table->columns[c].title));
        widths[c] = widest && title > widest ? title : widest;
    }
}

static size_t total_of(const size_t *widths, size_t count)
{
    size_t total = 0;
    for (size_t c = 0; c < count; c++) {
        total += widths[c] ? widths[c] + GAP : 0;
    }
    return total > GAP ? total - GAP : 0;
}

size_t km_table_width(const struct km_table *table)
{
    size_t widths[KM_TABLE_COLUMNS_MAX];
    measure(table, widths);
    return total_of(widths, table->column_count);
}

/* The widest flexible column gives way, one column of the screen at a time. */
static void shrink(const struct km_table *table, size_t *widths, size_t room)
{
    size_t total = total_of(widths, table->column_count);
    while (total > room) {
        size_t widest = table->column_count;
        for (size_t c = 0; c < table->column_count; c++) {
            if (table->columns[c].flexible && widths[c] > FLEXIBLE_MIN &&
                (widest == table->column_count || widths[c] > widths[widest])) {
                widest = c;
            }
        }
        if (widest == table->column_count) {
            return; /* nothing gives way: the terminal wraps the line */
        }
        widths[widest]--;
        total--;
    }
}

static const char *ellipsis_of(const struct km_terminal *terminal)
{
    return terminal->unicode ? "\xe2\x80\xa6" : "~";
}

static void print_cell(const struct km_terminal *terminal, struct km_buf *out,
                       struct km_cell cell, size_t width, enum km_align align,
                       bool last)
{
    const char *tone = km_terminal_tone(terminal, cell.tone);
    bool toned = cell.tone != KM_TONE_PLAIN && *tone;
    km_buf_append_text(out, toned ? tone : "");
    if (last && align != KM_ALIGN_RIGHT && km_text_width(cell.text) <= width) {
        km_text_plain(out, cell.text);
    } else {
        km_text_fit(out, cell.text, width, align, ellipsis_of(terminal));
    }
    km_buf_append_text(out,
                       toned ? km_terminal_tone(terminal, KM_TONE_PLAIN) : "");
}

static void print_row(const struct km_table *table,
                      const struct km_terminal *terminal, struct km_buf *out,
                      const struct km_cell *cells, const size_t *widths)
{
    size_t last = 0;
    for (size_t c = 0; c < table->column_count; c++) {
        last = widths[c] && cells[c].text.len ? c : last;
    }
    if (cells[0].spans) {
        print_cell(terminal, out, cells[0], terminal->width, KM_ALIGN_LEFT,
                   true);
        km_buf_append_char(out, '\n');
        return;
    }
    bool first = true;
    for (size_t c = 0; c <= last; c++) {
        if (widths[c] == 0) {
            continue;
        }
        km_buf_append_text(out, first ? "" : "  ");
        print_cell(terminal, out, cells[c], widths[c], table->columns[c].align,
                   c == last);
        first = false;
    }
    km_buf_append_char(out, '\n');
}

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the table has too many rows to align; narrow it down, or "
                   "use --json");
}

/* The cells with the names of column `c` shortened, so that they stay told
 * apart; NULL: the arena is full. */
static const struct km_cell *fit_names(const struct km_table *table,
                                       const struct km_cell *cells, size_t c,
                                       size_t width, const char *ellipsis)
{
    size_t rows = table->cell_count / table->column_count;
    struct km_str *names = km_new(table->arena, struct km_str, 2 * rows + 1);
    struct km_cell *fitted =
        km_new(table->arena, struct km_cell, table->cell_count + 1);
    if (!names || !fitted) {
        return NULL;
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        fitted[i] = cells[i];
    }
    for (size_t r = 0; r < rows; r++) {
        names[r] = cells[r * table->column_count + c].text;
    }
    if (!km_names_fit(table->arena, names, rows, width, ellipsis,
                      names + rows)) {
        return NULL;
    }
    for (size_t r = 0; r < rows; r++) {
        struct km_cell *cell = &fitted[r * table->column_count + c];
        cell->text = cell->spans ? cell->text : names[rows + r];
    }
    return fitted;
}

enum km_code km_table_print(const struct km_table *table,
                            const struct km_terminal *terminal,
                            struct km_buf *out, struct km_err *err)
{
    if (table->failed) {
        return fail_full(err);
    }
    assert(table->cell_count % table->column_count == 0);
    size_t widths[KM_TABLE_COLUMNS_MAX];
    measure(table, widths);
    shrink(table, widths, terminal->width);
    struct km_cell titles[KM_TABLE_COLUMNS_MAX];
    for (size_t c = 0; c < table->column_count; c++) {
        titles[c] = (struct km_cell){km_str_of(table->columns[c].title),
                                     KM_TONE_QUIET, false};
    }
    const struct km_cell *cells = table->cells;
    size_t wanted[KM_TABLE_COLUMNS_MAX];
    measure(table, wanted);
    for (size_t c = 0; c < table->column_count && cells; c++) {
        if (table->columns[c].align == KM_ALIGN_MIDDLE &&
            widths[c] < wanted[c]) {
            cells =
                fit_names(table, cells, c, widths[c], ellipsis_of(terminal));
        }
    }
    if (table->cell_count && !cells) {
        return fail_full(err);
    }
    print_row(table, terminal, out, titles, widths);
    for (size_t i = 0; i < table->cell_count; i += table->column_count) {
        print_row(table, terminal, out, &cells[i], widths);
    }
    return KM_OK;
}
