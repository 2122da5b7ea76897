/* store_sqlite_read.c - the reading verbs that touch no points. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_rules.h"
#include "store/store_sqlite.h"

/* A reader and the statement that it steps. */
struct reading {
    struct km_sqlite_store *store;
    struct km_sqlite_connection *reader;
    sqlite3_stmt *rows;
    struct km_err *err;
};

static enum km_code begin_reading(struct reading *reading,
                                  struct km_store *base, struct km_err *err)
{
    *reading = (struct reading){.store = km_sqlite_of(base), .err = err};
    reading->reader = km_sqlite_reader_get(reading->store, err);
    return reading->reader ? KM_OK : err->code;
}

static enum km_code choose_rows(struct reading *reading, enum km_sql which)
{
    reading->rows = km_sql(reading->reader, which, reading->err);
    return reading->rows ? KM_OK : reading->err->code;
}

static bool next_row(struct reading *reading, enum km_code *code)
{
    bool row = false;
    *code = km_sql_row(reading->reader, reading->rows, &row, reading->err);
    return *code == KM_OK && row;
}

static enum km_code end_reading(struct reading *reading, enum km_code code)
{
    km_sqlite_reader_put(reading->store, reading->reader);
    return code;
}

/* Begins with the rows of one run; *run is its key, 0 when there is none. */
static enum km_code begin_of_run(struct reading *reading, struct km_store *base,
                                 uint64_t run_id, enum km_sql which,
                                 struct km_err *err)
{
    enum km_code code = begin_reading(reading, base, err);
    if (code) {
        return code;
    }
    code = choose_rows(reading, KM_SQL_RUN_FIND);
    int64_t key = 0;
    if (code == KM_OK) {
        km_sql_bind_id(reading->rows, 1, run_id);
        key = next_row(reading, &code) ? sqlite3_column_int64(reading->rows, 0)
                                       : 0;
    }
    if (code == KM_OK) {
        code = choose_rows(reading, which);
    }
    if (code) {
        return end_reading(reading, code);
    }
    (void)sqlite3_bind_int64(reading->rows, 1, key); /* no run has key 0 */
    return KM_OK;
}

static void read_run(sqlite3_stmt *rows, struct km_run_row *row)
{
    row->id = km_sql_id(rows, 0);
    row->meta.project = km_sql_text(rows, 1);
    row->meta.external_id = km_sql_text(rows, 2);
    km_sql_meta(rows, 3, &row->meta);
    row->series_count = km_sql_id(rows, 11);
    row->point_count = km_sql_id(rows, 12);
    row->attempt_count = (uint32_t)sqlite3_column_int64(rows, 13);
    row->first_time_ns = km_sql_absent(rows, 14);
    row->last_time_ns = km_sql_absent(rows, 15);
    row->max_step = km_sql_absent(rows, 16);
    row->added_ns = sqlite3_column_int64(rows, 17);
}

static enum km_code choose_runs(struct reading *reading,
                                const struct km_run_filter *filter)
{
    enum km_sql which = filter->order == KM_ORDER_NEWEST ? KM_SQL_RUNS_BY_NEWEST
                        : filter->project.len ? KM_SQL_RUNS_OF_PROJECT
                                              : KM_SQL_RUNS_BY_NAME;
    enum km_code code =
        choose_rows(reading, filter->id ? KM_SQL_RUN_BY_ID : which);
    if (code) {
        return code;
    }
    if (filter->id) {
        km_sql_bind_id(reading->rows, 1, filter->id);
    } else if (which == KM_SQL_RUNS_OF_PROJECT) {
        km_sql_bind_text(reading->rows, 1, filter->project);
    }
    return KM_OK;
}

enum km_code km_sqlite_list_runs(struct km_store *base,
                                 const struct km_run_filter *filter,
                                 km_run_fn visit, void *user,
                                 struct km_err *err)
{
    struct reading reading;
    uint64_t skipped = 0, visited = 0;
    enum km_code code = begin_reading(&reading, base, err);
    if (code) {
        return code;
    }
    code = choose_runs(&reading, filter);
    while (code == KM_OK && next_row(&reading, &code)) {
        struct km_run_row row;
        read_run(reading.rows, &row);
        if (!km_run_matches(&row, filter) || skipped++ < filter->skip) {
            continue;
        }
        if (!visit(user, &row) ||
            (filter->limit && ++visited == filter->limit)) {
            break;
        }
    }
    return end_reading(&reading, code);
}

