/* known_scaling.h - runs on 1 to 32 accelerators: see known_scaling.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_KNOWN_SCALING_H
#define KM_TESTS_KNOWN_SCALING_H

#include "cohort_build.h"
#include "score/figure.h"

/* The first `numbers` of 1, 2, 4, 8, 16, 32 accelerators, `each` runs of each;
 * group[i] = 0. */
void known_scaling_build(struct cohort_build *build, size_t numbers,
                         size_t each, uint32_t *group);
void known_scaling_make(struct km_arena *arena, struct km_scorecard *card);

#endif
