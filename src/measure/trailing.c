/* trailing.c - a ring and the same values sorted. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/trailing.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "measure/robust.h"

void km_trailing_init(struct km_trailing *trailing, size_t size)
{
    assert(size > 0 && size <= KM_TRAILING_MAX);
    trailing->size = size;
    trailing->count = trailing->next = 0;
}

static size_t place_of(const struct km_trailing *t, double value)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->sorted[middle] < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void km_trailing_push(struct km_trailing *t, double value)
{
    if (t->count == t->size) {
        size_t out = place_of(t, t->ring[t->next]);
        memmove(t->sorted + out, t->sorted + out + 1,
                (t->count - out - 1) * sizeof *t->sorted);
        t->count--;
    }
    size_t in = place_of(t, value);
    memmove(t->sorted + in + 1, t->sorted + in,
            (t->count - in) * sizeof *t->sorted);
    t->sorted[in] = value;
    t->count++;
    t->ring[t->next] = value;
    t->next = (t->next + 1) % t->size;
}

double km_trailing_median(const struct km_trailing *t)
{
    return t->count ? t->sorted[t->count / 2] : (double)NAN;
}

double km_trailing_sigma(const struct km_trailing *t)
{
    double rest[KM_TRAILING_MAX];
    return KM_MAD_TO_SIGMA *
           km_mad(t->sorted, t->count, km_trailing_median(t), rest);
}

double km_trailing_block_sigma(const struct km_trailing *t, size_t block)
{
    double means[KM_TRAILING_MAX], rest[KM_TRAILING_MAX];
    if (t->count < 2 * block) {
        return INFINITY;
    }
    size_t first = t->count < t->size ? 0 : t->next, n = t->count - block + 1;
    for (size_t i = 0; i < n; i++) {
        means[i] = 0;
        for (size_t k = 0; k < block; k++) {
            means[i] += t->ring[(first + i + k) % t->size] / (double)block;
        }
    }
    double centre = km_median(means, n);
    return KM_MAD_TO_SIGMA * km_mad(means, n, centre, rest);
}
