/* outlook.h - forecasts of a run's curves and of its target.
 *
 * Ownership: the input's arena.   Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_OUTLOOK_H
#define KM_SCORE_OUTLOOK_H

#include "measure/forecast.h"
#include "measure/target.h"
#include "score/input.h"

/* Prepares the forecasts of both curves and, with a target, when it is or was
 * reached. Needs fits, rates and horizon. */
enum km_code km_outlook_prepare(struct km_score_input *input,
                                struct km_err *err);

/* Where the curve is first at or below `target` (turned: to be fallen to), by
 * evaluations as they are, by a training curve after averaging into bins. */
struct km_crossing km_outlook_crossing(const struct km_curve_input *curve,
                                       double target);

/* Forecast of a fitted curve in the metric's own direction. */
struct km_estimate km_outlook_at(const struct km_curve_input *curve, double x);

#endif
