/* store_sqlite_remove.c - what an origin brought, or a run, taken out. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite.h"

/* Appends the keys that the statement `which` gives for one or two parameters
 * to `keys`. They are copied because what follows changes what was read. */
static enum km_code read_keys(struct km_sqlite_connection *connection,
                              enum km_sql which, int64_t first, int64_t second,
                              struct km_buf *keys, struct km_err *err)
{
    bool row = false;
    enum km_code code = KM_OK;
    sqlite3_stmt *statement = km_sql(connection, which, err);
    if (!statement) {
        return err->code;
    }
    (void)sqlite3_bind_int64(statement, 1, first);
    if (sqlite3_bind_parameter_count(statement) > 1) {
        (void)sqlite3_bind_int64(statement, 2, second);
    }
    while ((code = km_sql_row(connection, statement, &row, err)) == KM_OK &&
           row) {
        int64_t key = sqlite3_column_int64(statement, 0);
        km_buf_append(keys, &key, sizeof key);
    }
    if (code == KM_OK && keys->failed) {
        code = km_fail(err, KM_EMEMORY, "store: no memory to remove a run");
    }
    return code;
}

typedef enum km_code (*key_fn)(struct km_sqlite_connection *connection,
                               int64_t key, uint64_t user, struct km_err *err);

static enum km_code for_each(struct km_sqlite_connection *connection,
                             const struct km_buf *keys, key_fn each,
                             uint64_t user, struct km_err *err)
{
    enum km_code code = KM_OK;
    for (size_t at = 0; code == KM_OK && at < keys->len;
         at += sizeof(int64_t)) {
        int64_t key;
        memcpy(&key, keys->bytes + at, sizeof key);
        code = each(connection, key, user, err);
    }
    return code;
}

static enum km_code for_keys(struct km_sqlite_connection *connection,
                             enum km_sql which, int64_t first, int64_t second,
                             key_fn each, struct km_err *err)
{
    struct km_buf keys;
    km_buf_init(&keys, KM_BATCH_ARENA_BYTES_MAX);
    enum km_code code = read_keys(connection, which, first, second, &keys, err);
    if (code == KM_OK) {
        code = for_each(connection, &keys, each, 0, err);
    }
    km_buf_finish(&keys);
    return code;
}

static enum km_code empty_stream(struct km_sqlite_connection *connection,
                                 int64_t stream, uint64_t user,
                                 struct km_err *err)
{
    (void)user;
    int64_t first = stream << KM_SQLITE_CHUNK_BITS, last = first | UINT32_MAX;
    enum km_code code =
        km_sql_do2(connection, KM_SQL_STREAM_BLOBS_DELETE, first, last, err);
    return code ? code
                : km_sql_do2(connection, KM_SQL_STREAM_CHUNKS_DELETE, first,
                             last, err);
}

static enum km_code remove_attempt(struct km_sqlite_connection *connection,
                                   int64_t attempt, uint64_t user,
                                   struct km_err *err)
{
    static const enum km_sql deletes[] = {
        KM_SQL_ATTEMPT_STREAMS_DELETE,
        KM_SQL_ATTEMPT_EVENTS_DELETE,
        KM_SQL_ATTEMPT_EVALUATIONS_DELETE,
        KM_SQL_ATTEMPT_DELETE,
    };
    (void)user;
    enum km_code code = for_keys(connection, KM_SQL_ATTEMPT_STREAMS, attempt, 0,
                                 empty_stream, err);
    for (size_t i = 0; i < sizeof deletes / sizeof deletes[0] && !code; i++) {
        code = km_sql_do1(connection, deletes[i], attempt, err);
    }
    return code;
}

/* What the origin brought to one run. The run itself stays: the batch that
 * replaces it may bring it again. */