/* Rows are streams: those of one series, by ordinal, are one summary. */
enum km_code km_sqlite_list_series(struct km_store *base, uint64_t run_id,
                                   km_series_fn visit, void *user,
                                   struct km_err *err)
{
    struct reading reading;
    struct km_sqlite_summary stream;
    struct km_series_row row = {.run_id = run_id};
    struct km_buf names; /* the texts of `row`, while the rows go on */
    int64_t key = 0;
    bool going = true;
    enum km_code code =
        begin_of_run(&reading, base, run_id, KM_SQL_SERIES_OF_RUN, err);
    if (code) {
        return code;
    }
    km_buf_init(&names, 4 * KM_MIB);
    while (going && next_row(&reading, &code)) {
        code = km_sql_summary(reading.rows, 5, &stream, err);
        if (code) {
            break;
        }
        if (sqlite3_column_int64(reading.rows, 0) != key) {
            going = key == 0 || visit(user, &row);
            key = sqlite3_column_int64(reading.rows, 0);
            row.id = km_sql_id(reading.rows, 1);
            row.metric = km_sql_text(reading.rows, 2);
            row.labels = km_sql_text(reading.rows, 3);
            row.flags = 0;
            km_series_summary_init(&row.summary);
            km_buf_reset(&names);
            km_buf_append(&names, row.metric.ptr, row.metric.len);
            km_buf_append(&names, row.labels.ptr, row.labels.len);
            if (names.failed) {
                code = km_fail(err, KM_ELIMIT, "store: a name is too long");
                break;
            }
            row.metric.ptr = names.bytes;
            row.labels.ptr = names.bytes + row.metric.len;
        }
        row.flags |= (uint32_t)sqlite3_column_int64(reading.rows, 4);
        km_series_summary_merge(&row.summary, &stream.of);
    }
    if (code == KM_OK && going && key != 0) {
        (void)visit(user, &row);
    }
    km_buf_finish(&names);
    return end_reading(&reading, code);
}

enum km_code km_sqlite_list_attempts(struct km_store *base, uint64_t run_id,
                                     km_attempt_fn visit, void *user,
                                     struct km_err *err)
{
    struct reading reading;
    uint32_t ordinal = 0;
    enum km_code code =
        begin_of_run(&reading, base, run_id, KM_SQL_ATTEMPTS_OF_RUN, err);
    if (code) {
        return code;
    }
    while (next_row(&reading, &code)) {
        const struct km_attempt_row row = {
            .id = km_sql_id(reading.rows, 0),
            .run_id = run_id,
            .origin_id = km_sql_id(reading.rows, 1),
            .ordinal = ordinal,
            .part = (uint32_t)sqlite3_column_int64(reading.rows, 3),
            .origin_start_ns = km_sql_absent(reading.rows, 4),
            .start_ns = km_sql_absent(reading.rows, 5),
            .restart_step = km_sql_absent(reading.rows, 6),
            .order_key = km_sql_text(reading.rows, 7),
            .reason = km_sql_text(reading.rows, 8),
        };
        if (sqlite3_column_int64(reading.rows, 2) != ordinal++) {
            code = km_fail(err, KM_ECORRUPT,
                           "store: the attempts of a run are not numbered");
            break;
        }
        if (!visit(user, &row)) {
            break;
        }
    }
    return end_reading(&reading, code);
}

/* Rows of the same kind and key stand together, the one that counts first. */
enum km_code km_sqlite_list_attributes(struct km_store *base, uint64_t run_id,
                                       km_attribute_fn visit, void *user,
                                       struct km_err *err)
{
    struct reading reading;
    struct km_buf seen; /* kind and key of the row before */
    bool going = true;
    enum km_code code =
        begin_of_run(&reading, base, run_id, KM_SQL_ATTRIBUTES_OF_RUN, err);
    if (code) {
        return code;
    }
    km_buf_init(&seen, KM_BATCH_ARENA_BYTES_MAX);
    while (going && next_row(&reading, &code)) {
        int kind = sqlite3_column_int(reading.rows, 0);
        const struct km_attribute row = {
            .kind = (enum km_attribute_kind)kind,
            .key = km_sql_text(reading.rows, 1),
            .value_json = km_sql_text(reading.rows, 2),
        };
        if (kind < KM_ATTRIBUTE_CONFIG || kind > KM_ATTRIBUTE_SUMMARY) {
            code = km_fail(err, KM_ECORRUPT,
                           "store: an attribute of unknown kind %d", kind);
            break;
        }
        if (seen.len == row.key.len + 1 && seen.bytes[0] == (char)kind &&
            memcmp(seen.bytes + 1, row.key.ptr, row.key.len) == 0) {
            continue;
        }
        km_buf_reset(&seen);
        km_buf_append_char(&seen, (char)kind);
        km_buf_append(&seen, row.key.ptr, row.key.len);
        going = visit(user, &row);
    }
    if (code == KM_OK && seen.failed) {
        code = km_fail(err, KM_EMEMORY, "store: no memory for attributes");
    }
    km_buf_finish(&seen);
    return end_reading(&reading, code);
}

