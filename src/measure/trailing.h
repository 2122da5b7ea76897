/* trailing.h - median and spread of the last values, value by value.
 *
 * Ownership: one struct, no pointers.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_TRAILING_H
#define KM_MEASURE_TRAILING_H

#include <stddef.h>

enum { KM_TRAILING_MAX = 101 };

/* The last `size` values, in order of arrival and of size. */
struct km_trailing {
    double ring[KM_TRAILING_MAX], sorted[KM_TRAILING_MAX];
    size_t size, count, next;
};

void km_trailing_init(struct km_trailing *trailing, size_t size);
void km_trailing_push(struct km_trailing *trailing, double value); /* finite */

/* The middle one of the values (the upper of two); NaN when there is none. */
double km_trailing_median(const struct km_trailing *trailing);

/* 1.4826 median |value - median|. */
double km_trailing_sigma(const struct km_trailing *trailing);

/* The same of all means of `block` neighbours: what such a mean strays by when
 * values depend on those before them. Infinite below two blocks. */
double km_trailing_block_sigma(const struct km_trailing *trailing,
                               size_t block);

#endif
