/* groups.h - which runs are of one configuration, in n log n and no memory.
 *
 * Ownership: arrays are the caller's.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_GROUPS_H
#define KM_MEASURE_GROUPS_H

#include <stddef.h>

/* Sorts by value, weights along with them; `weight` may be NULL. No NaN. */
void km_sort_pairs(double *value, double *weight, size_t count);

/* Fills `keys` (room for `count`) with the different groups, rising; returns
 * how many there are. */
size_t km_groups_keys(const unsigned *group, size_t count, double *keys);

/* Where `group` stands in `keys`; it must be there. */
size_t km_groups_find(const double *keys, size_t count, unsigned group);

#endif
