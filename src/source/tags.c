/* tags.c - open addressing over entries in an arena, and a guess before it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tags.h"

#include <assert.h>

#include "base/hash.h"
#include "base/limits.h"

enum { SLOTS_START = 64 };

void km_tags_init(struct km_tags *tags, struct km_arena *arena)
{
    *tags = (struct km_tags){.arena = arena};
}

/* Doubles the slots at two thirds; old slots stay in the arena, which at most
 * doubles what the table takes. */
static bool make_room(struct km_tags *tags)
{
    if ((tags->count + 1) * 3 <= tags->slot_count * 2) {
        return true;
    }
    uint32_t wider = tags->slot_count ? tags->slot_count * 2 : SLOTS_START;
    struct km_tag **slots = km_new(tags->arena, struct km_tag *, wider);
    if (!slots) {
        return false;
    }
    for (struct km_tag *tag = tags->first; tag; tag = tag->added) {
        uint32_t at = (uint32_t)tag->hash & (wider - 1);
        while (slots[at]) {
            at = (at + 1) & (wider - 1);
        }
        slots[at] = tag;
    }
    tags->slots = slots;
    tags->slot_count = wider;
    return true;
}

static struct km_tag *add(struct km_tags *tags, struct km_str name,
                          uint64_t hash)
{
    if (tags->count >= KM_SERIES_PER_RUN_MAX || !make_room(tags)) {
        return NULL;
    }
    struct km_tag *tag = km_new(tags->arena, struct km_tag, 1);
    char *copy = tag ? km_arena_copy(tags->arena, name.ptr, name.len) : NULL;
    if (!copy) {
        return NULL;
    }
    *tag = (struct km_tag){
        .name = {copy, name.len}, .hash = hash, .series = KM_HANDLE_NONE};
    uint32_t at = (uint32_t)hash & (tags->slot_count - 1);
    while (tags->slots[at]) {
        at = (at + 1) & (tags->slot_count - 1);
    }
    tags->slots[at] = tag;
    if (tags->newest) {
        tags->newest->added = tag;
    } else {
        tags->first = tag;
    }
    tags->newest = tag;
    tags->count++;
    return tag;
}

static struct km_tag *find_slot(struct km_tags *tags, struct km_str name,
                                uint64_t hash)
{
    if (tags->slot_count == 0) {
        return NULL;
    }
    uint32_t at = (uint32_t)hash & (tags->slot_count - 1);
    for (struct km_tag *tag; (tag = tags->slots[at]) != NULL;) {
        if (tag->hash == hash && km_str_equal(tag->name, name)) {
            return tag;
        }
        at = (at + 1) & (tags->slot_count - 1);
    }
    return NULL;
}

struct km_tag *km_tags_get(struct km_tags *tags, struct km_str name)
{
    struct km_tag *guess = tags->last ? tags->last->after : NULL;
    if (guess && km_str_equal(guess->name, name)) {
        tags->last = guess;
        return guess;
    }
    uint64_t hash = km_hash(name.ptr, name.len, 0);
    struct km_tag *tag = find_slot(tags, name, hash);
    if (!tag) {
        tag = add(tags, name, hash);
    }
    if (tag) {
        if (tags->last) {
            tags->last->after = tag;
        }
        tags->last = tag;
    }
    return tag;
}

void km_tags_unbind(struct km_tags *tags)
{
    for (struct km_tag *tag = tags->first; tag; tag = tag->added) {
        tag->series = KM_HANDLE_NONE;
    }
}
