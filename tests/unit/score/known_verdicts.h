/* known_verdicts.h - runs with a planted fault each, of docs/metrics.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_KNOWN_VERDICTS_H
#define KM_TESTS_KNOWN_VERDICTS_H

#include "score/figure.h"

void known_faults_make(struct km_arena *arena, struct km_scorecard *card);
void known_turned_make(struct km_arena *arena, struct km_scorecard *card);
void known_epochs_make(struct km_arena *arena, struct km_scorecard *card);
void known_flat_make(struct km_arena *arena, struct km_scorecard *card);
void known_short_make(struct km_arena *arena, struct km_scorecard *card);

#endif
