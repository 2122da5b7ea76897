/* table.h - aligned columns for people.
 *
 * Rows are collected, widths decided at the end: columns take what their
 * longest cell needs; when that is too much for the terminal, columns marked as
 * `flexible` give way, the widest first, and cut cells end in an ellipsis.
 * Ownership: cells are copied into the caller's arena. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_TABLE_H
#define KM_REPORT_TABLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "report/terminal.h"
#include "report/text.h"

enum { KM_TABLE_COLUMNS_MAX = 16 };

struct km_column {
    const char *title;
    enum km_align align;
    bool flexible;
};

struct km_cell {
    struct km_str text;
    enum km_tone tone;
    bool spans; /* a row of its own text: its width does not count */
};

struct km_table {
    struct km_arena *arena;
    const struct km_column *columns;
    size_t column_count;
    struct km_cell *cells; /* row by row */
    size_t cell_count, cell_cap;
    bool failed; /* the arena was full */
};

void km_table_init(struct km_table *table, struct km_arena *arena,
                   const struct km_column *columns, size_t column_count);

/* Cells from left to right, row after row. */
void km_table_cell(struct km_table *table, struct km_str text,
                   enum km_tone tone);
void km_table_cellf(struct km_table *table, enum km_tone tone,
                    const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A row that is one text over all columns. */
void km_table_heading(struct km_table *table, struct km_str text,
                      enum km_tone tone);

/* Columns of the screen that it takes when nothing is cut. */
size_t km_table_width(const struct km_table *table);

/* A column that is empty in every row is left out. */
enum km_code km_table_print(const struct km_table *table,
                            const struct km_terminal *terminal,
                            struct km_buf *out, struct km_err *err);

#endif
