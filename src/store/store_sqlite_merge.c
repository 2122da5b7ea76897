/* store_sqlite_merge.c - chunks written, read, and small ones made one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "store/store_sqlite.h"

/* A blob that does not fit a page is stored in parts, because SQLite fills
 * overflow pages to the last byte but leaves to the last cell that fits: the
 * first part is cut so that next to nothing of it stands in a leaf, the rest is
 * made of small cells, of which leaves hold many. Part i has the id of the blob
 * (a multiple of 16) plus i. */
enum {
    BLOB_PARTS_MAX = 16,
    LEAF_BYTES = 4061 - 16,    /* of a cell: the most that SQLite keeps whole */
    LOCAL_BYTES = 489 - 16,    /* that it keeps in the leaf of a longer one */
    OVERFLOW_BYTES = 4096 - 4, /* of a page behind the leaf */
    PART_BYTES = 512,
};
_Static_assert(1 + OVERFLOW_BYTES / PART_BYTES + 1 <= BLOB_PARTS_MAX,
               "the rest behind the first part fits the other parts");

static size_t part_length(size_t part, size_t left)
{
    if (part > 0) {
        return left < PART_BYTES ? left : PART_BYTES;
    }
    if (left <= PART_BYTES) {
        return left;
    }
    return left <= LEAF_BYTES ? PART_BYTES
                              : left - (left - LOCAL_BYTES) % OVERFLOW_BYTES;
}

static enum km_code insert_blob(struct km_sqlite_store *store, size_t len,
                                int64_t *id, struct km_err *err)
{
    struct km_sqlite_connection *writer = store->writer;
    bool row = false;
    size_t at = 0;
    sqlite3_stmt *next = km_sql(writer, KM_SQL_BLOB_NEXT, err);
    if (!next) {
        return err->code;
    }
    enum km_code code = km_sql_row(writer, next, &row, err);
    *id = row ? sqlite3_column_int64(next, 0) : 0;
    (void)sqlite3_reset(next);
    for (size_t part = 0; at < len && code == KM_OK; part++) {
        sqlite3_stmt *insert = km_sql(writer, KM_SQL_BLOB_INSERT, err);
        if (!insert) {
            return err->code;
        }
        assert(part < BLOB_PARTS_MAX);
        size_t part_len = part_length(part, len - at);
        (void)sqlite3_bind_int64(insert, 1, *id + (int64_t)part);
        (void)sqlite3_bind_blob64(insert, 2, store->blob + at, part_len,
                                  SQLITE_STATIC);
        code = km_sql_run(writer, insert, err);
        at += part_len;
    }
    return code;
}

/* Inserts a chunk, or puts it in the place of the one with the same id. */
enum km_code km_sqlite_chunk_insert(struct km_sqlite_store *store, int64_t id,
                                    const struct km_point *points, size_t count,
                                    struct km_sqlite_summary *summary,
                                    struct km_err *err)
{
    struct km_sqlite_connection *writer = store->writer;
    int64_t blob = 0;
    size_t len = km_chunk_encode(writer->codec, points, count, store->blob);
    enum km_code code = insert_blob(store, len, &blob, err);
    if (code) {
        return code;
    }
    sqlite3_stmt *chunk = km_sql(writer, KM_SQL_CHUNK_PUT, err);
    if (!chunk) {
        return err->code;
    }
    km_sqlite_summary_init(summary);
    km_sqlite_summary_add(summary, points, count);
    (void)sqlite3_bind_int64(chunk, 1, id);
    (void)sqlite3_bind_int64(chunk, 2, blob);
    (void)sqlite3_bind_int64(chunk, 3, (int64_t)len);
    km_sql_bind_summary(chunk, 4, summary);
    return km_sql_run(writer, chunk, err);
}

/* Puts the parts of a blob together in the connection. */
static enum km_code read_blob(struct km_sqlite_connection *connection,
                              int64_t id, size_t *len, struct km_err *err)
{
    bool row = false;
    enum km_code code = KM_OK;
    sqlite3_stmt *read = km_sql(connection, KM_SQL_BLOB_READ, err);
    if (!read) {
        return err->code;
    }
    *len = 0;
    (void)sqlite3_bind_int64(read, 1, id);
    while ((code = km_sql_row(connection, read, &row, err)) == KM_OK && row) {
        struct km_str part = km_sql_text(read, 0);
        if (part.len > sizeof connection->blob - *len) {
            (void)sqlite3_reset(read);
            return km_fail(err, KM_ECORRUPT, "chunk: more than %d bytes",
                           KM_CHUNK_BYTES_MAX);
        }
        memcpy(connection->blob + *len, part.ptr, part.len);
        *len += part.len;
    }
    return code;
}

enum km_code km_sqlite_chunk_load(struct km_sqlite_connection *connection,
                                  int64_t blob, uint64_t expected,
                                  struct km_columns *columns,
                                  struct km_err *err)
{
    size_t len = 0;
    enum km_code code = read_blob(connection, blob, &len, err);
    if (code == KM_OK && len == 0) {
        code =
            km_fail(err, KM_ECORRUPT, "store: the points of a chunk are gone");
    }
    if (code == KM_OK) {
        code = km_chunk_decode(connection->codec, connection->blob, len,
                               columns, err);
    }
    if (code == KM_OK && expected != KM_SQLITE_POINTS_ANY &&
        columns->count != expected) {
        code = km_fail(err, KM_ECORRUPT,
                       "chunk: %zu points, but its row says %llu",
                       columns->count, (unsigned long long)expected);
    }
    return code;
}

