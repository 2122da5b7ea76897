/* stretches.c - blocks of neighbouring stretches. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/stretches.h"

enum { BLOCK = KM_STRETCHES_BLOCK };

static void fill_block(struct km_stretch_block *block, const double *steps,
                       const double *seconds)
{
    *block = (struct km_stretch_block){.longest = seconds[0]};
    for (size_t i = 0; i < BLOCK; i++) {
        double pace = seconds[i] / steps[i];
        block->steps += steps[i];
        block->seconds += seconds[i];
        block->longest =
            seconds[i] > block->longest ? seconds[i] : block->longest;
        block->slowest = pace > block->slowest ? pace : block->slowest;
    }
}

void km_stretches_fill(struct km_stretches *s, const double *steps,
                       const double *seconds, size_t kept, size_t count)
{
    size_t known = kept / BLOCK;
    s->steps = steps;
    s->seconds = seconds;
    s->count = count;
    known = known < s->block_count ? known : s->block_count;
    s->block_count = count / BLOCK;
    for (size_t b = known; b < s->block_count; b++) {
        fill_block(&s->blocks[b], steps + b * BLOCK, seconds + b * BLOCK);
    }
}

const struct km_stretch_block *km_stretches_block(const struct km_stretches *s,
                                                  size_t from, size_t to)
{
    size_t b = from / BLOCK;
    return from % BLOCK == 0 && b < s->block_count && from + BLOCK <= to
               ? &s->blocks[b]
               : NULL;
}
