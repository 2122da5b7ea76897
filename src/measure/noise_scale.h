/* noise_scale.h - the batch size at which gradients stop being noise.
 *
 * From squared norms of the gradient of a small and of a big batch, unbiased at
 * each step (McCandlish et al. 2018, arXiv:1812.06162, appendix A):
 *
 *     |G|^2    = (B_big |G_big|^2 - B_small |G_small|^2) / (B_big - B_small)
 *     tr Sigma = (|G_small|^2 - |G_big|^2) / (1 / B_small - 1 / B_big)
 *
 * B_simple is the ratio of the exponential averages of the two (0.99), never an
 * average of ratios. Its error: jackknife over blocks of equal weight.
 * Threads: any.   Document: docs/metrics.md#speed.noise_scale */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_NOISE_SCALE_H
#define KM_MEASURE_NOISE_SCALE_H

#include <stdbool.h>
#include <stddef.h>

enum { KM_NOISE_BLOCKS = 20, KM_NOISE_POINTS_MIN = 100 };

struct km_noise_scale {
    double gradient;    /* |G|^2 */
    double trace;       /* tr Sigma */
    double scale;       /* B_simple, in the unit of the batch sizes */
    double relative_se; /* of scale, of its logarithm; NaN */
    size_t count;
};

/* `small`, `big`: squared norms by rising step, finite. False below
 * KM_NOISE_POINTS_MIN points, unless 0 < batch_small < batch_big, or when |G|^2
 * or tr Sigma is not above 0 (then `out` holds both). */
bool km_noise_scale_estimate(const double *small, const double *big,
                             size_t count, double batch_small, double batch_big,
                             struct km_noise_scale *out);

#endif
