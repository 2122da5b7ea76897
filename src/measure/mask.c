/* mask.c - a sorted window that stands still while a spike lasts. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/mask.h"

#include <math.h>
#include <string.h>

#include "measure/robust.h"

static const double SIGMAS = 6, SHARE = 0.03, LEAST = 0.1, LONGEST = 0.05;
enum { LONGEST_LEAST = 50 };

/* The last points outside of spikes, in order of arrival and of size. */
struct window {
    double ring[KM_MASK_WINDOW], sorted[KM_MASK_WINDOW];
    size_t count, next;
};

static size_t place_of(const struct window *w, double value)
{
    size_t low = 0, high = w->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (w->sorted[middle] < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void push(struct window *w, double value)
{
    if (w->count == KM_MASK_WINDOW) {
        size_t out = place_of(w, w->ring[w->next]);
        memmove(w->sorted + out, w->sorted + out + 1,
                (w->count - out - 1) * sizeof *w->sorted);
        w->count--;
    }
    size_t in = place_of(w, value);
    memmove(w->sorted + in + 1, w->sorted + in,
            (w->count - in) * sizeof *w->sorted);
    w->sorted[in] = value;
    w->count++;
    w->ring[w->next] = value;
    w->next = (w->next + 1) % KM_MASK_WINDOW;
}

/* The line above which the mean of a block is a spike. */
static double line_of(const struct window *w, double mean)
{
    double median = w->sorted[KM_MASK_WINDOW / 2];
    double least = median + fmin(SHARE * fabs(median), LEAST);
    if (!(mean > least)) { /* most blocks need no MAD */
        return least;
    }
    double rest[KM_MASK_WINDOW];
    double mad = km_mad(w->sorted, KM_MASK_WINDOW, median, rest);
    return fmax(least, median + SIGMAS * KM_MAD_TO_SIGMA * mad /
                                    sqrt((double)KM_MASK_BLOCK));
}

static double block_mean(const double *y)
{
    double sum = 0;
    for (int i = 0; i < KM_MASK_BLOCK; i++) {
        sum += y[i];
    }
    return sum / KM_MASK_BLOCK;
}

/* End of the spike that begins at `from`: the first block below the line. */
static size_t spike_end(const double *y, size_t count, size_t from, double line)
{
    size_t end = from;
    while (end + KM_MASK_BLOCK <= count && block_mean(y + end) > line) {
        end++;
    }
    return end + KM_MASK_BLOCK <= count ? end : count;
}

size_t km_mask_spikes(const double *y, size_t count, bool *keep)
{
    struct window w = {.count = 0};
    size_t masked = 0, i = 0;
    memset(keep, true, count * sizeof *keep);
    while (i < count) {
        if (w.count == KM_MASK_WINDOW && i + KM_MASK_BLOCK <= count) {
            double mean = block_mean(y + i), line = line_of(&w, mean);
            size_t end = mean > line ? spike_end(y, count, i, line) : i;
            double longest = fmax(LONGEST * (double)i, LONGEST_LEAST);
            if (end > i && (double)(end - i) <= longest) {
                memset(keep + i, false, (end - i) * sizeof *keep);
                masked += end - i;
                i = end;
                continue;
            }
        }
        push(&w, y[i++]);
    }
    return masked;
}
