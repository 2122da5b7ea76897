/* curve_input.h - one curve of a run: its points, without spikes, and its fit.
 *
 * Ownership: the memory's and the input's arena.   Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_CURVE_INPUT_H
#define KM_SCORE_CURVE_INPUT_H

#include "score/input.h"
#include "score/memory.h"

/* Takes the points of a track (NULL: the run has none) up to now. */
enum km_code km_curve_open(struct km_memory *memory,
                           struct km_curve_memory *kept,
                           const struct km_track *track, double warmup_end,
                           struct km_curve_input *curve, struct km_err *err);

/* What it ended in: a noisy curve in the mean of its last 3 %, evaluations in
 * the last one; turned as y is. NaN without points. */
double km_curve_last(const struct km_curve_input *curve);

/* Chooses its window and fits it; curve->problem says why it is not fitted. */
enum km_code km_curve_fit(struct km_score_input *input,
                          struct km_curve_input *curve, struct km_err *err);

#endif
