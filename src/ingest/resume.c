/* resume.c - is this file known, and how far was it read?
 *
 * The order of the questions is the identity rule of docs/formats/cursors.md:
 *   1. A cursor with the same path whose consumed bytes are still the first
 *      bytes of the file: go on behind them. If they are not: read it again in
 *      place of what it brought.
 *   2. A cursor with the same first bytes whose own file is gone and whose
 *      consumed bytes are this file's first: it was renamed, go on.
 *   3. The same whole content as a file that is still there: a copy.
 *   4. Otherwise it is new.
 * Sources that brought no point claim no other file: headers look alike. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "ingest/receive.h"
#include "ingest/session.h"
#include "source/journal_source.h"
#include "source/settings.h"

bool km_ingest_is_untouched(const struct ingest *in,
                            const struct ingest_known *known,
                            const struct ingest_found *found)
{
    const struct km_cursor *cursor = &known->cursor;
    struct km_str wanted = in->options->format;
    if (cursor->mtime_ns == KM_TIME_ABSENT ||
        cursor->mtime_ns != found->place.mtime_ns ||
        (cursor->size_bytes != found->place.size_bytes &&
         !km_str_ends(found->place.name, KM_STR(".gz"))) || /* of the inside */
        known->inode != found->inode ||
        known->device != found->device) {
        return false;
    }
    if (wanted.len && !km_str_equal(wanted, cursor->format)) {
        return false;
    }
    return !found->is_folder && (cursor->status == KM_SOURCE_COMPLETE ||
                                 cursor->status == KM_SOURCE_PARTIAL);
}

/* Adds bytes [from, to) of the file to the fingerprint; false at a short file
 * or a failure to read. */
static bool add_range(struct ingest_session *session, uint64_t from,
                      uint64_t to)
{
    km_buf_reset(&session->bytes);
    char *bytes = km_buf_reserve(&session->bytes, KM_FEED_BYTES);
    while (bytes && from < to) {
        size_t want = to - from < KM_FEED_BYTES ? (size_t)(to - from)
                                                : (size_t)KM_FEED_BYTES;
        ssize_t got = pread(session->fd, bytes, want, (off_t)from);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        km_fingerprint_add(session->print, bytes, (size_t)got);
        from += (uint64_t)got;
    }
    return bytes != NULL;
}

/* True when the file begins with what the cursor consumed. Leaves the
 * fingerprint right behind it. */
static bool begins_with(struct ingest_session *session,
                        const struct km_cursor *cursor)
{
    km_fingerprint_reset(session->print);
    return cursor->consumed_bytes <= session->size_bytes &&
           add_range(session, 0, cursor->consumed_bytes) &&
           km_fingerprint_value(session->print) == cursor->consumed_hash;
}

/* The last line was taken without its end: it must not have gone on. */
static bool tail_is_closed(const struct ingest_session *session,
                           const struct km_cursor *cursor)
{
    char next = '\n';
    if (!cursor->tail_open || cursor->consumed_bytes >= session->size_bytes) {
        return true;
    }
    return pread(session->fd, &next, 1, (off_t)cursor->consumed_bytes) == 1 &&
           (next == '\n' || next == '\r');
}

static bool is_whole(const struct ingest_session *session,
                     const struct km_cursor *cursor)
{
    return cursor->size_bytes == session->size_bytes &&
           cursor->consumed_bytes == session->size_bytes;
}

static void adopt(struct ingest_session *session,
                  const struct ingest_known *known)
{
    session->cursor = known->cursor;
    session->is_known = true;
    session->skipped_before = known->cursor.skipped_bytes;
    session->tail_open = known->cursor.tail_open;
}

static void start_over(struct ingest_session *session)
{
    session->consumed_bytes = 0;
    session->cursor.points = 0;
    session->skipped_before = 0;
    session->tail_open = false;
    km_fingerprint_reset(session->print);
}

/* Rule 1, for a file whose path is known. */
static enum ingest_kind identify_known(struct ingest_session *session,
                                       const struct ingest_known *known)
{
    const struct km_cursor *cursor = &known->cursor;
    adopt(session, known);
    bool same_format = km_str_is(cursor->format, session->ops->name);
    bool same = same_format && begins_with(session, cursor);
    if (session->ops->shape == KM_SHAPE_DOCUMENT) {
        if (same && is_whole(session, cursor) && !session->beside_changed &&
            cursor->status != KM_SOURCE_BUSY) {
            return KM_INGEST_UNCHANGED;
        }
        same = false;
    }
    if (same && tail_is_closed(session, cursor)) {
        session->consumed_bytes = cursor->consumed_bytes;
        return KM_INGEST_RESUMED;
    }
    session->replace = true;
    start_over(session);
    return KM_INGEST_NEW;
}

