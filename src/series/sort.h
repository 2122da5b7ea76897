/* sort.h - reorders the arrays of a track.
 *
 * Ownership: scratch comes from the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SERIES_SORT_H
#define KM_SERIES_SORT_H

#include "series/view.h"

/* Point i becomes what point order[i] was. False: the arena is full. */
bool km_track_permute(struct km_track *track, const uint32_t *order,
                      size_t count, struct km_arena *arena);

/* Sorts live points by step and ghosts by attempt, then step; equal ones keep
 * their order of arrival. Costs one pass when they stand in order. */
bool km_track_sort(struct km_track *track, struct km_arena *arena);

#endif
