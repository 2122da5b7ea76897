/* sqlite_mlflow.c - MLflow's database: experiments become projects.
 *
 * Runs, parameters, tags and metrics are each read once, in the order of run
 * ids, and walked side by side: no table is searched again for every run.
 * Metrics of one run come in the order in which they were written (rowid).
 * Metrics of logged models have tables of their own, which are left alone. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "base/number.h"
#include "source/attribute_text.h"
#include "source/mlflow_terms.h"
#include "source/sqlite_source.h"

/* A statement whose first column is a run id, in rising order. */
struct ordered {
    sqlite3_stmt *statement;
    bool has_row;
};

struct mlflow_scan {
    struct km_source *source;
    struct km_sqlite *file;
    struct ordered runs, params, tags, metrics;
    int64_t orphans; /* metrics of runs that are deleted or not there */
};

static enum km_code move_on(struct mlflow_scan *scan, struct ordered *rows,
                            struct km_err *err)
{
    enum km_code code;
    rows->has_row = km_sqlite_next(scan->file, rows->statement, &code, err);
    return code;
}

static enum km_code open_rows(struct mlflow_scan *scan, struct ordered *rows,
                              const char *sql, struct km_err *err)
{
    rows->statement = km_sqlite_prepare(scan->file, sql, err);
    if (!rows->statement) {
        return err->code ? err->code : KM_EFORMAT;
    }
    return KM_OK;
}

