/* outlook.h - forecasts of a run's curves and of its target.
 *
 * Ownership: the input's arena.   Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_OUTLOOK_H
#define KM_SCORE_OUTLOOK_H

#include "measure/target.h"
#include "score/input.h"
#include "score/path.h"
#include "score/path_draw.h"

/* Prepares the forecasts of both curves and, with a target, when it is or was
 * reached. Needs fits, rates and horizon. */
enum km_code km_outlook_prepare(struct km_store *store,
                                struct km_score_input *input,
                                struct km_err *err);

/* Where the curve is first at or below `target` (turned: to be fallen to), by
 * evaluations as they are, by a training curve after averaging into bins. */
struct km_crossing km_outlook_crossing(const struct km_curve_input *curve,
                                       double target);

/* Training time that had been used up at a step, seconds; NaN without a
 * clock. */
double km_outlook_time(const struct km_score_input *input, double step);

/* Forecast of a curve with a path in the metric's own direction; NaN beyond the
 * path. */
struct km_estimate km_outlook_at(const struct km_curve_input *curve, double x);
/* The same as charts draw it, with the band in which half of the truths lie. */
struct km_estimate km_outlook_drawn(const struct km_curve_input *curve,
                                    const struct km_path_drawn *drawn, double x,
                                    struct km_estimate *inner);

/* Does the target lie below what the curve's fits can come to while nothing is
 * known to change? `floor`: that, turned. */
bool km_outlook_never(const struct km_curve_input *curve, double target,
                      double *floor);

#endif
