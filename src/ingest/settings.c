/* settings.c - which logs a file of settings speaks of.
 *
 * The logs are read first, so that their cursors say which runs they brought;
 * then each file of settings is held against the logs of its own folder. It is
 * read again when it changed or when they bring other runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/limits.h"
#include "ingest/session.h"
#include "source/settings.h"

/* The first item of the root whose path is not before `path`. */
static size_t lower_bound(const struct ingest_list *list,
                          const struct ingest_root *root, const char *path)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct ingest_found *item = &list->items[middle];
        int order = strcmp(item->root->path.ptr, root->path.ptr);
        order = order ? order : strcmp(item->place.path.ptr, path);
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Walks the files of the folder of `found` whose names begin with `stem` and
 * that may be logs. */
struct siblings {
    const struct ingest_list *list;
    const struct ingest_found *found;
    struct km_str prefix;
    size_t at;
};

static bool siblings_begin(struct siblings *siblings,
                           const struct ingest_list *list,
                           const struct ingest_found *found, struct km_str stem,
                           struct km_arena *arena)
{
    struct km_str folder = found->place.folder;
    char *prefix =
        km_arena_printf(arena, "%.*s%s%.*s", (int)folder.len, folder.ptr,
                        folder.len ? "/" : "", (int)stem.len, stem.ptr);
    *siblings = (struct siblings){.list = list, .found = found};
    if (prefix) {
        siblings->prefix = km_str_of(prefix);
        siblings->at = lower_bound(list, found->root, prefix);
    }
    return prefix != NULL;
}

static const struct ingest_found *siblings_next(struct siblings *siblings)
{
    while (siblings->at < siblings->list->count) {
        const struct ingest_found *item =
            &siblings->list->items[siblings->at++];
        if (strcmp(item->root->path.ptr, siblings->found->root->path.ptr) !=
                0 ||
            !km_str_starts(item->place.path, siblings->prefix)) {
            return NULL;
        }
        if (!item->is_folder && item->settings == KM_INGEST_NO_SETTINGS &&
            km_settings_stem(item->place.name).len == 0 &&
            km_str_equal(item->place.folder, siblings->found->place.folder)) {
            return item;
        }
    }
    return NULL;
}

/* "NAME." of NAME.json, for which NAME.csv would be a sibling. */
static struct km_str own_stem(const struct ingest_found *found)
{
    struct km_str stem = km_settings_stem(found->place.name);
    return stem.len ? (struct km_str){stem.ptr, stem.len + 1} : stem;
}

void km_ingest_mark_settings(struct ingest *in)
{
    struct ingest_list *list = &in->list;
    for (size_t i = 0; i < list->count; i++) {
        struct ingest_found *item = &list->items[i];
        struct km_str stem = own_stem(item);
        struct siblings siblings;
        if (item->is_folder || stem.len == 0) {
            continue;
        }
        km_arena_reset(&in->naming);
        if (siblings_begin(&siblings, list, item, stem, &in->naming) &&
            siblings_next(&siblings)) {
            item->settings = KM_INGEST_OWN_SETTINGS;
        } else if (km_settings_of_folder(item->place.name)) {
            item->settings = KM_INGEST_FOLDER_SETTINGS;
        }
    }
}

struct gathering {
    struct ingest_session *session;
    uint64_t source_id; /* whose state is wanted */
    size_t cap;
    uint64_t saved_hash;
    bool full, damaged;
};

static void add_run(void *user, struct km_str project,
                    struct km_str external_id)
{
    struct gathering *gathering = user;
    struct ingest_session *session = gathering->session;
    struct km_arena *arena = &session->arena;
    for (size_t i = 0; i < session->beside_count; i++) {
        if (km_str_equal(session->beside[i].project, project) &&
            km_str_equal(session->beside[i].external_id, external_id)) {
            return;
        }
    }
    if (session->beside_count == gathering->cap) {
        size_t cap = gathering->cap ? gathering->cap * 2 : 8;
        struct km_beside *grown = km_new(arena, struct km_beside, cap);
        if (!grown) {
            gathering->full = true;
            return;
        }
        for (size_t i = 0; i < session->beside_count; i++) {
            grown[i] = session->beside[i];
        }
        session->beside = grown;
        gathering->cap = cap;
    }
    char *a = km_arena_copy(arena, project.ptr, project.len);
    char *b = km_arena_copy(arena, external_id.ptr, external_id.len);
    gathering->full |= !a || !b;
    if (a && b) {
        session->beside[session->beside_count++] =
            (struct km_beside){{a, project.len}, {b, external_id.len}};
    }
}

