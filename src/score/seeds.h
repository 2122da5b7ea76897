/* seeds.h - how much seeds differ, and how many a comparison needs.
 *
 * Ownership: the card's arena.   Threads: any.
 * Document: docs/metrics.md#compare.seeds */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_SEEDS_H
#define KM_SCORE_SEEDS_H

#include "score/compare.h"

struct km_seeds_options {
    double delta; /* difference to be found; NaN: 0.1 % of the value */
    double power; /* 0.8 */
};

/* compare.seeds: one row a configuration with two seeds or more, the pooled
 * spread, and the seeds an arm that find delta. */
enum km_code km_seeds_add(const struct km_cohort *cohort,
                          const struct km_seeds_options *options,
                          struct km_scorecard *card, struct km_err *err);

#endif
