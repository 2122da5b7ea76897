/* smooth.h - a noisy curve made quiet: moving average, LOESS, isotonic.
 *
 * For drawing and for matching levels. What comes out is autocorrelated: no
 * standard error is ever computed from it.
 *
 * x is rising (equal neighbours allowed), all values are finite.
 * Ownership: everything is the caller's.   Threads: any.
 * Document: docs/metrics.md#smoothing */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_SMOOTH_H
#define KM_MEASURE_SMOOTH_H

#include <stdbool.h>
#include <stddef.h>

/* Exponential moving average whose weight halves every `half_life` of x
 * (> 0), divided by the sum of its weights, so that the start is not drawn to
 * zero. With even spacing that is the debiased average m_t / (1 - beta^t).
 * `out` may be `y`. */
void km_smooth_ema(const double *x, const double *y, size_t count,
                   double half_life, double *out);

/* Local lines with tricube weights over the `fraction` (0, 1] nearest points,
 * then `passes` rounds of bisquare weights at 6 median |residual|.
 * Cost: count x fraction x count x (passes + 1). `scratch` has room for
 * 2 x count; `out` is not `y`. Source: Cleveland 1979, J. Am. Stat. Assoc.
 * 74:829 (LOWESS). */
void km_smooth_loess(const double *x, const double *y, size_t count,
                     double fraction, unsigned passes, double *scratch,
                     double *out);

/* The falling (else rising) sequence that is nearest to y in weighted least
 * squares, by pooling adjacent violators; weights > 0, NULL: 1 each. `out` may
 * be `y`; `scratch` has room for 3 x count. Source: Ayer et al. 1955, Ann.
 * Math. Stat. 26:641. */
void km_smooth_isotonic(const double *y, const double *weight, size_t count,
                        bool falling, double *scratch, double *out);

#endif
