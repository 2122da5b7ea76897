/* store_sqlite_append.c - a batch and its cursor in one transaction. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>

#include "store/store_rules.h"
#include "store/store_sqlite.h"

/* What a batch adds to a run's row, collected and written once. */
struct run_growth {
    int64_t key;
    int64_t series, points, attempts;
    int64_t first_time_ns, last_time_ns, max_step;
    bool ranks_moved; /* an attempt is new, or its rank may have changed */
};

struct appending {
    struct km_sqlite_store *store;
    struct km_sqlite_connection *writer;
    const struct km_batch *batch;
    struct run_growth *runs;
    int64_t *attempts; /* keys, by index in the batch */
    int64_t stream_next;
    struct km_err *err;
};

static void grow_times(struct run_growth *run, int64_t low_ns, int64_t high_ns)
{
    if (low_ns != KM_TIME_ABSENT &&
        (run->first_time_ns == KM_TIME_ABSENT || low_ns < run->first_time_ns)) {
        run->first_time_ns = low_ns;
    }
    if (high_ns > run->last_time_ns) { /* absent is the least */
        run->last_time_ns = high_ns;
    }
}

static enum km_code check_quota(struct appending *appending)
{
    uint64_t quota = appending->store->quota_bytes;
    bool row = false;
    if (quota == 0) {
        return KM_OK;
    }
    sqlite3_stmt *pages =
        km_sql(appending->writer, KM_SQL_PAGES, appending->err);
    if (!pages) {
        return appending->err->code;
    }
    enum km_code code =
        km_sql_row(appending->writer, pages, &row, appending->err);
    if (code || !row) {
        return code;
    }
    uint64_t used = km_sql_id(pages, 0) - km_sql_id(pages, 1);
    (void)sqlite3_reset(pages);
    if (used * KM_SQLITE_PAGE_BYTES < quota) {
        return KM_OK;
    }
    return km_fail(appending->err, KM_ENOSPACE,
                   "store: %llu bytes are used of a quota of %llu",
                   (unsigned long long)(used * KM_SQLITE_PAGE_BYTES),
                   (unsigned long long)quota);
}

/* Finds the key of the row with `id`, 0 when there is none. */
static enum km_code find_key(struct appending *appending, enum km_sql which,
                             uint64_t id, int64_t *key)
{
    bool row = false;
    sqlite3_stmt *find = km_sql(appending->writer, which, appending->err);
    if (!find) {
        return appending->err->code;
    }
    km_sql_bind_id(find, 1, id);
    enum km_code code =
        km_sql_row(appending->writer, find, &row, appending->err);
    *key = row ? sqlite3_column_int64(find, 0) : 0;
    (void)sqlite3_reset(find);
    return code;
}

static enum km_code insert_run(struct appending *appending,
                               const struct km_batch_run *said, int64_t *key)
{
    sqlite3_stmt *insert =
        km_sql(appending->writer, KM_SQL_RUN_INSERT, appending->err);
    if (!insert) {
        return appending->err->code;
    }
    km_sql_bind_id(insert, 1, said->id);
    km_sql_bind_text(insert, 2, said->meta.project);
    km_sql_bind_text(insert, 3, said->meta.external_id);
    (void)sqlite3_bind_int64(insert, 4,
                             km_clock_wall_ns(appending->store->clock));
    enum km_code code = km_sql_run(appending->writer, insert, appending->err);
    *key = sqlite3_last_insert_rowid(appending->writer->db);
    return code;
}

