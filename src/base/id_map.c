/* id_map.c - open addressing with linear probing, at most half full. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id_map.h"

#include <assert.h>
#include <stddef.h>

enum { ENTRIES_START = 64 };

void km_id_map_init(struct km_id_map *map, struct km_arena *arena)
{
    *map = (struct km_id_map){.arena = arena};
}

/* The entry of `key`, or the free one where it belongs. */
static struct km_id_entry *find_entry(struct km_id_entry *entries, uint32_t cap,
                                      uint64_t key)
{
    uint32_t at = (uint32_t)(key ^ key >> 32) & (cap - 1);
    while (entries[at].key && entries[at].key != key) {
        at = (at + 1) & (cap - 1);
    }
    return &entries[at];
}

uint32_t km_id_map_find(const struct km_id_map *map, uint64_t key)
{
    assert(key);
    if (map->cap == 0) {
        return KM_ID_ABSENT;
    }
    const struct km_id_entry *entry = find_entry(map->entries, map->cap, key);
    return entry->key ? entry->index : KM_ID_ABSENT;
}

static bool widen(struct km_id_map *map)
{
    if (map->cap > UINT32_MAX / 4) {
        return false;
    }
    uint32_t cap = map->cap ? map->cap * 2 : ENTRIES_START;
    struct km_id_entry *entries = km_new(map->arena, struct km_id_entry, cap);
    if (!entries) {
        return false;
    }
    for (uint32_t i = 0; i < map->cap; i++) {
        if (map->entries[i].key) {
            *find_entry(entries, cap, map->entries[i].key) = map->entries[i];
        }
    }
    map->entries = entries;
    map->cap = cap;
    return true;
}

bool km_id_map_put(struct km_id_map *map, uint64_t key, uint32_t index)
{
    assert(key);
    if (map->count >= map->cap / 2 && !widen(map)) {
        return false;
    }
    struct km_id_entry *entry = find_entry(map->entries, map->cap, key);
    if (!entry->key) {
        map->count++;
    }
    *entry = (struct km_id_entry){key, index};
    return true;
}
