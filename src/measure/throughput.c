/* throughput.c - ratio of sums, stalls apart, error by block jackknife. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/throughput.h"

#include <math.h>

#include "measure/robust.h"

static const double STALL_SECONDS_MIN = 30, STALL_MEDIANS = 3, STALL_MADS = 10;

/* Whether one of the steps must have taken longer than `bound`. */
static bool is_stall(double steps, double seconds, double median, double bound)
{
    return seconds - (steps - 1) * median > bound;
}

/* Sums of one block of stretches. */
struct block {
    double steps, seconds;
};

/* Standard error of ln(seconds / steps) by leaving out one block at a time. */
static double jackknife(const struct block *blocks, size_t count,
                        const struct km_throughput *out)
{
    enum { BLOCKS = KM_THROUGHPUT_BLOCKS };
    if (count < BLOCKS) {
        return NAN;
    }
    double left[BLOCKS], mean = 0, sum = 0;
    for (size_t b = 0; b < BLOCKS; b++) {
        double s = out->steps - blocks[b].steps;
        double t = out->seconds - blocks[b].seconds;
        left[b] = s > 0 && t > 0 ? log(t / s) : 0;
        mean += left[b] / BLOCKS;
    }
    for (size_t b = 0; b < BLOCKS; b++) {
        sum += (left[b] - mean) * (left[b] - mean);
    }
    return sqrt(sum * (BLOCKS - 1) / BLOCKS);
}

/* Sums of stretches [from, to), stalls apart: a block whose longest is no stall
 * holds none. (steps - 1 is no less than -1: thinned steps may be shares.) */
static struct block sum_block(const struct km_stretches *s, size_t from,
                              size_t to, double bound,
                              struct km_throughput *out)
{
    struct block sum = {0, 0};
    double median = out->median;
    for (size_t i = from; i < to;) {
        const struct km_stretch_block *block = km_stretches_block(s, i, to);
        if (block && block->longest <= bound - median) {
            sum.steps += block->steps;
            sum.seconds += block->seconds;
            i += KM_STRETCHES_BLOCK;
            continue;
        }
        if (is_stall(s->steps[i], s->seconds[i], median, bound)) {
            out->stall_count++;
            out->stall_seconds += s->seconds[i] - s->steps[i] * median;
        } else {
            sum.steps += s->steps[i];
            sum.seconds += s->seconds[i];
        }
        i++;
    }
    return sum;
}

/* An odd stride near count / most, so that evaluations every so many round
 * steps are not always or never met. */
static size_t choose_stride(size_t count)
{
    size_t stride =
        (count + KM_THROUGHPUT_ORDER_MAX - 1) / KM_THROUGHPUT_ORDER_MAX;
    return stride > 1 ? stride | 1 : 1;
}

static void find_spread(const double *steps, const double *seconds,
                        size_t count, double *each, double *scratch,
                        struct km_throughput *out)
{
    size_t stride = choose_stride(count), n = 0;
    for (size_t i = 0; i < count; i += stride) {
        each[n++] = seconds[i] / steps[i];
        out->irregular |= steps[i] < steps[0] || steps[i] > steps[0];
    }
    out->median = km_median(each, n);
    out->mad = km_mad(each, n, out->median, scratch);
    out->p99 = km_quantile(each, n, 0.99);
}

bool km_throughput_measure(const struct km_stretches *stretches, size_t first,
                           double *scratch, struct km_throughput *out)
{
    size_t count = stretches->count - first;
    *out = (struct km_throughput){.relative_se = NAN};
    if (count < KM_THROUGHPUT_STRETCHES_MIN) {
        return false;
    }
    find_spread(stretches->steps + first, stretches->seconds + first, count,
                scratch, scratch + KM_THROUGHPUT_ORDER_MAX, out);
    double median = out->median;
    double bound = fmax(fmax(STALL_MEDIANS * median,
                             median + STALL_MADS * KM_MAD_TO_SIGMA * out->mad),
                        STALL_SECONDS_MIN);
    struct block blocks[KM_THROUGHPUT_BLOCKS];
    for (size_t b = 0; b < KM_THROUGHPUT_BLOCKS; b++) {
        blocks[b] = sum_block(
            stretches, first + b * count / KM_THROUGHPUT_BLOCKS,
            first + (b + 1) * count / KM_THROUGHPUT_BLOCKS, bound, out);
        out->steps += blocks[b].steps;
        out->seconds += blocks[b].seconds;
    }
    out->count = count;
    if (!(out->steps > 0)) {
        return false;
    }
    out->seconds_per_step = out->seconds / out->steps;
    out->relative_se = jackknife(blocks, count, out);
    return true;
}
