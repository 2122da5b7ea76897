/* extremes.c - blocks in the middle, points at both ends. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/extremes.h"

#include <assert.h>

enum { BLOCK = KM_EXTREMES_BLOCK };

static void look_at(const double *y, size_t i, size_t *low, size_t *high)
{
    *low = y[i] < y[*low] ? i : *low;
    *high = y[i] > y[*high] ? i : *high;
}

bool km_extremes_more(struct km_extremes *e, const double *y, size_t kept,
                      size_t count, struct km_arena *arena)
{
    size_t blocks = count / BLOCK, cap = e->cap;
    size_t known = kept / BLOCK < e->count ? kept / BLOCK : e->count;
    e->y = y;
    e->low = km_arena_widen(arena, e->low, known, &cap, blocks, sizeof *e->low);
    e->high =
        km_arena_widen(arena, e->high, known, &e->cap, blocks, sizeof *e->high);
    if (!e->low || !e->high) {
        e->count = e->cap = 0;
        return false;
    }
    for (size_t b = known; b < blocks; b++) {
        size_t low = b * BLOCK, high = low;
        for (size_t i = low + 1; i < (b + 1) * BLOCK; i++) {
            look_at(y, i, &low, &high);
        }
        e->low[b] = (uint32_t)low;
        e->high[b] = (uint32_t)high;
    }
    e->count = blocks;
    return true;
}

void km_extremes_find(const struct km_extremes *e, size_t from, size_t to,
                      size_t *low, size_t *high)
{
    assert(from < to);
    *low = *high = from;
    size_t i = from;
    while (i < to) {
        if (i % BLOCK == 0 && i + BLOCK <= to && i / BLOCK < e->count) {
            look_at(e->y, e->low[i / BLOCK], low, high);
            look_at(e->y, e->high[i / BLOCK], low, high);
            i += BLOCK;
        } else {
            look_at(e->y, i++, low, high);
        }
    }
}
