/* load.h - the points of one series from the store into arrays.
 *
 * The arrays stand in the store's order (by attempt, then arrival); view.c
 * sorts and resolves them.
 * Ownership: the arena.   Threads: any.   Errors: those of the store. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SERIES_LOAD_H
#define KM_SERIES_LOAD_H

#include "series/view.h"

/* Fills the arrays of `track` from the series `row`; times are relative to
 * `origin_ns`. `attempt_count` bounds the ordinals that are expected. */
enum km_code km_track_load(struct km_store *store,
                           const struct km_series_row *row, int64_t origin_ns,
                           uint32_t attempt_count, struct km_arena *arena,
                           struct km_track *track, struct km_err *err);

/* The pieces of it, for a track that grows (grow.c): columns[from, ...) into
 * arrays that have room; the highest step of the last attempt; how many
 * neighbours become one. */
void km_track_take(struct km_track *track, const struct km_columns *columns,
                   size_t from, int64_t origin_ns);
void km_track_note_tail(struct km_track *track,
                        const struct km_columns *columns, size_t from);
uint32_t km_track_every(uint64_t points);

#endif
