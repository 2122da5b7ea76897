/* test_id_map.c - what is put is found, through every growth. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id_map.h"

#include "tap.h"

static void finds_every_key_after_growth(void)
{
    struct km_arena arena;
    km_arena_init(&arena, 1 << 24);
    struct km_id_map map;
    km_id_map_init(&map, &arena);
    CHECK(km_id_map_find(&map, 7) == KM_ID_ABSENT);
    int wrong = 0;
    for (uint32_t i = 1; i <= 50000; i++) {
        CHECK(km_id_map_put(&map, (uint64_t)i << 32 | 1, i));
    }
    for (uint32_t i = 1; i <= 50000; i++) {
        wrong += km_id_map_find(&map, (uint64_t)i << 32 | 1) != i;
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(map.count, 50000);
    CHECK(km_id_map_find(&map, 50001ull << 32 | 1) == KM_ID_ABSENT);
    CHECK(km_id_map_put(&map, 1ull << 32 | 1, 9));
    CHECK_INT(km_id_map_find(&map, 1ull << 32 | 1), 9);
    CHECK_INT(map.count, 50000);
    km_arena_finish(&arena);
}

static void says_so_when_the_arena_is_full(void)
{
    struct km_arena arena;
    km_arena_init(&arena, 8192);
    struct km_id_map map;
    km_id_map_init(&map, &arena);
    uint32_t stored = 0;
    while (stored < 10000 && km_id_map_put(&map, stored + 1, stored)) {
        stored++;
    }
    CHECK(stored > 0 && stored < 10000);
    CHECK_INT(km_id_map_find(&map, stored), stored - 1);
    km_arena_finish(&arena);
}

int main(void)
{
    RUN(finds_every_key_after_growth);
    RUN(says_so_when_the_arena_is_full);
    return tap_end();
}