enum km_code km_sqlite_read_events(struct km_store *base, uint64_t run_id,
                                   km_event_fn visit, void *user,
                                   struct km_err *err)
{
    struct reading reading;
    enum km_code code =
        begin_of_run(&reading, base, run_id, KM_SQL_EVENTS_OF_RUN, err);
    if (code) {
        return code;
    }
    while (next_row(&reading, &code)) {
        const struct km_event event = {
            .time_ns = km_sql_absent(reading.rows, 1),
            .step = km_sql_absent(reading.rows, 2),
            .kind = km_sql_text(reading.rows, 3),
            .name = km_sql_text(reading.rows, 4),
            .detail_json = km_sql_text(reading.rows, 5),
        };
        if (!visit(user, (uint32_t)sqlite3_column_int64(reading.rows, 0),
                   &event)) {
            break;
        }
    }
    return end_reading(&reading, code);
}

static void read_evaluation(sqlite3_stmt *rows, struct km_evaluation *row)
{
    struct km_str *words[] = {&row->task,      &row->version, &row->metric,
                              &row->filter,    &row->subset,  &row->model,
                              &row->task_hash, &row->stage};
    for (int i = 0; i < 8; i++) {
        *words[i] = km_sql_text(rows, 1 + i);
    }
    row->value = km_sql_bits(rows, 9);
    row->stderr_ = km_sql_bits(rows, 10);
    row->n = sqlite3_column_int64(rows, 11);
    row->n_shot = sqlite3_column_int64(rows, 12);
    row->stage_index = sqlite3_column_int64(rows, 13);
    row->step = km_sql_absent(rows, 14);
    row->time_ns = km_sql_absent(rows, 15);
    row->cost_seconds = km_sql_bits(rows, 16);
    row->higher_is_better = sqlite3_column_int(rows, 17);
}

enum km_code km_sqlite_read_evaluations(struct km_store *base, uint64_t run_id,
                                        km_evaluation_fn visit, void *user,
                                        struct km_err *err)
{
    struct reading reading;
    enum km_code code = begin_reading(&reading, base, err);
    if (code) {
        return code;
    }
    code = choose_rows(&reading, run_id ? KM_SQL_EVALUATIONS_OF_RUN
                                        : KM_SQL_EVALUATIONS_OF_ALL);
    if (code == KM_OK && run_id) {
        km_sql_bind_id(reading.rows, 1, run_id);
    }
    while (code == KM_OK && next_row(&reading, &code)) {
        struct km_evaluation row;
        read_evaluation(reading.rows, &row);
        if (!visit(user, km_sql_id(reading.rows, 0), &row)) {
            break;
        }
    }
    return end_reading(&reading, code);
}

void km_sqlite_read_cursor(sqlite3_stmt *rows, struct km_cursor *cursor)
{
    int status = sqlite3_column_int(rows, 9);
    *cursor = (struct km_cursor){
        .source_id = km_sql_id(rows, 0),
        .format = km_sql_text(rows, 1),
        .path = km_sql_text(rows, 2),
        .head_hash = km_sql_id(rows, 3),
        .head_len = (uint32_t)sqlite3_column_int64(rows, 4),
        .consumed_bytes = km_sql_id(rows, 5),
        .consumed_hash = km_sql_id(rows, 6),
        .size_bytes = km_sql_id(rows, 7),
        .mtime_ns = sqlite3_column_int64(rows, 8),
        .status = status >= KM_SOURCE_COMPLETE && status <= KM_SOURCE_BUSY
                      ? (enum km_source_status)status
                      : KM_SOURCE_DAMAGED,
        .damage_offset = km_sql_id(rows, 10),
        .skipped_bytes = km_sql_id(rows, 11),
        .points = km_sql_id(rows, 12),
        .tail_open = sqlite3_column_int(rows, 13) != 0,
        .state = km_sql_text(rows, 14),
    };
}

enum km_code km_sqlite_find_cursors(struct km_store *base,
                                    const struct km_cursor *like,
                                    km_cursor_fn visit, void *user,
                                    struct km_err *err)
{
    struct reading reading;
    enum km_code code = begin_reading(&reading, base, err);
    if (code) {
        return code;
    }
    bool all = !like->source_id && !like->head_len && !like->path.len;
    code =
        choose_rows(&reading, all ? KM_SQL_CURSORS_ALL : KM_SQL_CURSORS_LIKE);
    if (code == KM_OK && !all) {
        km_sql_bind_id(reading.rows, 1, like->source_id);
        (void)sqlite3_bind_int64(reading.rows, 2, like->head_len);
        km_sql_bind_id(reading.rows, 3, like->head_hash);
        km_sql_bind_blob(reading.rows, 4, like->path);
    }
    while (code == KM_OK && next_row(&reading, &code)) {
        struct km_cursor cursor;
        km_sqlite_read_cursor(reading.rows, &cursor);
        if (!visit(user, &cursor)) {
            break;
        }
    }
    return end_reading(&reading, code);
}