/* Neighbouring chunks that together fit in one. */
struct group {
    int64_t ids[KM_CHUNK_POINTS_MAX], blobs[KM_CHUNK_POINTS_MAX];
    uint16_t counts[KM_CHUNK_POINTS_MAX];
    size_t count;
    uint64_t points, largest;
};

/* Decoding a nearly full chunk for a handful of new points is not worth it. */
static bool worth_merging(const struct group *group)
{
    return group->count >= KM_SQLITE_SMALL_MERGE ||
           (group->count >= 2 &&
            group->points - group->largest >= group->largest / 4);
}

static enum km_code gather(struct km_sqlite_store *store,
                           const struct group *group, struct km_err *err)
{
    size_t filled = 0;
    for (size_t i = 0; i < group->count; i++) {
        struct km_columns columns = {.count = 0};
        enum km_code code = km_sqlite_chunk_load(
            store->writer, group->blobs[i], group->counts[i], &columns, err);
        if (code) {
            return code;
        }
        assert(filled + columns.count <= KM_CHUNK_POINTS_MAX);
        for (size_t j = 0; j < columns.count; j++) {
            store->points[filled++] = (struct km_point){
                columns.steps[j], columns.times_ns[j], columns.values[j]};
        }
    }
    assert(filled == group->points);
    return KM_OK;
}

/* The merged chunk takes the place of the first. */
static enum km_code merge_group(struct km_sqlite_store *store,
                                const struct group *group, struct km_err *err)
{
    struct km_sqlite_summary summary;
    enum km_code code = gather(store, group, err);
    for (size_t i = 0; i < group->count && code == KM_OK; i++) {
        code =
            km_sql_do1(store->writer, KM_SQL_CHUNK_DELETE, group->ids[i], err);
        if (code == KM_OK) {
            code = km_sql_do1(store->writer, KM_SQL_BLOB_DELETE,
                              group->blobs[i], err);
        }
    }
    return code ? code
                : km_sqlite_chunk_insert(store, group->ids[0], store->points,
                                         group->points, &summary, err);
}

/* Reads the next chunks of a stream, after id `*from`, that fit together. */
static enum km_code next_group(struct km_sqlite_store *store, int64_t *from,
                               int64_t end, struct group *group, bool *done,
                               struct km_err *err)
{
    bool row = false;
    enum km_code code = KM_OK;
    struct km_sqlite_summary summary;
    sqlite3_stmt *chunks = km_sql(store->writer, KM_SQL_CHUNKS_OF_STREAM, err);
    if (!chunks) {
        return err->code;
    }
    (void)sqlite3_bind_int64(chunks, 1, *from);
    (void)sqlite3_bind_int64(chunks, 2, end);
    group->count = 0;
    group->points = group->largest = 0;
    *done = true;
    while ((code = km_sql_row(store->writer, chunks, &row, err)) == KM_OK &&
           row) {
        code = km_sql_summary(chunks, 2, &summary, err);
        uint64_t n = code ? 0 : summary.of.n;
        if (code || group->points + n > KM_CHUNK_POINTS_MAX || n == 0) {
            *done = code != KM_OK || group->count == 0;
            break;
        }
        group->ids[group->count] = sqlite3_column_int64(chunks, 0);
        group->blobs[group->count] = sqlite3_column_int64(chunks, 1);
        group->counts[group->count++] = (uint16_t)n;
        group->points += n;
        group->largest = n > group->largest ? n : group->largest;
        *from = sqlite3_column_int64(chunks, 0) + 1;
    }
    (void)sqlite3_reset(chunks);
    return code;
}

static enum km_code merge_stream(struct km_sqlite_store *store, int64_t stream,
                                 struct group *group, struct km_err *err)
{
    int64_t from = stream << KM_SQLITE_CHUNK_BITS;
    int64_t end = from | UINT32_MAX;
    bool done = false;
    enum km_code code = KM_OK;
    while (!done && code == KM_OK) {
        code = next_group(store, &from, end, group, &done, err);
        if (code == KM_OK && worth_merging(group)) {
            code = merge_group(store, group, err);
        }
    }
    return code;
}

/* A stream with a chunk that does not decode stays as it is, all of it: a
 * savepoint takes back what was begun, and check() will name the chunk. */
enum km_code km_sqlite_stream_merge(struct km_sqlite_store *store,
                                    int64_t stream, bool *damaged,
                                    struct km_err *err)
{
    static _Thread_local struct group group; /* 72 KB: too much for a stack */
    struct km_sqlite_connection *writer = store->writer;
    enum km_code code = km_sql_do(writer, KM_SQL_SAVEPOINT, err);
    if (code) {
        return code;
    }
    code = merge_stream(store, stream, &group, err);
    *damaged = code == KM_ECORRUPT;
    if (*damaged) {
        code = km_sql_do(writer, KM_SQL_SAVEPOINT_UNDO, err);
    }
    if (code == KM_OK) {
        code = km_sql_do(writer, KM_SQL_SAVEPOINT_RELEASE, err);
    }
    return code ? code
                : km_sql_do2(writer, KM_SQL_STREAM_SMALL_SET, 0, stream, err);
}
