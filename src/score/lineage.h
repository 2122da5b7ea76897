/* lineage.h - which run continues which: chains from a first run to the last.
 *
 *     base <- tuned on A <- tuned on B        a chain of three
 *
 * A run names its parent by external id: that of the same project, else the
 * only one of that id in the store. A parent that could be several runs, or a
 * run that is its own ancestor, is a problem that the chain carries as a
 * sentence; nothing is guessed.
 * Ownership: the arena.   Threads: any.   Errors: those of the store,
 * KM_ELIMIT.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_LINEAGE_H
#define KM_SCORE_LINEAGE_H

#include "base/id_map.h"
#include "store/store.h"

enum { KM_LINEAGE_CHAIN_MAX = 64 };

struct km_lineage_run {
    uint64_t id;
    const char *label; /* "project/name" */
    const char *project, *external_id, *parent;
    uint32_t parent_index; /* KM_ID_ABSENT: none is known */
    bool has_child;
    uint64_t points;     /* logged: 0, it has no curve */
    const char *problem; /* NULL; why its parent is not known */
};

struct km_lineage {
    struct km_lineage_run *runs; /* every run of the store */
    size_t count;
    struct km_id_map index_of; /* by run id */
};

enum km_code km_lineage_load(struct km_store *store, struct km_arena *arena,
                             struct km_lineage *lineage, struct km_err *err);

/* The chain that ends in a run, the first run first. */
struct km_lineage_chain {
    const struct km_lineage_run *runs[KM_LINEAGE_CHAIN_MAX];
    size_t count;
    const char *problem; /* NULL; a sentence: the chain is not known */
};
void km_lineage_chain_find(const struct km_lineage *lineage, uint64_t run_id,
                           struct km_lineage_chain *chain);

#endif
