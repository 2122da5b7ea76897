/* pauses.h - when a run stood still, by its own word: saves, evaluations.
 *
 *     clock   ----[====]---------[==]------->   ordered, none overlaps another
 *
 * Two records of one save (a series and an event) are one pause: what overlaps
 * is joined. Units: seconds of one clock.   Threads: any.
 * Document: docs/metrics.md#speed.goodput */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_PAUSES_H
#define KM_MEASURE_PAUSES_H

#include <stdbool.h>
#include <stddef.h>

struct km_pause {
    double from, to; /* from < to */
};

/* Orders the pauses by time and joins those that overlap, in place; ones that
 * are empty or not finite are left out. Returns how many there are then. */
size_t km_pauses_join(struct km_pause *pauses, size_t count);

/* Seconds of [from, to] that lie in joined pauses; 0 when to <= from. */
double km_pauses_within(const struct km_pause *pauses, size_t count,
                        double from, double to);

/* Does all of [from, to] lie in one of them, and more of it on either side? */
bool km_pauses_surround(const struct km_pause *pauses, size_t count,
                        double from, double to);

#endif
