/* identity.c - every cursor of the store, found by path, by head or by id.
 *
 * Loaded once per import; with it a file is recognised although it was renamed,
 * and new files cost no query. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "ingest/ingest_private.h"
#include "ingest/state.h"

enum { HEAD_BYTES_MIN = 16, HEAD_BYTES_MAX = 4096 };

uint32_t km_head_len(uint64_t size)
{
    if (size < HEAD_BYTES_MIN) {
        return 0;
    }
    uint32_t len = HEAD_BYTES_MIN;
    while (len < HEAD_BYTES_MAX && (uint64_t)len * 2 <= size) {
        len *= 2;
    }
    return len;
}

static uint64_t path_key(struct km_str path)
{
    return km_hash(path.ptr, path.len, 0) | 1;
}

static uint64_t head_key(uint32_t head_len, uint64_t head_hash)
{
    return (head_hash ^ (uint64_t)head_len << 48) | 1;
}

static struct ingest_known *item_at(struct ingest_identity *identity,
                                    uint32_t at)
{
    return at == KM_ID_ABSENT ? NULL : &identity->items[at];
}

struct ingest_known *km_identity_of_id(struct ingest_identity *identity,
                                       uint64_t source_id)
{
    return item_at(identity, km_id_map_find(&identity->by_id, source_id));
}

struct ingest_known *km_identity_at_path(struct ingest_identity *identity,
                                         struct km_str path)
{
    uint32_t at = km_id_map_find(&identity->by_path, path_key(path));
    struct ingest_known *best = NULL;
    while (at != KM_ID_ABSENT) {
        struct ingest_known *known = &identity->items[at];
        if (km_str_equal(known->cursor.path, path) &&
            (!best || known->cursor.source_id < best->cursor.source_id)) {
            best = known;
        }
        at = known->next_of_path;
    }
    return best;
}

struct ingest_known *km_identity_of_head(struct ingest_identity *identity,
                                         uint32_t head_len, uint64_t head_hash)
{
    uint64_t key = head_key(head_len, head_hash);
    return item_at(identity, km_id_map_find(&identity->by_head, key));
}

struct ingest_known *km_identity_next(struct ingest_identity *identity,
                                      const struct ingest_known *known)
{
    return item_at(identity, known->next_of_head);
}

bool km_identity_is_gone(struct ingest_known *known)
{
    if (!known->is_looked_for) {
        struct stat st;
        known->is_looked_for = true;
        known->is_gone = lstat(known->cursor.path.ptr, &st) < 0 &&
                         (errno == ENOENT || errno == ENOTDIR);
    }
    return known->is_gone;
}

/* Takes the item out of a chain that begins at `map`'s entry for `key`. */
static void unchain(struct ingest_identity *identity, struct km_id_map *map,
                    uint64_t key, uint32_t gone, bool of_path)
{
    uint32_t at = km_id_map_find(map, key);
    uint32_t after = of_path ? identity->items[gone].next_of_path
                             : identity->items[gone].next_of_head;
    if (at == gone) {
        (void)km_id_map_put(map, key, after); /* it is there: cannot fail */
        return;
    }
    while (at != KM_ID_ABSENT) {
        uint32_t *next = of_path ? &identity->items[at].next_of_path
                                 : &identity->items[at].next_of_head;
        if (*next == gone) {
            *next = after;
            return;
        }
        at = *next;
    }
}

static bool chain(struct ingest_identity *identity, uint32_t at)
{
    struct ingest_known *known = &identity->items[at];
    uint64_t path = path_key(known->cursor.path);
    uint32_t first = km_id_map_find(&identity->by_path, path);
    known->next_of_path = first == at ? KM_ID_ABSENT : first;
    uint64_t head = head_key(known->cursor.head_len, known->cursor.head_hash);
    first = km_id_map_find(&identity->by_head, head);
    known->next_of_head = first == at ? KM_ID_ABSENT : first;
    return km_id_map_put(&identity->by_path, path, at) &&
           (known->cursor.head_len == 0 ||
            km_id_map_put(&identity->by_head, head, at));
}

