/* learn.h - what figures of learning speed share.
 *
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_LEARN_H
#define KM_SCORE_LEARN_H

#include "measure/returns.h"
#include "score/input.h"

/* What actual over predicted gain lies between: of the user's finished runs
 * where there are enough, else of a cold start. */
struct km_velocity_band km_velocity_band(const struct km_score_input *input);
const char *km_velocity_rung(const struct km_score_input *input);

/* The posterior over floor and exponent of the fitted curve; false: no
 * improvement in the window. */
bool km_learn_half_life(const struct km_curve_input *curve, double level,
                        struct km_half_life *out);

#endif
