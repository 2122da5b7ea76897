/* known_profile.h - two arms over two workloads, of docs/metrics.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_KNOWN_PROFILE_H
#define KM_TESTS_KNOWN_PROFILE_H

#include "score/figure.h"

void known_profile_make(struct km_arena *arena, struct km_scorecard *card);

#endif
