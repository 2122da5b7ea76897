/* session.c - reads one source: feed, commit, report.
 *
 * Every batch is committed together with the cursor that describes the place
 * behind it, so that wherever the program dies the next import goes on exactly
 * there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "ingest/session.h"

static bool batch_is_empty(const struct km_batch *batch)
{
    return batch->run_count == 0 && batch->point_count == 0 &&
           batch->attempt_count == 0;
}

static bool cursor_is_same(const struct km_cursor *a, const struct km_cursor *b)
{
    return a->consumed_bytes == b->consumed_bytes &&
           a->consumed_hash == b->consumed_hash &&
           a->size_bytes == b->size_bytes && a->mtime_ns == b->mtime_ns &&
           a->status == b->status && a->tail_open == b->tail_open &&
           a->damage_offset == b->damage_offset &&
           a->skipped_bytes == b->skipped_bytes &&
           km_str_equal(a->path, b->path) && km_str_equal(a->state, b->state);
}

/* First bytes of the file, for renamed ones; as far as they are consumed. */
static void set_head(struct ingest_session *session, struct km_cursor *cursor)
{
    uint32_t len = km_head_len(session->consumed_bytes);
    char head[4096];
    if (session->fd < 0 || len <= cursor->head_len ||
        pread(session->fd, head, len, 0) != (ssize_t)len) {
        return;
    }
    cursor->head_len = len;
    cursor->head_hash = km_hash(head, len, 0) & INT64_MAX;
}

static enum km_code make_state(struct ingest_session *session,
                               struct km_err *err)
{
    struct km_buf source, emit;
    km_buf_init(&source, KM_EMIT_STATE_BYTES_MAX);
    km_buf_init(&emit, KM_EMIT_STATE_BYTES_MAX);
    if (session->ops->save) {
        session->ops->save(&session->source, &source);
    }
    km_emit_save(session->emit, &emit);
    struct ingest_state state = {
        .device = session->found.device,
        .inode = session->found.inode,
        .source = {source.bytes, source.len},
        .emit = {emit.bytes, emit.len},
    };
    km_buf_reset(&session->state);
    km_ingest_state_write(&session->state, &state);
    bool failed = source.failed || emit.failed || session->state.failed;
    km_buf_finish(&source);
    km_buf_finish(&emit);
    return failed ? km_fail(err, KM_ELIMIT,
                            "what must be remembered of a source needs more "
                            "than %d MiB",
                            KM_EMIT_STATE_BYTES_MAX / KM_MIB)
                  : KM_OK;
}

static enum km_code make_cursor(struct ingest_session *session,
                                const struct km_batch *batch,
                                struct km_cursor *cursor, struct km_err *err)
{
    enum km_code code = make_state(session, err);
    *cursor = session->cursor;
    if (session->replace) {
        cursor->points = 0;
        cursor->head_len = 0;
    }
    cursor->format = km_str_of(session->ops->name);
    cursor->path = session->path;
    cursor->consumed_bytes = session->consumed_bytes;
    cursor->consumed_hash =
        session->print ? km_fingerprint_value(session->print) : 0;
    cursor->size_bytes = session->size_bytes;
    cursor->mtime_ns = session->mtime_ns;
    cursor->status = session->status;
    cursor->damage_offset = session->source.damage_offset;
    cursor->skipped_bytes =
        session->skipped_before + session->source.skipped_bytes;
    cursor->points += batch->point_count + batch->evaluation_count;
    cursor->tail_open = session->tail_open;
    cursor->state = (struct km_str){session->state.bytes, session->state.len};
    set_head(session, cursor);
    return code;
}

static enum km_code count_runs(struct ingest *in, const struct km_batch *batch,
                               struct km_err *err)
{
    for (uint32_t i = 0; i < batch->run_count; i++) {
        uint64_t id = batch->runs[i].id;
        if (km_id_map_find(&in->run_ids, id) == KM_ID_ABSENT) {
            if (!km_id_map_put(&in->run_ids, id, 0)) {
                return km_fail(err, KM_ELIMIT, "too many runs to count");
            }
            in->report->runs++;
        }
    }
    return KM_OK;
}

bool km_ingest_is_overtaken(const struct ingest_session *session)
{
    return session->overtaken;
}

enum km_code km_session_append(struct ingest_session *session,
                               struct km_batch *batch, struct km_err *err)
{
    struct ingest *in = session->in;
    struct km_store *store = in->options->store;
    uint64_t id = session->cursor.source_id;
    batch->is_guarded = true;
    batch->cursor_before = km_identity_mark(&in->identity, id);
    enum km_code code = km_store_append(store, batch, err);
    if (code != KM_ECONFLICT) {
        session->store_failed = code != KM_OK;
        return code;
    }
    code = km_identity_reload(&in->identity, store, id, err);
    session->store_failed = code != KM_OK;
    session->overtaken = code == KM_OK;
    return code ? code
                : km_fail(err, KM_EBUSY,
                          "another import reads it at the same time");
}