/* Keeps what this origin says about the run; folds when it is new. */
static enum km_code put_origin(struct appending *appending, int64_t run,
                               const struct km_run_meta *said)
{
    struct km_err *err = appending->err;
    uint64_t origin_id = appending->batch->origin_id;
    struct km_run_meta known = {.created_ns = KM_TIME_ABSENT,
                                .ended_ns = KM_TIME_ABSENT};
    bool row = false;
    sqlite3_stmt *find = km_sql(appending->writer, KM_SQL_ORIGIN_FIND, err);
    sqlite3_stmt *put = km_sql(appending->writer, KM_SQL_ORIGIN_PUT, err);
    if (!find || !put) {
        return err->code;
    }
    (void)sqlite3_bind_int64(find, 1, run);
    km_sql_bind_id(find, 2, origin_id);
    enum km_code code = km_sql_row(appending->writer, find, &row, err);
    if (code) {
        return code;
    }
    if (row) {
        km_sql_meta(find, 0, &known);
    }
    struct km_run_meta merged = known;
    km_run_meta_update(&merged, said);
    merged.project = known.project;
    merged.external_id = known.external_id;
    if (row && km_run_meta_equal(&merged, &known)) {
        (void)sqlite3_reset(find);
        return KM_OK;
    }
    (void)sqlite3_bind_int64(put, 1, run);
    km_sql_bind_id(put, 2, origin_id);
    km_sql_bind_meta(put, 3, &merged); /* texts of `find`, still open */
    code = km_sql_run(appending->writer, put, err);
    (void)sqlite3_reset(find);
    return code ? code : km_sqlite_run_fold(appending->writer, run, err);
}

static enum km_code put_attributes(struct appending *appending, int64_t run,
                                   const struct km_batch_run *said)
{
    for (uint32_t i = 0; i < said->attribute_count; i++) {
        const struct km_attribute *attribute = &said->attributes[i];
        sqlite3_stmt *put =
            km_sql(appending->writer, KM_SQL_ATTRIBUTE_PUT, appending->err);
        if (!put) {
            return appending->err->code;
        }
        (void)sqlite3_bind_int64(put, 1, run);
        (void)sqlite3_bind_int(put, 2, (int)attribute->kind);
        km_sql_bind_text(put, 3, attribute->key);
        km_sql_bind_id(put, 4, appending->batch->origin_id);
        km_sql_bind_text(put, 5, attribute->value_json);
        enum km_code code = km_sql_run(appending->writer, put, appending->err);
        if (code) {
            return code;
        }
    }
    return KM_OK;
}

static enum km_code put_runs(struct appending *appending)
{
    const struct km_batch *batch = appending->batch;
    for (uint32_t i = 0; i < batch->run_count; i++) {
        struct run_growth *run = &appending->runs[i];
        *run = (struct run_growth){.first_time_ns = KM_TIME_ABSENT,
                                   .last_time_ns = KM_TIME_ABSENT,
                                   .max_step = KM_STEP_ABSENT};
        enum km_code code =
            find_key(appending, KM_SQL_RUN_FIND, batch->runs[i].id, &run->key);
        if (code == KM_OK && run->key == 0) {
            code = insert_run(appending, &batch->runs[i], &run->key);
        }
        if (code == KM_OK) {
            code = put_origin(appending, run->key, &batch->runs[i].meta);
        }
        if (code == KM_OK) {
            code = put_attributes(appending, run->key, &batch->runs[i]);
        }
        if (code) {
            return code;
        }
    }
    return KM_OK;
}

static enum km_code insert_attempt(struct appending *appending,
                                   const struct km_batch_attempt *said,
                                   int64_t *key)
{
    struct run_growth *run = &appending->runs[said->run];
    sqlite3_stmt *insert =
        km_sql(appending->writer, KM_SQL_ATTEMPT_INSERT, appending->err);
    if (!insert) {
        return appending->err->code;
    }
    (void)sqlite3_bind_int64(insert, 1, run->key);
    km_sql_bind_id(insert, 2, appending->batch->origin_id);
    (void)sqlite3_bind_int64(insert, 3, said->part);
    km_sql_bind_absent(insert, 4, said->origin_start_ns);
    km_sql_bind_absent(insert, 5, said->start_ns);
    km_sql_bind_absent(insert, 6, said->restart_step);
    km_sql_bind_text(insert, 7, said->order_key);
    km_sql_bind_text(insert, 8, said->reason);
    km_sql_bind_id(insert, 9, said->id);
    enum km_code code = km_sql_run(appending->writer, insert, appending->err);
    *key = sqlite3_last_insert_rowid(appending->writer->db);
    run->attempts++;
    run->ranks_moved = true;
    return code;
}

