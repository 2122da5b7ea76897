/* ettr.c - expected effective training time ratio. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/ettr.h"

#include <math.h>

double km_ettr_expected(const struct km_ettr *ettr, bool *small)
{
    double lost =
        (ettr->overhead + ettr->interval / 2) / ettr->between_failures;
    bool free = ettr->checkpoint <= 0; /* then D may be 0, too */
    double value =
        (1 - lost) / (free ? 1 : 1 + ettr->checkpoint / ettr->interval);
    *small = lost <= 0.1;
    if (!(ettr->between_failures > 0) || !(ettr->interval >= 0) ||
        !(ettr->overhead >= 0) || !(ettr->checkpoint >= 0) || isnan(value)) {
        return NAN;
    }
    return fmin(fmax(value, 0), 1);
}

double km_ettr_best_interval(double checkpoint, double between_failures)
{
    return checkpoint > 0 && between_failures > 0
               ? sqrt(2 * checkpoint * between_failures)
               : (double)NAN;
}