/* Commits what the emitter holds, with the cursor. Called by the emitter. */
enum km_code km_session_flush(void *user, struct km_batch *batch,
                              struct km_err *err)
{
    struct ingest_session *session = user;
    struct ingest *in = session->in;
    enum km_code code = make_cursor(session, batch, &batch->cursor, err);
    if (code) {
        return code;
    }
    if (!session->replace && batch_is_empty(batch) && session->is_known &&
        cursor_is_same(&batch->cursor, &session->cursor)) {
        return KM_OK;
    }
    batch->has_cursor = true;
    batch->replace = session->replace;
    code = km_session_append(session, batch, err);
    if (code) {
        return code;
    }
    in->has_written = true;
    code = count_runs(in, batch, err);
    if (code) {
        session->store_failed = true;
        return code;
    }
    session->cursor = batch->cursor;
    session->cursor.state = KM_STR("");
    session->replace = false;
    session->is_known = true;
    session->points += batch->point_count;
    session->records += batch->event_count + batch->evaluation_count;
    in->report->points += batch->point_count;
    in->report->events += batch->event_count;
    in->report->evaluations += batch->evaluation_count;
    in->progress.points += batch->point_count;
    if (!km_identity_put(&in->identity, &batch->cursor, session->found.device,
                         session->found.inode)) {
        session->store_failed = true;
        return km_fail(err, KM_EMEMORY,
                       "memory for a known source could not be had");
    }
    const struct ingest_known *known =
        km_identity_of_id(&in->identity, session->cursor.source_id);
    session->cursor.format = known->cursor.format;
    session->cursor.path = known->cursor.path;
    return KM_OK;
}

void km_session_warn(void *user, uint64_t offset, const char *text)
{
    struct ingest_session *session = user;
    km_session_note_warning(session, offset, km_str_of(text));
    const struct km_import_options *options = session->in->options;
    if (options->on_warning) {
        options->on_warning(options->user, session->path.ptr, offset, text);
    }
}

static size_t left_over(const struct ingest_session *session)
{
    return session->bytes.len - session->at;
}

static void advance(struct ingest_session *session, size_t used)
{
    assert(used <= left_over(session));
    if (used == 0) {
        return;
    }
    km_fingerprint_add(session->print, session->bytes.bytes + session->at,
                       used);
    session->at += used;
    session->consumed_bytes += used;
    session->tail_open = false;
}

/* A preallocated file ends in zeros: that is its end for now. */
static bool is_zero_filled(const struct ingest_session *session)
{
    const char *bytes = session->bytes.bytes + session->at;
    size_t len = left_over(session);
    return len >= (size_t)2 * KM_FEED_BYTES && bytes[0] == 0 &&
           memcmp(bytes, bytes + 1, len - 1) == 0;
}

/* Reads more behind what is left over; twice as much when it did not help. */
static enum km_code fill(struct ingest_session *session, struct km_err *err)
{
    km_buf_consume(&session->bytes, session->at);
    session->at = 0;
    size_t want = session->bytes.len > KM_FEED_BYTES ? session->bytes.len
                                                     : (size_t)KM_FEED_BYTES;
    uint64_t from = session->consumed_bytes + session->bytes.len;
    if (session->bytes.len >= KM_RECORD_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "byte %" PRIu64 ": a record is longer than %d MiB",
                       session->consumed_bytes, KM_RECORD_BYTES_MAX / KM_MIB);
    }
    if (from + want > session->size_bytes) {
        want = from < session->size_bytes ? (size_t)(session->size_bytes - from)
                                          : 0;
    }
    char *room = want ? km_buf_reserve(&session->bytes, want) : NULL;
    if (want && !room) {
        return km_fail(err, KM_EMEMORY, "memory for %zu bytes could not be had",
                       want);
    }
    ssize_t got = 0;
    do {
        got = want ? pread(session->fd, room, want, (off_t)from) : 0;
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return km_fail_errno(err, errno, "cannot read at byte %" PRIu64, from);
    }
    session->bytes.len += (size_t)got;
    session->at_end = got == 0;
    session->in->progress.bytes_done += (uint64_t)got;
    session->in->report->bytes += (uint64_t)got;
    return KM_OK;
}

static void show_progress(struct ingest *in)
{
    if (in->options->on_progress) {
        in->options->on_progress(in->options->user, &in->progress);
    }
}

/* One call of the source, and a commit when the batch is full. */
static enum km_code feed(struct ingest_session *session, bool last,
                         size_t *used, bool *full, struct km_err *err)
{
    struct km_str bytes = {
        session->bytes.bytes ? session->bytes.bytes + session->at : "",
        left_over(session)};
    session->source.offset = session->consumed_bytes;
    *used = 0;
    enum km_code code =
        session->ops->feed(&session->source, bytes, last, used, err);
    advance(session, *used);
    *full = km_emit_full(session->emit);
    if (code == KM_OK && *full) {
        session->status = KM_SOURCE_BUSY;
        code = km_emit_checkpoint(session->emit, err);
        show_progress(session->in);
    }
    return code;
}

