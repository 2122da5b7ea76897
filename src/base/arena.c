/* arena.c - a chain of blocks that double in size up to the arena's cap. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ALIGN = 16,
    HUGE = 2 * 1024 * 1024, /* bytes of a huge page */
    BLOCK_BYTES_MIN = 4096,
    BLOCK_BYTES_MAX = 16 * HUGE,
};

struct km_arena_block {
    struct km_arena_block *older;
    size_t size; /* usable bytes behind this header */
};

static size_t header_bytes(void)
{
    return (sizeof(struct km_arena_block) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

void km_arena_init(struct km_arena *arena, size_t cap)
{
    *arena = (struct km_arena){.cap = cap};
}

/* Large blocks are asked to rest on huge pages: arrays of a million points then
 * cost dozens of page faults, not thousands. Advice: failing is no harm. */
static void advise_huge(char *bytes, size_t size)
{
    size_t before = (HUGE - (uintptr_t)bytes % HUGE) % HUGE;
    if (size >= before + 2 * HUGE) {
        (void)madvise(bytes + before, (size - before) / HUGE * HUGE,
                      MADV_HUGEPAGE);
    }
}

/* Chooses the next block: twice the last, at least what is asked for, at most
 * an eighth of the cap. Large arrays that share a block leave fewer ends that
 * do not fill a huge page. */
static struct km_arena_block *add_block(struct km_arena *arena, size_t need)
{
    size_t size = arena->head ? arena->head->size * 2 : BLOCK_BYTES_MIN;
    size_t most = arena->cap / 8 > 2 * HUGE ? arena->cap / 8 : 2 * HUGE;
    most = most < BLOCK_BYTES_MAX ? most : BLOCK_BYTES_MAX;
    size = size < most ? size : most;
    if (arena->total + size > arena->cap) {
        size = arena->cap > arena->total ? arena->cap - arena->total : 0;
    }
    if (size < need) {
        size = need;
    }
    if (need > arena->cap || size > arena->cap - arena->total) {
        return NULL;
    }
    struct km_arena_block *block = malloc(header_bytes() + size);
    if (!block) {
        return NULL;
    }
    advise_huge((char *)block, header_bytes() + size);
    block->older = arena->head;
    block->size = size;
    arena->head = block;
    arena->total += size;
    arena->used = 0;
    return block;
}

void *km_arena_alloc(struct km_arena *arena, size_t size)
{
    assert(arena->cap > 0);
    if (size > SIZE_MAX - ALIGN) {
        return NULL;
    }
    size_t need = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (need == 0) {
        need = ALIGN;
    }
    if (!arena->head || arena->head->size - arena->used < need) {
        if (!add_block(arena, need)) {
            return NULL;
        }
    }
    char *bytes = (char *)arena->head + header_bytes() + arena->used;
    arena->used += need;
    return bytes;
}

void *km_arena_calloc(struct km_arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) {
        return NULL;
    }
    void *bytes = km_arena_alloc(arena, count * size);
    if (bytes) {
        memset(bytes, 0, count * size);
    }
    return bytes;
}

void *km_arena_widen(struct km_arena *arena, void *items, size_t count,
                     size_t *cap, size_t need, size_t size)
{
    if (items && need <= *cap) {
        return items;
    }
    size_t wider = need > 2 * *cap ? need : 2 * *cap;
    if (size && wider > SIZE_MAX / size) {
        return NULL;
    }
    void *moved = km_arena_alloc(arena, wider * size);
    if (moved && count) {
        memcpy(moved, items, count * size);
    }
    *cap = moved ? wider : *cap;
    return moved;
}

char *km_arena_copy(struct km_arena *arena, const char *bytes, size_t len)
{
    char *copy = len < SIZE_MAX ? km_arena_alloc(arena, len + 1) : NULL;
    if (copy) {
        if (len) {
            memcpy(copy, bytes, len);
        }
        copy[len] = '\0';
    }
    return copy;
}

char *km_arena_printf(struct km_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len >= 0 ? km_arena_alloc(arena, (size_t)len + 1) : NULL;
    if (text) {
        (void)vsnprintf(text, (size_t)len + 1, format, again);
    }
    va_end(again);
    return text;
}

void km_arena_reset(struct km_arena *arena)
{
    struct km_arena_block *keep = arena->head;
    if (!keep) {
        return;
    }
    for (struct km_arena_block *block = keep->older; block;) {
        struct km_arena_block *older = block->older;
        free(block);
        block = older;
    }
    keep->older = NULL;
    arena->total = keep->size;
    arena->used = 0;
}

void km_arena_finish(struct km_arena *arena)
{
    for (struct km_arena_block *block = arena->head; block;) {
        struct km_arena_block *older = block->older;
        free(block);
        block = older;
    }
    *arena = (struct km_arena){.cap = arena->cap};
}
