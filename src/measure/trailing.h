/* trailing.h - median and spread of the last values, value by value.
 *
 * A push costs a few operations; the median is looked for when it is asked. A
 * caller that asks at every value sets a floor a little below the median: as
 * long as at most half of the values are below it, the median is not, and most
 * questions are answered by that.
 * Ownership: one struct, no pointers.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_TRAILING_H
#define KM_MEASURE_TRAILING_H

#include <stddef.h>

enum { KM_TRAILING_MAX = 101 };

struct km_trailing {
    double ring[KM_TRAILING_MAX]; /* the last `size` values */
    size_t size, count, next;
    double floor;
    size_t below; /* values below the floor */
};

void km_trailing_init(struct km_trailing *trailing, size_t size);
void km_trailing_push(struct km_trailing *trailing, double value); /* finite */

/* The middle one of the values (the upper of two); NaN when there is none. */
double km_trailing_median(const struct km_trailing *trailing);

/* Never above the median; -INFINITY when nothing is known. */
double km_trailing_floor(const struct km_trailing *trailing);
void km_trailing_set_floor(struct km_trailing *trailing, double floor);

/* 1.4826 median |value - median|. */
double km_trailing_sigma(const struct km_trailing *trailing);

/* The same of all means of `block` neighbours: what such a mean strays by when
 * values depend on those before them. Infinite below two blocks. */
double km_trailing_block_sigma(const struct km_trailing *trailing,
                               size_t block);

#endif
