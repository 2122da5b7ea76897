/* tags.h - names of one log, looked up by their bytes in a few nanoseconds.
 *
 * Logs repeat the same names in the same order, so that the entry behind the
 * last one found is tried first; the hash table is for the rest.
 * Ownership: entries live in the arena given to init and never move.
 * Threads: one at a time.
 * Errors: NULL when memory or KM_SERIES_PER_RUN_MAX is reached. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_TAGS_H
#define KM_SOURCE_TAGS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define KM_HANDLE_NONE UINT32_MAX /* no series yet */

struct km_tag {
    struct km_str name;
    uint64_t hash;
    struct km_tag *after; /* what was looked up after it last time */
    struct km_tag *added; /* the tag that was added next */
    uint32_t series;      /* km_emit_series() handle, or KM_HANDLE_NONE */
    uint32_t kind;        /* the source's own, 0 for a new tag */
    void *extra;          /* the source's own, NULL for a new tag */
};

struct km_tags {
    struct km_arena *arena;
    struct km_tag **slots;
    struct km_tag *first, *newest; /* in order of arrival, by `added` */
    struct km_tag *last;           /* found last */
    uint32_t slot_count, count;
};

void km_tags_init(struct km_tags *tags, struct km_arena *arena);

/* Finds or adds; NULL when it cannot be added. */
struct km_tag *km_tags_get(struct km_tags *tags, struct km_str name);

/* Forgets every series handle, as a change of run demands. */
void km_tags_unbind(struct km_tags *tags);

#endif
