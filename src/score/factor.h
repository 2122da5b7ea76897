/* factor.h - the settings in which runs differ, as levels and blocks.
 *
 * A factor is one setting, or several that always change together: then nobody
 * can tell which of them did it. Numbers with many values are cut into thirds.
 * Blocks are the runs whose other settings are equal.
 *
 *     run        1      2      3      4
 *     optimizer  adamw  adamw  muon   muon     factor, 2 levels
 *     width      512    768    512    768      factor, 2 levels
 *     block of optimizer: {1, 3}, {2, 4}
 *
 * Ownership: the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_FACTOR_H
#define KM_SCORE_FACTOR_H

#include "measure/lever.h"
#include "score/cohort.h"

enum { KM_FACTORS_MAX = 256, KM_FACTOR_LEVELS_MAX = 12 };

struct km_factor {
    const char *key;  /* the first of those that change together */
    const char *also; /* the others, "a, b"; "" */
    size_t also_count;
    bool binned; /* numbers in thirds */
    size_t level_count;
    const char *names[KM_FACTOR_LEVELS_MAX];
    size_t counts[KM_FACTOR_LEVELS_MAX];
    uint32_t *level; /* of each run */
    uint32_t *block; /* of each run */
    size_t block_count;
};

struct km_factors {
    struct km_factor *rows;
    size_t count;
    const char *left_out; /* keys with a value of their own in every run; "" */
};

/* `members` are `count` rows of a cohort, all about one metric. Settings that
 * name runs, seeds, places and times are no factors. */
enum km_code km_factors_find(const struct km_member *const *members,
                             size_t count, struct km_arena *arena,
                             struct km_factors *factors, struct km_err *err);

#endif