/* Cursors whose file began like this one. Logs of one script often share
 * their first thousands of bytes, so there may be as many as files. */
struct candidates {
    struct ingest_known **items;
    size_t count, cap;
};

static bool add_candidate(struct candidates *found, struct ingest_known *known)
{
    if (found->count == found->cap) {
        size_t cap = found->cap ? found->cap * 2 : 16;
        struct ingest_known **items =
            realloc(found->items, cap * sizeof(struct ingest_known *));
        if (!items) {
            return false;
        }
        found->items = items;
        found->cap = cap;
    }
    found->items[found->count++] = known;
    return true;
}

/* Shortest first, as they are met in one pass over the file. */
static int compare_candidates(const void *a, const void *b)
{
    const struct km_cursor *x = &(*(struct ingest_known *const *)a)->cursor;
    const struct km_cursor *y = &(*(struct ingest_known *const *)b)->cursor;
    if (x->consumed_bytes != y->consumed_bytes) {
        return x->consumed_bytes < y->consumed_bytes ? -1 : 1;
    }
    return (x->source_id < y->source_id) - (x->source_id > y->source_id);
}

static bool is_candidate(struct ingest_session *session,
                         struct ingest_known *known, uint32_t head_len)
{
    const struct km_cursor *cursor = &known->cursor;
    bool whole = is_whole(session, cursor);
    return cursor->points && cursor->head_len == head_len &&
           cursor->consumed_bytes <= session->size_bytes &&
           (whole || session->ops->shape == KM_SHAPE_STREAM) &&
           km_str_is(cursor->format, session->ops->name) &&
           (whole || km_identity_is_gone(known));
}

static bool find_candidates(struct ingest_session *session, struct km_str head,
                            struct candidates *found)
{
    struct ingest_identity *identity = &session->in->identity;
    for (uint32_t len = km_head_len(head.len); len;
         len = km_head_len(len - 1)) {
        struct ingest_known *known = km_identity_of_head(
            identity, len, km_hash(head.ptr, len, 0) & INT64_MAX);
        for (; known; known = km_identity_next(identity, known)) {
            if (is_candidate(session, known, len) &&
                !add_candidate(found, known)) {
                return false;
            }
        }
    }
    if (found->count) {
        qsort(found->items, found->count, sizeof found->items[0],
              compare_candidates);
    }
    return true;
}

/* The longest one whose consumed bytes are the first of this file, and of
 * equals the first one known; one whose own file is gone goes before the
 * others, which only make this one a copy. */
static struct ingest_known *choose_candidate(struct ingest_session *session,
                                             const struct candidates *found)
{
    struct ingest_known *gone = NULL, *copy = NULL;
    uint64_t at = 0;
    km_fingerprint_reset(session->print);
    for (size_t i = 0; i < found->count; i++) {
        const struct km_cursor *cursor = &found->items[i]->cursor;
        if (!add_range(session, at, cursor->consumed_bytes)) {
            break;
        }
        at = cursor->consumed_bytes;
        if (km_fingerprint_value(session->print) != cursor->consumed_hash ||
            !tail_is_closed(session, cursor)) {
            continue;
        }
        if (km_identity_is_gone(found->items[i])) {
            gone = found->items[i];
        } else {
            copy = found->items[i];
        }
    }
    return gone ? gone : copy;
}

