/* moments.c - Welford's sums, and the interval of a mean. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/moments.h"

#include <math.h>

#include "measure/distribution.h"

void km_moments_add(struct km_moments *moments, double value)
{
    double off = value - moments->mean;
    moments->mean += off / ++moments->n;
    moments->m2 += off * (value - moments->mean);
}

double km_moments_variance(const struct km_moments *moments)
{
    return moments->n > 1 ? moments->m2 / (moments->n - 1) : (double)NAN;
}

double km_moments_half_width(const struct km_moments *moments, double level)
{
    return moments->n > 1 ? sqrt(km_moments_variance(moments) / moments->n) *
                                km_t_quantile(0.5 + level / 2, moments->n - 1)
                          : (double)NAN;
}

bool km_moments_welch(const struct km_moments *a, const struct km_moments *b,
                      double *se, double *df)
{
    if (!(a->n > 1 && b->n > 1 && a->m2 + b->m2 > 0)) {
        return false;
    }
    double va = km_moments_variance(a) / a->n;
    double vb = km_moments_variance(b) / b->n;
    *se = sqrt(va + vb);
    *df = (va + vb) * (va + vb) / (va * va / (a->n - 1) + vb * vb / (b->n - 1));
    return true;
}
