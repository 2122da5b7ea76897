/* follow.c - stays and reads what is added, until told to stop.
 *
 * The folders are looked through every poll_ns, which also works over NFS;
 * inotify, where there is any, only wakes it earlier. Lines without an end are
 * left until they have one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/limits.h"
#include "ingest/ingest_private.h"
#include "ingest/session.h"

enum {
    POLL_MS = 1000,
    STOP_MS = 100,      /* how soon a stop is noticed */
    WATCHES_MAX = 4096, /* folders; the others are polled */
    EVENT_BYTES = 16 * KM_KIB,
};

/* What a path looked like when it was read last. */
struct seen {
    uint64_t size_bytes;
    int64_t mtime_ns;
    uint64_t inode;
};

struct follow {
    struct ingest *in;
    struct km_arena arena;
    struct km_id_map at_path;
    struct seen *seen;
    uint32_t count, cap;
    int notify_fd;
    uint32_t watches;
    uint64_t watched_hash; /* of the folders that are watched */
};

static uint64_t key_of(const struct ingest_found *found)
{
    uint64_t root = km_hash(found->root->path.ptr, found->root->path.len, 0);
    return km_hash(found->place.path.ptr, found->place.path.len, root) | 1;
}

/* Remembers how the file looks; true when it looked otherwise before. */
static bool note(struct follow *follow, const struct ingest_found *found,
                 bool *changed)
{
    const struct seen now = {found->place.size_bytes, found->place.mtime_ns,
                             found->inode};
    uint64_t key = key_of(found);
    uint32_t at = km_id_map_find(&follow->at_path, key);
    if (at != KM_ID_ABSENT) {
        struct seen *before = &follow->seen[at];
        *changed = found->is_folder || before->size_bytes != now.size_bytes ||
                   before->mtime_ns != now.mtime_ns ||
                   before->inode != now.inode;
        *before = now;
        return true;
    }
    *changed = true;
    if (follow->count == follow->cap) {
        uint32_t cap = follow->cap ? follow->cap * 2 : 256;
        struct seen *seen = realloc(follow->seen, cap * sizeof *seen);
        if (!seen) {
            return false;
        }
        follow->seen = seen;
        follow->cap = cap;
    }
    follow->seen[follow->count] = now;
    return km_id_map_put(&follow->at_path, key, follow->count++);
}

static struct ingest_session *
find_live(struct ingest *in, const struct ingest_found *found, size_t *at)
{
    for (size_t i = 0; i < in->live_count; i++) {
        const struct ingest_session *session = in->live[i];
        if (session->found.root == found->root &&
            km_str_equal(session->found.place.path, found->place.path)) {
            *at = i;
            return in->live[i];
        }
    }
    return NULL;
}

static enum km_code read_more(struct ingest *in,
                              const struct ingest_found *found,
                              struct km_err *err)
{
    size_t at = 0;
    struct ingest_session *session = find_live(in, found, &at);
    if (session && session->found.inode == found->inode &&
        session->found.device == found->device &&
        found->place.size_bytes >= session->size_bytes &&
        session->status != KM_SOURCE_DAMAGED) {
        enum km_code code = km_ingest_session_more(in, session, found, err);
        if (!km_ingest_is_overtaken(session)) {
            return code;
        }
    }
    if (session) {
        km_ingest_session_close(session);
        in->live[at] = in->live[--in->live_count];
    }
    return km_ingest_source(in, found, true, err);
}

