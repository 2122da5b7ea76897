/* stretches.h - sums of many stretches of steps, without visiting all of them.
 *
 * A stretch is `steps` > 0 steps that took `seconds` > 0. Of every
 * KM_STRETCHES_BLOCK neighbours the sums and the slowest are known, so that a
 * caller who treats slow ones apart visits only blocks that hold one. More
 * stretches add blocks and change none.
 * Ownership: everything is the caller's.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_STRETCHES_H
#define KM_MEASURE_STRETCHES_H

#include <stddef.h>

enum { KM_STRETCHES_BLOCK = 256 };

struct km_stretch_block {
    double steps, seconds; /* sums */
    double longest;        /* seconds of one stretch */
    double slowest;        /* seconds a step in one stretch */
};

struct km_stretches {
    const double *steps, *seconds;
    size_t count;
    struct km_stretch_block *blocks; /* of the first stretches; NULL: none */
    size_t block_count;
};

/* Takes up `count` stretches, of which the first `kept` are what they were when
 * they were taken up before. `blocks` has room for count / KM_STRETCHES_BLOCK,
 * and holds those of before. */
void km_stretches_fill(struct km_stretches *stretches, const double *steps,
                       const double *seconds, size_t kept, size_t count);

/* The block of [from, to) that begins at `from`; NULL: there is no whole one,
 * visit the stretch itself. */
const struct km_stretch_block *
km_stretches_block(const struct km_stretches *stretches, size_t from,
                   size_t to);

#endif
