/* mask.c - a window that stands still while a spike lasts. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/mask.h"

#include <math.h>
#include <string.h>

static const double SIGMAS = 6, SHARE = 0.03, LEAST = 0.1, LONGEST = 0.05,
                    SLACK = 0.1;
enum { LONGEST_LEAST = 50 };

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

bool km_mask_clears(const struct km_trailing *past, double mean)
{
    return !(mean > km_mask_least(km_trailing_floor(past)));
}

double km_mask_median(struct km_trailing *past)
{
    double median = km_trailing_median(past);
    km_trailing_set_floor(past,
                          median - SLACK * (km_mask_least(median) - median));
    return median;
}

/* The line above which the mean of a block is a spike; most blocks are cleared
 * without looking for the median, others without the noise. */
static double line_of(struct km_trailing *past, double mean)
{
    if (km_mask_clears(past, mean)) {
        return mean;
    }
    double median = km_mask_median(past), least = km_mask_least(median);
    return mean > least ? km_mask_line(median, km_trailing_sigma(past)) : least;
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

/* End of the spike that begins at `from`: the first block below the line, or
 * where it has become too long for one. */
static size_t spike_end(const struct curve *c, size_t from, double line)
{
    size_t end = from, longest = km_mask_longest(from);
    while (end + KM_MASK_BLOCK <= c->count && end - from <= longest &&
           block_mean(c, end) > line) {
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

/* Judges the point at state->next and goes on behind it or behind its spike;
 * returns the end of what that rests on. */
static size_t advance(const struct curve *c, struct km_mask *state, bool *keep)
{
    size_t i = state->next, rests_on = i + KM_MASK_BLOCK;
    if (state->past.count == KM_MASK_WINDOW && rests_on <= c->count) {
        double mean = block_mean(c, i), line = line_of(&state->past, mean);
        size_t end = mean > line ? spike_end(c, i, line) : i;
        rests_on = end + KM_MASK_BLOCK;
        if (end > i && end - i <= km_mask_longest(i)) {
            state->masked += leave_out(c, i, end, keep);
            state->next = end;
            return rests_on;
        }
    }
    km_trailing_push(&state->past, mean_of(c, i, i + 1));
    state->next++;
    return rests_on;
}

/* How many neighbours are judged together: a power of two, so that it changes
 * when a curve has doubled. */
static size_t each_of(size_t count)
{
    size_t each = 1;
    while (count / each > KM_MASK_POINTS_MAX) {
        each *= 2;
    }
    return each;
}

void km_mask_begin(struct km_mask *mask)
{
    *mask = (struct km_mask){.each = 1};
    km_trailing_init(&mask->past, KM_MASK_WINDOW);
}

size_t km_mask_more(struct km_mask *mask, const double *y, size_t count,
                    bool *keep)
{
    size_t each = each_of(count);
    if (each != mask->each) {
        km_mask_begin(mask);
        mask->each = each;
    }
    const struct curve c = {y, count, each, (count + each - 1) / each};
    size_t settled = km_mask_settled(mask), whole = count / each;
    memset(keep + settled, true, (count - settled) * sizeof *keep);
    struct km_mask now = *mask;
    bool firm = true; /* nothing rested on points yet to come */
    while (now.next < c.count) {
        size_t reach = km_mask_longest(now.next) + 2 * KM_MASK_BLOCK;
        if (firm && now.next + reach > whole) {
            *mask = now;
        }
        firm = advance(&c, &now, keep) <= whole && firm;
    }
    if (firm) {
        *mask = now;
    }
    return now.masked;
}

size_t km_mask_settled(const struct km_mask *mask)
{
    return mask->next * mask->each;
}

size_t km_mask_spikes(const double *y, size_t count, bool *keep)
{
    struct km_mask mask;
    km_mask_begin(&mask);
    return km_mask_more(&mask, y, count, keep);
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
