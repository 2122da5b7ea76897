/* store_sqlite_notes.c - documents of the product in the SQLite backend. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite.h"

static enum km_code delete_note(struct km_sqlite_connection *writer,
                                const struct km_note *note, struct km_err *err)
{
    sqlite3_stmt *statement = km_sql(writer, KM_SQL_NOTE_DELETE, err);
    if (!statement) {
        return err->code;
    }
    km_sql_bind_text(statement, 1, note->kind);
    km_sql_bind_id(statement, 2, note->run_id);
    km_sql_bind_text(statement, 3, note->key);
    return km_sql_run(writer, statement, err);
}

static enum km_code insert_note(struct km_sqlite_connection *writer,
                                const struct km_note *note, struct km_err *err)
{
    sqlite3_stmt *statement = km_sql(writer, KM_SQL_NOTE_PUT, err);
    if (!statement) {
        return err->code;
    }
    km_sql_bind_text(statement, 1, note->kind);
    km_sql_bind_id(statement, 2, note->run_id);
    km_sql_bind_text(statement, 3, note->key);
    km_sql_bind_absent(statement, 4, note->time_ns);
    km_sql_bind_text(statement, 5, note->json);
    enum km_code code = km_sql_run(writer, statement, err);
    if (code == KM_OK && sqlite3_changes(writer->db) == 0) {
        code = km_fail(err, KM_ENOTFOUND, "the store has no such run");
    }
    return code;
}

static bool has_run(struct km_sqlite_connection *writer, uint64_t run_id,
                    enum km_code *code, struct km_err *err)
{
    bool row = false;
    sqlite3_stmt *find = km_sql(writer, KM_SQL_RUN_FIND, err);
    *code = find ? KM_OK : err->code;
    if (find) {
        km_sql_bind_id(find, 1, run_id);
        *code = km_sql_row(writer, find, &row, err);
        (void)sqlite3_reset(find);
    }
    if (*code == KM_OK && !row) {
        *code = km_fail(err, KM_ENOTFOUND, "the store has no such run");
    }
    return *code == KM_OK;
}

enum km_code km_sqlite_put_notes(struct km_store *base,
                                 const struct km_note *notes, size_t count,
                                 struct km_err *err)
{
    struct km_sqlite_store *store = km_sqlite_of(base);
    enum km_code code = km_sqlite_begin(store, err);
    if (code) {
        return code;
    }
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        if (notes[i].json.len) {
            code = insert_note(store->writer, &notes[i], err);
        } else if (!notes[i].run_id ||
                   has_run(store->writer, notes[i].run_id, &code, err)) {
            code = delete_note(store->writer, &notes[i], err);
        }
    }
    return km_sqlite_end(store, code, err);
}

/* A store of an older version, opened to read only, has no such table. */
static enum km_code has_table(struct km_sqlite_connection *reader, bool *there,
                              struct km_err *err)
{
    sqlite3_stmt *find = km_sql(reader, KM_SQL_NOTE_TABLE, err);
    if (!find) {
        return err->code;
    }
    enum km_code code = km_sql_row(reader, find, there, err);
    (void)sqlite3_reset(find);
    return code;
}

static enum km_code visit_notes(struct km_sqlite_connection *reader,
                                struct km_str kind, uint64_t run_id,
                                km_note_fn visit, void *user,
                                struct km_err *err)
{
    sqlite3_stmt *rows =
        km_sql(reader, run_id ? KM_SQL_NOTES_OF_RUN : KM_SQL_NOTES, err);
    if (!rows) {
        return err->code;
    }
    km_sql_bind_text(rows, 1, kind);
    if (run_id) {
        km_sql_bind_id(rows, 2, run_id);
    }
    bool row = false;
    enum km_code code;
    while ((code = km_sql_row(reader, rows, &row, err)) == KM_OK && row) {
        const struct km_note note = {
            .run_id = km_sql_id(rows, 0),
            .kind = kind,
            .key = km_sql_text(rows, 1),
            .time_ns = km_sql_absent(rows, 2),
            .json = km_sql_text(rows, 3),
        };
        if (!visit(user, &note)) {
            break;
        }
    }
    (void)sqlite3_reset(rows);
    return code;
}

enum km_code km_sqlite_read_notes(struct km_store *base, struct km_str kind,
                                  uint64_t run_id, km_note_fn visit, void *user,
                                  struct km_err *err)
{
    struct km_sqlite_store *store = km_sqlite_of(base);
    struct km_sqlite_connection *reader = km_sqlite_reader_get(store, err);
    if (!reader) {
        return err->code;
    }
    bool there = false;
    enum km_code code = has_table(reader, &there, err);
    if (code == KM_OK && there) {
        code = visit_notes(reader, kind, run_id, visit, user, err);
    }
    km_sqlite_reader_put(store, reader);
    return code;
}
