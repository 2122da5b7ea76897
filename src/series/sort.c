/* sort.c - a stable merge sort of indices, used only when order is broken. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/sort.h"

static void gather(double *values, const uint32_t *order, size_t count,
                   double *scratch)
{
    for (size_t i = 0; i < count; i++) {
        scratch[i] = values[order[i]];
    }
    memcpy(values, scratch, count * sizeof *values);
}

bool km_track_permute(struct km_track *track, const uint32_t *order,
                      size_t count, struct km_arena *arena)
{
    double *scratch = km_arena_alloc(arena, count * sizeof *scratch);
    uint32_t *attempts = km_arena_alloc(arena, count * sizeof *attempts);
    if (!scratch || !attempts) {
        return false;
    }
    gather(track->step, order, count, scratch);
    gather(track->time_s, order, count, scratch);
    gather(track->value, order, count, scratch);
    for (size_t i = 0; i < count; i++) {
        attempts[i] = track->attempt[order[i]];
    }
    memcpy(track->attempt, attempts, count * sizeof *attempts);
    return true;
}

static bool comes_before(const struct km_track *track, uint32_t a, uint32_t b,
                         bool by_attempt)
{
    if (by_attempt && track->attempt[a] != track->attempt[b]) {
        return track->attempt[a] < track->attempt[b];
    }
    return track->step[a] < track->step[b];
}

static bool in_order(const struct km_track *track, size_t from, size_t to,
                     bool by_attempt)
{
    for (size_t i = from + 1; i < to; i++) {
        if (comes_before(track, (uint32_t)i, (uint32_t)(i - 1), by_attempt)) {
            return false;
        }
    }
    return true;
}

/* Merges order[low, middle) and order[middle, high) into `into`. */
static void merge(const struct km_track *track, const uint32_t *order,
                  size_t low, size_t middle, size_t high, bool by_attempt,
                  uint32_t *into)
{
    size_t a = low, b = middle;
    for (size_t at = low; at < high; at++) {
        bool take_b =
            a >= middle ||
            (b < high && comes_before(track, order[b], order[a], by_attempt));
        into[at] = take_b ? order[b++] : order[a++];
    }
}

/* Sorts order[from, to); `other` is as long. */
static void sort_range(const struct km_track *track, uint32_t *order,
                       uint32_t *other, size_t from, size_t to, bool by_attempt)
{
    for (size_t width = 1; width < to - from; width *= 2) {
        for (size_t low = from; low < to; low += 2 * width) {
            size_t middle = low + width < to ? low + width : to;
            size_t high = low + 2 * width < to ? low + 2 * width : to;
            merge(track, order, low, middle, high, by_attempt, other);
        }
        memcpy(order + from, other + from, (to - from) * sizeof *order);
    }
}

bool km_track_sort(struct km_track *track, struct km_arena *arena)
{
    size_t live = track->count, total = live + track->ghost_count;
    bool live_good = in_order(track, 0, live, false);
    bool ghosts_good = in_order(track, live, total, true);
    if (live_good && ghosts_good) {
        return true;
    }
    uint32_t *order = km_arena_alloc(arena, total * sizeof *order);
    uint32_t *other = km_arena_alloc(arena, total * sizeof *other);
    if (!order || !other) {
        return false;
    }
    for (size_t i = 0; i < total; i++) {
        order[i] = (uint32_t)i;
    }
    if (!live_good) {
        sort_range(track, order, other, 0, live, false);
    }
    if (!ghosts_good) {
        sort_range(track, order, other, live, total, true);
    }
    return km_track_permute(track, order, total, arena);
}
