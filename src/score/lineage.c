/* lineage.c - parents of all runs, and the chains that they make. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/lineage.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct loading {
    struct km_arena *arena;
    struct km_lineage *lineage;
    size_t cap;
    bool full;
};

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the runs do not fit the memory allowed for one command");
}

static const char *copy(struct loading *l, struct km_str text)
{
    const char *kept = km_arena_copy(l->arena, text.ptr ? text.ptr : "",
                                     text.ptr ? text.len : 0);
    l->full = l->full || !kept;
    return kept ? kept : "";
}

static bool take_run(void *user, const struct km_run_row *row)
{
    struct loading *l = user;
    struct km_lineage *lineage = l->lineage;
    if (lineage->count == l->cap) {
        size_t wider = l->cap ? 2 * l->cap : 64;
        struct km_lineage_run *moved =
            km_new(l->arena, struct km_lineage_run, wider);
        if (!moved) {
            l->full = true;
            return false;
        }
        if (lineage->count) {
            memcpy(moved, lineage->runs, lineage->count * sizeof *moved);
        }
        lineage->runs = moved;
        l->cap = wider;
    }
    struct km_str name =
        row->meta.name.len ? row->meta.name : row->meta.external_id;
    struct km_lineage_run *run = &lineage->runs[lineage->count];
    *run = (struct km_lineage_run){
        .id = row->id,
        .project = copy(l, row->meta.project),
        .external_id = copy(l, row->meta.external_id),
        .parent = copy(l, row->meta.parent),
        .parent_index = KM_ID_ABSENT,
        .points = row->point_count,
    };
    run->label =
        km_arena_printf(l->arena, "%s%s%.*s", run->project,
                        *run->project ? "/" : "", (int)name.len, name.ptr);
    l->full =
        l->full || !run->label ||
        !km_id_map_put(&lineage->index_of, row->id, (uint32_t)lineage->count);
    lineage->count++;
    return !l->full;
}

static int compare_external(const void *a, const void *b)
{
    const struct km_lineage_run *const *x = a, *const *y = b;
    int order = strcmp((*x)->external_id, (*y)->external_id);
    return order ? order : strcmp((*x)->project, (*y)->project);
}

/* The first of `sorted` with the external id, or `count`. */
static size_t first_of(struct km_lineage_run *const *sorted, size_t count,
                       const char *external_id)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(sorted[middle]->external_id, external_id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The parent of one run; several of other projects are a problem. */
static bool resolve(struct km_lineage *lineage, struct km_arena *arena,
                    struct km_lineage_run *const *sorted,
                    struct km_lineage_run *run)
{
    if (!*run->parent) {
        return true;
    }
    uint64_t own = km_run_id(km_str_of(run->project), km_str_of(run->parent));
    run->parent_index = km_id_map_find(&lineage->index_of, own);
    if (run->parent_index == KM_ID_ABSENT) {
        size_t first = first_of(sorted, lineage->count, run->parent);
        size_t end = first;
        while (end < lineage->count &&
               strcmp(sorted[end]->external_id, run->parent) == 0) {
            end++;
        }
        if (end == first + 1) {
            run->parent_index = (uint32_t)(sorted[first] - lineage->runs);
        } else if (end > first) {
            run->problem = km_arena_printf(
                arena, "the parent %s of %s is a run of %zu projects: %s, %s%s",
                run->parent, run->label, end - first, sorted[first]->project,
                sorted[first + 1]->project, end > first + 2 ? ", ..." : "");
            return run->problem != NULL;
        }
    }
    if (run->parent_index != KM_ID_ABSENT) {
        lineage->runs[run->parent_index].has_child = true;
    }
    return true;
}

enum km_code km_lineage_load(struct km_store *store, struct km_arena *arena,
                             struct km_lineage *lineage, struct km_err *err)
{
    const struct km_run_filter filter = {.order = KM_ORDER_NAME};
    struct loading l = {.arena = arena, .lineage = lineage};
    *lineage = (struct km_lineage){.count = 0};
    km_id_map_init(&lineage->index_of, arena);
    enum km_code code = km_store_list_runs(store, &filter, take_run, &l, err);
    if (code) {
        return code;
    }
    struct km_lineage_run **sorted =
        km_new(arena, struct km_lineage_run *, lineage->count + 1);
    bool held = !l.full && sorted;
    for (size_t i = 0; held && i < lineage->count; i++) {
        sorted[i] = &lineage->runs[i];
    }
    if (held && lineage->count > 1) {
        qsort(sorted, lineage->count, sizeof *sorted, compare_external);
    }
    for (size_t i = 0; held && i < lineage->count; i++) {
        held = resolve(lineage, arena, sorted, &lineage->runs[i]);
    }
    return held ? KM_OK : fail_full(err);
}

void km_lineage_chain_find(const struct km_lineage *lineage, uint64_t run_id,
                           struct km_lineage_chain *chain)
{
    *chain = (struct km_lineage_chain){.count = 0};
    uint32_t at = km_id_map_find(&lineage->index_of, run_id);
    while (at != KM_ID_ABSENT) {
        const struct km_lineage_run *run = &lineage->runs[at];
        for (size_t i = 0; i < chain->count; i++) {
            if (chain->runs[i] == run) {
                chain->problem = "a run is its own ancestor";
            }
        }
        if (!chain->problem && chain->count == KM_LINEAGE_CHAIN_MAX) {
            chain->problem = "the run has more ancestors than are followed";
        }
        if (chain->problem) {
            break;
        }
        chain->runs[chain->count++] = run;
        chain->problem = run->problem;
        at = chain->problem ? KM_ID_ABSENT : run->parent_index;
    }
    for (size_t i = 0; i < chain->count / 2; i++) {
        const struct km_lineage_run *first = chain->runs[i];
        chain->runs[i] = chain->runs[chain->count - 1 - i];
        chain->runs[chain->count - 1 - i] = first;
    }
}
