/* store_sqlite_schema.c - connections, and the schema with its migrations. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "store/store_sqlite.h"

enum { APPLICATION_ID = 0x4b4d5354 }; /* "KMST" */

#define SUMMARY_COLUMNS                                                        \
    "n INTEGER NOT NULL, n_nan INTEGER NOT NULL, n_posinf INTEGER NOT NULL, "  \
    "n_neginf INTEGER NOT NULL, first_bits INTEGER NOT NULL, "                 \
    "last_bits INTEGER NOT NULL, min REAL, max REAL, sum REAL, "               \
    "first_step INTEGER NOT NULL, last_step INTEGER NOT NULL, "                \
    "min_step INTEGER NOT NULL, max_step INTEGER NOT NULL, "                   \
    "first_time_ns INTEGER, last_time_ns INTEGER, "                            \
    "min_time_ns INTEGER, max_time_ns INTEGER"

#define META_COLUMNS                                                           \
    "name TEXT NOT NULL DEFAULT '', grp TEXT NOT NULL DEFAULT '', "            \
    "parent TEXT NOT NULL DEFAULT '', source TEXT NOT NULL DEFAULT '', "       \
    "notes TEXT NOT NULL DEFAULT '', state INTEGER NOT NULL DEFAULT 0, "       \
    "created_ns INTEGER, ended_ns INTEGER"

static const char *const version_1[] = {
    "CREATE TABLE run (key INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE,"
    " project TEXT NOT NULL, external_id TEXT NOT NULL, " META_COLUMNS ","
    " added_ns INTEGER NOT NULL, series_count INTEGER NOT NULL DEFAULT 0,"
    " point_count INTEGER NOT NULL DEFAULT 0,"
    " attempt_count INTEGER NOT NULL DEFAULT 0, first_time_ns INTEGER,"
    " last_time_ns INTEGER, max_step INTEGER,"
    " label TEXT AS (CASE name WHEN '' THEN external_id ELSE name END) VIRTUAL,"
    " newest_ns INTEGER AS (coalesce(created_ns, first_time_ns, added_ns))"
    " VIRTUAL) STRICT;"
    "CREATE INDEX run_by_name ON run (project, label, external_id);"
    "CREATE INDEX run_by_newest ON run (newest_ns DESC, id);",

    "CREATE TABLE origin (run INTEGER NOT NULL REFERENCES run,"
    " id INTEGER NOT NULL, " META_COLUMNS ", PRIMARY KEY (run, id))"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX origin_by_id ON origin (id);",

    "CREATE TABLE attribute (run INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " key TEXT NOT NULL, origin INTEGER NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (run, kind, key, origin),"
    " FOREIGN KEY (run, origin) REFERENCES origin) STRICT, WITHOUT ROWID;",

    "CREATE TABLE attempt (key INTEGER PRIMARY KEY,"
    " id INTEGER NOT NULL UNIQUE, run INTEGER NOT NULL REFERENCES run,"
    " origin INTEGER NOT NULL, part INTEGER NOT NULL,"
    " ordinal INTEGER NOT NULL, origin_start_ns INTEGER, start_ns INTEGER,"
    " restart_step INTEGER, order_key TEXT NOT NULL, reason TEXT NOT NULL)"
    " STRICT;"
    "CREATE INDEX attempt_by_run ON attempt (run, ordinal);",

    "CREATE TABLE series (key INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE,"
    " run INTEGER NOT NULL REFERENCES run, metric TEXT NOT NULL,"
    " labels TEXT NOT NULL) STRICT;"
    "CREATE INDEX series_by_run ON series (run, metric, labels);",

    "CREATE TABLE stream (key INTEGER PRIMARY KEY,"
    " series INTEGER NOT NULL REFERENCES series,"
    " attempt INTEGER NOT NULL REFERENCES attempt, flags INTEGER NOT NULL,"
    " small INTEGER NOT NULL, " SUMMARY_COLUMNS ","
    " UNIQUE (series, attempt)) STRICT;"
    "CREATE INDEX stream_by_attempt ON stream (attempt);"
    "CREATE INDEX stream_small ON stream (small) WHERE small >= 4;",

    "CREATE TABLE chunk (id INTEGER PRIMARY KEY,"
    " blob INTEGER NOT NULL REFERENCES blob, size INTEGER NOT NULL,"
    " " SUMMARY_COLUMNS ") STRICT;"
    "CREATE TABLE blob (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;",

    "CREATE TABLE event (key INTEGER PRIMARY KEY,"
    " attempt INTEGER NOT NULL REFERENCES attempt, time_ns INTEGER,"
    " step INTEGER, kind TEXT NOT NULL, name TEXT NOT NULL,"
    " detail TEXT NOT NULL) STRICT;"
    "CREATE INDEX event_by_attempt ON event (attempt);",

    "CREATE TABLE evaluation (key INTEGER PRIMARY KEY,"
    " attempt INTEGER NOT NULL REFERENCES attempt, task TEXT NOT NULL,"
    " version TEXT NOT NULL, metric TEXT NOT NULL, filter TEXT NOT NULL,"
    " subset TEXT NOT NULL, model TEXT NOT NULL, task_hash TEXT NOT NULL,"
    " stage TEXT NOT NULL, value_bits INTEGER NOT NULL,"
    " stderr_bits INTEGER NOT NULL, n INTEGER NOT NULL,"
    " n_shot INTEGER NOT NULL, stage_index INTEGER NOT NULL, step INTEGER,"
    " time_ns INTEGER, cost_bits INTEGER NOT NULL,"
    " higher_is_better INTEGER NOT NULL) STRICT;"
    "CREATE INDEX evaluation_by_attempt ON evaluation (attempt);",

    "CREATE TABLE cursor (source_id INTEGER PRIMARY KEY, format TEXT NOT NULL,"
    " path BLOB NOT NULL, head_hash INTEGER NOT NULL,"
    " head_len INTEGER NOT NULL, consumed_bytes INTEGER NOT NULL,"
    " consumed_hash INTEGER NOT NULL, size_bytes INTEGER NOT NULL,"
    " mtime_ns INTEGER NOT NULL, status INTEGER NOT NULL,"
    " damage_offset INTEGER NOT NULL, skipped_bytes INTEGER NOT NULL,"
    " points INTEGER NOT NULL, tail_open INTEGER NOT NULL,"
    " state BLOB NOT NULL) STRICT;"
    "CREATE INDEX cursor_by_head ON cursor (head_hash, head_len);"
    "CREATE INDEX cursor_by_path ON cursor (path);",

    "CREATE TABLE lease (name TEXT PRIMARY KEY, owner TEXT NOT NULL,"
    " until_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    NULL,
};

