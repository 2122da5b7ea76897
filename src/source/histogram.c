/* histogram.c - moments and median of buckets, and the series they go to. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/histogram.h"

#include <math.h>

static const char *const stat_labels[KM_STATS] = {
    "stat=count", "stat=min", "stat=max", "stat=mean", "stat=std", "stat=p50"};

double km_buckets_median(const struct km_buckets *buckets)
{
    double total = 0, below = 0;
    for (size_t i = 0; i < buckets->count; i++) {
        total += buckets->weight[i * buckets->stride];
    }
    for (size_t i = 0; i < buckets->count; i++) {
        size_t at = i * buckets->stride;
        double weight = buckets->weight[at];
        if (weight > 0 && below + weight >= total / 2) {
            double share = (total / 2 - below) / weight;
            double width = buckets->right[at] - buckets->left[at];
            return buckets->left[at] + share * width;
        }
        below += weight;
    }
    return (double)NAN;
}

struct km_histogram km_buckets_summary(const struct km_buckets *buckets)
{
    double total = 0, sum = 0, squares = 0;
    double low = (double)NAN, high = (double)NAN;
    for (size_t i = 0; i < buckets->count; i++) {
        size_t at = i * buckets->stride;
        double left = buckets->left[at], right = buckets->right[at];
        double weight = buckets->weight[at];
        if (!(weight > 0)) {
            continue;
        }
        low = isnan(low) ? left : low;
        high = right;
        total += weight;
        sum += weight * (left + right) / 2;
        squares += weight * (left * left + left * right + right * right) / 3;
    }
    double mean = sum / total, variance = squares / total - mean * mean;
    return (struct km_histogram){{total, low, high, mean,
                                  variance < 0 ? 0 : sqrt(variance),
                                  km_buckets_median(buckets)}};
}

bool km_histogram_emit(struct km_source *source,
                       struct km_histogram_series **series, struct km_str name,
                       int64_t step, int64_t time_ns,
                       const struct km_histogram *histogram)
{
    if (!*series) {
        *series = km_new(&source->arena, struct km_histogram_series, 1);
        if (!*series) {
            return false;
        }
        for (int i = 0; i < KM_STATS; i++) {
            (*series)->handles[i] =
                km_emit_series(source->emit, name, km_str_of(stat_labels[i]),
                               KM_SERIES_HISTOGRAM);
        }
    }
    int count = histogram->stats[KM_STAT_COUNT] > 0 ? KM_STATS : 1;
    for (int i = 0; i < count; i++) {
        km_emit_point(source->emit, (*series)->handles[i], step, time_ns,
                      histogram->stats[i]);
    }
    return true;
}