/* `find` stands on the row of the attempt. */
static enum km_code update_attempt(struct appending *appending,
                                   sqlite3_stmt *find,
                                   const struct km_batch_attempt *said)
{
    struct km_attempt_row known = {
        .origin_start_ns = km_sql_absent(find, 2),
        .start_ns = km_sql_absent(find, 3),
        .restart_step = km_sql_absent(find, 4),
        .order_key = km_sql_text(find, 5),
        .reason = km_sql_text(find, 6),
    };
    struct km_attempt_row row = known;
    km_attempt_row_update(&row, said);
    bool moved = row.origin_start_ns != known.origin_start_ns ||
                 !km_str_equal(row.order_key, known.order_key);
    if (!moved && row.start_ns == known.start_ns &&
        row.restart_step == known.restart_step &&
        km_str_equal(row.reason, known.reason)) {
        return KM_OK;
    }
    sqlite3_stmt *update =
        km_sql(appending->writer, KM_SQL_ATTEMPT_UPDATE, appending->err);
    if (!update) {
        return appending->err->code;
    }
    km_sql_bind_absent(update, 1, row.origin_start_ns);
    km_sql_bind_absent(update, 2, row.start_ns);
    km_sql_bind_absent(update, 3, row.restart_step);
    km_sql_bind_text(update, 4, row.order_key);
    km_sql_bind_text(update, 5, row.reason);
    (void)sqlite3_bind_int64(update, 6, sqlite3_column_int64(find, 0));
    appending->runs[said->run].ranks_moved |= moved;
    return km_sql_run(appending->writer, update, appending->err);
}

static enum km_code put_attempt(struct appending *appending,
                                const struct km_batch_attempt *said,
                                int64_t *key)
{
    bool row = false;
    sqlite3_stmt *find =
        km_sql(appending->writer, KM_SQL_ATTEMPT_FIND, appending->err);
    if (!find) {
        return appending->err->code;
    }
    km_sql_bind_id(find, 1, said->id);
    enum km_code code =
        km_sql_row(appending->writer, find, &row, appending->err);
    if (code) {
        return code;
    }
    if (!row) {
        return insert_attempt(appending, said, key);
    }
    *key = sqlite3_column_int64(find, 0);
    if (sqlite3_column_int64(find, 1) != appending->runs[said->run].key) {
        code = km_fail(appending->err, KM_ECORRUPT,
                       "store: an attempt belongs to another run");
    } else {
        code = update_attempt(appending, find, said);
    }
    (void)sqlite3_reset(find);
    return code;
}

static enum km_code put_attempts(struct appending *appending)
{
    const struct km_batch *batch = appending->batch;
    enum km_code code = KM_OK;
    for (uint32_t i = 0; i < batch->attempt_count && code == KM_OK; i++) {
        code = put_attempt(appending, &batch->attempts[i],
                           &appending->attempts[i]);
    }
    for (uint32_t i = 0; i < batch->run_count && code == KM_OK; i++) {
        bool changed = false;
        if (appending->runs[i].ranks_moved) {
            code = km_sqlite_run_rank(appending->writer, appending->runs[i].key,
                                      true, &changed, appending->err);
        }
    }
    return code;
}

static enum km_code put_series(struct appending *appending,
                               const struct km_batch_series *said, int64_t *key)
{
    struct run_growth *run = &appending->runs[said->run];
    enum km_code code = find_key(appending, KM_SQL_SERIES_FIND, said->id, key);
    if (code || *key) {
        return code;
    }
    sqlite3_stmt *insert =
        km_sql(appending->writer, KM_SQL_SERIES_INSERT, appending->err);
    if (!insert) {
        return appending->err->code;
    }
    km_sql_bind_id(insert, 1, said->id);
    (void)sqlite3_bind_int64(insert, 2, run->key);
    km_sql_bind_text(insert, 3, said->metric);
    km_sql_bind_text(insert, 4, said->labels);
    code = km_sql_run(appending->writer, insert, appending->err);
    *key = sqlite3_last_insert_rowid(appending->writer->db);
    run->series++;
    return code;
}

/* A stream's row as it was, and as it will be. */
struct stream {
    int64_t key, series, attempt;
    bool known;
    uint32_t flags;
    int64_t small; /* chunks written since the last merge, not nearly full */
    struct km_sqlite_summary summary;
};