static bool take_runs(void *user, const struct km_cursor *cursor)
{
    struct gathering *gathering = user;
    struct ingest_state state;
    if (cursor->source_id != gathering->source_id) {
        return true;
    }
    gathering->damaged |= !km_ingest_state_read(cursor->state, &state) ||
                          !km_emit_saved_runs(state.emit, add_run, gathering);
    return false;
}

static bool take_hash(void *user, const struct km_cursor *cursor)
{
    struct gathering *gathering = user;
    struct ingest_state state;
    if (cursor->source_id != gathering->source_id) {
        return true;
    }
    if (km_ingest_state_read(cursor->state, &state)) {
        gathering->saved_hash = km_settings_saved_runs(state.source);
    }
    return false;
}

static enum km_code look_up(struct gathering *gathering, uint64_t source_id,
                            km_cursor_fn visit, struct km_err *err)
{
    struct ingest_session *session = gathering->session;
    const struct km_cursor like = {.source_id = source_id};
    gathering->source_id = source_id;
    enum km_code code = km_store_find_cursors(session->in->options->store,
                                              &like, visit, gathering, err);
    session->store_failed |= code != KM_OK;
    return code;
}

/* The cursor of a log that has brought points and has no settings itself. */
static const struct ingest_known *log_of(struct ingest *in,
                                         const struct ingest_found *item)
{
    const struct ingest_root *root = item->root;
    char path[2 * KM_PATH_BYTES_MAX];
    int len = snprintf(path, sizeof path, "%s/%s",
                       root->path.len > 1 ? root->path.ptr : "",
                       item->place.path.ptr);
    if (len < 0 || (size_t)len >= sizeof path) {
        return NULL;
    }
    const struct ingest_known *known =
        km_identity_at_path(&in->identity, (struct km_str){path, (size_t)len});
    const struct km_source_ops *ops =
        known ? km_source_find(known->cursor.format) : NULL;
    return ops && ops->settings_beside && known->cursor.points ? known : NULL;
}

static uint64_t hash_runs(const struct ingest_session *session)
{
    uint64_t hash = session->beside_count;
    for (size_t i = 0; i < session->beside_count; i++) {
        hash ^= km_run_id(session->beside[i].project,
                          session->beside[i].external_id) *
                (2 * (uint64_t)i + 1);
    }
    return (hash & INT64_MAX) | 1;
}

enum km_code km_ingest_beside(struct ingest_session *session,
                              const struct ingest_known *known,
                              struct km_err *err)
{
    struct ingest *in = session->in;
    const struct ingest_found *found = &session->found;
    struct gathering gathering = {.session = session};
    struct siblings siblings;
    bool own = found->settings == KM_INGEST_OWN_SETTINGS;
    if (!siblings_begin(&siblings, &in->list, found,
                        own ? own_stem(found) : KM_STR(""), &in->naming)) {
        return km_fail(err, KM_EMEMORY, "memory for a name could not be had");
    }
    const struct ingest_found *item;
    enum km_code code = KM_OK;
    while (code == KM_OK && (item = siblings_next(&siblings))) {
        const struct ingest_known *log = log_of(in, item);
        code = log ? look_up(&gathering, log->cursor.source_id, take_runs, err)
                   : KM_OK;
    }
    if (code == KM_OK && known) {
        code = look_up(&gathering, known->cursor.source_id, take_hash, err);
    }
    if (code == KM_OK && gathering.full) {
        code = km_fail(err, KM_ELIMIT,
                       "the runs beside it need too much "
                       "memory");
    }
    session->source.beside = session->beside;
    session->source.beside_count = session->beside_count;
    session->source.beside_hash = hash_runs(session);
    session->beside_changed =
        gathering.saved_hash != session->source.beside_hash;
    return code;
}