static int compare(struct km_str a, struct km_str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* +-1.797e308 stands for an infinity, (0, is_nan) for NaN. */
static double read_value(sqlite3_stmt *row)
{
    const double stand_in = 1.7976931348623157e308;
    if (sqlite3_column_int(row, 5)) {
        return NAN;
    }
    double value = sqlite3_column_double(row, 2);
    if (value >= stand_in) {
        return (double)INFINITY;
    }
    return value <= -stand_in ? -(double)INFINITY : value;
}

/* Remembers the place inside of this scan, then commits when it is time. */
static enum km_code note_place(struct mlflow_scan *scan, struct km_str run,
                               int64_t row, struct km_err *err)
{
    struct km_sqlite_state *state = scan->source->state;
    if (run.len > sizeof state->run) {
        return km_fail(err, KM_ELIMIT, "a run id is longer than %d bytes",
                       KM_SQLITE_PLACE_BYTES);
    }
    state->row = row;
    state->run_len = run.len;
    memcpy(state->run, run.ptr, run.len);
    return km_emit_full(scan->source->emit)
               ? km_emit_checkpoint(scan->source->emit, err)
               : KM_OK;
}

static enum km_code read_metrics(struct mlflow_scan *scan, struct km_str run,
                                 bool wanted, struct km_err *err)
{
    struct ordered *rows = &scan->metrics;
    enum km_code code = KM_OK;
    while (rows->has_row && code == KM_OK) {
        sqlite3_stmt *row = rows->statement;
        struct km_str owner = km_sqlite_text(row, 0);
        int order = run.len ? compare(owner, run) : -1;
        if (order > 0) {
            break;
        }
        if (order < 0 || !wanted) {
            scan->orphans++;
        } else {
            km_emit_value(scan->source->emit, km_sqlite_text(row, 1),
                          sqlite3_column_int64(row, 4),
                          km_mlflow_time(sqlite3_column_int64(row, 3)),
                          read_value(row));
        }
        code = note_place(scan, owner, sqlite3_column_int64(row, 6), err);
        code = code ? code : move_on(scan, rows, err);
    }
    return code;
}

/* Parameters or tags of `run`; those of runs before it are passed over. */
static enum km_code read_texts(struct mlflow_scan *scan, struct ordered *rows,
                               struct km_str run, struct km_run_meta *meta,
                               struct km_err *err)
{
    enum km_code code = KM_OK;
    struct km_emit *emit = scan->source->emit;
    while (rows->has_row && code == KM_OK) {
        int order = compare(km_sqlite_text(rows->statement, 0), run);
        if (order > 0) {
            break;
        }
        struct km_str key = km_sqlite_text(rows->statement, 1);
        struct km_str value = km_sqlite_text(rows->statement, 2);
        if (order == 0 && meta) {
            struct km_run_meta said = {.created_ns = KM_TIME_ABSENT,
                                       .ended_ns = KM_TIME_ABSENT};
            km_mlflow_tag(emit, &said, key, value);
            if (said.name.len || said.notes.len || said.parent.len) {
                said.project = meta->project;
                said.external_id = meta->external_id;
                code = km_emit_run(emit, &said);
            }
        } else if (order == 0) {
            km_attribute_emit(emit, KM_ATTRIBUTE_CONFIG, key, value);
        }
        code = code ? code : move_on(scan, rows, err);
    }
    return code;
}

static enum km_code read_run(struct mlflow_scan *scan, struct km_err *err)
{
    sqlite3_stmt *row = scan->runs.statement;
    struct km_str run = km_sqlite_text(row, 0);
    struct km_str experiment = km_sqlite_text(row, 6);
    struct km_run_meta meta = {
        .project = experiment.len ? experiment : KM_STR("mlflow"),
        .external_id = run,
        .name = km_sqlite_text(row, 1),
        .source = KM_STR("mlflow"),
        .state = km_mlflow_state(km_sqlite_text(row, 2)),
        .created_ns = km_mlflow_time(sqlite3_column_int64(row, 3)),
        .ended_ns = km_mlflow_time(sqlite3_column_int64(row, 4)),
    };
    bool deleted = km_str_is(km_sqlite_text(row, 5), "deleted");
    if (run.len == 0) {
        return KM_OK;
    }
    if (deleted) {
        return read_metrics(scan, run, false, err);
    }
    enum km_code code = km_emit_run(scan->source->emit, &meta);
    code = code ? code : read_texts(scan, &scan->params, run, NULL, err);
    code = code ? code : read_texts(scan, &scan->tags, run, &meta, err);
    return code ? code : read_metrics(scan, run, true, err);
}

static enum km_code open_all(struct mlflow_scan *scan, struct km_err *err)
{
    const struct km_sqlite_state *state = scan->source->state;
    enum km_code code = open_rows(
        scan, &scan->runs,
        "SELECT r.run_uuid, r.name, r.status, r.start_time, r.end_time,"
        " r.lifecycle_stage, e.name FROM runs r LEFT JOIN experiments e"
        " ON e.experiment_id = r.experiment_id ORDER BY r.run_uuid",
        err);
    code = code ? code
                : open_rows(scan, &scan->params,
                            "SELECT run_uuid, key, value FROM params"
                            " ORDER BY run_uuid, key",
                            err);
    code = code ? code
                : open_rows(scan, &scan->tags,
                            "SELECT run_uuid, key, value FROM tags"
                            " ORDER BY run_uuid, key",
                            err);
    code = code ? code
                : open_rows(scan, &scan->metrics,
                            "SELECT run_uuid, key, value, timestamp, step,"
                            " is_nan, rowid FROM metrics WHERE rowid > ?1"
                            " AND rowid <= ?2 AND (?3 = '' OR run_uuid > ?3"
                            " OR (run_uuid = ?3 AND rowid > ?4))"
                            " ORDER BY run_uuid, rowid",
                            err);
    if (code) {
        return code;
    }
    sqlite3_stmt *metrics = scan->metrics.statement;
    (void)sqlite3_bind_int64(metrics, 1, state->base);
    (void)sqlite3_bind_int64(metrics, 2, state->top);
    (void)sqlite3_bind_text(metrics, 3, state->run, (int)state->run_len,
                            SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(metrics, 4, state->row);
    struct ordered *const all[] = {&scan->runs, &scan->params, &scan->tags,
                                   &scan->metrics};
    for (size_t i = 0; i < sizeof all / sizeof all[0] && !code; i++) {
        code = move_on(scan, all[i], err);
    }
    return code;
}

/* All rows up to `top` are in: the next scan begins there. */
static enum km_code end_rows(struct mlflow_scan *scan, struct km_err *err)
{
    struct km_sqlite_state *state = scan->source->state;
    state->base = state->top;
    state->run_len = 0;
    state->row = 0;
    return km_sqlite_integer(scan->file,
                             "SELECT count(*) FROM metrics WHERE rowid <= ?1",
                             state->base, &state->base_count, err);
}

enum km_code km_sqlite_scan_mlflow(struct km_source *source, struct km_err *err)
{
    struct km_sqlite_state *state = source->state;
    struct mlflow_scan scan = {.source = source, .file = &state->file};
    enum km_code code = km_sqlite_begin_rows(source, "metrics", err);
    code = code ? code : open_all(&scan, err);
    while (code == KM_OK && scan.runs.has_row &&
           !km_emit_failed(source->emit)) {
        code = read_run(&scan, err);
        code = code ? code : move_on(&scan, &scan.runs, err);
    }
    if (code == KM_OK && !km_emit_failed(source->emit)) {
        /* what is left belongs to runs that are not there */
        while (code == KM_OK && scan.metrics.has_row) {
            scan.orphans++;
            code = move_on(&scan, &scan.metrics, err);
        }
        code = code ? code : end_rows(&scan, err);
    }
    if (scan.orphans) {
        km_emit_warn(source->emit, 0,
                     "%lld metric rows of deleted or missing runs are left out",
                     (long long)scan.orphans);
    }
    (void)sqlite3_finalize(scan.runs.statement);
    (void)sqlite3_finalize(scan.params.statement);
    (void)sqlite3_finalize(scan.tags.statement);
    (void)sqlite3_finalize(scan.metrics.statement);
    return code;
}