static enum km_code find_stream(struct appending *appending,
                                struct stream *stream)
{
    struct km_err *err = appending->err;
    sqlite3_stmt *find = km_sql(appending->writer, KM_SQL_STREAM_FIND, err);
    if (!find) {
        return err->code;
    }
    (void)sqlite3_bind_int64(find, 1, stream->series);
    (void)sqlite3_bind_int64(find, 2, stream->attempt);
    enum km_code code =
        km_sql_row(appending->writer, find, &stream->known, err);
    if (code) {
        return code;
    }
    if (stream->known) {
        stream->key = sqlite3_column_int64(find, 0);
        stream->flags = (uint32_t)sqlite3_column_int64(find, 1);
        stream->small = sqlite3_column_int64(find, 2);
        code = km_sql_summary(find, 3, &stream->summary, err);
        (void)sqlite3_reset(find);
        return code;
    }
    km_sqlite_summary_init(&stream->summary);
    if (appending->stream_next == 0) {
        sqlite3_stmt *next = km_sql(appending->writer, KM_SQL_STREAM_NEXT, err);
        bool row = false;
        if (!next) {
            return err->code;
        }
        code = km_sql_row(appending->writer, next, &row, err);
        appending->stream_next = row ? sqlite3_column_int64(next, 0) : 0;
        (void)sqlite3_reset(next);
    }
    stream->key = appending->stream_next++;
    return code;
}

static enum km_code next_chunk(struct appending *appending,
                               const struct stream *stream, int64_t *id)
{
    bool row = false;
    *id = stream->key << KM_SQLITE_CHUNK_BITS;
    if (!stream->known) {
        return KM_OK;
    }
    sqlite3_stmt *last =
        km_sql(appending->writer, KM_SQL_CHUNK_LAST, appending->err);
    if (!last) {
        return appending->err->code;
    }
    (void)sqlite3_bind_int64(last, 1, *id);
    (void)sqlite3_bind_int64(last, 2, *id | UINT32_MAX);
    enum km_code code =
        km_sql_row(appending->writer, last, &row, appending->err);
    if (row && sqlite3_column_type(last, 0) != SQLITE_NULL) {
        *id = sqlite3_column_int64(last, 0) + 1;
    }
    (void)sqlite3_reset(last);
    if (code == KM_OK && *id >> KM_SQLITE_CHUNK_BITS != stream->key) {
        code = km_fail(appending->err, KM_ELIMIT,
                       "store: a series has no more room for chunks");
    }
    return code;
}

static enum km_code put_stream(struct appending *appending,
                               const struct stream *stream)
{
    sqlite3_stmt *put =
        km_sql(appending->writer,
               stream->known ? KM_SQL_STREAM_UPDATE : KM_SQL_STREAM_INSERT,
               appending->err);
    if (!put) {
        return appending->err->code;
    }
    int at = 1;
    if (!stream->known) {
        (void)sqlite3_bind_int64(put, at++, stream->key);
        (void)sqlite3_bind_int64(put, at++, stream->series);
        (void)sqlite3_bind_int64(put, at++, stream->attempt);
    }
    (void)sqlite3_bind_int64(put, at++, stream->flags);
    (void)sqlite3_bind_int64(put, at++, stream->small);
    km_sql_bind_summary(put, at, &stream->summary);
    if (stream->known) {
        (void)sqlite3_bind_int64(put, at + KM_SQL_SUMMARY_COLUMNS, stream->key);
    }
    return km_sql_run(appending->writer, put, appending->err);
}

static enum km_code put_points(struct appending *appending,
                               const struct km_batch_series *said)
{
    struct run_growth *run = &appending->runs[said->run];
    struct stream stream = {.attempt = appending->attempts[said->attempt]};
    struct km_sqlite_summary chunk;
    int64_t id = 0;
    enum km_code code = put_series(appending, said, &stream.series);
    if (code == KM_OK) {
        code = find_stream(appending, &stream);
    }
    if (code == KM_OK) {
        code = next_chunk(appending, &stream, &id);
    }
    for (size_t at = 0; at < said->count && code == KM_OK; id++) {
        size_t n = said->count - at;
        n = n < KM_CHUNK_POINTS_MAX ? n : KM_CHUNK_POINTS_MAX;
        code = km_sqlite_chunk_insert(appending->store, id, said->points + at,
                                      n, &chunk, appending->err);
        km_sqlite_summary_merge(&stream.summary, &chunk);
        grow_times(run, chunk.min_time_ns, chunk.max_time_ns);
        if (chunk.of.max_step > run->max_step) {
            run->max_step = chunk.of.max_step;
        }
        stream.small += n < KM_CHUNK_POINTS_MAX / 2;
        at += n;
    }
    run->points += (int64_t)said->count;
    stream.flags |= said->flags;
    if (code == KM_OK) {
        code = put_stream(appending, &stream);
    }
    if (code == KM_OK && stream.small >= KM_SQLITE_SMALL_MAX) {
        bool damaged = false; /* an old chunk's damage is not this batch's */
        code = km_sqlite_stream_merge(appending->store, stream.key, &damaged,
                                      appending->err);
    }
    return code;
}

