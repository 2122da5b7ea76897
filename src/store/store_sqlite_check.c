/* store_sqlite_check.c - verifies a store from its pages to its sums, and
 * mends what follows from what is still there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "store/store_sqlite.h"

enum { FINDING_BYTES = 512 };

struct checking {
    struct km_sqlite_store *store;
    struct km_sqlite_connection *connection;
    bool deep, repair;
    km_finding_fn visit;
    void *user;
    struct km_err *err;
};

/* What was done about a finding. */
enum done { LEFT, MENDED, DROPPED };

/* What was mended is told, with KM_OK: nothing is wrong any more. */
static void find(struct checking *checking, enum done done, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));
static void find(struct checking *checking, enum done done, const char *format,
                 ...)
{
    static const char *const tails[] = {"", "; mended", "; dropped"};
    char text[FINDING_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int len =
        vsnprintf(text, sizeof text - sizeof "; dropped", format, arguments);
    va_end(arguments);
    if (len < 0) {
        return;
    }
    size_t at = strlen(text);
    (void)snprintf(text + at, sizeof text - at, "%s", tails[done]);
    checking->visit(checking->user, done == MENDED ? KM_OK : KM_ECORRUPT, text);
}

static enum done if_repaired(const struct checking *checking, enum done done)
{
    return checking->repair ? done : LEFT;
}

/* Structure: what SQLite itself can verify. `*bad` counts the lines. */
static enum km_code verify_pages(struct checking *checking, bool tell, int *bad)
{
    bool row = false;
    enum km_code code = KM_OK;
    sqlite3_stmt *rows =
        km_sql(checking->connection, KM_SQL_INTEGRITY, checking->err);
    if (!rows) {
        return checking->err->code;
    }
    while ((code = km_sql_row(checking->connection, rows, &row,
                              checking->err)) == KM_OK &&
           row) {
        struct km_str words = km_sql_text(rows, 0);
        if (!km_str_is(words, "ok")) {
            ++*bad;
            if (tell) {
                find(checking, LEFT, "database: %.*s", (int)words.len,
                     words.ptr);
            }
        }
    }
    return code;
}

/* An index can be made again from its table; other damage stays. */
static enum km_code check_pages(struct checking *checking)
{
    int bad = 0, still_bad = 0;
    enum km_code code = verify_pages(checking, !checking->repair, &bad);
    if (code || bad == 0 || !checking->repair) {
        return code;
    }
    code = km_sql_do(checking->connection, KM_SQL_REINDEX, checking->err);
    if (code == KM_OK) {
        code = verify_pages(checking, true, &still_bad);
    }
    if (code == KM_OK && still_bad == 0) {
        find(checking, MENDED, "database: the indexes were made again");
    }
    return code;
}

static enum km_code check_references(struct checking *checking)
{
    bool row = false;
    enum km_code code = KM_OK;
    uint64_t stray = 0;
    sqlite3_stmt *rows =
        km_sql(checking->connection, KM_SQL_FOREIGN_KEYS, checking->err);
    if (!rows) {
        return checking->err->code;
    }
    while ((code = km_sql_row(checking->connection, rows, &row,
                              checking->err)) == KM_OK &&
           row) {
        struct km_str table = km_sql_text(rows, 0), of = km_sql_text(rows, 2);
        if (stray++ < 20) {
            find(checking, LEFT,
                 "%.*s %lld: the %.*s that it belongs to is missing",
                 (int)table.len, table.ptr,
                 (long long)sqlite3_column_int64(rows, 1), (int)of.len, of.ptr);
        }
    }
    return code;
}

static enum km_code check_stray(struct checking *checking, enum km_sql count,
                                enum km_sql drop, const char *what)
{
    bool row = false;
    sqlite3_stmt *rows = km_sql(checking->connection, count, checking->err);
    if (!rows) {
        return checking->err->code;
    }
    enum km_code code =
        km_sql_row(checking->connection, rows, &row, checking->err);
    long long stray = row ? (long long)sqlite3_column_int64(rows, 0) : 0;
    (void)sqlite3_reset(rows);
    if (code || stray == 0) {
        return code;
    }
    if (checking->repair) {
        code = km_sql_do(checking->connection, drop, checking->err);
    }
    find(checking, if_repaired(checking, MENDED), "%lld %s", stray, what);
    return code;
}

/* Sums differ by the rounding of at most n additions in another order. */
static bool near(const struct km_series_summary *a,
                 const struct km_series_summary *b)
{
    double largest = fmax(fabs(a->min), fabs(a->max));
    double n = (double)a->n + 1;
    return (isnan(a->sum) && isnan(b->sum)) || a->sum == b->sum ||
           fabs(a->sum - b->sum) <= 1e-15 * n * n * largest;
}

/* Equal in all but the rounding of the sum. */
static bool same_summary(const struct km_sqlite_summary *a,
                         const struct km_sqlite_summary *b)
{
    struct km_sqlite_summary left = *a, right = *b;
    bool same =
        near(&a->of, &b->of) &&
        ((isnan(a->of.min) && isnan(b->of.min)) || a->of.min == b->of.min) &&
        ((isnan(a->of.max) && isnan(b->of.max)) || a->of.max == b->of.max);
    left.of.sum = left.of.min = left.of.max = 0;
    right.of.sum = right.of.min = right.of.max = 0;
    return same && memcmp(&left, &right, sizeof left) == 0;
}

static void summarise(const struct km_columns *columns,
                      struct km_sqlite_summary *summary)
{
    km_sqlite_summary_init(summary);
    for (size_t i = 0; i < columns->count; i++) {
        const struct km_point point = {columns->steps[i], columns->times_ns[i],
                                       columns->values[i]};
        km_sqlite_summary_add(summary, &point, 1);
    }
}

static enum km_code rewrite_chunk(struct checking *checking, int64_t id,
                                  const struct km_sqlite_summary *summary)
{
    sqlite3_stmt *put =
        km_sql(checking->connection, KM_SQL_CHUNK_SUMMARY_SET, checking->err);
    if (!put) {
        return checking->err->code;
    }
    km_sql_bind_summary(put, 1, summary);
    (void)sqlite3_bind_int64(put, KM_SQL_SUMMARY_COLUMNS + 1, id);
    return km_sql_run(checking->connection, put, checking->err);
}

/* Points are lost. The cursor of their source forgets how far it was read, so
 * that the next import of the file, if it is still there, brings all again. */
static enum km_code drop_chunk(struct checking *checking, int64_t id)
{
    _Static_assert(KM_SOURCE_BUSY == 3, "as CURSOR_FORGET says");
    enum km_code code = km_sql_do1(checking->connection, KM_SQL_CURSOR_FORGET,
                                   id >> KM_SQLITE_CHUNK_BITS, checking->err);
    return code ? code
                : km_sql_do1(checking->connection, KM_SQL_CHUNK_DELETE, id,
                             checking->err);
}

/* Decodes one chunk and holds its row against it. A chunk that cannot be
 * decoded is named, and dropped in repair: *gone. */
static enum km_code check_chunk(struct checking *checking, int64_t id,
                                int64_t blob, bool row_is_bad,
                                struct km_sqlite_summary *summary, bool *gone)
{
    struct km_columns columns = {.count = 0};
    struct km_sqlite_summary decoded;
    struct km_err why = {.code = KM_OK};
    enum km_code code = km_sqlite_chunk_load(
        checking->connection, blob,
        row_is_bad ? KM_SQLITE_POINTS_ANY : summary->of.n, &columns, &why);
    *gone = code == KM_ECORRUPT;
    if (*gone) {
        find(checking, if_repaired(checking, DROPPED),
             "chunk %lld of stream %lld: %s", (long long)(id & UINT32_MAX),
             (long long)(id >> KM_SQLITE_CHUNK_BITS), why.message);
        return checking->repair ? drop_chunk(checking, id) : KM_OK;
    }
    if (code) {
        *checking->err = why;
        return code;
    }
    summarise(&columns, &decoded);
    if (row_is_bad || !same_summary(summary, &decoded)) {
        find(checking, if_repaired(checking, MENDED),
             "chunk %lld of stream %lld: its row does not agree with its %zu "
             "points",
             (long long)(id & UINT32_MAX),
             (long long)(id >> KM_SQLITE_CHUNK_BITS), columns.count);
        *summary = decoded;
        if (checking->repair) {
            code = rewrite_chunk(checking, id, summary);
        }
    }
    return code;
}

/* One chunk at a time, by id, so that rows may be changed on the way. */
static enum km_code next_chunk(struct checking *checking, int64_t *id,
                               int64_t end, int64_t *blob, bool *row_is_bad,
                               struct km_sqlite_summary *summary, bool *row)
{
    struct km_err why;
    sqlite3_stmt *chunks =
        km_sql(checking->connection, KM_SQL_CHUNKS_OF_STREAM, checking->err);
    if (!chunks) {
        return checking->err->code;
    }
    (void)sqlite3_bind_int64(chunks, 1, *id);
    (void)sqlite3_bind_int64(chunks, 2, end);
    enum km_code code =
        km_sql_row(checking->connection, chunks, row, checking->err);
    if (*row) {
        *id = sqlite3_column_int64(chunks, 0);
        *blob = sqlite3_column_int64(chunks, 1);
        *row_is_bad = km_sql_summary(chunks, 2, summary, &why) != KM_OK;
    }
    (void)sqlite3_reset(chunks);
    return code;
}

static enum km_code sum_chunks(struct checking *checking, int64_t stream,
                               struct km_sqlite_summary *total)
{
    int64_t id = stream << KM_SQLITE_CHUNK_BITS, end = id | UINT32_MAX;
    km_sqlite_summary_init(total);
    for (;; id++) {
        struct km_sqlite_summary summary;
        int64_t blob = 0;
        bool row = false, row_is_bad = false, gone = false;
        enum km_code code =
            next_chunk(checking, &id, end, &blob, &row_is_bad, &summary, &row);
        if (code || !row) {
            return code;
        }
        if (checking->deep || row_is_bad) {
            code = check_chunk(checking, id, blob, row_is_bad, &summary, &gone);
        }
        if (code) {
            return code;
        }
        if (!gone) {
            km_sqlite_summary_merge(total, &summary);
        }
        if (id == end) {
            return KM_OK;
        }
    }
}

static enum km_code rewrite_stream(struct checking *checking, int64_t stream,
                                   const struct km_sqlite_summary *total)
{
    if (total->of.n == 0) {
        return km_sql_do1(checking->connection, KM_SQL_STREAM_DELETE, stream,
                          checking->err);
    }
    sqlite3_stmt *set =
        km_sql(checking->connection, KM_SQL_STREAM_SUMMARY_SET, checking->err);
    if (!set) {
        return checking->err->code;
    }
    km_sql_bind_summary(set, 1, total);
    (void)sqlite3_bind_int64(set, KM_SQL_SUMMARY_COLUMNS + 1, stream);
    return km_sql_run(checking->connection, set, checking->err);
}

static enum km_code check_streams(struct checking *checking)
{
    int64_t stream = 0;
    for (;;) {
        struct km_sqlite_summary known, total;
        struct km_err why;
        bool row = false;
        sqlite3_stmt *rows =
            km_sql(checking->connection, KM_SQL_STREAM_KEYS, checking->err);
        if (!rows) {
            return checking->err->code;
        }
        (void)sqlite3_bind_int64(rows, 1, stream);
        enum km_code code =
            km_sql_row(checking->connection, rows, &row, checking->err);
        if (code || !row) {
            return code;
        }
        stream = sqlite3_column_int64(rows, 0);
        bool bad = km_sql_summary(rows, 3, &known, &why) != KM_OK;
        (void)sqlite3_reset(rows);
        code = sum_chunks(checking, stream, &total);
        if (code) {
            return code;
        }
        if (bad || total.of.n == 0 || !same_summary(&known, &total)) {
            find(checking, if_repaired(checking, MENDED),
                 "stream %lld: its summary does not agree with its chunks",
                 (long long)stream);
            code = checking->repair ? rewrite_stream(checking, stream, &total)
                                    : KM_OK;
        }
        if (code) {
            return code;
        }
    }
}

/* Ranks and counts are recomputed, and written only in repair. */
static enum km_code check_runs(struct checking *checking)
{
    struct km_buf keys;
    bool row = false;
    enum km_code code = KM_OK;
    sqlite3_stmt *rows =
        km_sql(checking->connection, KM_SQL_RUN_KEYS, checking->err);
    if (!rows) {
        return checking->err->code;
    }
    km_buf_init(&keys, KM_BATCH_ARENA_BYTES_MAX);
    while ((code = km_sql_row(checking->connection, rows, &row,
                              checking->err)) == KM_OK &&
           row) {
        int64_t key = sqlite3_column_int64(rows, 0);
        km_buf_append(&keys, &key, sizeof key);
    }
    for (size_t at = 0; code == KM_OK && at < keys.len; at += sizeof(int64_t)) {
        int64_t key;
        bool changed = false;
        memcpy(&key, keys.bytes + at, sizeof key);
        if (checking->repair) {
            code = km_sql_do1(checking->connection, KM_SQL_RUN_SERIES_DELETE,
                              key, checking->err);
        }
        if (code == KM_OK) {
            code =
                km_sqlite_run_rank(checking->connection, key, checking->repair,
                                   &changed, checking->err);
        }
        if (code == KM_OK) {
            code = km_sqlite_run_recount(checking->connection, key,
                                         checking->repair, &changed,
                                         checking->err);
        }
        if (code == KM_OK && changed) {
            find(checking, if_repaired(checking, MENDED),
                 "run %lld: its counts or the order of its attempts are wrong",
                 (long long)key);
        }
    }
    km_buf_finish(&keys);
    return code;
}

static enum km_code check_all(struct checking *checking)
{
    enum km_code code = check_pages(checking);
    if (code == KM_OK) {
        code = check_references(checking);
    }
    if (code == KM_OK) {
        code = check_stray(checking, KM_SQL_CHUNKS_STRAY,
                           KM_SQL_CHUNKS_STRAY_DELETE,
                           "chunks belong to no series");
    }
    if (code == KM_OK) {
        code = check_streams(checking);
    }
    if (code == KM_OK) {
        code =
            check_stray(checking, KM_SQL_BLOBS_STRAY, KM_SQL_BLOBS_STRAY_DELETE,
                        "blobs belong to no chunk");
    }
    return code ? code : check_runs(checking);
}

/* Damage that stops the check itself is a finding too. */
static enum km_code report_damage(struct checking *checking, enum km_code code)
{
    if (code == KM_ECORRUPT) {
        find(checking, LEFT, "%s", checking->err->message);
        return KM_OK;
    }
    return code;
}

enum km_code km_sqlite_check(struct km_store *base, bool deep, bool repair,
                             km_finding_fn visit, void *user,
                             struct km_err *err)
{
    struct km_sqlite_store *store = km_sqlite_of(base);
    struct checking checking = {.store = store,
                                .deep = deep,
                                .repair = repair,
                                .visit = visit,
                                .user = user,
                                .err = err};
    if (repair) {
        enum km_code code = km_sqlite_begin(store, err);
        if (code) {
            return code;
        }
        checking.connection = store->writer;
        code = report_damage(&checking, check_all(&checking));
        return km_sqlite_end(store, code, err);
    }
    checking.connection = km_sqlite_reader_get(store, err);
    if (!checking.connection) {
        return err->code;
    }
    enum km_code code = report_damage(&checking, check_all(&checking));
    km_sqlite_reader_put(store, checking.connection);
    return code;
}
