/* known_levers.h - a sweep in closed form: see known_levers.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_KNOWN_LEVERS_H
#define KM_TESTS_KNOWN_LEVERS_H

#include "cohort_build.h"
#include "score/levers.h"

void known_levers_build(struct cohort_build *build);
void known_levers_make(struct km_arena *arena, struct km_scorecard *card);

#endif
