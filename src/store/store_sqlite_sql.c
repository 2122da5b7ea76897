/* store_sqlite_sql.c - prepared statements, binding, reading, failing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite_sql.h"

#include <assert.h>
#include <errno.h>
#include <math.h>

#include "store/store_sqlite.h"

static const char *const texts[KM_SQL_COUNT] = {
#define KM_SQL_TEXT(id, text) [KM_SQL_##id] = (text),
    KM_SQLS(KM_SQL_TEXT)
#undef KM_SQL_TEXT
};

enum km_code km_sql_fail(sqlite3 *db, int rc, struct km_err *err)
{
    const char *words = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    int system = db ? sqlite3_system_errno(db) : 0;
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return km_fail(err, KM_EBUSY,
                       "store: another process holds its lock, retry later");
    case SQLITE_NOTADB:
        return km_fail(err, KM_EFORMAT, "store: its file is no database");
    case SQLITE_FULL:
        return km_fail(err, KM_ENOSPACE, "store: the disk is full");
    case SQLITE_NOMEM:
        return km_fail(err, KM_EMEMORY, "store: no memory for the database");
    case SQLITE_TOOBIG:
        return km_fail(err, KM_ELIMIT, "store: a text is too long for a row");
    case SQLITE_IOERR:
        if (system == ENOSPC || system == EDQUOT) {
            return km_fail(err, KM_ENOSPACE, "store: the disk is full");
        }
        if (rc == SQLITE_IOERR_CORRUPTFS) {
            break;
        }
        return km_fail(err, KM_EIO, "store: reading or writing failed: %s",
                       words);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return km_fail(err, KM_EIO, "store: the database cannot be used: %s",
                       words);
    default:
        break;
    }
    return km_fail(err, KM_ECORRUPT, "store: the database is damaged: %s",
                   words);
}

sqlite3_stmt *km_sql(struct km_sqlite_connection *connection, enum km_sql which,
                     struct km_err *err)
{
    assert(which < KM_SQL_COUNT);
    sqlite3_stmt **statement = &connection->statements[which];
    if (!*statement) {
        int rc = sqlite3_prepare_v3(connection->db, texts[which], -1,
                                    SQLITE_PREPARE_PERSISTENT, statement, NULL);
        if (rc != SQLITE_OK) {
            (void)km_sql_fail(connection->db, rc, err);
            return NULL;
        }
    }
    (void)sqlite3_reset(*statement);
    return *statement;
}

enum km_code km_sql_row(struct km_sqlite_connection *connection,
                        sqlite3_stmt *statement, bool *row, struct km_err *err)
{
    int rc = sqlite3_step(statement);
    *row = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW) {
        return KM_OK;
    }
    enum km_code code =
        rc == SQLITE_DONE ? KM_OK : km_sql_fail(connection->db, rc, err);
    (void)sqlite3_reset(statement);
    return code;
}

enum km_code km_sql_run(struct km_sqlite_connection *connection,
                        sqlite3_stmt *statement, struct km_err *err)
{
    int rc = sqlite3_step(statement);
    enum km_code code = rc == SQLITE_DONE || rc == SQLITE_ROW
                            ? KM_OK
                            : km_sql_fail(connection->db, rc, err);
    (void)sqlite3_reset(statement);
    return code;
}

static enum km_code code_of(const struct km_err *err)
{
    return err->code;
}

enum km_code km_sql_do(struct km_sqlite_connection *connection,
                       enum km_sql which, struct km_err *err)
{
    struct km_err local;
    struct km_err *said = err ? err : &local;
    sqlite3_stmt *statement = km_sql(connection, which, said);
    return statement ? km_sql_run(connection, statement, said) : code_of(said);
}

enum km_code km_sql_do1(struct km_sqlite_connection *connection,
                        enum km_sql which, int64_t first, struct km_err *err)
{
    struct km_err local;
    struct km_err *said = err ? err : &local;
    sqlite3_stmt *statement = km_sql(connection, which, said);
    if (!statement) {
        return code_of(said);
    }
    (void)sqlite3_bind_int64(statement, 1, first);
    return km_sql_run(connection, statement, said);
}

enum km_code km_sql_do2(struct km_sqlite_connection *connection,
                        enum km_sql which, int64_t first, int64_t second,
                        struct km_err *err)
{
    struct km_err local;
    struct km_err *said = err ? err : &local;
    sqlite3_stmt *statement = km_sql(connection, which, said);
    if (!statement) {
        return code_of(said);
    }
    (void)sqlite3_bind_int64(statement, 1, first);
    (void)sqlite3_bind_int64(statement, 2, second);
    return km_sql_run(connection, statement, said);
}

/* Bound texts live as long as the batch that they are from: until the
 * statement has run. A failed bind leaves NULL, which NOT NULL refuses. */
void km_sql_bind_text(sqlite3_stmt *statement, int at, struct km_str text)
{
    (void)sqlite3_bind_text64(statement, at, text.len ? text.ptr : "", text.len,
                              SQLITE_STATIC, SQLITE_UTF8);
}

void km_sql_bind_blob(sqlite3_stmt *statement, int at, struct km_str bytes)
{
    (void)sqlite3_bind_blob64(statement, at, bytes.len ? bytes.ptr : "",
                              bytes.len, SQLITE_STATIC);
}

void km_sql_bind_id(sqlite3_stmt *statement, int at, uint64_t id)
{
    (void)sqlite3_bind_int64(statement, at, (int64_t)id);
}

void km_sql_bind_absent(sqlite3_stmt *statement, int at, int64_t value)
{
    _Static_assert(KM_TIME_ABSENT == KM_STEP_ABSENT, "one absent value");
    if (value == KM_TIME_ABSENT) {
        (void)sqlite3_bind_null(statement, at);
    } else {
        (void)sqlite3_bind_int64(statement, at, value);
    }
}

