/* memory.c - goes on with a run that only grew, else begins anew. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/memory.h"

#include <string.h>

#include "base/hash.h"
#include "base/limits.h"

void km_memory_init(struct km_memory *memory)
{
    *memory = (struct km_memory){.loaded = false};
    km_arena_init(&memory->own, KM_ARENA_COMMAND_BYTES_MAX);
}

void km_memory_finish(struct km_memory *memory)
{
    km_arena_finish(&memory->own);
    *memory = (struct km_memory){.loaded = false};
}

struct km_memory *km_memory_once(struct km_arena *arena)
{
    struct km_memory *memory = km_new(arena, struct km_memory, 1);
    if (memory) {
        memory->arena = arena;
    }
    return memory;
}

/* All but the arena, which keeps its largest block. */
static void forget(struct km_memory *memory)
{
    struct km_arena own = memory->own;
    bool owned = !memory->arena || memory->arena == &memory->own;
    *memory =
        (struct km_memory){.own = own, .arena = owned ? NULL : memory->arena};
    if (owned) {
        memory->arena = &memory->own;
        km_arena_reset(memory->arena);
    }
}

static bool add_attribute(void *user, const struct km_attribute *row)
{
    uint64_t *hash = user;
    *hash = km_hash(row->key.ptr, row->key.len, *hash);
    *hash = km_hash(row->value_json.ptr, row->value_json.len, *hash);
    return true;
}

/* What verdicts lean on beside the points. */
static enum km_code hash_facts(struct km_store *store, uint64_t run_id,
                               const struct km_score_options *options,
                               uint64_t *hash, struct km_err *err)
{
    *hash = km_hash(&options->negligible, sizeof options->negligible, 1);
    return km_store_list_attributes(store, run_id, add_attribute, hash, err);
}

enum km_code km_memory_look(struct km_memory *memory, struct km_store *store,
                            uint64_t run_id,
                            const struct km_score_options *options,
                            struct km_arena *scratch, struct km_err *err)
{
    bool grown = false, for_once = memory->arena == scratch;
    uint64_t facts = 0;
    enum km_code code =
        for_once ? KM_OK : hash_facts(store, run_id, options, &facts, err);
    bool room = memory->own.total <= memory->own.cap / 2;
    if (code == KM_OK && memory->loaded && room &&
        memory->view.run_id == run_id && memory->roles == options->roles &&
        memory->facts == facts) {
        code = km_run_view_grow(store, options->roles, memory->arena, scratch,
                                &memory->view, &grown, err);
        grown = grown && code == KM_OK;
        code = code == KM_ELIMIT ? KM_OK : code; /* there is room without */
    }
    if (code == KM_OK && !grown) {
        forget(memory);
        memory->roles = options->roles;
        memory->facts = facts;
        code = km_run_view_load(store, run_id, options->roles, memory->arena,
                                &memory->view, err);
    }
    memory->loaded = code == KM_OK;
    return code;
}

enum km_code km_memory_timeline(struct km_memory *memory,
                                const struct km_run_view *view,
                                struct km_err *err)
{
    struct km_timeline *line = &memory->timeline;
    struct km_stretches *stretches = &memory->stretches;
    const struct km_track *clock = line->clock;
    bool skipped = line->skip;
    size_t before = line->count, blocks = stretches->block_count;
    enum km_code code = km_timeline_more(view, memory->arena, line, err);
    bool anew =
        line->clock != clock || !skipped || !line->skip || line->count < before;
    stretches->blocks = km_arena_widen(
        memory->arena, stretches->blocks, blocks, &memory->stretches_cap,
        line->count / KM_STRETCHES_BLOCK, sizeof *stretches->blocks);
    if (code == KM_OK && !stretches->blocks) {
        return km_fail(err, KM_ELIMIT,
                       "the run does not fit the memory allowed for one "
                       "command");
    }
    km_stretches_fill(stretches, line->steps, line->seconds, anew ? 0 : before,
                      code ? 0 : line->count);
    return code;
}

const struct km_extremes *km_memory_extremes(struct km_memory *memory,
                                             const struct km_track *track)
{
    struct km_extremes *extremes = &memory->extremes[track->of.role];
    /* the points that were taken up stay what they are */
    return km_extremes_more(extremes, track->value,
                            extremes->count * KM_EXTREMES_BLOCK, track->count,
                            memory->arena)
               ? extremes
               : NULL;
}
