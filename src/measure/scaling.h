/* scaling.h - how throughput grows with the number of workers.
 *
 * The universal scalability law (Gunther 1993),
 *
 *     X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)),
 *
 * is linear in its reciprocal: N / X = a + b (N - 1) + c N (N - 1) with lambda
 * = 1 / a, sigma = b / a (waiting for each other), kappa = c / a (talking to
 * each other). Fitted by least squares of relative errors with a, b, c >= 0.
 * Throughput is highest at N = sqrt((1 - sigma) / kappa). With kappa = 0 it is
 * Amdahl's law, and 1 / sigma the most that workers can bring.
 * Threads: any.   Document: docs/metrics.md#speed.scaling */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_SCALING_H
#define KM_MEASURE_SCALING_H

#include <stdbool.h>
#include <stddef.h>

enum { KM_SCALING_COUNTS_MIN = 4, KM_SCALING_RUNS_MAX = 1024 };

struct km_scaling {
    double lambda, sigma, kappa;
    double workers_best; /* INFINITY: more is always more */
    double error;        /* root mean square of relative errors */
    double sigma_se, kappa_se, workers_best_se; /* jackknife over runs; the last
                                                   of its logarithm; NaN */
};

/* Throughputs > 0 at workers >= 1. False below KM_SCALING_COUNTS_MIN distinct
 * numbers of workers. */
bool km_scaling_fit(const double *workers, const double *throughput,
                    size_t count, struct km_scaling *out);

#endif
