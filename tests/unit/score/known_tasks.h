/* known_tasks.h - arms over tasks in closed form: see known_tasks.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_KNOWN_TASKS_H
#define KM_TESTS_KNOWN_TASKS_H

#include "score/figure.h"

void known_tasks_make(struct km_arena *arena, struct km_scorecard *card);

#endif
