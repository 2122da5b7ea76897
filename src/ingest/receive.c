/* receive.c - a session a journal, opened at the store's cursor. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/receive.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "ingest/state.h"

enum {
    HEX_BYTES = 2 * KM_JOURNAL_WRITER_BYTES,
    SLOTS = 2 * KM_RECEIVE_SESSIONS_MAX, /* of the hash table, a power of two */
};

struct session {
    struct km_receiver *receiver;
    unsigned char writer[KM_JOURNAL_WRITER_BYTES];
    uint64_t id;
    pthread_mutex_t lock;
    unsigned users;   /* under the receiver's lock */
    uint64_t used_at; /* the same */
    bool open;        /* what follows is there; under `lock` */
    struct km_journal_stream stream;
    struct km_emit *emit;
    struct km_cursor cursor; /* as stored; its texts are below */
    uint64_t mark;           /* of it; 0: none */
    char path[HEX_BYTES + 16];
    struct km_buf state;
    const struct km_receive_as *as; /* of the present range */
    uint64_t points;                /* committed by it */
};

struct km_receiver {
    struct km_store *store;
    pthread_mutex_t lock;    /* of the table */
    pthread_mutex_t writing; /* of the store */
    struct session *table[SLOTS];
    size_t count;
    uint64_t clock;
};

