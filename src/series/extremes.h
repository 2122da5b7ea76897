/* extremes.h - where a long curve is lowest and highest, without visiting it.
 *
 * Of every KM_EXTREMES_BLOCK neighbouring points the first lowest and the first
 * highest are known, so that a stretch is searched by its blocks and by the
 * points at its ends. More points add blocks and change none.
 * Ownership: the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SERIES_EXTREMES_H
#define KM_SERIES_EXTREMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum { KM_EXTREMES_BLOCK = 256 };

struct km_extremes {
    const double *y; /* finite */
    size_t count;    /* whole blocks */
    size_t cap;
    uint32_t *low, *high; /* [block] index of a point */
};

/* Takes up the first `count` points, of which `kept` are what they were. False:
 * the arena is full. */
bool km_extremes_more(struct km_extremes *extremes, const double *y,
                      size_t kept, size_t count, struct km_arena *arena);

/* The first lowest and the first highest of points [from, to), from < to <=
 * the `count` that was taken up. */
void km_extremes_find(const struct km_extremes *extremes, size_t from,
                      size_t to, size_t *low, size_t *high);

#endif
