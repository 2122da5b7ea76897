/* compare_scaling.h - speed.scaling: runs that differ in how many accelerators
 * they use, held against each other.
 *
 * Ownership: the card's arena.   Threads: any.
 * Document: docs/metrics.md#speed.scaling */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_COMPARE_SCALING_H
#define KM_SCORE_COMPARE_SCALING_H

#include "score/cohort.h"

/* Over the members in a group (not UINT32_MAX): efficiency at the most
 * accelerators, and from KM_SCALING_COUNTS_MIN numbers of them on what waiting
 * and talking cost and how many are worth having; curves "scaling". Nothing
 * where fewer than two numbers of accelerators with a known throughput occur.
 */
enum km_code km_compare_scaling_add(const struct km_cohort *cohort,
                                    const uint32_t *group,
                                    struct km_scorecard *card,
                                    struct km_err *err);

#endif
