/* score_cache.h - the cards of runs that are being looked at.
 *
 * A card is made anew only when its run has changed, and then from what was
 * known (score/memory.h).
 * Ownership: the cache's.   Threads: any; cards of one run take turns. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_SCORE_CACHE_H
#define KM_HTTP_SCORE_CACHE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/buf.h"
#include "score/memory.h"

enum { KM_SCORE_CACHE_RUNS = 16 };

struct km_score_entry {
    uint64_t run_id;  /* 0: free */
    uint64_t version; /* of the run when the card was made; 0: none */
    uint64_t used_at;
    unsigned users;
    pthread_mutex_t lock;
    struct km_memory memory;
    struct km_buf json;
};

struct km_score_cache {
    pthread_mutex_t lock;
    uint64_t clock;
    struct km_score_entry entries[KM_SCORE_CACHE_RUNS];
};

bool km_score_cache_init(struct km_score_cache *cache);
void km_score_cache_finish(struct km_score_cache *cache);

/* The card of a run as JSON, appended to `out`. `version` tells the present
 * state of the run from any other. KM_EBUSY: more runs are being computed at
 * once than are kept. */
enum km_code km_score_cache_card(struct km_score_cache *cache,
                                 struct km_store *store, uint64_t run_id,
                                 uint64_t version,
                                 const struct km_score_options *options,
                                 struct km_buf *out, struct km_err *err);

#endif
