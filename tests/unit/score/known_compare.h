/* known_compare.h - two arms in closed form: see known_compare.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_KNOWN_COMPARE_H
#define KM_TESTS_KNOWN_COMPARE_H

#include "cohort_build.h"
#include "score/compare.h"

enum { KNOWN_SEEDS = 4 };

/* `seeds` runs each of muon (group 0) and adamw (group 1). */
void known_compare_build(struct cohort_build *build, size_t seeds,
                         uint32_t *group);
void known_compare_make(struct km_arena *arena, struct km_scorecard *card);

/* Compares groups 0 and 1 of a cohort made by hand. */
enum km_code known_compare_run(struct cohort_build *build,
                               const uint32_t *group,
                               const struct km_compare_options *options,
                               struct km_scorecard *card);

#endif