static void hex_of(const unsigned char *writer, char out[HEX_BYTES + 1])
{
    for (size_t i = 0; i < KM_JOURNAL_WRITER_BYTES; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", writer[i]);
    }
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

bool km_journal_writer_parse(struct km_str hex,
                             unsigned char writer[KM_JOURNAL_WRITER_BYTES])
{
    if (hex.len != HEX_BYTES) {
        return false;
    }
    for (size_t i = 0; i < KM_JOURNAL_WRITER_BYTES; i++) {
        int high = digit_of(hex.ptr[2 * i]), low = digit_of(hex.ptr[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        writer[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

uint64_t
km_journal_source_id(const unsigned char writer[KM_JOURNAL_WRITER_BYTES])
{
    const struct km_str parts[] = {
        KM_STR("journal"), {(const char *)writer, KM_JOURNAL_WRITER_BYTES}};
    return km_id(parts, 2);
}

struct km_receiver *km_receiver_create(struct km_store *store,
                                       struct km_err *err)
{
    struct km_receiver *receiver = calloc(1, sizeof *receiver);
    if (!receiver) {
        km_fail(err, KM_EMEMORY, "no memory for a receiver");
        return NULL;
    }
    receiver->store = store;
    pthread_mutex_init(&receiver->lock, NULL);
    pthread_mutex_init(&receiver->writing, NULL);
    return receiver;
}

void km_receiver_lock(struct km_receiver *receiver)
{
    pthread_mutex_lock(&receiver->writing);
}

void km_receiver_unlock(struct km_receiver *receiver)
{
    pthread_mutex_unlock(&receiver->writing);
}

/* Forgets what it knew: the next range begins at the store's cursor. */
static void close_session(struct session *session)
{
    if (session->open) {
        km_journal_stream_finish(&session->stream);
        km_emit_destroy(session->emit);
        km_buf_finish(&session->state);
        session->open = false;
    }
}

static void free_session(struct session *session)
{
    close_session(session);
    pthread_mutex_destroy(&session->lock);
    free(session);
}

void km_receiver_destroy(struct km_receiver *receiver)
{
    if (!receiver) {
        return;
    }
    for (size_t i = 0; i < SLOTS; i++) {
        if (receiver->table[i]) {
            free_session(receiver->table[i]);
        }
    }
    pthread_mutex_destroy(&receiver->lock);
    pthread_mutex_destroy(&receiver->writing);
    free(receiver);
}

/* ---- the table: open addressing by the source's id ---- */

static size_t place_of(const struct km_receiver *receiver, uint64_t id)
{
    size_t at = (size_t)id & (SLOTS - 1);
    while (receiver->table[at] && receiver->table[at]->id != id) {
        at = (at + 1) & (SLOTS - 1);
    }
    return at;
}

/* Takes a session out; those behind it move up. */
static void take_out(struct km_receiver *receiver, size_t at)
{
    receiver->table[at] = NULL;
    receiver->count--;
    for (size_t i = (at + 1) & (SLOTS - 1); receiver->table[i];
         i = (i + 1) & (SLOTS - 1)) {
        struct session *moved = receiver->table[i];
        receiver->table[i] = NULL;
        receiver->table[place_of(receiver, moved->id)] = moved;
    }
}

/* The one that was used least of those that nobody uses now. */
static void evict(struct km_receiver *receiver)
{
    size_t least = SLOTS;
    for (size_t i = 0; i < SLOTS; i++) {
        const struct session *one = receiver->table[i];
        if (one && one->users == 0 &&
            (least == SLOTS ||
             one->used_at < receiver->table[least]->used_at)) {
            least = i;
        }
    }
    if (least < SLOTS) {
        struct session *gone = receiver->table[least];
        take_out(receiver, least);
        free_session(gone);
    }
}

/* Finds or makes the session and locks it; NULL: no memory, or too many ranges
 * at once. */
static struct session *enter(struct km_receiver *receiver,
                             const unsigned char *writer)
{
    uint64_t id = km_journal_source_id(writer);
    pthread_mutex_lock(&receiver->lock);
    size_t at = place_of(receiver, id);
    struct session *session = receiver->table[at];
    if (!session && receiver->count >= KM_RECEIVE_SESSIONS_MAX) {
        evict(receiver);
        at = place_of(receiver, id);
    }
    if (!session && receiver->count < KM_RECEIVE_SESSIONS_MAX) {
        session = calloc(1, sizeof *session);
    }
    if (session && !receiver->table[at]) {
        session->receiver = receiver;
        session->id = id;
        memcpy(session->writer, writer, sizeof session->writer);
        pthread_mutex_init(&session->lock, NULL);
        receiver->table[at] = session;
        receiver->count++;
    }
    if (session) {
        session->users++;
        session->used_at = ++receiver->clock;
    }
    pthread_mutex_unlock(&receiver->lock);
    if (session) {
        pthread_mutex_lock(&session->lock);
    }
    return session;
}

static void leave(struct session *session)
{
    struct km_receiver *receiver = session->receiver;
    pthread_mutex_unlock(&session->lock);
    pthread_mutex_lock(&receiver->lock);
    session->users--;
    pthread_mutex_unlock(&receiver->lock);
}

/* ---- one journal ---- */

static bool keep_cursor(void *user, const struct km_cursor *cursor)
{
    struct session *session = user;
    if (cursor->source_id == session->id) {
        session->cursor = *cursor;
        session->mark = km_cursor_mark(cursor);
        km_buf_append(&session->state, cursor->state.ptr, cursor->state.len);
    }
    return true;
}

static enum km_code check_projects(const struct km_receive_as *as,
                                   const struct km_batch *batch,
                                   struct km_err *err)
{
    for (uint32_t i = 0; as->only && i < batch->run_count; i++) {
        struct km_str project = batch->runs[i].meta.project;
        if (!km_str_equal(project, as->project)) {
            return km_fail(err, KM_EDENIED,
                           "a run of project '%.*s', the token is for '%.*s'",
                           (int)project.len, project.ptr, (int)as->project.len,
                           as->project.ptr);
        }
    }
    return KM_OK;
}

static enum km_code flush(void *user, struct km_batch *batch,
                          struct km_err *err)
{
    struct session *session = user;
    enum km_code code = check_projects(session->as, batch, err);
    if (code) {
        return code;
    }
    struct km_buf source, emit;
    km_buf_init(&source, KM_EMIT_STATE_BYTES_MAX);
    km_buf_init(&emit, KM_EMIT_STATE_BYTES_MAX);
    km_journal_stream_save(&session->stream, &source);
    km_emit_save(session->emit, &emit);
    const struct ingest_state state = {.source = {source.bytes, source.len},
                                       .emit = {emit.bytes, emit.len}};
    km_buf_reset(&session->state);
    km_ingest_state_write(&session->state, &state);
    bool failed = source.failed || emit.failed || session->state.failed;
    km_buf_finish(&source);
    km_buf_finish(&emit);
    if (failed) {
        return km_fail(err, KM_ELIMIT,
                       "what must be remembered of a journal needs more than "
                       "%d MiB",
                       KM_EMIT_STATE_BYTES_MAX / KM_MIB);
    }
    struct km_cursor cursor = session->cursor;
    cursor.points += batch->point_count + batch->evaluation_count;
    cursor.state = (struct km_str){session->state.bytes, session->state.len};
    batch->cursor = cursor;
    batch->has_cursor = true;
    batch->is_guarded = true;
    batch->cursor_before = session->mark;
    km_receiver_lock(session->receiver);
    code = km_store_append(session->receiver->store, batch, err);
    km_receiver_unlock(session->receiver);
    if (code == KM_OK) {
        session->cursor = cursor;
        session->mark = km_cursor_mark(&cursor);
        session->points += batch->point_count;
    }
    return code;
}

/* At the place that the store knows. */
static enum km_code open_session(struct session *session,
                                 const struct km_receive_as *as,
                                 struct km_err *err)
{
    struct km_store *store = session->receiver->store;
    char hex[HEX_BYTES + 1];
    hex_of(session->writer, hex);
    (void)snprintf(session->path, sizeof session->path, "journal:%s", hex);
    km_buf_init(&session->state, 2 * KM_EMIT_STATE_BYTES_MAX);
    session->cursor = (struct km_cursor){.source_id = session->id};
    session->mark = 0;
    const struct km_cursor like = {.source_id = session->id};
    enum km_code code =
        km_store_find_cursors(store, &like, keep_cursor, session, err);
    struct ingest_state saved = {.device = 0};
    const struct km_str blob = {session->state.bytes, session->state.len};
    if (code == KM_OK && session->mark && !km_ingest_state_read(blob, &saved)) {
        code = km_fail(err, KM_ECORRUPT, "the saved state of %s is damaged",
                       session->path);
    }
    if (code == KM_OK) {
        code = km_journal_stream_begin(&session->stream, session->writer,
                                       saved.source, err);
    }
    const struct km_emit_options options = {
        .origin_id = session->id,
        .run = {.project = as->project,
                .external_id = km_str_of(hex),
                .source = KM_STR("journal"),
                .created_ns = KM_TIME_ABSENT,
                .ended_ns = KM_TIME_ABSENT},
        .order_key = km_str_of(hex),
        .saved = saved.emit,
        .flush = flush,
        .user = session,
    };
    session->emit = code ? NULL : km_emit_create(&options, err);
    if (!session->emit) {
        km_buf_finish(&session->state);
        return code ? code : KM_EMEMORY;
    }
    /* no file: nothing of it is looked at by path, size or head */
    session->cursor = (struct km_cursor){
        .source_id = session->id,
        .format = KM_STR("journal"),
        .path = km_str_of(session->path),
        .mtime_ns = KM_TIME_ABSENT,
        .status = KM_SOURCE_PARTIAL,
        .points = session->cursor.points,
    };
    session->open = true;
    return KM_OK;
}

static void tell_place(const struct session *session,
                       struct km_receive_answer *answer)
{
    answer->segment = km_journal_stream_segment(&session->stream);
    answer->offset = km_journal_stream_offset(&session->stream);
}

static enum km_code take(struct session *session,
                         const struct km_journal_range *range,
                         struct km_receive_answer *answer, struct km_err *err)
{
    uint64_t damaged = session->stream.damaged;
    session->points = 0;
    enum km_code code =
        km_journal_stream_take(&session->stream, session->emit, range, err);
    bool joined = code != KM_ECONFLICT || session->points;
    if (code == KM_OK) {
        code = km_emit_checkpoint(session->emit, err);
    }
    answer->points = session->points;
    answer->damaged = session->stream.damaged - damaged;
    if (code == KM_OK || !joined) {
        tell_place(session, answer);
        return code;
    }
    /* what was not committed is forgotten: it comes again */
    close_session(session);
    return code;
}

static enum km_code use(struct km_receiver *receiver,
                        const unsigned char *writer,
                        const struct km_receive_as *as,
                        const struct km_journal_range *range,
                        struct km_receive_answer *answer, struct km_err *err)
{
    *answer = (struct km_receive_answer){.segment = 0};
    struct session *session = enter(receiver, writer);
    if (!session) {
        return km_fail(err, KM_EBUSY, "more than %d journals arrive at once",
                       KM_RECEIVE_SESSIONS_MAX);
    }
    session->as = as;
    enum km_code code = session->open ? KM_OK : open_session(session, as, err);
    if (code == KM_OK && range) {
        code = take(session, range, answer, err);
        if (code == KM_ECONFLICT && !session->open) { /* another server */
            struct km_err again;
            code = open_session(session, as, &again);
            if (code == KM_OK) {
                tell_place(session, answer);
            }
            code = code ? code : KM_ECONFLICT;
        }
    } else if (code == KM_OK) {
        tell_place(session, answer);
    }
    leave(session);
    return code;
}

enum km_code km_receive(struct km_receiver *receiver,
                        const unsigned char writer[KM_JOURNAL_WRITER_BYTES],
                        const struct km_receive_as *as,
                        const struct km_journal_range *range,
                        struct km_receive_answer *answer, struct km_err *err)
{
    return use(receiver, writer, as, range, answer, err);
}

enum km_code
km_receive_place(struct km_receiver *receiver,
                 const unsigned char writer[KM_JOURNAL_WRITER_BYTES],
                 const struct km_receive_as *as,
                 struct km_receive_answer *answer, struct km_err *err)
{
    return use(receiver, writer, as, NULL, answer, err);
}
