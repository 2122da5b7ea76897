/* sqlite_source.c - which tracker made a database, and where reading stands. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/sqlite_source.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

static bool ends_like_database(struct km_str name)
{
    return km_str_ends(name, KM_STR(".db")) ||
           km_str_ends(name, KM_STR(".sqlite")) ||
           km_str_ends(name, KM_STR(".sqlite3"));
}

/* A name alone is a weak yes: an encrypted file deserves a sentence. */
static int sniff(const struct km_sniff *sniff)
{
    if (sniff->is_folder) {
        return 0;
    }
    if (km_str_starts(sniff->head, KM_STR("SQLite format 3\0"))) {
        return 90;
    }
    return sniff->head.len && ends_like_database(sniff->place->name) ? 5 : 0;
}

static struct km_str without_end(struct km_str name)
{
    size_t dot = name.len;
    while (dot > 0 && name.ptr[dot - 1] != '.') {
        dot--;
    }
    return dot > 1 ? (struct km_str){name.ptr, dot - 1} : name;
}

static void save(const struct km_source *source, struct km_buf *out)
{
    const struct km_sqlite_state *state = source->state;
    km_buf_printf(
        out, "1 %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " ",
        state->base, state->top, state->row, state->base_count,
        state->system_row);
    km_buf_append(out, state->run, state->run_len);
}

static enum km_code begin(struct km_source *source, struct km_str saved,
                          struct km_err *err)
{
    struct km_sqlite_state *state = source->state;
    int64_t *const words[] = {
        NULL,        &state->base,       &state->top,
        &state->row, &state->base_count, &state->system_row};
    state->project = without_end(source->place->name);
    if (saved.len == 0) {
        return KM_OK;
    }
    size_t at = 0;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t end = km_str_find(saved, ' ', at);
        int64_t value;
        if (end == saved.len ||
            !km_integer_parse((struct km_str){saved.ptr + at, end - at},
                              &value) ||
            (i == 0 && value != 1)) {
            return km_fail(err, KM_ECORRUPT,
                           "the saved place of a database is damaged");
        }
        if (words[i]) {
            *words[i] = value;
        }
        at = end + 1;
    }
    if (saved.len - at > sizeof state->run) {
        return km_fail(err, KM_ECORRUPT,
                       "the saved place of a database is damaged");
    }
    state->run_len = saved.len - at;
    if (state->run_len) {
        memcpy(state->run, saved.ptr + at, state->run_len);
    }
    return KM_OK;
}

enum km_code km_sqlite_integer(struct km_sqlite *file, const char *sql,
                               int64_t argument, int64_t *value,
                               struct km_err *err)
{
    enum km_code code = KM_OK;
    sqlite3_stmt *statement = km_sqlite_prepare(file, sql, err);
    if (!statement) {
        return err && err->code ? err->code : KM_EFORMAT;
    }
    (void)sqlite3_bind_int64(statement, 1, argument);
    if (km_sqlite_next(file, statement, &code, err)) {
        *value = sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement);
    return code;
}

enum km_code km_sqlite_note_row(struct km_source *source, const char *table,
                                int64_t row, struct km_err *err)
{
    struct km_sqlite_state *state = source->state;
    char sql[128];
    state->base = row;
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE rowid <= ?1",
                   table);
    enum km_code code =
        km_sqlite_integer(&state->file, sql, row, &state->base_count, err);
    return code ? code : km_emit_checkpoint(source->emit, err);
}

enum km_code km_sqlite_begin_rows(struct km_source *source, const char *table,
                                  struct km_err *err)
{
    struct km_sqlite_state *state = source->state;
    char sql[128];
    int64_t count = 0;
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE rowid <= ?1",
                   table);
    enum km_code code =
        km_sqlite_integer(&state->file, sql, state->base, &count, err);
    if (code == KM_OK && count != state->base_count) {
        return km_fail(err, KM_ECONFLICT,
                       "%" PRId64 " rows of table %s were imported, %" PRId64
                       " of them are there now: rows were removed, the file "
                       "is read again in place of what it brought",
                       state->base_count, table, count);
    }
    if (code || state->top > state->base) {
        return code; /* a scan that was cut short goes on to its own end */
    }
    (void)snprintf(sql, sizeof sql,
                   "SELECT coalesce(max(rowid), 0) FROM %s WHERE ?1 = ?1",
                   table);
    return km_sqlite_integer(&state->file, sql, 0, &state->top, err);
}

static enum km_code refuse_unknown(struct km_sqlite *file, struct km_err *err)
{
    char names[200] = "";
    size_t len = 0;
    enum km_code code = KM_OK;
    sqlite3_stmt *statement = km_sqlite_prepare(
        file, "SELECT name FROM sqlite_master WHERE type = 'table' LIMIT 6",
        err);
    while (statement && km_sqlite_next(file, statement, &code, err)) {
        struct km_str name = km_sqlite_text(statement, 0);
        int wrote =
            snprintf(names + len, sizeof names - len, "%s%.*s", len ? ", " : "",
                     (int)(name.len > 30 ? 30 : name.len), name.ptr);
        len += wrote > 0 ? (size_t)wrote : 0;
        len = len < sizeof names ? len : sizeof names - 1;
    }
    (void)sqlite3_finalize(statement);
    if (!statement || code) {
        return err && err->code ? err->code : KM_EFORMAT;
    }
    return km_fail(err, KM_EFORMAT,
                   "an SQLite database of no tracker that is known (tables: "
                   "%s)",
                   len ? names : "none");
}

static enum km_code scan(struct km_source *source, struct km_err *err)
{
    struct km_sqlite_state *state = source->state;
    struct km_err why = {.code = KM_OK};
    enum km_code code = km_sqlite_open(&state->file, source->place, &why);
    if (code == KM_OK) {
        struct km_sqlite *file = &state->file;
        source->read_bytes += source->place->size_bytes;
        if (km_sqlite_has(file, "experiments", "experiment_id") &&
            km_sqlite_has(file, "runs", "run_uuid") &&
            km_sqlite_has(file, "metrics", "is_nan")) {
            code = km_sqlite_scan_mlflow(source, &why);
        } else if (km_sqlite_has(file, "metric_series", "path") &&
                   km_sqlite_has(file, "metric_points", "series_id")) {
            code = km_sqlite_scan_goodseed(source, &why);
        } else if (km_sqlite_has(file, "metrics", "run_name") &&
                   km_sqlite_has(file, "metrics", "metrics")) {
            code = km_sqlite_scan_trackio(source, &why);
        } else {
            code = refuse_unknown(file, &why);
        }
    }
    if (state->file.is_held) {
        /* in a folder of many files a refusal alone would not be seen */
        km_emit_warn(source->emit, 0, "%s", why.message);
    }
    km_sqlite_close(&state->file);
    if (code && err) {
        *err = why;
    }
    return code ? code : km_emit_error(source->emit, err);
}

static void finish(struct km_source *source)
{
    struct km_sqlite_state *state = source->state;
    km_sqlite_close(&state->file);
}

const struct km_source_ops km_source_sqlite = {
    .name = "sqlite",
    .title = "SQLite file of MLflow, trackio or GoodSeed",
    .shape = KM_SHAPE_STORE,
    .scope = KM_SCOPE_INNER,
    .state_bytes = sizeof(struct km_sqlite_state),
    .sniff = sniff,
    .begin = begin,
    .save = save,
    .scan = scan,
    .finish = finish,
};