static enum km_code put_event(struct appending *appending,
                              const struct km_batch_event *said)
{
    const struct km_event *event = &said->event;
    sqlite3_stmt *insert =
        km_sql(appending->writer, KM_SQL_EVENT_INSERT, appending->err);
    if (!insert) {
        return appending->err->code;
    }
    (void)sqlite3_bind_int64(insert, 1, appending->attempts[said->attempt]);
    km_sql_bind_absent(insert, 2, event->time_ns);
    km_sql_bind_absent(insert, 3, event->step);
    km_sql_bind_text(insert, 4, event->kind);
    km_sql_bind_text(insert, 5, event->name);
    km_sql_bind_text(insert, 6, event->detail_json);
    grow_times(&appending->runs[said->run], event->time_ns, event->time_ns);
    return km_sql_run(appending->writer, insert, appending->err);
}

static enum km_code put_evaluation(struct appending *appending,
                                   const struct km_batch_evaluation *said)
{
    const struct km_evaluation *row = &said->evaluation;
    sqlite3_stmt *insert =
        km_sql(appending->writer, KM_SQL_EVALUATION_INSERT, appending->err);
    if (!insert) {
        return appending->err->code;
    }
    const struct km_str words[] = {row->task,      row->version, row->metric,
                                   row->filter,    row->subset,  row->model,
                                   row->task_hash, row->stage};
    (void)sqlite3_bind_int64(insert, 1, appending->attempts[said->attempt]);
    for (int i = 0; i < 8; i++) {
        km_sql_bind_text(insert, 2 + i, words[i]);
    }
    km_sql_bind_bits(insert, 10, row->value);
    km_sql_bind_bits(insert, 11, row->stderr_);
    (void)sqlite3_bind_int64(insert, 12, row->n);
    (void)sqlite3_bind_int64(insert, 13, row->n_shot);
    (void)sqlite3_bind_int64(insert, 14, row->stage_index);
    km_sql_bind_absent(insert, 15, row->step);
    km_sql_bind_absent(insert, 16, row->time_ns);
    km_sql_bind_bits(insert, 17, row->cost_seconds);
    (void)sqlite3_bind_int(insert, 18, row->higher_is_better);
    return km_sql_run(appending->writer, insert, appending->err);
}

static enum km_code put_cursor(struct appending *appending,
                               const struct km_cursor *cursor)
{
    sqlite3_stmt *put =
        km_sql(appending->writer, KM_SQL_CURSOR_PUT, appending->err);
    if (!put) {
        return appending->err->code;
    }
    km_sql_bind_id(put, 1, cursor->source_id);
    km_sql_bind_text(put, 2, cursor->format);
    km_sql_bind_blob(put, 3, cursor->path);
    km_sql_bind_id(put, 4, cursor->head_hash);
    (void)sqlite3_bind_int64(put, 5, cursor->head_len);
    km_sql_bind_id(put, 6, cursor->consumed_bytes);
    km_sql_bind_id(put, 7, cursor->consumed_hash);
    km_sql_bind_id(put, 8, cursor->size_bytes);
    (void)sqlite3_bind_int64(put, 9, cursor->mtime_ns);
    (void)sqlite3_bind_int(put, 10, (int)cursor->status);
    km_sql_bind_id(put, 11, cursor->damage_offset);
    km_sql_bind_id(put, 12, cursor->skipped_bytes);
    km_sql_bind_id(put, 13, cursor->points);
    (void)sqlite3_bind_int(put, 14, cursor->tail_open);
    km_sql_bind_blob(put, 15, cursor->state);
    return km_sql_run(appending->writer, put, appending->err);
}

