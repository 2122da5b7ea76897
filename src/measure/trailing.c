/* trailing.c - a ring, and how many of it are below a floor. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/trailing.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "measure/robust.h"

enum { FEW = 12 };

void km_trailing_init(struct km_trailing *trailing, size_t size)
{
    assert(size > 0 && size <= KM_TRAILING_MAX);
    trailing->size = size;
    trailing->count = trailing->next = trailing->below = 0;
    trailing->floor = -INFINITY;
}

void km_trailing_push(struct km_trailing *t, double value)
{
    if (t->count == t->size) {
        t->below -= t->ring[t->next] < t->floor;
    } else {
        t->count++;
    }
    t->below += value < t->floor;
    t->ring[t->next] = value;
    t->next = t->next + 1 == t->size ? 0 : t->next + 1;
}

static void sort_into(double *sorted, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && sorted[at - 1] > values[i]; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = values[i];
    }
}

double km_trailing_median(const struct km_trailing *t)
{
    double rest[KM_TRAILING_MAX];
    if (t->count == 0) {
        return NAN;
    }
    if (t->count <= FEW) { /* sorting them is quicker than selecting */
        sort_into(rest, t->ring, t->count);
    } else {
        memcpy(rest, t->ring, t->count * sizeof *rest);
        km_select(rest, t->count, t->count / 2);
    }
    return rest[t->count / 2];
}

double km_trailing_floor(const struct km_trailing *t)
{
    return t->below <= t->count / 2 ? t->floor : -(double)INFINITY;
}

void km_trailing_set_floor(struct km_trailing *t, double floor)
{
    t->floor = floor;
    t->below = 0;
    for (size_t i = 0; i < t->count; i++) {
        t->below += t->ring[i] < floor;
    }
}

double km_trailing_sigma(const struct km_trailing *t)
{
    double rest[KM_TRAILING_MAX];
    return KM_MAD_TO_SIGMA *
           km_mad(t->ring, t->count, km_trailing_median(t), rest);
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
