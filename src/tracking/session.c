/* session.c - from a run of the book to a run of the store.
 *
 * Each run is an origin of its own with a cursor, as a file would be: the
 * emitter's memory rests in it, and a second server on the same store is found
 * out by its guard. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/limits.h"
#include "source/mlflow_terms.h"
#include "tracking/private.h"

static enum km_code flush(void *user, struct km_batch *batch,
                          struct km_err *err)
{
    struct km_tracked_session *session = user;
    struct km_cursor cursor = session->cursor;
    km_buf_reset(&session->state);
    km_emit_save(session->emit, &session->state);
    if (session->state.failed) {
        return km_fail(err, KM_ELIMIT,
                       "what must be remembered of run %s needs more than %d "
                       "MiB",
                       session->run->id, KM_EMIT_STATE_BYTES_MAX / KM_MIB);
    }
    cursor.points += batch->point_count;
    cursor.state = (struct km_str){session->state.bytes, session->state.len};
    batch->cursor = cursor;
    batch->has_cursor = true;
    batch->is_guarded = true;
    batch->cursor_before = session->mark;
    enum km_code code = km_store_append(session->tracker->store, batch, err);
    if (code == KM_OK) {
        session->cursor = cursor;
        session->mark = km_cursor_mark(&cursor);
        session->flushed = true;
    }
    return code;
}

static bool keep_cursor(void *user, const struct km_cursor *cursor)
{
    struct km_tracked_session *session = user;
    if (cursor->source_id == session->cursor.source_id) {
        session->mark = km_cursor_mark(cursor);
        session->cursor.points = cursor->points;
        km_buf_reset(&session->state);
        km_buf_append(&session->state, cursor->state.ptr, cursor->state.len);
    }
    return true;
}

static enum km_code open_session(struct km_tracked_session *session,
                                 struct km_err *err)
{
    const struct km_tracked_run *run = session->run;
    const struct km_str parts[] = {KM_STR("mlflow"), km_str_of(run->id)};
    uint64_t origin = km_id(parts, 2);
    km_buf_init(&session->state, KM_EMIT_STATE_BYTES_MAX);
    session->cursor = (struct km_cursor){
        .source_id = origin,
        .format = KM_STR("mlflow-rest"),
        .path = km_str_of(run->id),
        .mtime_ns = KM_TIME_ABSENT,
        .status = KM_SOURCE_PARTIAL,
    };
    const struct km_cursor like = {.source_id = origin};
    enum km_code code = km_store_find_cursors(session->tracker->store, &like,
                                              keep_cursor, session, err);
    const struct km_emit_options options = {
        .origin_id = origin,
        .run = {.project = km_str_of(run->project),
                .external_id = km_str_of(run->id),
                .source = KM_STR("mlflow"),
                .created_ns = km_mlflow_time(run->start_ms),
                .ended_ns = KM_TIME_ABSENT},
        .order_key = km_str_of(run->id),
        .saved = {session->state.bytes, session->state.len},
        .flush = flush,
        .user = session,
    };
    session->emit = code ? NULL : km_emit_create(&options, err);
    return session->emit ? KM_OK : err->code;
}

static void free_session(struct km_tracked_session *session)
{
    if (session->emit) {
        km_emit_destroy(session->emit);
    }
    km_buf_finish(&session->state);
    session->run->session = NULL;
    free(session);
}

struct km_tracked_session *km_tracker_session(struct km_tracker *tracker,
                                              struct km_tracked_run *run,
                                              struct km_err *err)
{
    struct km_err own = {.code = KM_OK};
    err = err ? err : &own;
    struct km_tracked_session *session = run->session;
    if (!session) {
        session = calloc(1, sizeof *session);
        if (!session) {
            km_fail(err, KM_EMEMORY, "no memory for a run");
            return NULL;
        }
        session->tracker = tracker;
        session->run = run;
        if (open_session(session, err)) {
            free_session(session);
            return NULL;
        }
        run->session = session;
        session->next = tracker->sessions;
        tracker->sessions = session;
        tracker->session_count++;
    }
    session->dirty = true;
    return session;
}

enum km_code km_tracker_flush(struct km_tracker *tracker, struct km_err *err)
{
    enum km_code code = KM_OK;
    for (struct km_tracked_session *s = tracker->sessions; s && code == KM_OK;
         s = s->next) {
        if (s->dirty) {
            code = km_emit_checkpoint(s->emit, err);
            s->dirty = false;
        }
    }
    return code;
}

void km_tracker_close_sessions(struct km_tracker *tracker, bool all)
{
    bool full = tracker->session_count > KM_TRACKED_SESSIONS_MAX;
    struct km_tracked_session **at = &tracker->sessions;
    while (*at) {
        struct km_tracked_session *session = *at;
        bool ended = session->run->status != KM_TRACKED_RUNNING;
        session->flushed = false;
        if (all || full || ended) {
            *at = session->next;
            free_session(session);
            tracker->session_count--;
        } else {
            at = &session->next;
        }
    }
}
