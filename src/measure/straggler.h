/* straggler.h - is one rank slower than the others, and what does it cost?
 *
 * At each step s_r = t_r / median over ranks. A rank is a straggler when the
 * moving average of s_r (weight 0.1) stays above 1 + max(3 MAD over ranks,
 * 0.05) for at least 20 steps in a row, and it is the slowest in more than 3 /
 * R of the steps (at most half way from 1/R to 1) with a binomial p below
 * 0.001, times R because any rank might have been it. Of two ranks the faster
 * stands for the median, and MAD is 0. Ranks that
 * tie for the slowest share the step. Threads: any.   Document:
 * docs/metrics.md#speed.straggler */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_STRAGGLER_H
#define KM_MEASURE_STRAGGLER_H

#include <stdbool.h>
#include <stddef.h>

enum { KM_STRAGGLER_STEPS_MIN = 20 };

struct km_straggler {
    size_t rank; /* column of the rank slowest most often */
    bool flagged;
    double excess;        /* mean of its s_r, less 1 */
    double share_slowest; /* of the steps */
    double p;             /* of some rank being slowest so often by chance */
    size_t streak;        /* longest run of steps above the bound */
    double cost_seconds;  /* sum over steps of max - median */
    double step_seconds;  /* sum over steps of max */
    size_t steps;         /* used: all ranks finite and above 0 */
};

/* `seconds` is [step * ranks + rank]. `scratch` has room for 5 x ranks. False
 * with fewer than 2 ranks or KM_STRAGGLER_STEPS_MIN usable steps. */
bool km_straggler_find(const double *seconds, size_t steps, size_t ranks,
                       double *scratch, struct km_straggler *out);

#endif
