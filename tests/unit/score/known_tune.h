/* known_tune.h - tuned runs in closed form: see known_tune.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_KNOWN_TUNE_H
#define KM_TESTS_KNOWN_TUNE_H

#include "cohort_build.h"
#include "score/tuning.h"

/* b after a: 4 (x/200)^-0.5; a, and b from scratch: 4 (x/600)^-0.5; a base
 * line: 4 (x/400)^-0.5. A step takes 1000 tokens. */
void known_tune_build(struct cohort_build *build, struct km_tuning *tuning);

/* Three stages, 1 + 3 exp(-x/tau) with tau 100, 200 and 400 steps. */
void known_stages_build(struct cohort_build *build, struct km_tuning *tuning);

void known_tune_make(struct km_arena *arena, struct km_scorecard *card);

#endif
