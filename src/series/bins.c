/* bins.c - walks sorted points and a rising edge together: no logarithm a
 * point. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/bins.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

enum { GUESS_MIN = 64 };

void km_bin_merge(struct km_bins *bins, size_t a, const struct km_bins *other,
                  size_t b)
{
    double n = bins->n[a] + other->n[b];
    if (n <= 0) {
        return;
    }
    double share = other->n[b] / n;
    double dx = other->x[b] - bins->x[a], dy = other->y[b] - bins->y[a];
    bins->m2[a] += other->m2[b] + dy * dy * bins->n[a] * share;
    bins->x[a] += dx * share;
    bins->y[a] += dy * share;
    bins->n[a] = n;
}

static void fill_single(struct km_bins *bins, const double *x, const double *y,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bins->x[i] = x[i];
        bins->y[i] = y[i];
        bins->n[i] = 1;
        bins->m2[i] = 0;
    }
    bins->count = count;
}

/* Mean and spread of points [from, to), about the first value, which keeps the
 * sums small. */
static void add_bin(struct km_bins *bins, const double *x, const double *y,
                    size_t from, size_t to)
{
    double sx = 0, sy = 0, syy = 0, x0 = x[from], y0 = y[from];
    for (size_t i = from; i < to; i++) {
        double dy = y[i] - y0;
        sx += x[i] - x0;
        sy += dy;
        syy += dy * dy;
    }
    size_t b = bins->count++;
    double n = (double)(to - from);
    bins->n[b] = n;
    bins->x[b] = x0 + sx / n;
    bins->y[b] = y0 + sy / n;
    bins->m2[b] = fmax(syy - sy * sy / n, 0);
}

void km_bins_fill(struct km_bins *bins, const double *x, const double *y,
                  size_t count)
{
    bins->count = 0;
    if (count <= KM_BINS_MAX) {
        fill_single(bins, x, y, count);
        return;
    }
    assert(x[0] > 0);
    double low = log(x[0]), width = (log(x[count - 1]) - low) / KM_BINS_MAX;
    size_t from = 0;
    for (int b = 0; b < KM_BINS_MAX && from < count; b++) {
        double edge = exp(low + width * (b + 1));
        size_t to = from;
        while (to < count && (b == KM_BINS_MAX - 1 || x[to] < edge)) {
            to++;
        }
        if (to > from) {
            add_bin(bins, x, y, from, to);
        }
        from = to;
    }
}

/* Where it would be if steps were evenly spaced, as they mostly are. */
static size_t guess(const double *x, size_t count, double bound)
{
    double place = (bound - x[0]) / (x[count - 1] - x[0]) * (double)(count - 1);
    return place >= 0 && place < (double)count ? (size_t)place : 0;
}

size_t km_bins_find(const double *x, size_t count, double bound)
{
    size_t low = 0, high = count;
    if (count > GUESS_MIN) { /* few of many points are in the cache */
        size_t at = guess(x, count, bound), reach = 1;
        if (x[at] < bound) {
            low = at + 1;
            while (low < high && high - low > reach && x[low + reach] < bound) {
                low += reach + 1;
                reach *= 2;
            }
            high = high - low > reach ? low + reach : high;
        } else {
            high = at;
            while (high > 0 && high > reach && !(x[high - reach] < bound)) {
                high -= reach;
                reach *= 2;
            }
            low = high > reach ? high - reach : 0;
        }
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x[middle] < bound) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void km_bin_sums_fill(struct km_bin_sums *sums, const double *x,
                      const double *y, size_t count)
{
    km_bin_sums_more(sums, x, y, 0, count);
}

void km_bin_sums_more(struct km_bin_sums *sums, const double *x,
                      const double *y, size_t kept, size_t count)
{
    size_t half = 0;
    for (size_t power = 2; power <= count; power *= 2) {
        half = power / 2;
    }
    if (kept == 0 || half != sums->shift_at) {
        kept = 0;
        sums->shift_at = half;
        sums->shift_x = count ? x[half] : 0;
        sums->shift_y = count ? y[half] : 0;
        sums->sum_x[0] = sums->sum_y[0] = 0;
    }
    sums->count = count;
    sums->points_x = x;
    sums->points_y = y;
    double sx = sums->sum_x[kept], sy = sums->sum_y[kept];
    for (size_t i = kept; i < count; i++) {
        sx += x[i] - sums->shift_x;
        sy += y[i] - sums->shift_y;
        sums->sum_x[i + 1] = sx;
        sums->sum_y[i + 1] = sy;
    }
}

void km_bins_of_sums(struct km_bins *bins, const struct km_bin_sums *sums,
                     size_t from, size_t to)
{
    bins->count = 0;
    const double *x = sums->points_x;
    if (to - from <= KM_BINS_MAX) {
        fill_single(bins, x + from, sums->points_y + from, to - from);
        return;
    }
    assert(x[from] > 0);
    double low = log(x[from]), width = (log(x[to - 1]) - low) / KM_BINS_MAX;
    for (int b = 0; b < KM_BINS_MAX && from < to; b++) {
        double edge = exp(low + width * (b + 1));
        size_t end = b == KM_BINS_MAX - 1
                         ? to
                         : from + km_bins_find(x + from, to - from, edge);
        if (end > from) {
            size_t at = bins->count++;
            double n = (double)(end - from);
            bins->n[at] = n;
            bins->x[at] =
                sums->shift_x + (sums->sum_x[end] - sums->sum_x[from]) / n;
            bins->y[at] =
                sums->shift_y + (sums->sum_y[end] - sums->sum_y[from]) / n;
            bins->m2[at] = end - from == 1 ? 0 : (double)NAN;
        }
        from = end;
    }
}

void km_bin_sums_mean(const struct km_bin_sums *sums, size_t from, size_t to,
                      double *x, double *y)
{
    double n = (double)(to - from);
    *x = sums->shift_x + (sums->sum_x[to] - sums->sum_x[from]) / n;
    *y = sums->shift_y + (sums->sum_y[to] - sums->sum_y[from]) / n;
}
