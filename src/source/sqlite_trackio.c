/* sqlite_trackio.c - trackio's database: a project per file, runs by name.
 *
 * metrics(id, timestamp, run_name, step, metrics JSON), system_metrics the same
 * without a step, configs(run_name, config JSON). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/limits.h"
#include "source/json_walk.h"
#include "source/sqlite_source.h"

struct trackio_scan {
    struct km_source *source;
    struct km_sqlite *file;
    struct km_json_walk walk;
    struct km_buf json; /* one value of a configuration */
    uint64_t bad_rows;
};

static enum km_code failed(const struct km_err *err)
{
    return err->code ? err->code : KM_EFORMAT;
}

static enum km_code begin_run(struct trackio_scan *scan, struct km_str name)
{
    const struct km_sqlite_state *state = scan->source->state;
    struct km_run_meta meta = {.project = state->project,
                               .external_id = name,
                               .source = KM_STR("trackio"),
                               .created_ns = KM_TIME_ABSENT,
                               .ended_ns = KM_TIME_ABSENT};
    return km_emit_run(scan->source->emit, &meta);
}

/* Calls `take` for every scalar of one JSON object. */
static void walk_json(struct trackio_scan *scan, struct km_str json,
                      void (*take)(struct trackio_scan *, struct km_str path,
                                   const struct km_json_token *, void *),
                      void *user)
{
    struct km_err err;
    struct km_json_token token;
    int depth = 0;
    km_json_walk_reset(&scan->walk);
    km_json_reader_feed(&scan->walk.reader, json.ptr, json.len, true);
    do {
        if (km_json_walk_next(&scan->walk, &token, &err) != KM_OK) {
            scan->bad_rows++;
            return;
        }
        if (token.kind == KM_JSON_OBJECT_BEGIN ||
            token.kind == KM_JSON_ARRAY_BEGIN) {
            depth++;
        } else if (token.kind == KM_JSON_OBJECT_END ||
                   token.kind == KM_JSON_ARRAY_END) {
            depth--;
        } else if (depth == 0) {
            scan->bad_rows += token.kind != KM_JSON_MORE; /* no object */
            return;
        } else if (token.kind != KM_JSON_MORE) {
            take(scan, km_json_walk_path(&scan->walk, 1, depth), &token, user);
        }
    } while (token.kind != KM_JSON_MORE && depth > 0);
}

struct row_axes {
    int64_t step, time_ns;
    uint32_t flags;
};

static void take_metric(struct trackio_scan *scan, struct km_str path,
                        const struct km_json_token *token, void *user)
{
    const struct row_axes *axes = user;
    double value;
    if (km_json_token_number(token, &value)) {
        uint32_t series =
            km_emit_series(scan->source->emit, path, KM_STR(""), axes->flags);
        km_emit_point(scan->source->emit, series, axes->step, axes->time_ns,
                      value);
    }
}

static void take_config(struct trackio_scan *scan, struct km_str path,
                        const struct km_json_token *token, void *user)
{
    (void)user;
    km_buf_reset(&scan->json);
    km_json_token_write(token, &scan->json);
    if (!scan->json.failed) {
        km_emit_attribute(scan->source->emit, KM_ATTRIBUTE_CONFIG, path,
                          (struct km_str){scan->json.bytes, scan->json.len});
    }
}

static enum km_code read_configs(struct trackio_scan *scan, struct km_err *err)
{
    enum km_code code = KM_OK;
    if (!km_sqlite_has(scan->file, "configs", "config") ||
        !km_sqlite_has(scan->file, "configs", "run_name")) {
        return KM_OK;
    }
    sqlite3_stmt *rows = km_sqlite_prepare(
        scan->file, "SELECT run_name, config FROM configs ORDER BY rowid", err);
    if (!rows) {
        return failed(err);
    }
    while (code == KM_OK && km_sqlite_next(scan->file, rows, &code, err)) {
        code = begin_run(scan, km_sqlite_text(rows, 0));
        walk_json(scan, km_sqlite_text(rows, 1), take_config, NULL);
    }
    (void)sqlite3_finalize(rows);
    return code;
}

static void read_row(struct trackio_scan *scan, sqlite3_stmt *row, bool system)
{
    struct row_axes axes = {.step = sqlite3_column_int64(row, 2),
                            .time_ns = KM_TIME_ABSENT};
    struct km_str time = km_sqlite_text(row, 3);
    if (time.len && !km_time_parse(time.ptr, time.len, &axes.time_ns)) {
        axes.time_ns = KM_TIME_ABSENT;
    }
    if (system) {
        axes.flags = KM_SERIES_SYSTEM | KM_SERIES_STEP_IS_INDEX;
    }
    walk_json(scan, km_sqlite_text(row, 4), take_metric, &axes);
}

/* Rows of `sql` after `*from`, which follows them. */
static enum km_code read_rows(struct trackio_scan *scan, const char *sql,
                              int64_t *from, bool system, struct km_err *err)
{
    struct km_source *source = scan->source;
    const struct km_sqlite_state *state = source->state;
    enum km_code code = KM_OK;
    sqlite3_stmt *rows = km_sqlite_prepare(scan->file, sql, err);
    if (!rows) {
        return failed(err);
    }
    (void)sqlite3_bind_int64(rows, 1, *from);
    (void)sqlite3_bind_int64(rows, 2, system ? INT64_MAX : state->top);
    while (code == KM_OK && !km_emit_failed(source->emit) &&
           km_sqlite_next(scan->file, rows, &code, err)) {
        code = begin_run(scan, km_sqlite_text(rows, 1));
        if (code == KM_OK) {
            read_row(scan, rows, system);
        }
        int64_t row = sqlite3_column_int64(rows, 0);
        *from = row;
        if (code == KM_OK && km_emit_full(source->emit)) {
            code = system ? km_emit_checkpoint(source->emit, err)
                          : km_sqlite_note_row(source, "metrics", row, err);
        }
    }
    (void)sqlite3_finalize(rows);
    return code;
}

enum km_code km_sqlite_scan_trackio(struct km_source *source,
                                    struct km_err *err)
{
    struct km_sqlite_state *state = source->state;
    struct trackio_scan scan = {.source = source, .file = &state->file};
    km_json_walk_init(&scan.walk);
    km_buf_init(&scan.json, KM_CONFIG_VALUE_BYTES_MAX);
    int64_t from = state->base;
    enum km_code code = read_configs(&scan, err);
    code = code ? code : km_sqlite_begin_rows(source, "metrics", err);
    code = code ? code
                : read_rows(&scan,
                            "SELECT rowid, run_name, step, timestamp, metrics"
                            " FROM metrics WHERE rowid > ?1 AND rowid <= ?2"
                            " ORDER BY rowid",
                            &from, false, err);
    if (code == KM_OK && !km_emit_failed(source->emit)) {
        code = km_sqlite_note_row(source, "metrics", state->top, err);
    }
    if (code == KM_OK &&
        km_sqlite_has(scan.file, "system_metrics", "metrics")) {
        code = read_rows(&scan,
                         "SELECT rowid, run_name, rowid, timestamp, metrics"
                         " FROM system_metrics WHERE rowid > ?1 AND rowid <= ?2"
                         " ORDER BY rowid",
                         &state->system_row, true, err);
    }
    if (scan.bad_rows) {
        km_emit_warn(source->emit, 0, "%llu rows do not hold JSON",
                     (unsigned long long)scan.bad_rows);
    }
    km_json_walk_finish(&scan.walk);
    km_buf_finish(&scan.json);
    return code;
}
