/* test_arena.c - an arena refuses at its cap and reuses what it has. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdint.h>

#include "tap.h"

static void hands_out_aligned_memory(void)
{
    struct km_arena arena;
    km_arena_init(&arena, 1 << 20);
    for (size_t size = 0; size < 100; size++) {
        char *bytes = km_arena_alloc(&arena, size);
        CHECK(bytes != NULL && (uintptr_t)bytes % 16 == 0);
        memset(bytes, 0xab, size);
    }
    km_arena_finish(&arena);
}

static void refuses_beyond_the_cap_and_serves_again_after_reset(void)
{
    struct km_arena arena;
    km_arena_init(&arena, 100000);
    size_t served = 0;
    while (km_arena_alloc(&arena, 1000)) {
        served++;
    }
    CHECK(served >= 60 && served <= 100);
    CHECK(km_arena_alloc(&arena, 200000) == NULL);
    km_arena_reset(&arena);
    CHECK(km_arena_alloc(&arena, 1000) != NULL);
    km_arena_finish(&arena);
}

static void refuses_a_product_that_overflows(void)
{
    struct km_arena arena;
    km_arena_init(&arena, 1 << 20);
    CHECK(km_arena_calloc(&arena, SIZE_MAX / 2, 4) == NULL);
    CHECK(km_arena_alloc(&arena, SIZE_MAX) == NULL);
    CHECK_TEXT(km_arena_printf(&arena, "%d %s", 3, "runs"), "3 runs");
    CHECK_TEXT(km_arena_copy(&arena, "abc", 2), "ab");
    km_arena_finish(&arena);
}

int main(void)
{
    RUN(hands_out_aligned_memory);
    RUN(refuses_beyond_the_cap_and_serves_again_after_reset);
    RUN(refuses_a_product_that_overflows);
    return tap_end();
}