void km_sql_bind_bits(sqlite3_stmt *statement, int at, double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    (void)sqlite3_bind_int64(statement, at, bits);
}

void km_sql_bind_meta(sqlite3_stmt *statement, int at,
                      const struct km_run_meta *meta)
{
    km_sql_bind_text(statement, at, meta->name);
    km_sql_bind_text(statement, at + 1, meta->group);
    km_sql_bind_text(statement, at + 2, meta->parent);
    km_sql_bind_text(statement, at + 3, meta->source);
    km_sql_bind_text(statement, at + 4, meta->notes);
    (void)sqlite3_bind_int(statement, at + 5, (int)meta->state);
    km_sql_bind_absent(statement, at + 6, meta->created_ns);
    km_sql_bind_absent(statement, at + 7, meta->ended_ns);
}

void km_sql_bind_summary(sqlite3_stmt *statement, int at,
                         const struct km_sqlite_summary *summary)
{
    const struct km_series_summary *of = &summary->of;
    km_sql_bind_id(statement, at, of->n);
    km_sql_bind_id(statement, at + 1, of->n_nan);
    km_sql_bind_id(statement, at + 2, of->n_posinf);
    km_sql_bind_id(statement, at + 3, of->n_neginf);
    km_sql_bind_bits(statement, at + 4, of->first);
    km_sql_bind_bits(statement, at + 5, of->last);
    (void)sqlite3_bind_double(statement, at + 6, of->min); /* NaN: NULL */
    (void)sqlite3_bind_double(statement, at + 7, of->max);
    (void)sqlite3_bind_double(statement, at + 8, of->sum);
    (void)sqlite3_bind_int64(statement, at + 9, of->first_step);
    (void)sqlite3_bind_int64(statement, at + 10, of->last_step);
    (void)sqlite3_bind_int64(statement, at + 11, of->min_step);
    (void)sqlite3_bind_int64(statement, at + 12, of->max_step);
    km_sql_bind_absent(statement, at + 13, of->first_time_ns);
    km_sql_bind_absent(statement, at + 14, of->last_time_ns);
    km_sql_bind_absent(statement, at + 15, summary->min_time_ns);
    km_sql_bind_absent(statement, at + 16, summary->max_time_ns);
}

struct km_str km_sql_text(sqlite3_stmt *statement, int column)
{
    int len = sqlite3_column_bytes(statement, column);
    const void *bytes = len ? sqlite3_column_blob(statement, column) : NULL;
    return bytes ? (struct km_str){bytes, (size_t)len} : (struct km_str){"", 0};
}

uint64_t km_sql_id(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

int64_t km_sql_absent(sqlite3_stmt *statement, int column)
{
    int64_t value = sqlite3_column_int64(statement, column);
    return value != 0 || sqlite3_column_type(statement, column) != SQLITE_NULL
               ? value
               : KM_TIME_ABSENT;
}

double km_sql_bits(sqlite3_stmt *statement, int column)
{
    int64_t bits = sqlite3_column_int64(statement, column);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double real_or_nan(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? (double)NAN
               : sqlite3_column_double(statement, column);
}

void km_sql_meta(sqlite3_stmt *statement, int column, struct km_run_meta *meta)
{
    int state = sqlite3_column_int(statement, column + 5);
    meta->name = km_sql_text(statement, column);
    meta->group = km_sql_text(statement, column + 1);
    meta->parent = km_sql_text(statement, column + 2);
    meta->source = km_sql_text(statement, column + 3);
    meta->notes = km_sql_text(statement, column + 4);
    meta->state = state >= KM_RUN_UNKNOWN && state <= KM_RUN_KILLED
                      ? (enum km_run_state)state
                      : KM_RUN_UNKNOWN;
    meta->created_ns = km_sql_absent(statement, column + 6);
    meta->ended_ns = km_sql_absent(statement, column + 7);
}

enum km_code km_sql_summary(sqlite3_stmt *statement, int column,
                            struct km_sqlite_summary *summary,
                            struct km_err *err)
{
    struct km_series_summary *of = &summary->of;
    of->n = km_sql_id(statement, column);
    of->n_nan = km_sql_id(statement, column + 1);
    of->n_posinf = km_sql_id(statement, column + 2);
    of->n_neginf = km_sql_id(statement, column + 3);
    of->first = km_sql_bits(statement, column + 4);
    of->last = km_sql_bits(statement, column + 5);
    of->min = real_or_nan(statement, column + 6);
    of->max = real_or_nan(statement, column + 7);
    of->sum = real_or_nan(statement, column + 8);
    of->first_step = sqlite3_column_int64(statement, column + 9);
    of->last_step = sqlite3_column_int64(statement, column + 10);
    of->min_step = sqlite3_column_int64(statement, column + 11);
    of->max_step = sqlite3_column_int64(statement, column + 12);
    of->first_time_ns = km_sql_absent(statement, column + 13);
    of->last_time_ns = km_sql_absent(statement, column + 14);
    summary->min_time_ns = km_sql_absent(statement, column + 15);
    summary->max_time_ns = km_sql_absent(statement, column + 16);
    uint64_t most = INT64_MAX / 4;
    if (of->n > most || of->n_nan > of->n || of->n_posinf > of->n ||
        of->n_neginf > of->n ||
        of->n_nan + of->n_posinf + of->n_neginf > of->n ||
        of->min_step > of->max_step || of->first_step < of->min_step ||
        of->first_step > of->max_step || of->last_step < of->min_step ||
        of->last_step > of->max_step) {
        return km_fail(err, KM_ECORRUPT,
                       "store: a summary of points contradicts itself");
    }
    return KM_OK;
}
