/* store_sqlite_points.c - points in order, and their reduction to buckets. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "store/store_rules.h"
#include "store/store_sqlite.h"

/* A walk over the chunks of a series in the store's order. */
struct walk {
    struct km_sqlite_store *store;
    struct km_sqlite_connection *reader;
    const struct km_point_range *range;
    uint32_t attempt;
    /* Works on one chunk: its row's summary, and its blob. */
    enum km_code (*each)(struct walk *walk, int64_t blob,
                         const struct km_series_summary *summary);
    bool stopped;
    km_columns_fn visit; /* to read points */
    void *user;
    struct km_bucket *buckets; /* to reduce */
    size_t bucket_count;
    struct km_err *err;
};

static bool overlaps(const struct km_point_range *range,
                     const struct km_series_summary *summary)
{
    return summary->n > 0 && summary->max_step >= range->step_low &&
           (summary->min_step < range->step_high ||
            range->step_high == INT64_MAX);
}

static enum km_code walk_stream(struct walk *walk, int64_t stream)
{
    bool row = false;
    enum km_code code = KM_OK;
    sqlite3_stmt *chunks =
        km_sql(walk->reader, KM_SQL_CHUNKS_OF_STREAM, walk->err);
    if (!chunks) {
        return walk->err->code;
    }
    int64_t first = stream << KM_SQLITE_CHUNK_BITS;
    (void)sqlite3_bind_int64(chunks, 1, first);
    (void)sqlite3_bind_int64(chunks, 2, first | UINT32_MAX);
    while (!walk->stopped &&
           (code = km_sql_row(walk->reader, chunks, &row, walk->err)) ==
               KM_OK &&
           row) {
        struct km_sqlite_summary summary;
        code = km_sql_summary(chunks, 2, &summary, walk->err);
        if (code == KM_OK && overlaps(walk->range, &summary.of)) {
            code =
                walk->each(walk, sqlite3_column_int64(chunks, 1), &summary.of);
        }
        if (code) {
            break;
        }
    }
    (void)sqlite3_reset(chunks);
    return code;
}

static enum km_code walk_series(struct walk *walk, uint64_t series_id)
{
    bool row = false;
    enum km_code code = KM_OK;
    sqlite3_stmt *streams =
        km_sql(walk->reader, KM_SQL_STREAMS_OF_SERIES, walk->err);
    if (!streams) {
        return walk->err->code;
    }
    km_sql_bind_id(streams, 1, series_id);
    while (!walk->stopped &&
           (code = km_sql_row(walk->reader, streams, &row, walk->err)) ==
               KM_OK &&
           row) {
        int64_t ordinal = sqlite3_column_int64(streams, 1);
        if (ordinal < walk->attempt || ordinal > UINT32_MAX) {
            code = km_fail(walk->err, KM_ECORRUPT,
                           "store: the attempts of a series are not in order");
            break;
        }
        walk->attempt = (uint32_t)ordinal;
        code = walk_stream(walk, sqlite3_column_int64(streams, 0));
        if (code) {
            break;
        }
    }
    (void)sqlite3_reset(streams);
    return code;
}

static enum km_code run_walk(struct walk *walk, struct km_store *base,
                             uint64_t series_id)
{
    walk->store = km_sqlite_of(base);
    walk->reader = km_sqlite_reader_get(walk->store, walk->err);
    if (!walk->reader) {
        return walk->err->code;
    }
    enum km_code code = walk_series(walk, series_id);
    km_sqlite_reader_put(walk->store, walk->reader);
    return code;
}

/* Leaves only what is in the range. The columns are the codec's own scratch. */
static void narrow(const struct km_point_range *range,
                   struct km_chunk_codec *codec, struct km_columns *columns)
{
    size_t kept = 0;
    if (range->step_low == INT64_MIN && range->step_high == INT64_MAX) {
        return;
    }
    for (size_t i = 0; i < columns->count; i++) {
        if (km_range_has(range, columns->steps[i])) {
            km_chunk_move(codec, kept++, i);
        }
    }
    columns->count = kept;
}

static enum km_code visit_chunk(struct walk *walk, int64_t blob,
                                const struct km_series_summary *summary)
{
    struct km_columns columns = {.attempt = walk->attempt};
    enum km_code code = km_sqlite_chunk_load(walk->reader, blob, summary->n,
                                             &columns, walk->err);
    if (code) {
        return code;
    }
    narrow(walk->range, walk->reader->codec, &columns);
    if (columns.count > 0) {
        walk->stopped = !walk->visit(walk->user, &columns);
    }
    return KM_OK;
}

enum km_code km_sqlite_read_points(struct km_store *base, uint64_t series_id,
                                   const struct km_point_range *range,
                                   km_columns_fn visit, void *user,
                                   struct km_err *err)
{
    struct walk walk = {.range = range,
                        .each = visit_chunk,
                        .visit = visit,
                        .user = user,
                        .err = err};
    return run_walk(&walk, base, series_id);
}

/* A chunk that lies in one bucket is merged from its row; the others are
 * decoded, so that the result is exact. */
static enum km_code reduce_chunk(struct walk *walk, int64_t blob,
                                 const struct km_series_summary *summary)
{
    const struct km_point_range *range = walk->range;
    size_t count = walk->bucket_count;
    if (km_range_has(range, summary->min_step) &&
        km_range_has(range, summary->max_step)) {
        size_t low = km_bucket_index(range, count, summary->min_step);
        if (low == km_bucket_index(range, count, summary->max_step)) {
            km_bucket_merge(&walk->buckets[low], summary);
            return KM_OK;
        }
    }
    struct km_columns columns = {.attempt = walk->attempt};
    enum km_code code = km_sqlite_chunk_load(walk->reader, blob, summary->n,
                                             &columns, walk->err);
    if (code == KM_OK) {
        km_buckets_add(walk->buckets, count, range, columns.steps,
                       columns.values, columns.count);
    }
    return code;
}

enum km_code km_sqlite_reduce(struct km_store *base, uint64_t series_id,
                              const struct km_point_range *range,
                              struct km_bucket *buckets, size_t count,
                              struct km_err *err)
{
    struct walk walk = {.range = range,
                        .each = reduce_chunk,
                        .buckets = buckets,
                        .bucket_count = count,
                        .err = err};
    for (size_t i = 0; i < count; i++) {
        km_bucket_init(&buckets[i]);
    }
    return run_walk(&walk, base, series_id);
}