/* The rest: a last line without its end is taken, and remembered as open. */
static enum km_code feed_last(struct ingest_session *session,
                              struct km_err *err)
{
    size_t used = 0;
    bool full = true;
    enum km_code code = KM_OK;
    while (full && code == KM_OK) {
        code = feed(session, true, &used, &full, err);
        session->tail_open |= used > 0;
    }
    return code;
}

static enum km_code feed_all(struct ingest_session *session, bool keep_open,
                             struct km_err *err)
{
    enum km_code code = fill(session, err);
    while (code == KM_OK && left_over(session)) {
        size_t used = 0;
        bool full = false;
        if (km_ingest_stopped(session->in)) {
            session->status = KM_SOURCE_BUSY;
            return km_fail(err, KM_EINTERRUPTED, "stopped at byte %" PRIu64,
                           session->consumed_bytes);
        }
        code = feed(session, false, &used, &full, err);
        if (code || full || (used && left_over(session))) {
            continue;
        }
        if ((session->at_end && used == 0) || is_zero_filled(session)) {
            break;
        }
        code = fill(session, err);
    }
    /* a document is there as a whole, also while it is followed */
    if (code == KM_OK &&
        (!keep_open || session->ops->shape == KM_SHAPE_DOCUMENT)) {
        code = feed_last(session, err);
    }
    return code;
}

static void set_status(struct ingest_session *session, enum km_code code)
{
    if (code == KM_EINTERRUPTED || session->overtaken) {
        session->status = KM_SOURCE_BUSY;
    } else if (code != KM_OK) {
        session->status = KM_SOURCE_DAMAGED;
    } else if (session->source.status != KM_SOURCE_COMPLETE) {
        session->status = session->source.status;
    } else {
        session->status =
            left_over(session) && session->ops->shape == KM_SHAPE_STREAM
                ? KM_SOURCE_PARTIAL
            : session->is_cut ? KM_SOURCE_PARTIAL
                              : KM_SOURCE_COMPLETE;
    }
}

/* A document is known by all of its bytes, whatever the format looked at. */
static void take_whole_document(struct ingest_session *session)
{
    while (session->ops->shape == KM_SHAPE_DOCUMENT &&
           session->consumed_bytes < session->size_bytes) {
        advance(session, left_over(session));
        if (fill(session, NULL) != KM_OK || session->at_end) {
            return;
        }
    }
}

enum km_code km_session_read(struct ingest_session *session, bool keep_open,
                             struct km_err *err)
{
    enum km_code code = KM_OK;
    bool is_document = session->ops->shape == KM_SHAPE_DOCUMENT;
    if (session->ops->shape == KM_SHAPE_STORE) {
        session->status = KM_SOURCE_BUSY;
        code = session->ops->scan(&session->source, err);
    } else {
        code = feed_all(session, keep_open, err);
    }
    if (session->store_failed || session->overtaken || code == KM_EMEMORY ||
        code == KM_EFORMAT || code == KM_EUSAGE ||
        (is_document && code != KM_OK && code != KM_ECORRUPT)) {
        return code;
    }
    if (code == KM_OK || code == KM_ECORRUPT) {
        take_whole_document(session);
    }
    set_status(session, code);
    struct km_err why;
    enum km_code committed = km_emit_checkpoint(session->emit, &why);
    if (committed && (code == KM_OK || session->store_failed)) {
        code = committed;
        if (err) {
            *err = why;
        }
    }
    return code;
}

void km_session_report(struct ingest_session *session, enum km_code code,
                       const struct km_err *err, bool unchanged)
{
    struct km_import_item item = {
        .path = session->path.ptr,
        .format = session->ops ? session->ops->name : NULL,
        .code = code,
        .message = code ? err->message : session->message,
        .status = session->status,
        .unchanged = unchanged,
        .renamed = session->is_renamed,
        .points = session->points,
        .bytes = session->consumed_bytes - session->bytes_before +
                 session->source.read_bytes,
        .skipped_bytes = session->source.skipped_bytes,
    };
    if (session->emit) {
        item.warnings = km_emit_warning_count(session->emit);
        uint64_t ignored = km_emit_ignored_points(session->emit);
        if (ignored) {
            char text[128];
            (void)snprintf(text, sizeof text,
                           "%" PRIu64 " points of unusable names left out",
                           ignored);
            km_session_warn(session, 0, text);
        }
        uint64_t told = km_emit_warning_count(session->emit);
        uint64_t fresh = told - session->warned_before;
        session->warned_before = told;
        if (!session->store_failed && !session->overtaken) {
            km_session_keep_warnings(
                session, fresh > session->warned ? fresh : session->warned);
            session->warned = 0;
        }
    }
    if (unchanged) {
        km_session_recall_warnings(session, session->cursor.source_id);
    }
    session->in->report->bytes += session->source.read_bytes;
    session->source.read_bytes = 0;
    km_ingest_item(session->in, &item);
}
