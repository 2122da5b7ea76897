/* noise_scale.c - two exponential averages and their ratio. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/noise_scale.h"

#include <math.h>

static const double KEPT = 0.99; /* of the average, at each step */

struct sums {
    double gradient, trace;
};

/* Standard error of ln(trace / gradient) with one block left out at a time;
 * blocks hold equal weights, so the newest has the fewest steps. */
static double jackknife(const struct sums blocks[KM_NOISE_BLOCKS],
                        struct sums all)
{
    double left[KM_NOISE_BLOCKS], mean = 0, sum = 0;
    for (int b = 0; b < KM_NOISE_BLOCKS; b++) {
        double ratio =
            (all.trace - blocks[b].trace) / (all.gradient - blocks[b].gradient);
        if (!(ratio > 0)) {
            return NAN;
        }
        left[b] = log(ratio);
        mean += left[b] / KM_NOISE_BLOCKS;
    }
    for (int b = 0; b < KM_NOISE_BLOCKS; b++) {
        sum += (left[b] - mean) * (left[b] - mean);
    }
    return sqrt(sum * (KM_NOISE_BLOCKS - 1) / KM_NOISE_BLOCKS);
}

bool km_noise_scale_estimate(const double *small, const double *big,
                             size_t count, double batch_small, double batch_big,
                             struct km_noise_scale *out)
{
    *out = (struct km_noise_scale){.gradient = NAN,
                                   .trace = NAN,
                                   .scale = NAN,
                                   .relative_se = NAN,
                                   .count = count};
    if (count < KM_NOISE_POINTS_MIN || !(batch_small > 0) ||
        !(batch_big > batch_small)) {
        return false;
    }
    struct sums all = {0, 0}, blocks[KM_NOISE_BLOCKS] = {{0, 0}};
    double weight = 1, reached = 0;
    double total = (1 - pow(KEPT, (double)count)) / (1 - KEPT);
    for (size_t i = count; i-- > 0; weight *= KEPT) {
        double gradient = (batch_big * big[i] - batch_small * small[i]) /
                          (batch_big - batch_small);
        double trace = (small[i] - big[i]) / (1 / batch_small - 1 / batch_big);
        int b = (int)fmin(KM_NOISE_BLOCKS * (reached + weight / 2) / total,
                          KM_NOISE_BLOCKS - 1);
        blocks[b].gradient += weight * gradient;
        blocks[b].trace += weight * trace;
        all.gradient += weight * gradient;
        all.trace += weight * trace;
        reached += weight;
    }
    out->gradient = all.gradient / total;
    out->trace = all.trace / total;
    if (!(out->gradient > 0) || !(out->trace > 0)) {
        return false;
    }
    out->scale = out->trace / out->gradient;
    out->relative_se = jackknife(blocks, all);
    return true;
}
