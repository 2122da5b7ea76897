/* halving.h - which of the runs that are under way to stop.
 *
 * Successive halving by forecast: of the live runs of one metric the best 1/eta
 * go on; another is stopped only when its forecast interval leaves it less than
 * `risk` to end as the best. One run in twenty is never stopped, so that the
 * advice can be checked against what would have happened.
 * Ownership: the card's arena.   Threads: any.
 * Document: docs/metrics.md#halving.advice */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_HALVING_H
#define KM_SCORE_HALVING_H

#include "score/scorecard.h"

enum { KM_HALVING_RUNS_MAX = 256, KM_HALVING_GROUPS_MIN = 9 };

struct km_halving_options {
    double eta;    /* > 1: one in eta goes on */
    double margin; /* how much better than the best counts, in the unit */
    double risk;   /* of stopping the best */
};

/* `cards` are scorecards of the runs, in any state; those that are not under
 * way or have no forecast are left out and counted. */
enum km_code km_halving_add(const struct km_scorecard *cards, size_t count,
                            const struct km_halving_options *options,
                            struct km_scorecard *card, struct km_err *err);

#endif