/* Watches the folders of what was found; those beyond the limit are polled. */
static void watch(struct follow *follow)
{
    const struct ingest_list *list = &follow->in->list;
    uint64_t hash = list->count;
    for (size_t i = 0; i < list->count; i++) {
        const struct km_place *place = &list->items[i].place;
        hash = km_hash(place->folder.ptr, place->folder.len, hash);
    }
    if (follow->notify_fd < 0 || hash == follow->watched_hash) {
        return;
    }
    follow->watched_hash = hash;
    struct km_str last = {0};
    for (size_t i = 0; i < list->count; i++) {
        const struct ingest_found *found = &list->items[i];
        if (follow->watches >= WATCHES_MAX ||
            (i > 0 && km_str_equal(last, found->place.folder))) {
            continue;
        }
        last = found->place.folder;
        char path[KM_PATH_BYTES_MAX * 2];
        int len = snprintf(path, sizeof path, "%s/%.*s", found->root->path.ptr,
                           (int)last.len, last.ptr);
        if (len > 0 && (size_t)len < sizeof path &&
            inotify_add_watch(follow->notify_fd, path,
                              IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR |
                                  IN_DONT_FOLLOW) >= 0) {
            follow->watches++;
        }
    }
}

/* Waits for a change, the next look, or the stop. */
static void wait_for_change(struct follow *follow)
{
    int64_t poll_ns = follow->in->options->poll_ns;
    int64_t left_ms = poll_ns > 0 ? (poll_ns + 999999) / 1000000 : POLL_MS;
    while (left_ms > 0 && !km_ingest_stopped(follow->in)) {
        int slice = left_ms < STOP_MS ? (int)left_ms : STOP_MS;
        struct pollfd watched = {.fd = follow->notify_fd, .events = POLLIN};
        if (poll(&watched, 1, slice) > 0) {
            char events[EVENT_BYTES]; /* which ones does not matter */
            while (read(follow->notify_fd, events, sizeof events) > 0) {
            }
            (void)poll(NULL, 0, slice / 4); /* let a burst of writes finish */
            return;
        }
        left_ms -= slice;
    }
}

/* What changed since the last look; files of settings last, and all of them
 * when any log changed: it may be the one that they speak of. */
static enum km_code read_changed(struct follow *follow, bool settings,
                                 bool *any, struct km_err *err)
{
    struct ingest *in = follow->in;
    enum km_code code = KM_OK;
    for (size_t i = 0; i < in->list.count && code == KM_OK; i++) {
        const struct ingest_found *found = &in->list.items[i];
        bool changed = false;
        if (settings != (found->settings != KM_INGEST_NO_SETTINGS)) {
            continue;
        }
        if (km_ingest_stopped(in)) {
            return KM_OK;
        }
        if (!note(follow, found, &changed)) {
            return km_fail(err, KM_ELIMIT, "too many files to follow");
        }
        *any = *any || changed;
        if (changed || (settings && *any)) {
            code = read_more(in, found, err);
        }
    }
    return code;
}

static enum km_code look_again(struct follow *follow, struct km_err *err)
{
    bool any = false;
    enum km_code code = km_ingest_look(follow->in, err);
    if (code == KM_ENOTFOUND) {
        return KM_OK; /* a named file is being replaced */
    }
    watch(follow);
    code = code ? code : read_changed(follow, false, &any, err);
    return code ? code : read_changed(follow, true, &any, err);
}

enum km_code km_ingest_follow(struct ingest *in, struct km_err *err)
{
    struct follow follow = {.in = in};
    km_arena_init(&follow.arena, KM_ARENA_COMMAND_BYTES_MAX);
    km_id_map_init(&follow.at_path, &follow.arena);
    follow.notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    enum km_code code = KM_OK;
    for (size_t i = 0; i < in->list.count && code == KM_OK; i++) {
        bool changed;
        if (!note(&follow, &in->list.items[i], &changed)) {
            code = km_fail(err, KM_ELIMIT, "too many files to follow");
        }
    }
    watch(&follow);
    while (code == KM_OK && !km_ingest_stopped(in)) {
        wait_for_change(&follow);
        if (!km_ingest_stopped(in)) {
            code = look_again(&follow, err);
        }
        if (code == KM_OK && in->options->on_look) {
            in->options->on_look(in->options->user, in->report->points);
        }
    }
    if (follow.notify_fd >= 0) {
        (void)close(follow.notify_fd);
    }
    free(follow.seen);
    km_arena_finish(&follow.arena);
    return code == KM_EINTERRUPTED ? KM_OK : code;
}
