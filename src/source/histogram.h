/* histogram.h - logged histograms become six series of statistics.
 *
 * The series carry the histogram's name, the label stat=count, min, max, mean,
 * std or p50, and KM_SERIES_HISTOGRAM. What the log says itself (TensorBoard's
 * older messages) is taken over; the rest is computed from the buckets, whose
 * values count as spread evenly.
 * Threads: one at a time.   Document: docs/formats/tfevents.md#histograms */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_HISTOGRAM_H
#define KM_SOURCE_HISTOGRAM_H

#include "source/source.h"

enum km_stat {
    KM_STAT_COUNT,
    KM_STAT_MIN,
    KM_STAT_MAX,
    KM_STAT_MEAN,
    KM_STAT_STD,
    KM_STAT_P50,
    KM_STATS
};

struct km_histogram {
    double stats[KM_STATS];
};

/* Bucket i spans left[i] to right[i] and holds weight[i] values; the arrays
 * may interleave, `stride` doubles apart. */
struct km_buckets {
    const double *left, *right, *weight;
    size_t stride, count;
};

/* The value below which half of the weight lies; NaN when there is none. */
double km_buckets_median(const struct km_buckets *buckets);

/* All statistics from the buckets alone. */
struct km_histogram km_buckets_summary(const struct km_buckets *buckets);

/* The series of one histogram's name. */
struct km_histogram_series {
    uint32_t handles[KM_STATS];
};

/* Emits one histogram; an empty one as its count alone. `series` is made at
 * its first use and kept by the caller; false: the source's arena is full. */
bool km_histogram_emit(struct km_source *source,
                       struct km_histogram_series **series, struct km_str name,
                       int64_t step, int64_t time_ns,
                       const struct km_histogram *histogram);

#endif
