/* store_sqlite_maintain.c - work for quiet times, and what a store takes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "store/store_sqlite.h"

enum {
    MERGES_PER_COMMIT = 64, /* streams: bounds how long a writer waits */
    FREE_PAGES_KEPT = 1000, /* reused by the next append; 4 MB */
};

static enum km_code next_small(struct km_sqlite_store *store, int64_t *stream,
                               struct km_err *err)
{
    bool row = false;
    sqlite3_stmt *small = km_sql(store->writer, KM_SQL_STREAM_SMALL, err);
    if (!small) {
        return err->code;
    }
    enum km_code code = km_sql_row(store->writer, small, &row, err);
    *stream = row ? sqlite3_column_int64(small, 0) : 0;
    (void)sqlite3_reset(small);
    return code;
}

/* Merges some streams in one transaction. */
static enum km_code merge_some(struct km_sqlite_store *store, int64_t until_ns,
                               bool *more, struct km_err *err)
{
    int64_t stream = 0;
    bool damaged = false;
    enum km_code code = km_sqlite_begin(store, err);
    if (code) {
        return code;
    }
    for (int i = 0; i < MERGES_PER_COMMIT && code == KM_OK; i++) {
        code = next_small(store, &stream, err);
        if (code || stream == 0 ||
            (i > 0 && km_clock_monotonic_ns(store->clock) >= until_ns)) {
            break;
        }
        code = km_sqlite_stream_merge(store, stream, &damaged, err);
    }
    *more = stream != 0;
    return km_sqlite_end(store, code, err);
}

static enum km_code count_pages(struct km_sqlite_connection *connection,
                                uint64_t *pages, uint64_t *free_pages,
                                struct km_err *err)
{
    bool row = false;
    sqlite3_stmt *count = km_sql(connection, KM_SQL_PAGES, err);
    if (!count) {
        return err->code;
    }
    enum km_code code = km_sql_row(connection, count, &row, err);
    *pages = row ? km_sql_id(count, 0) : 0;
    *free_pages = row ? km_sql_id(count, 1) : 0;
    (void)sqlite3_reset(count);
    return code;
}

/* Each step of the pragma frees a page; it gives no rows. */
static enum km_code vacuum_some(struct km_sqlite_store *store, bool *more,
                                struct km_err *err)
{
    uint64_t pages = 0, free_pages = 0;
    bool row = true;
    enum km_code code = count_pages(store->writer, &pages, &free_pages, err);
    *more = false;
    if (code || free_pages <= FREE_PAGES_KEPT + pages / 8) {
        return code;
    }
    sqlite3_stmt *vacuum = km_sql(store->writer, KM_SQL_VACUUM, err);
    if (!vacuum) {
        return err->code;
    }
    while (code == KM_OK && row) {
        code = km_sql_row(store->writer, vacuum, &row, err);
    }
    *more = true;
    return code;
}

enum km_code km_sqlite_maintain(struct km_store *base, int64_t budget_ns,
                                bool *more, struct km_err *err)
{
    struct km_sqlite_store *store = km_sqlite_of(base);
    int64_t until_ns = km_clock_monotonic_ns(store->clock) + budget_ns;
    enum km_code code = KM_OK;
    bool merging = true, vacuuming = true;
    while (code == KM_OK && merging) {
        code = merge_some(store, until_ns, &merging, err);
        if (km_clock_monotonic_ns(store->clock) >= until_ns) {
            break;
        }
    }
    while (code == KM_OK && !merging && vacuuming) {
        code = vacuum_some(store, &vacuuming, err);
        if (km_clock_monotonic_ns(store->clock) >= until_ns) {
            break;
        }
    }
    *more = code == KM_OK && (merging || vacuuming);
    return code ? code : km_sqlite_checkpoint(store, 0, err);
}

static uint64_t file_bytes(const struct km_sqlite_store *store,
                           const char *tail)
{
    struct km_buf name;
    struct stat found = {.st_size = 0};
    km_buf_init(&name, 8 * KM_PATH_BYTES_MAX);
    km_buf_printf(&name, "%s%s", store->db_path, tail);
    bool there = !name.failed && stat(name.bytes, &found) == 0;
    km_buf_finish(&name);
    return there ? (uint64_t)found.st_size : 0;
}

enum km_code km_sqlite_usage(struct km_store *base,
                             struct km_store_usage *usage, struct km_err *err)
{
    struct km_sqlite_store *store = km_sqlite_of(base);
    uint64_t pages = 0, free_pages = 0;
    bool row = false;
    struct km_sqlite_connection *reader = km_sqlite_reader_get(store, err);
    if (!reader) {
        return err->code;
    }
    sqlite3_stmt *counts = km_sql(reader, KM_SQL_USAGE, err);
    enum km_code code =
        counts ? km_sql_row(reader, counts, &row, err) : err->code;
    if (row) {
        usage->runs = km_sql_id(counts, 0);
        usage->series = km_sql_id(counts, 1);
        usage->points = km_sql_id(counts, 2);
        usage->chunks = km_sql_id(counts, 3);
        usage->sources = km_sql_id(counts, 4);
        usage->bytes_points = km_sql_id(counts, 5);
    }
    if (code == KM_OK) {
        code = count_pages(reader, &pages, &free_pages, err);
    }
    km_sqlite_reader_put(store, reader);
    usage->bytes_total =
        pages * KM_SQLITE_PAGE_BYTES + file_bytes(store, "-wal");
    return code;
}
