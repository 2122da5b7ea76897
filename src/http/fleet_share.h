/* fleet_share.h - one fleet that all requests look at.
 *
 * The runs are listed at most once in KM_FLEET_LOOK_MS, and at each look cards
 * are computed for a bounded time, so that a request never waits for all of
 * them: what is not fresh says so, and is at a later look.
 * Ownership: rows and texts are good while the share is held.   Threads: any;
 * who holds it is alone. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_FLEET_SHARE_H
#define KM_HTTP_FLEET_SHARE_H

#include <pthread.h>

#include "base/limits.h"
#include "score/fleet.h"

enum {
    KM_FLEET_LOOK_MS = 1000,
    KM_FLEET_BUDGET_MS = 150, /* of computing at a look */
};

struct km_fleet_share {
    pthread_mutex_t lock;
    struct km_fleet fleet;
    const struct km_clock *clock;
    int64_t looked_ns; /* 0: never */
    bool more;         /* some cards are not computed yet */
};

bool km_fleet_share_init(struct km_fleet_share *share, struct km_store *store,
                         const struct km_score_options *options);
void km_fleet_share_finish(struct km_fleet_share *share);

/* Looks when it is time, or `anew`, and holds it; also after a failure. */
enum km_code km_fleet_share_hold(struct km_fleet_share *share, bool anew,
                                 struct km_err *err);
/* Computes the cards of these rows first, for the same time again. */
enum km_code km_fleet_share_compute(struct km_fleet_share *share,
                                    const size_t *rows, size_t count,
                                    struct km_err *err);
void km_fleet_share_release(struct km_fleet_share *share);

#endif
