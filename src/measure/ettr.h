/* ettr.h - what share of the time a job that fails now and then makes progress.
 *
 *     E[ETTR] = (1 - (u + q + D/2) / M) / (1 + w / D)
 *
 * M mean time between failures, u time to get going again, q time in a queue
 * for each failure, D time between checkpoints, w time one takes: Kokolis et
 * al. 2024, arXiv:2410.21680, with M = 1 / (nodes x rate). It is a first-order
 * expansion: (u + q + D/2) / M must be small. The best D is sqrt(2 w M) (Young
 * 1974; Daly 2006).
 * Units: seconds throughout, or any other.   Threads: any.
 * Document: docs/metrics.md#speed.ettr */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_ETTR_H
#define KM_MEASURE_ETTR_H

#include <stdbool.h>

struct km_ettr {
    double between_failures; /* M > 0 */
    double overhead;         /* u + q >= 0 */
    double interval;         /* D > 0; 0 where w is: nothing is done again */
    double checkpoint;       /* w >= 0 */
};

/* In [0, 1]; `*small` says whether the loss per failure is below a tenth of M.
 * NaN when something is missing. */
double km_ettr_expected(const struct km_ettr *ettr, bool *small);
double km_ettr_best_interval(double checkpoint, double between_failures);

#endif
