/* sqlite_source.h - trackers that keep their runs in an SQLite file.
 *
 * One row of the table of formats; which tracker made the file is told by its
 * tables, because the first bytes do not say.
 * Document: docs/formats/sqlite.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_SQLITE_SOURCE_H
#define KM_SOURCE_SQLITE_SOURCE_H

#include "source/source.h"
#include "source/sqlite_file.h"

extern const struct km_source_ops km_source_sqlite;

enum { KM_SQLITE_PLACE_BYTES = 256 };

/* Where a scan stands. Rows in (base, top] are being read, run by run; `run`
 * and `row` are the last one taken of them. When done, base becomes top. */
struct km_sqlite_state {
    struct km_sqlite file;
    int64_t base, top, row;
    int64_t base_count; /* rows up to `base`: shows when some were removed */
    int64_t system_row; /* trackio: the last row of its second table */
    char run[KM_SQLITE_PLACE_BYTES];
    size_t run_len;
    struct km_str project; /* from the file's name */
};

/* One per tracker; both leave `state` so that the next scan goes on. */
enum km_code km_sqlite_scan_mlflow(struct km_source *source,
                                   struct km_err *err);
enum km_code km_sqlite_scan_trackio(struct km_source *source,
                                    struct km_err *err);
enum km_code km_sqlite_scan_goodseed(struct km_source *source,
                                     struct km_err *err);

/* Sets `top` to the largest rowid of `table` unless a scan was cut short, and
 * refuses a table whose old rows are not there any more (KM_ECONFLICT). */
enum km_code km_sqlite_begin_rows(struct km_source *source, const char *table,
                                  struct km_err *err);

/* Everything up to `row` of `table` was taken: remembers it and commits. For
 * tables that are read in the order of rowid. */
enum km_code km_sqlite_note_row(struct km_source *source, const char *table,
                                int64_t row, struct km_err *err);

/* A number by a statement that gives one row of one integer. */
enum km_code km_sqlite_integer(struct km_sqlite *file, const char *sql,
                               int64_t argument, int64_t *value,
                               struct km_err *err);

#endif
