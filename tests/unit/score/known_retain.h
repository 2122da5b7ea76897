/* known_retain.h - two lineages in closed form: see known_retain.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_KNOWN_RETAIN_H
#define KM_TESTS_KNOWN_RETAIN_H

#include "score/figure.h"

void known_retain_make(struct km_arena *arena, struct km_scorecard *card);

#endif