/* Rules 2 and 3. */
static enum km_code identify_other(struct ingest_session *session,
                                   struct km_str head, enum ingest_kind *kind,
                                   bool *is_other, struct km_err *err)
{
    struct candidates found = {0};
    bool is_stream = session->ops->shape == KM_SHAPE_STREAM;
    bool complete = find_candidates(session, head, &found);
    struct ingest_known *chosen =
        complete ? choose_candidate(session, &found) : NULL;
    free(found.items);
    *is_other = false;
    if (!complete) {
        return km_fail(err, KM_EMEMORY,
                       "memory to look for a renamed file could not be had");
    }
    if (!chosen) {
        return KM_OK;
    }
    if (!km_identity_is_gone(chosen) && !is_stream) {
        return KM_OK;
    }
    if (!km_identity_is_gone(chosen)) {
        *is_other = true;
        *kind = KM_INGEST_DUPLICATE;
        (void)snprintf(session->message, sizeof session->message,
                       "the same content as %s", chosen->cursor.path.ptr);
        return KM_OK;
    }
    if (!begins_with(session, &chosen->cursor)) {
        return KM_OK; /* it changes under our hands: new */
    }
    adopt(session, chosen);
    session->is_renamed = true;
    session->consumed_bytes = chosen->cursor.consumed_bytes;
    *kind = is_stream ? KM_INGEST_RESUMED : KM_INGEST_UNCHANGED;
    *is_other = true;
    return KM_OK;
}

/* Of several origins that name one setting, a store shows that of the greatest
 * id: NAME.json goes before the folder's config.json. */
static uint64_t rank_settings(const struct ingest_session *session, uint64_t id)
{
    const uint64_t top = (uint64_t)1 << 62;
    if (session->ops != &km_source_settings) {
        return id;
    }
    return session->found.settings == KM_INGEST_OWN_SETTINGS ? id | top
                                                             : id & ~top;
}

/* A journal is known by its writer, which its folder is named after: shipped,
 * imported or copied, it is one source. 0: it is no journal. */
static uint64_t id_of_writer(const struct ingest_session *session)
{
    unsigned char writer[KM_JOURNAL_WRITER_BYTES];
    struct km_str name = session->found.place.name;
    return session->ops == &km_source_journal &&
                   km_journal_writer_parse(name, writer)
               ? km_journal_source_id(writer)
               : 0;
}

static void make_id(struct ingest_session *session)
{
    uint64_t own = id_of_writer(session);
    if (own) {
        session->cursor = (struct km_cursor){.source_id = own};
        return;
    }
    for (uint64_t salt = 0;; salt++) {
        const struct km_str parts[] = {KM_STR("source"),
                                       {(const char *)&salt, sizeof salt},
                                       session->path};
        uint64_t id = rank_settings(session, km_id(parts, 3));
        const struct ingest_known *known =
            km_identity_of_id(&session->in->identity, id);
        if (!known) { /* a renamed file keeps the id of its first path */
            session->cursor = (struct km_cursor){.source_id = id};
            return;
        }
    }
}

/* A moved STORE keeps its inode; its bytes change with every write. */
static struct ingest_known *find_moved(struct ingest_session *session)
{
    struct ingest_identity *identity = &session->in->identity;
    for (uint32_t i = 0; i < identity->count; i++) {
        struct ingest_known *known = &identity->items[i];
        if (known->inode == session->found.inode &&
            known->device == session->found.device &&
            km_str_is(known->cursor.format, session->ops->name) &&
            known->cursor.points && km_identity_is_gone(known)) {
            return known;
        }
    }
    return NULL;
}

enum km_code km_ingest_identify(struct ingest_session *session,
                                struct km_str head, enum ingest_kind *kind,
                                struct km_err *err)
{
    struct ingest_known *known =
        km_identity_at_path(&session->in->identity, session->path);
    *kind = KM_INGEST_NEW;
    if (session->ops->shape == KM_SHAPE_STORE) {
        uint64_t own = id_of_writer(session);
        if (!known && own) {
            known = km_identity_of_id(&session->in->identity, own);
        }
        known = known ? known : find_moved(session);
        if (known) {
            adopt(session, known);
            session->is_renamed =
                !km_str_equal(known->cursor.path, session->path);
            session->replace =
                !km_str_is(known->cursor.format, session->ops->name);
            *kind = KM_INGEST_RESUMED;
        } else {
            make_id(session);
        }
        return KM_OK;
    }
    enum km_code code = KM_OK;
    session->print = km_fingerprint_create();
    if (!session->print) {
        return km_fail(err, KM_EMEMORY, "memory for a hash could not be had");
    }
    if (known) {
        *kind = identify_known(session, known);
    } else {
        bool is_other = false;
        code = identify_other(session, head, kind, &is_other, err);
        if (code == KM_OK && !is_other) {
            make_id(session);
            start_over(session);
        }
    }
    km_buf_reset(&session->bytes);
    return code;
}
