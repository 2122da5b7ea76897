/* paired.c - block means, their long-run variance, a sequence for a window. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/paired.h"

#include <math.h>

#include "measure/sequential.h"

static double block_mean(const double *difference, size_t block)
{
    double sum = 0;
    for (size_t i = 0; i < KM_PAIRED_BLOCK; i++) {
        sum += difference[block * KM_PAIRED_BLOCK + i];
    }
    return sum / KM_PAIRED_BLOCK;
}

/* Variance of block means and twice their first autocovariance, if positive. */
static double long_run_variance(const double *difference, size_t from,
                                size_t to, double mean)
{
    double squares = 0, products = 0, before = 0;
    for (size_t b = from; b < to; b++) {
        double off = block_mean(difference, b) - mean;
        squares += off * off;
        products += off * before;
        before = off;
    }
    return (squares + 2 * fmax(products, 0)) / (double)(to - from - 1);
}

bool km_paired_sequence(const double *difference, size_t count, double alpha,
                        struct km_paired *paired)
{
    size_t blocks = count / KM_PAIRED_BLOCK, from = KM_PAIRED_FIRST_WINDOW;
    double window = 0, mean = 0;
    if (count < KM_PAIRED_MIN) {
        return false;
    }
    for (; 4 * from <= blocks; from *= 2) {
        window++;
    }
    double n = (double)(blocks - from);
    for (size_t b = from; b < blocks; b++) {
        mean += block_mean(difference, b) / n;
    }
    double variance = long_run_variance(difference, from, blocks, mean);
    if (!isfinite(variance) || variance <= 0) {
        return false;
    }
    double share = alpha / ((window + 1) * (window + 2));
    double half =
        km_sequence_asymptotic(sqrt(variance), n, 2 * (double)from, share);
    *paired = (struct km_paired){.mean = mean,
                                 .lo = mean - half,
                                 .hi = mean + half,
                                 .from = from * KM_PAIRED_BLOCK,
                                 .to = blocks * KM_PAIRED_BLOCK,
                                 .blocks = blocks - from};
    return true;
}
