/* arena.h - memory for one request, command or batch, freed all at once.
 *
 * Allocation never fails for lack of a plan: an arena has a cap, and beyond it
 * km_arena_alloc() returns NULL, which callers turn into KM_ELIMIT.
 * Ownership: the arena owns what it hands out, until reset or finish.
 * Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_ARENA_H
#define KM_BASE_ARENA_H

#include <stddef.h>

struct km_arena_block;

struct km_arena {
    struct km_arena_block *head; /* newest block; older ones are chained */
    size_t used;                 /* bytes handed out of `head` */
    size_t total;                /* bytes of all blocks */
    size_t cap;                  /* `total` never exceeds it */
};

/* Takes no memory yet. `cap` in bytes. */
void km_arena_init(struct km_arena *arena, size_t cap);

/* `size` bytes aligned to 16, not cleared. NULL when the cap is reached or the
 * system has no memory. A size of 0 gives a valid pointer. */
void *km_arena_alloc(struct km_arena *arena, size_t size);

/* The same, cleared, for `count` items; NULL also when the product overflows.
 */
void *km_arena_calloc(struct km_arena *arena, size_t count, size_t size);
#define km_new(arena, type, count)                                             \
    ((type *)km_arena_calloc((arena), (count), sizeof(type)))

/* Room for `need` items in an array of `count` that has room for `*cap`, which
 * is moved into a larger one (at least twice as large) where it has not. What
 * lies beyond `count` is not cleared; NULL when full. */
void *km_arena_widen(struct km_arena *arena, void *items, size_t count,
                     size_t *cap, size_t need, size_t size);

/* A NUL-terminated copy of `len` bytes; NULL when full. */
char *km_arena_copy(struct km_arena *arena, const char *bytes, size_t len);
char *km_arena_printf(struct km_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Forgets everything but keeps the largest block for the next use. */
void km_arena_reset(struct km_arena *arena);
void km_arena_finish(struct km_arena *arena); /* gives all memory back */

#endif