static enum km_code add_to_run(struct appending *appending,
                               const struct run_growth *run)
{
    sqlite3_stmt *add =
        km_sql(appending->writer, KM_SQL_RUN_ADD, appending->err);
    if (!add) {
        return appending->err->code;
    }
    (void)sqlite3_bind_int64(add, 1, run->key);
    (void)sqlite3_bind_int64(add, 2, run->series);
    (void)sqlite3_bind_int64(add, 3, run->points);
    (void)sqlite3_bind_int64(add, 4, run->attempts);
    km_sql_bind_absent(add, 5, run->first_time_ns);
    km_sql_bind_absent(add, 6, run->last_time_ns);
    km_sql_bind_absent(add, 7, run->max_step);
    return km_sql_run(appending->writer, add, appending->err);
}

static enum km_code put_records(struct appending *appending)
{
    const struct km_batch *batch = appending->batch;
    enum km_code code = KM_OK;
    for (uint32_t i = 0; i < batch->series_count && code == KM_OK; i++) {
        if (batch->series[i].count > 0) {
            code = put_points(appending, &batch->series[i]);
        }
    }
    for (uint32_t i = 0; i < batch->event_count && code == KM_OK; i++) {
        code = put_event(appending, &batch->events[i]);
    }
    for (uint32_t i = 0; i < batch->evaluation_count && code == KM_OK; i++) {
        code = put_evaluation(appending, &batch->evaluations[i]);
    }
    for (uint32_t i = 0; i < batch->run_count && code == KM_OK; i++) {
        code = add_to_run(appending, &appending->runs[i]);
    }
    if (code == KM_OK && batch->has_cursor) {
        code = put_cursor(appending, &batch->cursor);
    }
    return code;
}

/* Another importer may have read the same file since this one looked. */
static enum km_code check_guard(struct appending *appending)
{
    const struct km_batch *batch = appending->batch;
    bool row = false;
    if (!batch->is_guarded) {
        return KM_OK;
    }
    sqlite3_stmt *find =
        km_sql(appending->writer, KM_SQL_CURSOR_FIND, appending->err);
    if (!find) {
        return appending->err->code;
    }
    km_sql_bind_id(find, 1, batch->origin_id);
    enum km_code code =
        km_sql_row(appending->writer, find, &row, appending->err);
    uint64_t mark = 0;
    if (row) {
        struct km_cursor stored;
        km_sqlite_read_cursor(find, &stored);
        mark = km_cursor_mark(&stored);
        (void)sqlite3_reset(find);
    }
    return code || mark == batch->cursor_before ? code
                                                : km_guard_fail(appending->err);
}

static enum km_code put_batch(struct appending *appending)
{
    const struct km_batch *batch = appending->batch;
    struct km_buf replaced; /* runs that the origin spoke of before */
    km_buf_init(&replaced, KM_BATCH_ARENA_BYTES_MAX);
    enum km_code code = check_guard(appending);
    if (code == KM_OK) {
        code = check_quota(appending);
    }
    if (code == KM_OK && batch->replace) {
        code = km_sqlite_origin_remove(appending->writer, batch->origin_id,
                                       &replaced, appending->err);
    }
    if (code == KM_OK) {
        code = put_runs(appending);
    }
    if (code == KM_OK) {
        code = put_attempts(appending);
    }
    if (code == KM_OK) {
        code = put_records(appending);
    }
    if (code == KM_OK) {
        code =
            km_sqlite_runs_purge(appending->writer, &replaced, appending->err);
    }
    km_buf_finish(&replaced);
    return code;
}

enum km_code km_sqlite_append(struct km_store *base,
                              const struct km_batch *batch, struct km_err *err)
{
    struct km_sqlite_store *store = km_sqlite_of(base);
    struct appending appending = {
        .store = store, .writer = store->writer, .batch = batch, .err = err};
    enum km_code code = km_sqlite_begin(store, err);
    if (code) {
        return code;
    }
    appending.runs = calloc(batch->run_count + 1, sizeof *appending.runs);
    appending.attempts =
        calloc(batch->attempt_count + 1, sizeof *appending.attempts);
    code = appending.runs && appending.attempts
               ? put_batch(&appending)
               : km_fail(err, KM_EMEMORY, "store: no memory for a batch");
    code = km_sqlite_end(store, code, err);
    free(appending.runs);
    free(appending.attempts);
    return code;
}
