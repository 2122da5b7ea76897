/* search.h - runs, experiments and models that a filter lets through, in the
 * order asked for.
 *
 * Ownership: lists live in the arena, what they name in the book.
 * Threads: within a read or a change.
 * Errors: KM_EINPUT (a filter, an order, an attribute that is none), KM_ELIMIT,
 * KM_EMEMORY, the store's. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TRACKING_SEARCH_H
#define KM_TRACKING_SEARCH_H

#include "tracking/filter.h"
#include "tracking/tracker.h"

enum km_search_view { KM_VIEW_ACTIVE, KM_VIEW_DELETED, KM_VIEW_ALL };

enum km_search_subject {
    KM_SEARCH_RUNS,
    KM_SEARCH_EXPERIMENTS,
    KM_SEARCH_MODELS
};

struct km_search {
    enum km_search_subject subject;
    struct km_str filter;
    struct km_str order[KM_FILTER_CLAUSES_MAX];
    size_t order_count;
    enum km_search_view view;
    struct km_experiment *const *experiments; /* of runs, models */
    size_t experiment_count;
    struct km_str project; /* what a token is limited to; empty: all */
};

/* Pointers to struct km_tracked_run, km_experiment or km_tracked_model. */
enum km_code km_search(struct km_tracker *tracker,
                       const struct km_search *search, struct km_arena *arena,
                       const void ***list, size_t *count, struct km_err *err);

#endif
