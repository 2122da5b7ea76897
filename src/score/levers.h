/* levers.h - which settings moved learning, over the user's own runs.
 *
 * Response: ln of what it took a run to reach a loss that all of them reached,
 * on one axis. A factor 1.2 means: a fifth faster. Runs are observed, not
 * assigned, so every answer says how well they are matched.
 * Ownership: the card's arena.   Threads: any.
 * Document: docs/metrics.md#levers.importance */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_LEVERS_H
#define KM_SCORE_LEVERS_H

#include "score/cohort.h"

struct km_lever_options {
    double target;   /* value to reach, as people say it; NaN: chosen */
    int axis;        /* enum km_axis; -1: the best that all runs have */
    const char *key; /* glob over keys; NULL: all */
};

/* Puts levers.importance, levers.effect, headline and context on a card whose
 * arena is set. */
enum km_code km_levers_add(const struct km_cohort *cohort,
                           const struct km_lever_options *options,
                           struct km_scorecard *card, struct km_err *err);

/* levers.frontier: quality at the end against what it cost, one place a
 * configuration; curves "frontier". */
enum km_code km_frontier_add(const struct km_cohort *cohort,
                             struct km_scorecard *card, struct km_err *err);

#endif
