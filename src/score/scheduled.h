/* scheduled.h - what a moving learning rate does to the slope of a curve.
 *
 * A power law of the step knows nothing of the rate: where the rate moved
 * inside the window of the fit, its slope is not what goes on. Where the plan
 * is known up to now, the annealing law (anneal.h) is fitted in its place:
 * v = (y(0.99 x) - y(x)) / 0.01 x by y = E + A g(S1) - C D.
 * Threads: one at a time.   Document: docs/metrics.md#learn.velocity */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_SCHEDULED_H
#define KM_SCORE_SCHEDULED_H

#include "score/input.h"

/* Fills input->rate_moves and input->scheduled_slope, once plan and fits are
 * there. */
void km_scheduled_prepare(struct km_score_input *input);

#endif
