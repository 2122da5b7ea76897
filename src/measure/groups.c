/* groups.c - sorted keys, found by halving. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/groups.h"

static void swap(double *value, double *weight, size_t a, size_t b)
{
    double v = value[a];
    value[a] = value[b];
    value[b] = v;
    if (weight) {
        double w = weight[a];
        weight[a] = weight[b];
        weight[b] = w;
    }
}

static void sift(double *value, double *weight, size_t root, size_t count)
{
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && value[child + 1] > value[child]) {
            child++;
        }
        if (!(value[child] > value[root])) {
            return;
        }
        swap(value, weight, root, child);
        root = child;
    }
}

void km_sort_pairs(double *value, double *weight, size_t count)
{
    for (size_t root = count / 2; root-- > 0;) {
        sift(value, weight, root, count);
    }
    for (size_t end = count; end-- > 1;) {
        swap(value, weight, 0, end);
        sift(value, weight, 0, end);
    }
}

size_t km_groups_keys(const unsigned *group, size_t count, double *keys)
{
    for (size_t i = 0; i < count; i++) {
        keys[i] = group[i];
    }
    km_sort_pairs(keys, NULL, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || keys[i] > keys[kept - 1]) {
            keys[kept++] = keys[i];
        }
    }
    return kept;
}

size_t km_groups_find(const double *keys, size_t count, unsigned group)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (keys[middle] < group) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