static enum km_code remove_from_run(struct km_sqlite_connection *connection,
                                    int64_t run, uint64_t origin_id,
                                    struct km_err *err)
{
    int64_t origin = (int64_t)origin_id;
    bool changed = false;
    enum km_code code = for_keys(connection, KM_SQL_ORIGIN_ATTEMPTS, run,
                                 origin, remove_attempt, err);
    if (code == KM_OK) {
        code = km_sql_do1(connection, KM_SQL_RUN_SERIES_DELETE, run, err);
    }
    if (code == KM_OK) {
        code = km_sql_do2(connection, KM_SQL_ORIGIN_ATTRIBUTES_DELETE, run,
                          origin, err);
    }
    if (code == KM_OK) {
        code = km_sql_do2(connection, KM_SQL_ORIGIN_DELETE, run, origin, err);
    }
    if (code == KM_OK) {
        code = km_sqlite_run_fold(connection, run, err);
    }
    if (code == KM_OK) {
        code = km_sqlite_run_rank(connection, run, true, &changed, err);
    }
    return code ? code
                : km_sqlite_run_recount(connection, run, true, &changed, err);
}

enum km_code km_sqlite_origin_remove(struct km_sqlite_connection *connection,
                                     uint64_t origin_id, struct km_buf *runs,
                                     struct km_err *err)
{
    enum km_code code = read_keys(connection, KM_SQL_ORIGIN_RUNS,
                                  (int64_t)origin_id, 0, runs, err);
    return code ? code
                : for_each(connection, runs, remove_from_run, origin_id, err);
}

static enum km_code remove_unknown(struct km_sqlite_connection *connection,
                                   int64_t run, uint64_t user,
                                   struct km_err *err)
{
    (void)user;
    enum km_code code =
        km_sql_do1(connection, KM_SQL_RUN_UNKNOWN_NOTES_DELETE, run, err);
    return code ? code
                : km_sql_do1(connection, KM_SQL_RUN_UNKNOWN_DELETE, run, err);
}

enum km_code km_sqlite_runs_purge(struct km_sqlite_connection *connection,
                                  const struct km_buf *runs, struct km_err *err)
{
    return for_each(connection, runs, remove_unknown, 0, err);
}

static enum km_code remove_run(struct km_sqlite_connection *connection,
                               uint64_t run_id, struct km_err *err)
{
    /* cursors first: which are orphans is told by the origins */
    static const enum km_sql deletes[] = {
        KM_SQL_RUN_SERIES_DELETE,         KM_SQL_RUN_ATTRIBUTES_DELETE,
        KM_SQL_RUN_ORPHAN_CURSORS_DELETE, KM_SQL_RUN_ORIGINS_DELETE,
        KM_SQL_RUN_NOTES_DELETE,          KM_SQL_RUN_DELETE,
    };
    bool row = false;
    sqlite3_stmt *find = km_sql(connection, KM_SQL_RUN_FIND, err);
    if (!find) {
        return err->code;
    }
    km_sql_bind_id(find, 1, run_id);
    enum km_code code = km_sql_row(connection, find, &row, err);
    int64_t run = row ? sqlite3_column_int64(find, 0) : 0;
    (void)sqlite3_reset(find);
    if (code == KM_OK && !row) {
        code = km_fail(err, KM_ENOTFOUND, "the store has no such run");
    }
    if (code == KM_OK) {
        code = for_keys(connection, KM_SQL_RUN_ATTEMPTS, run, 0, remove_attempt,
                        err);
    }
    for (size_t i = 0; i < sizeof deletes / sizeof deletes[0] && !code; i++) {
        code = km_sql_do1(connection, deletes[i], run, err);
    }
    return code;
}

enum km_code km_sqlite_delete_run(struct km_store *base, uint64_t run_id,
                                  struct km_err *err)
{
    struct km_sqlite_store *store = km_sqlite_of(base);
    enum km_code code = km_sqlite_begin(store, err);
    if (code) {
        return code;
    }
    code = remove_run(store->writer, run_id, err);
    return km_sqlite_end(store, code, err);
}
