/* throughput.c - ratio of sums, stalls apart, error by block jackknife. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/throughput.h"

#include <math.h>

#include "measure/robust.h"

static const double STALL_SECONDS_MIN = 30, STALL_MEDIANS = 3, STALL_MADS = 10;

/* Standard error of ln(seconds / steps) by leaving out one block at a time. */
static double jackknife(const double *steps, const double *seconds,
                        const double *kept, size_t count,
                        const struct km_throughput *out)
{
    enum { BLOCKS = KM_THROUGHPUT_BLOCKS };
    if (count < BLOCKS) {
        return NAN;
    }
    double left[BLOCKS], mean = 0, sum = 0;
    for (size_t b = 0; b < BLOCKS; b++) {
        double s = out->steps, t = out->seconds;
        for (size_t i = b * count / BLOCKS; i < (b + 1) * count / BLOCKS; i++) {
            s -= kept[i] * steps[i];
            t -= kept[i] * seconds[i];
        }
        left[b] = s > 0 && t > 0 ? log(t / s) : 0;
        mean += left[b] / BLOCKS;
    }
    for (size_t b = 0; b < BLOCKS; b++) {
        sum += (left[b] - mean) * (left[b] - mean);
    }
    return sqrt(sum * (BLOCKS - 1) / BLOCKS);
}

static void find_spread(const double *steps, const double *seconds,
                        size_t count, double *each, double *scratch,
                        struct km_throughput *out)
{
    for (size_t i = 0; i < count; i++) {
        each[i] = seconds[i] / steps[i];
        out->irregular |= steps[i] < steps[0] || steps[i] > steps[0];
    }
    out->median = km_median(each, count);
    out->mad = km_mad(each, count, out->median, scratch);
    out->p99 = km_quantile(each, count, 0.99);
    out->p95 = km_quantile(each, count, 0.95);
    out->p05 = km_quantile(each, count, 0.05);
}

bool km_throughput_measure(const double *steps, const double *seconds,
                           size_t count, double *scratch,
                           struct km_throughput *out)
{
    *out = (struct km_throughput){.relative_se = NAN};
    if (count < KM_THROUGHPUT_STRETCHES_MIN) {
        return false;
    }
    find_spread(steps, seconds, count, scratch, scratch + count, out);
    double median = out->median, *kept = scratch;
    double bound = fmax(fmax(STALL_MEDIANS * median,
                             median + STALL_MADS * KM_MAD_TO_SIGMA * out->mad),
                        STALL_SECONDS_MIN);
    for (size_t i = 0; i < count; i++) {
        double longest = seconds[i] - (steps[i] - 1) * median;
        kept[i] = longest > bound ? 0 : 1;
        if (longest > bound) {
            out->stall_count++;
            out->stall_seconds += seconds[i] - steps[i] * median;
        } else {
            out->steps += steps[i];
            out->seconds += seconds[i];
        }
    }
    out->count = count;
    if (!(out->steps > 0)) {
        return false;
    }
    out->seconds_per_step = out->seconds / out->steps;
    out->relative_se = jackknife(steps, seconds, kept, count, out);
    return true;
}
