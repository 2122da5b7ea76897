/* bins.c - walks sorted points and a rising edge together: no logarithm a
 * point. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/bins.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

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
