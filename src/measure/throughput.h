/* throughput.h - steps per second, and how regular the steps are.
 *
 * Input: stretches of `steps` steps that took `seconds`, see
 * series/timeline.h. Throughput is the ratio of the sums, never a mean of
 * ratios. A stall is a stretch in which one step must have taken longer than
 * max(3 x median, median + 10 x 1.4826 x MAD, 30 s); stalls are left out of
 * throughput and counted. Order statistics of more than
 * KM_THROUGHPUT_ORDER_MAX stretches come from every k-th of them.
 * Threads: any.   Document: docs/metrics.md#speed.throughput */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_THROUGHPUT_H
#define KM_MEASURE_THROUGHPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/stretches.h"

enum {
    KM_THROUGHPUT_BLOCKS = 20,
    KM_THROUGHPUT_STRETCHES_MIN = 2,
    KM_THROUGHPUT_ORDER_MAX = 8192,
};

struct km_throughput {
    double steps, seconds;     /* sums without stalls */
    double seconds_per_step;   /* the figure, inverted */
    double relative_se;        /* block jackknife; NaN below 20 stretches */
    double median, mad, p99;   /* seconds a step, over stretches */
    double stall_seconds;      /* time in stalls beyond the median */
    size_t stall_count, count; /* stretches used, stalls among them */
    bool irregular;            /* stretches have differing numbers of steps */
};

/* Of the stretches from `first` on. `scratch` has room for
 * 2 x KM_THROUGHPUT_ORDER_MAX. False below 2 stretches. */
bool km_throughput_measure(const struct km_stretches *stretches, size_t first,
                           double *scratch, struct km_throughput *out);

#endif
