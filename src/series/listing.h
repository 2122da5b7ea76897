/* listing.h - a run as the store lists it, before any point is read.
 *
 * Ownership: texts and attempts live in the arena.   Threads: any.
 * Errors: the store's, KM_ENOTFOUND, KM_ELIMIT. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SERIES_LISTING_H
#define KM_SERIES_LISTING_H

#include "series/view.h"

/* The series that becomes the track of its role, if `taken`. */
struct km_candidate {
    struct km_series_row row; /* texts copied into the arena */
    struct km_role_of of;
    bool taken;
};

/* Fills `view` but for its tracks, and best[KM_ROLE_COUNT]. */
enum km_code km_run_list_tracks(struct km_store *store, uint64_t run_id,
                                const struct km_role_table *roles,
                                struct km_arena *arena,
                                struct km_run_view *view,
                                struct km_candidate *best, struct km_err *err);

#endif
