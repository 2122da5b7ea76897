/* speed.h - what figures of speed share.
 *
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_SPEED_H
#define KM_SCORE_SPEED_H

#include "score/input.h"

/* The interval of a rate that is in proportion to the throughput, about
 * result->value; none where its error is not known. */
void km_speed_interval(const struct km_throughput *speed, double level,
                       struct km_figure_result *result);

/* Was the run evaluated at a step in [from, to], beside its training? */
bool km_evaluated_within(const struct km_score_input *input, double from,
                         double to);

/* Was a checkpoint written at a step in [from, to]? */
bool km_saved_within(const struct km_score_input *input, double from,
                     double to);

/* Checkpoints up to a step, inclusive. */
size_t km_checkpoints_until(const struct km_score_input *input, double step);

#endif