static const char *const version_2[] = {
    "CREATE TABLE note (kind TEXT NOT NULL, run_id INTEGER NOT NULL,"
    " key TEXT NOT NULL, time_ns INTEGER, json TEXT NOT NULL,"
    " PRIMARY KEY (kind, run_id, key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX note_by_run ON note (run_id) WHERE run_id <> 0;",
    NULL,
};

/* Row i brings user_version i to i + 1. Rows are added, never changed. */
static const char *const *const migrations[] = {version_1, version_2};
enum { SCHEMA_VERSION = sizeof migrations / sizeof migrations[0] };

void km_sqlite_disconnect(struct km_sqlite_connection *connection)
{
    if (!connection) {
        return;
    }
    for (int i = 0; i < KM_SQL_COUNT; i++) {
        (void)sqlite3_finalize(connection->statements[i]);
    }
    km_chunk_codec_destroy(connection->codec);
    (void)sqlite3_close_v2(connection->db);
    free(connection);
}

static enum km_code execute(sqlite3 *db, const char *sql, struct km_err *err)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? KM_OK : km_sql_fail(db, rc, err);
}

/* Nothing in a database file is trusted: it may have been handed around. */
static enum km_code harden(sqlite3 *db, struct km_err *err)
{
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    (void)sqlite3_busy_timeout(db, KM_STORE_BUSY_MS_MAX);
    return execute(db,
                   "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"
                   "PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=OFF;"
                   "PRAGMA cache_size=-8000;" /* KiB, a connection */,
                   err);
}

