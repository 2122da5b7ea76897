/* sqlite_goodseed.c - GoodSeed's database: one run per file.
 *
 * Points come in the order in which they were written (rowid); what was there
 * at the last scan is not read again. Tables and columns beside the ones named
 * here are not relied upon. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "source/attribute_text.h"
#include "source/csv_table.h"
#include "source/sqlite_source.h"

static enum km_code failed(const struct km_err *err)
{
    return err->code ? err->code : KM_EFORMAT;
}

/* Key and value pairs of a table, as configuration or tags. */
static enum km_code read_pairs(struct km_source *source, const char *sql,
                               enum km_attribute_kind kind, struct km_err *err)
{
    struct km_sqlite_state *state = source->state;
    enum km_code code = KM_OK;
    sqlite3_stmt *rows = km_sqlite_prepare(&state->file, sql, err);
    if (!rows) {
        return failed(err);
    }
    while (km_sqlite_next(&state->file, rows, &code, err)) {
        struct km_str key = km_sqlite_text(rows, 0);
        struct km_str value = km_sqlite_text(rows, 1);
        struct km_run_meta meta = {.created_ns = KM_TIME_ABSENT,
                                   .ended_ns = KM_TIME_ABSENT};
        if (kind == KM_ATTRIBUTE_TAG && km_str_is(key, "name")) {
            meta.name = value;
            (void)km_emit_run(source->emit, &meta);
        } else {
            km_attribute_emit(source->emit, kind, key, value);
        }
    }
    (void)sqlite3_finalize(rows);
    return code;
}

/* One row: rowid, path, step, y, ts. */
static void emit_row(struct km_source *source, sqlite3_stmt *row,
                     bool *odd_seen)
{
    double step = sqlite3_column_double(row, 2);
    int64_t time_ns = KM_TIME_ABSENT;
    (void)km_csv_time_guess(sqlite3_column_double(row, 4), &time_ns);
    bool usable = fabs(step) <= 0x1p53;
    if ((!usable || step != floor(step)) && !*odd_seen) {
        *odd_seen = true;
        km_emit_warn(source->emit, 0,
                     "row %lld: the step %g is not a whole number; such steps "
                     "are rounded down",
                     (long long)sqlite3_column_int64(row, 0), step);
    }
    if (usable) {
        bool missing = sqlite3_column_type(row, 3) == SQLITE_NULL;
        km_emit_value(source->emit, km_sqlite_text(row, 1),
                      (int64_t)floor(step), time_ns,
                      missing ? (double)NAN : sqlite3_column_double(row, 3));
    }
}

static enum km_code read_points(struct km_source *source, struct km_err *err)
{
    struct km_sqlite_state *state = source->state;
    enum km_code code = KM_OK;
    sqlite3_stmt *rows = km_sqlite_prepare(
        &state->file,
        "SELECT p.rowid, s.path, p.step, p.y, p.ts FROM metric_points p"
        " JOIN metric_series s ON s.id = p.series_id"
        " WHERE p.rowid > ?1 AND p.rowid <= ?2 ORDER BY p.rowid",
        err);
    if (!rows) {
        return failed(err);
    }
    (void)sqlite3_bind_int64(rows, 1, state->base);
    (void)sqlite3_bind_int64(rows, 2, state->top);
    bool odd_seen = false;
    while (code == KM_OK && !km_emit_failed(source->emit) &&
           km_sqlite_next(&state->file, rows, &code, err)) {
        emit_row(source, rows, &odd_seen);
        if (km_emit_full(source->emit)) {
            code = km_sqlite_note_row(source, "metric_points",
                                      sqlite3_column_int64(rows, 0), err);
        }
    }
    (void)sqlite3_finalize(rows);
    return code;
}

enum km_code km_sqlite_scan_goodseed(struct km_source *source,
                                     struct km_err *err)
{
    struct km_sqlite_state *state = source->state;
    struct km_sqlite *file = &state->file;
    enum km_code code = KM_OK;
    if (km_sqlite_has(file, "configs", "path") &&
        km_sqlite_has(file, "configs", "value")) {
        code = read_pairs(source, "SELECT path, value FROM configs ORDER BY 1",
                          KM_ATTRIBUTE_CONFIG, err);
    }
    if (code == KM_OK && km_sqlite_has(file, "run_meta", "key") &&
        km_sqlite_has(file, "run_meta", "value")) {
        code = read_pairs(source, "SELECT key, value FROM run_meta ORDER BY 1",
                          KM_ATTRIBUTE_TAG, err);
    }
    code = code ? code : km_sqlite_begin_rows(source, "metric_points", err);
    code = code ? code : read_points(source, err);
    return code || km_emit_failed(source->emit)
               ? code
               : km_sqlite_note_row(source, "metric_points", state->top, err);
}
