/* known_speed.h - runs of which the speed is known, of docs/metrics.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_KNOWN_SPEED_H
#define KM_TESTS_KNOWN_SPEED_H

#include "score/figure.h"

void known_speed_make(struct km_arena *arena, struct km_scorecard *card);
void known_ranks_make(struct km_arena *arena, struct km_scorecard *card);
void known_waits_make(struct km_arena *arena, struct km_scorecard *card);

#endif
