/* mask.c - a window that stands still while a spike lasts. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/mask.h"

#include <math.h>
#include <string.h>

#include "measure/robust.h"

static const double SIGMAS = 6, SHARE = 0.03, LEAST = 0.1, LONGEST = 0.05,
                    SLACK = 0.1;
enum { LONGEST_LEAST = 50, MIDDLE = KM_MASK_WINDOW / 2 };

/* The last points outside of spikes. At most MIDDLE of them are below `low`
 * while `below` says so, and then the median is not below it either: most
 * blocks are cleared without looking for the median. */
struct window {
    double ring[KM_MASK_WINDOW];
    size_t count, next, below;
    double low;
};

static void push(struct window *w, double value)
{
    if (w->count == KM_MASK_WINDOW) {
        w->below -= w->ring[w->next] < w->low;
    } else {
        w->count++;
    }
    w->below += value < w->low;
    w->ring[w->next] = value;
    w->next = (w->next + 1) % KM_MASK_WINDOW;
}

double km_mask_least(double median)
{
    return median + fmin(SHARE * fabs(median), LEAST);
}

double km_mask_line(double median, double sigma)
{
    return fmax(km_mask_least(median),
                median + SIGMAS * sigma / sqrt((double)KM_MASK_BLOCK));
}

size_t km_mask_longest(size_t so_far)
{
    return (size_t)fmax(LONGEST * (double)so_far, LONGEST_LEAST);
}

/* The line above which the mean of a block is a spike. */
static double line_of(struct window *w, double mean)
{
    if (w->below <= MIDDLE && !(mean > km_mask_least(w->low))) {
        return mean;
    }
    double rest[KM_MASK_WINDOW];
    memcpy(rest, w->ring, sizeof rest);
    km_select(rest, KM_MASK_WINDOW, MIDDLE);
    double median = rest[MIDDLE];
    double least = km_mask_least(median);
    w->low = median - SLACK * (least - median);
    w->below = 0;
    for (size_t i = 0; i < KM_MASK_WINDOW; i++) {
        w->below += w->ring[i] < w->low;
    }
    if (!(mean > least)) { /* most blocks need no MAD */
        return least;
    }
    double mad = km_mad(w->ring, KM_MASK_WINDOW, median, rest);
    return km_mask_line(median, KM_MAD_TO_SIGMA * mad);
}

/* The curve as `count` means of `each` neighbours; the last may be of fewer. */
struct curve {
    const double *y;
    size_t points, each, count;
};

static double mean_of(const struct curve *c, size_t from, size_t to)
{
    size_t first = from * c->each;
    size_t last = to * c->each < c->points ? to * c->each : c->points;
    double sum = 0;
    for (size_t i = first; i < last; i++) {
        sum += c->y[i];
    }
    return sum / (double)(last - first);
}

static double block_mean(const struct curve *c, size_t from)
{
    return mean_of(c, from, from + KM_MASK_BLOCK);
}

/* End of the spike that begins at `from`: the first block below the line. */
static size_t spike_end(const struct curve *c, size_t from, double line)
{
    size_t end = from;
    while (end + KM_MASK_BLOCK <= c->count && block_mean(c, end) > line) {
        end++;
    }
    return end + KM_MASK_BLOCK <= c->count ? end : c->count;
}

/* Masks [from, to) of the curve; returns how many points those are. */
static size_t leave_out(const struct curve *c, size_t from, size_t to,
                        bool *keep)
{
    size_t first = from * c->each;
    size_t last = to * c->each < c->points ? to * c->each : c->points;
    memset(keep + first, false, (last - first) * sizeof *keep);
    return last - first;
}

size_t km_mask_spikes(const double *y, size_t count, bool *keep)
{
    size_t each = (count + KM_MASK_POINTS_MAX - 1) / KM_MASK_POINTS_MAX;
    each = each ? each : 1;
    const struct curve c = {y, count, each, (count + each - 1) / each};
    struct window w = {.low = INFINITY};
    size_t masked = 0, i = 0;
    memset(keep, true, count * sizeof *keep);
    while (i < c.count) {
        if (w.count == KM_MASK_WINDOW && i + KM_MASK_BLOCK <= c.count) {
            double mean = block_mean(&c, i), line = line_of(&w, mean);
            size_t end = mean > line ? spike_end(&c, i, line) : i;
            if (end > i && end - i <= km_mask_longest(i)) {
                masked += leave_out(&c, i, end, keep);
                i = end;
                continue;
            }
        }
        push(&w, mean_of(&c, i, i + 1));
        i++;
    }
    return masked;
}

size_t km_mask_apply(const double *x, const double *y, size_t count,
                     const bool *keep, double *kept_x, double *kept_y)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (keep[i]) {
            kept_x[kept] = x[i];
            kept_y[kept++] = y[i];
        }
    }
    return kept;
}
