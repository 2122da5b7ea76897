/* store_memory.c - the oracle backend: opening, closing, leases. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"

_Static_assert(offsetof(struct km_memory_store, base) == 0,
               "a store is cast to its backend");

bool km_memory_widen(void *items, size_t count, size_t *cap, size_t size)
{
    char *bytes;
    memcpy(&bytes, items, sizeof bytes);
    if (count == *cap) {
        size_t wider = *cap ? *cap * 2 : 4;
        if (wider > SIZE_MAX / 2 / size) {
            return false;
        }
        bytes = realloc(bytes, wider * size);
        if (!bytes) {
            return false;
        }
        memcpy(items, &bytes, sizeof bytes);
        *cap = wider;
    }
    memset(bytes + count * size, 0, size);
    return true;
}

struct km_memory_run *km_memory_run_find(struct km_memory_store *store,
                                         uint64_t run_id)
{
    for (size_t i = 0; i < store->runs_count; i++) {
        if (store->runs[i].id == run_id) {
            return &store->runs[i];
        }
    }
    return NULL;
}

static void memory_close(struct km_store *base)
{
    struct km_memory_store *store = (struct km_memory_store *)base;
    for (size_t i = 0; i < store->runs_count; i++) {
        km_memory_run_free(&store->runs[i]);
    }
    free(store->runs);
    free(store->cursors);
    free(store->leases);
    free(store->notes);
    km_arena_finish(&store->texts);
    (void)pthread_rwlock_destroy(&store->lock);
    free(store);
}

/* There are no small chunks to merge. */
static enum km_code memory_maintain(struct km_store *base, int64_t budget_ns,
                                    bool *more, struct km_err *err)
{
    (void)base, (void)budget_ns, (void)err;
    *more = false;
    return KM_OK;
}

/* There are no bytes at rest to verify. */
static enum km_code memory_check(struct km_store *base, bool deep, bool repair,
                                 km_finding_fn visit, void *user,
                                 struct km_err *err)
{
    (void)base, (void)deep, (void)repair, (void)visit, (void)user, (void)err;
    return KM_OK;
}

static enum km_code take_lease(struct km_memory_store *store,
                               struct km_str name, struct km_str owner,
                               int64_t ttl_ns, struct km_err *err)
{
    int64_t now = km_clock_wall_ns(store->clock);
    struct km_memory_lease *lease = NULL;
    for (size_t i = 0; i < store->leases_count; i++) {
        if (km_str_equal(store->leases[i].name, name)) {
            lease = &store->leases[i];
        }
    }
    if (lease && lease->until_ns > now && !km_str_equal(lease->owner, owner)) {
        return km_fail(err, KM_EBUSY, "%.*s is held by %.*s", (int)name.len,
                       name.ptr, (int)lease->owner.len, lease->owner.ptr);
    }
    char *owner_copy = km_arena_copy(&store->texts, owner.ptr, owner.len);
    char *name_copy = km_arena_copy(&store->texts, name.ptr, name.len);
    if (owner_copy && name_copy && !lease) {
        lease = KM_MEMORY_PUSH(store, leases);
    }
    if (!owner_copy || !name_copy || !lease) {
        return km_fail(err, KM_EMEMORY, "no memory for a lease");
    }
    lease->name = (struct km_str){name_copy, name.len};
    lease->owner = (struct km_str){owner_copy, owner.len};
    lease->until_ns = now + ttl_ns;
    return KM_OK;
}

static enum km_code memory_lease(struct km_store *base, struct km_str name,
                                 struct km_str owner, int64_t ttl_ns,
                                 struct km_err *err)
{
    struct km_memory_store *store = (struct km_memory_store *)base;
    (void)pthread_rwlock_wrlock(&store->lock);
    enum km_code code = take_lease(store, name, owner, ttl_ns, err);
    (void)pthread_rwlock_unlock(&store->lock);
    return code;
}

static enum km_code memory_generation(struct km_store *base,
                                      uint64_t *generation, struct km_err *err)
{
    struct km_memory_store *store = (struct km_memory_store *)base;
    (void)err;
    (void)pthread_rwlock_rdlock(&store->lock);
    *generation = store->generation;
    (void)pthread_rwlock_unlock(&store->lock);
    return KM_OK;
}

static const struct km_store_ops memory_ops = {
    .name = "memory",
    .version = KM_STORE_OPS_VERSION,
    .append = km_memory_append,
    .list_runs = km_memory_list_runs,
    .list_series = km_memory_list_series,
    .list_attempts = km_memory_list_attempts,
    .list_attributes = km_memory_list_attributes,
    .read_points = km_memory_read_points,
    .reduce = km_memory_reduce,
    .read_events = km_memory_read_events,
    .read_evaluations = km_memory_read_evaluations,
    .find_cursors = km_memory_find_cursors,
    .delete_run = km_memory_delete_run,
    .maintain = memory_maintain,
    .lease = memory_lease,
    .put_notes = km_memory_put_notes,
    .read_notes = km_memory_read_notes,
    .check = memory_check,
    .usage = km_memory_usage,
    .generation = memory_generation,
    .close = memory_close,
};

struct km_store *km_store_open_memory(const struct km_store_options *options,
                                      struct km_err *err)
{
    struct km_memory_store *store = calloc(1, sizeof *store);
    if (!store || pthread_rwlock_init(&store->lock, NULL) != 0) {
        free(store);
        (void)km_fail(err, KM_EMEMORY, "no memory for a store");
        return NULL;
    }
    store->base.ops = &memory_ops;
    store->clock =
        options && options->clock ? options->clock : &km_clock_system;
    store->quota_bytes = options ? options->quota_bytes : 0;
    km_arena_init(&store->texts, KM_MEMORY_STORE_TEXT_BYTES_MAX);
    return &store->base;
}
