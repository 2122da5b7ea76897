/* csv_table.h - what the columns of a CSV file mean.
 *
 * From the header (and the first row) to: which column is the step, which the
 * time, and under which metric name each of the others goes.
 * Ownership: names live in the arena.   Threads: one at a time.
 * Document: docs/formats/csv.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_CSV_TABLE_H
#define KM_SOURCE_CSV_TABLE_H

#include <stdint.h>

#include "base/err.h"
#include "source/csv_row.h"

#define KM_CSV_NO_COLUMN SIZE_MAX
#define KM_CSV_NO_SERIES (UINT32_MAX - 2) /* not asked for yet */

struct km_csv_column {
    struct km_str name;   /* of the metric */
    struct km_str labels; /* of its own, else those of the file */
    uint32_t series;      /* handle of the emitter, or KM_CSV_NO_SERIES */
    bool left_out;        /* an axis, or not wanted by --columns */
    bool is_setting;      /* its first value is the setting `name` */
    bool text_seen;       /* something that is no number was reported */
};

struct km_csv_table {
    struct km_csv_column *columns;
    size_t count;
    size_t step_column; /* or KM_CSV_NO_COLUMN: the row's index */
    size_t time_column; /* or KM_CSV_NO_COLUMN */
    size_t run_column;  /* or KM_CSV_NO_COLUMN: the file is one run */
    bool step_is_epoch, has_settings;
};

/* Reads the header. `column_map` is the user's --columns, or empty.
 * Errors: KM_EUSAGE when the map names a column that is not there; KM_ELIMIT.
 */
enum km_code km_csv_table_build(struct km_csv_table *table,
                                struct km_arena *arena,
                                const struct km_csv_row *header,
                                struct km_str column_map, struct km_err *err);

/* Chooses the step column by the header's names and the first row: a column
 * whose first value is not whole cannot be a step. */
void km_csv_table_choose_step(struct km_csv_table *table,
                              const struct km_csv_row *row);

/* Leaves out the step and time columns whose names say nothing else. */
void km_csv_table_leave_axes_out(struct km_csv_table *table);

/* True for text that stands for "no value here": empty, NA, null, None. */
bool km_csv_is_missing(struct km_str text);

/* A whole number, also when written "100.0" or "1e3". */
bool km_csv_step_parse(struct km_str text, int64_t *step);

/* Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by
 * magnitude (2001 to 2100), or ISO 8601. False for relative times. */
bool km_csv_time_parse(struct km_str text, int64_t *time_ns);
bool km_csv_time_guess(double value, int64_t *time_ns); /* by magnitude */

#endif