static bool widen(struct ingest_identity *identity)
{
    if (identity->count < identity->cap) {
        return true;
    }
    uint32_t cap = identity->cap ? identity->cap * 2 : 64;
    struct ingest_known *items = realloc(identity->items, cap * sizeof *items);
    if (items) {
        identity->items = items;
        identity->cap = cap;
    }
    return items != NULL;
}

static bool keep_texts(struct ingest_identity *identity,
                       struct km_cursor *cursor, const struct km_cursor *before)
{
    struct km_str *texts[] = {&cursor->format, &cursor->path};
    const struct km_str olds[] = {before->format, before->path};
    for (size_t i = 0; i < 2; i++) {
        if (olds[i].ptr && km_str_equal(*texts[i], olds[i])) {
            *texts[i] = olds[i];
            continue;
        }
        char *copy =
            km_arena_copy(&identity->arena, texts[i]->ptr, texts[i]->len);
        if (!copy) {
            return false;
        }
        texts[i]->ptr = copy;
    }
    return true;
}

bool km_identity_put(struct ingest_identity *identity,
                     const struct km_cursor *cursor, uint64_t device,
                     uint64_t inode)
{
    uint32_t at = km_id_map_find(&identity->by_id, cursor->source_id);
    struct km_cursor before = {0};
    if (at == KM_ID_ABSENT) {
        if (!widen(identity) ||
            !km_id_map_put(&identity->by_id, cursor->source_id,
                           identity->count)) {
            return false;
        }
        at = identity->count++;
    } else {
        before = identity->items[at].cursor;
        unchain(identity, &identity->by_path, path_key(before.path), at, true);
        if (before.head_len) {
            unchain(identity, &identity->by_head,
                    head_key(before.head_len, before.head_hash), at, false);
        }
    }
    struct ingest_known *known = &identity->items[at];
    *known = (struct ingest_known){
        .cursor = *cursor,
        .mark = km_cursor_mark(cursor),
        .device = device,
        .inode = inode,
        .next_of_head = KM_ID_ABSENT,
        .next_of_path = KM_ID_ABSENT,
    };
    known->cursor.state = KM_STR("");
    return keep_texts(identity, &known->cursor, &before) && chain(identity, at);
}

struct load {
    struct ingest_identity *identity;
    bool is_short;
};

static bool load_cursor(void *user, const struct km_cursor *cursor)
{
    struct load *load = user;
    struct ingest_state state;
    if (!km_ingest_state_read(cursor->state, &state)) {
        state = (struct ingest_state){0};
    }
    load->is_short =
        !km_identity_put(load->identity, cursor, state.device, state.inode);
    return !load->is_short;
}

enum km_code km_identity_load(struct ingest_identity *identity,
                              struct km_store *store, struct km_err *err)
{
    *identity = (struct ingest_identity){0};
    km_arena_init(&identity->arena, KM_ARENA_COMMAND_BYTES_MAX);
    km_id_map_init(&identity->by_id, &identity->arena);
    km_id_map_init(&identity->by_path, &identity->arena);
    km_id_map_init(&identity->by_head, &identity->arena);
    struct load load = {.identity = identity};
    const struct km_cursor every = {0};
    enum km_code code =
        km_store_find_cursors(store, &every, load_cursor, &load, err);
    if (code == KM_OK && load.is_short) {
        code = km_fail(err, KM_EMEMORY,
                       "memory for %u known sources could not be had",
                       identity->count);
    }
    return code;
}

enum km_code km_identity_reload(struct ingest_identity *identity,
                                struct km_store *store, uint64_t source_id,
                                struct km_err *err)
{
    struct load load = {.identity = identity};
    const struct km_cursor one = {.source_id = source_id};
    enum km_code code =
        km_store_find_cursors(store, &one, load_cursor, &load, err);
    if (code == KM_OK && load.is_short) {
        code = km_fail(err, KM_EMEMORY,
                       "memory for a known source could not be had");
    }
    return code;
}

uint64_t km_identity_mark(struct ingest_identity *identity, uint64_t source_id)
{
    const struct ingest_known *known = km_identity_of_id(identity, source_id);
    return known ? known->mark : 0;
}

void km_identity_finish(struct ingest_identity *identity)
{
    free(identity->items);
    km_arena_finish(&identity->arena);
    *identity = (struct ingest_identity){0};
}
