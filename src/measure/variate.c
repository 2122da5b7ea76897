/* variate.c - regression on a reference's noise, and the slope without it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/variate.h"

#include <math.h>

#include "measure/robust.h"

bool km_variate_regress(const double *y, const double *noise, size_t count,
                        struct km_variate *out)
{
    *out = (struct km_variate){NAN, NAN, NAN, NAN};
    if (count < 3) {
        return false;
    }
    double n = (double)(count - 1);
    double mean_y = (y[count - 1] - y[0]) / n;
    double mean_r = (noise[count - 1] - noise[0]) / n;
    double yy = 0, rr = 0, yr = 0;
    for (size_t i = 1; i < count; i++) {
        double a = y[i] - y[i - 1] - mean_y;
        double b = noise[i] - noise[i - 1] - mean_r;
        yy += a * a;
        rr += b * b;
        yr += a * b;
    }
    if (!(yy > 0) || !(rr > 0)) {
        return false;
    }
    out->beta = yr / rr;
    out->correlation = yr / sqrt(yy) / sqrt(rr);
    return isfinite(out->beta);
}

/* Error of the slope of y alone over the window that was chosen. */
static double plain_error(const double *x, const double *y, size_t count,
                          double *scratch, const struct km_local_velocity *of)
{
    double *t = scratch, *v = scratch + KM_LOCAL_POINTS_MAX;
    struct km_line line;
    size_t n =
        of->n < KM_LOCAL_POINTS_MAX ? of->n : (size_t)KM_LOCAL_POINTS_MAX;
    size_t from = count - n;
    for (size_t i = 0; i < n; i++) {
        t[i] = log(x[from + i]);
        v[i] = y[from + i];
    }
    return km_line_fit(t, v, n, v + KM_LOCAL_POINTS_MAX, &line)
               ? line.se / sqrt(x[from] * x[count - 1])
               : (double)NAN;
}

bool km_variate_velocity(const double *x, const double *y, const double *noise,
                         size_t count, size_t points_min, double level,
                         double reference_se, double *scratch, double *adjusted,
                         struct km_local_velocity *out,
                         struct km_variate *variate)
{
    if (!km_variate_regress(y, noise, count, variate) ||
        !(fabs(variate->correlation) >= KM_VARIATE_CORRELATION_MIN)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        adjusted[i] = y[i] - variate->beta * noise[i];
    }
    if (!km_velocity_local(x, adjusted, count, points_min, level, scratch,
                           out)) {
        return false;
    }
    variate->paired_se = out->se;
    variate->plain_se = plain_error(x, y, count, scratch, out);
    double other = variate->beta * reference_se;
    double se = sqrt(out->se * out->se + other * other);
    double half = km_t_quantile(0.5 + level / 2, fmax(out->n_eff - 2, 1)) * se;
    out->se = se;
    out->velocity.lo = out->velocity.value - half;
    out->velocity.hi = out->velocity.value + half;
    return true;
}
