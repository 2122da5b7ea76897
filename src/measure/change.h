/* change.h - where a series changes its level, afterwards and live.
 *
 * Afterwards: E-divisive (Matteson and James 2014, arXiv:1306.4933) with means
 * and Welch's t-test in place of permutations, as performance monitoring uses
 * it (Fleming et al. 2023, arXiv:2301.03034): deterministic. The place is the
 * maximum over t and k of
 *
 *     Q = t (k - t) / k x E,   E = 2 A / (t (k - t)) - 2 B / (t (t - 1))
 *                                  - 2 C / ((k - t) (k - t - 1))
 *
 * with A, B, C the sums of |x_i - x_j| over pairs across t, before t, and from
 * t to k (the exponent is 1). Splits that a lenient test accepts are collected,
 * then the least certain are taken back until each stands between its
 * neighbours at p_max and by `difference_min`. One test's p is not corrected
 * for the choice of its place.
 *
 * Live: a two-sided CUSUM (Page 1954) whose whole state is its struct.
 * Threads: any.   Document: docs/metrics.md#speed.step_time */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_CHANGE_H
#define KM_MEASURE_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KM_CHANGE_VALUES_MAX = 4096, KM_CHANGE_SEGMENTS_MAX = 64 };

struct km_change_options {
    double p_max;          /* of a change that stands: 0.001 */
    double p_weak;         /* of one that is looked at: 0.01 */
    double difference_min; /* of means, in the unit of the values: 0.05 */
    size_t segment_min;    /* values on each side, at least 2: 5 */
    size_t window;         /* values looked at together; 0: all */
};
void km_change_options_init(struct km_change_options *options);

struct km_change {
    size_t index;         /* first value of the new level */
    double before, after; /* means of the stretches next to it */
    double p;             /* Welch's t-test between them */
};

/* The best split of values into [0, *place) and [*place, *end): returns Q, or
 * NaN below 2 x segment_min values. O(count^2); `scratch` has room for
 * 2 x (count + 1). */
double km_change_split(const double *values, size_t count, size_t segment_min,
                       double *scratch, size_t *place, size_t *end);

/* Fills `changes` (room for KM_CHANGE_SEGMENTS_MAX) by rising index and returns
 * how many. Values are finite; at most KM_CHANGE_VALUES_MAX without a window.
 * `scratch` has room for 2 x (count + 1). */
size_t km_change_find(const double *values, size_t count,
                      const struct km_change_options *options, double *scratch,
                      struct km_change *changes);

/* z = (x - centre) / scale; S = max(0, S + |z| - k) on each side; an alarm
 * where S > h, after which both sums start anew. */
struct km_cusum {
    double centre, scale; /* median and 1.4826 MAD of a quiet stretch */
    double k, h;          /* 0.5, 5 */
    double up, down;
    uint64_t seen;                 /* values */
    uint64_t since_up, since_down; /* values since that sum left 0 */
};
void km_cusum_init(struct km_cusum *cusum, double centre, double scale);
/* +1: the level rose, -1: it fell, 0: neither. A value that is not finite, or
 * a scale of 0, changes nothing. */
int km_cusum_add(struct km_cusum *cusum, double value);

#endif
