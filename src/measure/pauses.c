/* pauses.c - a union of intervals. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/pauses.h"

#include <math.h>
#include <stdlib.h>

static int by_start(const void *a, const void *b)
{
    const struct km_pause *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

size_t km_pauses_join(struct km_pause *pauses, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(pauses[i].from) && isfinite(pauses[i].to) &&
            pauses[i].from < pauses[i].to) {
            pauses[kept++] = pauses[i];
        }
    }
    if (kept == 0) {
        return 0;
    }
    qsort(pauses, kept, sizeof *pauses, by_start);
    size_t last = 0;
    for (size_t i = 1; i < kept; i++) {
        if (pauses[i].from > pauses[last].to) {
            pauses[++last] = pauses[i];
        } else {
            pauses[last].to = fmax(pauses[last].to, pauses[i].to);
        }
    }
    return last + 1;
}

/* The first that ends after `time`; `count` when none does. */
static size_t find_after(const struct km_pause *pauses, size_t count,
                         double time)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pauses[middle].to > time) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

double km_pauses_within(const struct km_pause *pauses, size_t count,
                        double from, double to)
{
    double seconds = 0;
    for (size_t i = find_after(pauses, count, from);
         i < count && pauses[i].from < to; i++) {
        seconds += fmin(pauses[i].to, to) - fmax(pauses[i].from, from);
    }
    return fmax(seconds, 0);
}

bool km_pauses_surround(const struct km_pause *pauses, size_t count,
                        double from, double to)
{
    size_t i = find_after(pauses, count, to);
    return i < count && pauses[i].from < from;
}
