/* store_memory_notes.c - documents of the product in the oracle backend. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_memory.h"

#include <stdlib.h>

#include "store/store_rules.h"

static bool same_note(const struct km_note *a, const struct km_note *b)
{
    return a->run_id == b->run_id && km_str_equal(a->kind, b->kind) &&
           km_str_equal(a->key, b->key);
}

static void drop_note(struct km_memory_store *store, size_t at)
{
    store->notes[at] = store->notes[--store->notes_count];
}

void km_memory_notes_purge(struct km_memory_store *store)
{
    for (size_t i = store->notes_count; i > 0; i--) {
        uint64_t run_id = store->notes[i - 1].run_id;
        if (run_id && !km_memory_run_find(store, run_id)) {
            drop_note(store, i - 1);
        }
    }
}

static struct km_str keep_text(struct km_memory_store *store,
                               struct km_str text)
{
    char *copy = km_arena_copy(&store->texts, text.ptr, text.len);
    store->broken = store->broken || !copy;
    return (struct km_str){copy ? copy : "", copy ? text.len : 0};
}

static void put_note(struct km_memory_store *store, const struct km_note *note)
{
    for (size_t i = 0; i < store->notes_count; i++) {
        if (same_note(&store->notes[i], note)) {
            drop_note(store, i);
            break;
        }
    }
    if (!note->json.len) {
        return;
    }
    struct km_note *kept = KM_MEMORY_PUSH(store, notes);
    if (!kept) {
        store->broken = true;
        return;
    }
    *kept = *note;
    kept->kind = keep_text(store, note->kind);
    kept->key = keep_text(store, note->key);
    kept->json = keep_text(store, note->json);
}

enum km_code km_memory_put_notes(struct km_store *base,
                                 const struct km_note *notes, size_t count,
                                 struct km_err *err)
{
    struct km_memory_store *store = (struct km_memory_store *)base;
    enum km_code code = KM_OK;
    (void)pthread_rwlock_wrlock(&store->lock);
    store->generation++;
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        if (notes[i].run_id && !km_memory_run_find(store, notes[i].run_id)) {
            code = km_fail(err, KM_ENOTFOUND, "the store has no such run");
        }
    }
    for (size_t i = 0; i < count && code == KM_OK && !store->broken; i++) {
        put_note(store, &notes[i]);
    }
    if (code == KM_OK && store->broken) {
        code = km_fail(err, KM_EMEMORY, "memory ran out in a memory store");
    }
    (void)pthread_rwlock_unlock(&store->lock);
    return code;
}

static int compare_notes(const void *a, const void *b)
{
    const struct km_note *x = *(const struct km_note *const *)a;
    const struct km_note *y = *(const struct km_note *const *)b;
    if (x->run_id != y->run_id) {
        return x->run_id < y->run_id ? -1 : 1;
    }
    if (x->time_ns != y->time_ns) {
        return x->time_ns < y->time_ns ? -1 : 1;
    }
    return km_str_compare(x->key, y->key);
}

enum km_code km_memory_read_notes(struct km_store *base, struct km_str kind,
                                  uint64_t run_id, km_note_fn visit, void *user,
                                  struct km_err *err)
{
    struct km_memory_store *store = (struct km_memory_store *)base;
    (void)pthread_rwlock_rdlock(&store->lock);
    const struct km_note **found =
        calloc(store->notes_count + 1, sizeof(const struct km_note *));
    size_t count = 0;
    for (size_t i = 0; found && i < store->notes_count; i++) {
        const struct km_note *note = &store->notes[i];
        if (km_str_equal(note->kind, kind) &&
            (!run_id || note->run_id == run_id)) {
            found[count++] = note;
        }
    }
    if (count > 1) {
        qsort(found, count, sizeof *found, compare_notes);
    }
    for (size_t i = 0; i < count && visit(user, found[i]); i++) {
    }
    (void)pthread_rwlock_unlock(&store->lock);
    enum km_code code =
        found ? KM_OK : km_fail(err, KM_EMEMORY, "no memory for notes");
    free(found);
    return code;
}