enum km_code km_sqlite_connect(struct km_sqlite_store *store, bool to_write,
                               bool create, struct km_sqlite_connection **out,
                               struct km_err *err)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= store->immutable ? SQLITE_OPEN_URI : 0;
    flags |= to_write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    flags |= create ? SQLITE_OPEN_CREATE : 0;
    struct km_sqlite_connection *connection = calloc(1, sizeof *connection);
    if (!connection || !(connection->codec = km_chunk_codec_create())) {
        km_sqlite_disconnect(connection);
        return km_fail(err, KM_EMEMORY, "store: no memory for a connection");
    }
    int rc = sqlite3_open_v2(store->db_path, &connection->db, flags, NULL);
    enum km_code code = rc == SQLITE_OK ? harden(connection->db, err)
                                        : km_sql_fail(connection->db, rc, err);
    if (code == KM_OK && to_write) {
        code = execute(connection->db,
                       store->durability == KM_DURABILITY_FULL
                           ? "PRAGMA synchronous=FULL; PRAGMA "
                             "wal_autocheckpoint=0"
                           : "PRAGMA synchronous=NORMAL; PRAGMA "
                             "wal_autocheckpoint=0",
                       err);
    }
    if (code) {
        km_sqlite_disconnect(connection);
        return code;
    }
    *out = connection;
    return KM_OK;
}

static enum km_code read_integer(sqlite3 *db, const char *sql, int64_t *value,
                                 struct km_err *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
    }
    if (rc == SQLITE_ROW) {
        *value = sqlite3_column_int64(statement, 0);
    }
    enum km_code code = rc == SQLITE_ROW ? KM_OK : km_sql_fail(db, rc, err);
    (void)sqlite3_finalize(statement);
    return code;
}

/* Runs the migrations that are missing, all or none. */
static enum km_code migrate(sqlite3 *db, struct km_err *err)
{
    int64_t version = 0;
    enum km_code code = execute(db, "BEGIN IMMEDIATE", err);
    if (code) {
        return code;
    }
    code = read_integer(db, "PRAGMA user_version", &version, err);
    for (; code == KM_OK && version < SCHEMA_VERSION; version++) {
        for (int i = 0; migrations[version][i] && code == KM_OK; i++) {
            code = execute(db, migrations[version][i], err);
        }
    }
    if (code == KM_OK) {
        char pragmas[96];
        (void)snprintf(pragmas, sizeof pragmas,
                       "PRAGMA application_id=%d; PRAGMA user_version=%d",
                       APPLICATION_ID, SCHEMA_VERSION);
        code = execute(db, pragmas, err);
    }
    if (code == KM_OK) {
        code = execute(db, "COMMIT", err);
    }
    if (code) {
        (void)execute(db, "ROLLBACK", NULL);
    }
    return code;
}

static enum km_code found_other(const char *path, const char *what,
                                struct km_err *err)
{
    return km_fail(err, KM_EFORMAT, "%s: %s", path, what);
}

enum km_code km_sqlite_schema_prepare(struct km_sqlite_connection *connection,
                                      const char *path, bool to_write,
                                      bool create, struct km_err *err)
{
    sqlite3 *db = connection->db;
    int64_t application = 0, version = 0, tables = 0;
    /* all three as they were at one moment */
    enum km_code code = execute(db, "BEGIN", err);
    if (code) {
        return code;
    }
    code = read_integer(db, "PRAGMA application_id", &application, err);
    if (code == KM_OK) {
        code = read_integer(db, "PRAGMA user_version", &version, err);
    }
    if (code == KM_OK) {
        code = read_integer(db, "SELECT count(*) FROM sqlite_schema", &tables,
                            err);
    }
    enum km_code done = execute(db, "COMMIT", code ? NULL : err);
    code = code ? code : done;
    if (code) {
        return code;
    }
    bool blank = application == 0 && version == 0 && tables == 0;
    if (!blank && application != APPLICATION_ID) {
        return found_other(path, "a database of another program", err);
    }
    if (version < 0 || version > SCHEMA_VERSION) {
        return found_other(path, "a store of a newer version", err);
    }
    if (blank && !create) {
        return found_other(path, "an empty database, expected a store", err);
    }
    if (blank) {
        code = execute(db,
                       "PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL;"
                       "PRAGMA journal_mode=WAL;",
                       err);
    }
    if (code == KM_OK && to_write && version < SCHEMA_VERSION) {
        code = migrate(db, err);
    }
    return code;
}
