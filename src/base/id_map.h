/* id_map.h - from 64-bit ids to small indices, for tables that only grow.
 *
 * Keys are hashes already, so they are used as they are.
 * Ownership: memory comes from the arena that it was made with.
 * Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_ID_MAP_H
#define KM_BASE_ID_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct km_id_entry {
    uint64_t key; /* 0: free */
    uint32_t index;
};

struct km_id_map {
    struct km_arena *arena;
    struct km_id_entry *entries;
    uint32_t count, cap; /* cap is 0 or a power of two */
};

#define KM_ID_ABSENT UINT32_MAX

void km_id_map_init(struct km_id_map *map, struct km_arena *arena);

/* The index stored for `key`, or KM_ID_ABSENT. `key` must not be 0. */
uint32_t km_id_map_find(const struct km_id_map *map, uint64_t key);

/* Stores or replaces (KM_ID_ABSENT forgets); false when the arena is full. */
bool km_id_map_put(struct km_id_map *map, uint64_t key, uint32_t index);

#endif
