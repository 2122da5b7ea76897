/* compare_pair.h - two single runs held against each other, as these runs.
 *
 * What a difference between two runs says of their configurations is decided
 * over seeds (compare.h). But two runs that saw the same batches went through
 * the same noise, so that which of the two is ahead is known very soon.
 *
 * Ownership: the card's arena.   Threads: any, one arena a call.
 * Document: docs/metrics.md#compare.pair */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_COMPARE_PAIR_H
#define KM_SCORE_COMPARE_PAIR_H

#include "score/cohort.h"

/* Adds compare.pair, NOT_APPLICABLE when the runs do not say that they saw the
 * same batches (data_order_id). `roles` may be NULL. */
enum km_code km_compare_pair_add(struct km_store *store,
                                 const struct km_role_table *roles,
                                 const struct km_member *a,
                                 const struct km_member *b,
                                 struct km_scorecard *card, struct km_err *err);

/* The same from the differences themselves (A less B, to be lowered), at
 * rising steps. */
enum km_code km_compare_pair_of(const struct km_member *a,
                                const struct km_member *b, const double *step,
                                const double *difference, size_t count,
                                struct km_scorecard *card, struct km_err *err);

#endif
