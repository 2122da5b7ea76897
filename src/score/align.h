/* align.h - the same unit for the same figure of several runs.
 *
 * Threads: one at a time for the cards at hand. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_ALIGN_H
#define KM_SCORE_ALIGN_H

#include "score/figure.h"

/* Values of later cards are brought to the unit that the first card with such
 * a value has, where only metric prefixes differ. */
void km_scorecards_align(struct km_scorecard *cards, size_t count);

/* How many `to` one `from` is: 0.001 for "nat/Mtok" and "nat/ktok"; NaN when
 * more than a metric prefix differs. */
double km_unit_ratio(const char *from, const char *to);

#endif
