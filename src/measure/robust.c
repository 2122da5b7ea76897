/* robust.c - quickselect, Huber's line and its honest standard errors. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/robust.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { HUBER_ROUNDS = 5 };
static const double RHO_MAX = 0.97;

static void swap(double *a, double *b)
{
    double keep = *a;
    *a = *b;
    *b = keep;
}

void km_select(double *values, size_t count, size_t k)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (values[middle] < values[low]) {
            swap(&values[middle], &values[low]);
        }
        if (values[high] < values[low]) {
            swap(&values[high], &values[low]);
        }
        if (values[high] < values[middle]) {
            swap(&values[high], &values[middle]);
        }
        double pivot = values[middle];
        size_t i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot) {
                i++;
            }
            while (values[j] > pivot) {
                j--;
            }
            if (i <= j) {
                swap(&values[i++], &values[j]);
                if (j-- == 0) {
                    break;
                }
            }
        }
        if (j != (size_t)-1 && k <= j && j < count) {
            high = j;
        } else if (k >= i) {
            low = i;
        } else {
            return;
        }
    }
}

double km_quantile(double *values, size_t count, double p)
{
    assert(p >= 0 && p <= 1);
    if (count == 0) {
        return NAN;
    }
    double place = p * (double)(count - 1);
    size_t k = (size_t)place;
    km_select(values, count, k);
    double low = values[k], share = place - (double)k;
    if (share <= 0 || k + 1 >= count) {
        return low;
    }
    double next = values[k + 1];
    for (size_t i = k + 2; i < count; i++) {
        next = values[i] < next ? values[i] : next;
    }
    return low + share * (next - low);
}

double km_median(double *values, size_t count)
{
    return km_quantile(values, count, 0.5);
}

double km_mad(const double *values, size_t count, double centre,
              double *scratch)
{
    for (size_t i = 0; i < count; i++) {
        scratch[i] = fabs(values[i] - centre);
    }
    return km_median(scratch, count);
}

size_t km_hac_lags(size_t n)
{
    size_t lags = (size_t)(4 * pow((double)n / 100, 2.0 / 9));
    return lags < n ? lags : n ? n - 1 : 0;
}

/* Bartlett's sum over u[0, count). */
static double bartlett(const double *u, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += u[i] * u[i];
    }
    size_t lags = km_hac_lags(count);
    for (size_t k = 1; k <= lags; k++) {
        double cross = 0;
        for (size_t i = k; i < count; i++) {
            cross += u[i] * u[i - k];
        }
        sum += 2 * (1 - (double)k / (double)(lags + 1)) * cross;
    }
    return sum;
}

double km_long_run(double *v, size_t count)
{
    double own = 0, next = 0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        own += v[i] * v[i];
        next += i ? v[i] * v[i - 1] : 0;
    }
    double rho = own > 0 ? next / own : 0;
    rho = fmin(fmax(rho + (1 + 4 * rho) / n, 0), RHO_MAX);
    if (count < 2 || !(rho > 0)) {
        return fmax(bartlett(v, count), 0);
    }
    for (size_t i = count; i-- > 1;) {
        v[i] -= rho * v[i - 1];
    }
    return fmax(bartlett(v + 1, count - 1), 0) * n / (n - 1) /
           ((1 - rho) * (1 - rho));
}

double km_n_eff(const double *residuals, size_t count, double *scratch)
{
    double own = 0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        own += residuals[i] * residuals[i];
    }
    memcpy(scratch, residuals, count * sizeof *scratch);
    double all = km_long_run(scratch, count);
    return all > own ? n * own / all : n;
}

/* Weighted least squares with weights from the last residuals. */
static bool solve_line(const double *t, const double *y, const double *residual,
                       size_t count, double bound, struct km_line *line)
{
    double sw = 0, st = 0, sy = 0;
    for (size_t i = 0; i < count; i++) {
        double w =
            residual ? fmin(1, bound / fmax(fabs(residual[i]), 1e-300)) : 1;
        sw += w;
        st += w * t[i];
        sy += w * y[i];
    }
    double tm = st / sw, ym = sy / sw, stt = 0, sty = 0;
    for (size_t i = 0; i < count; i++) {
        double w =
            residual ? fmin(1, bound / fmax(fabs(residual[i]), 1e-300)) : 1;
        double dt = t[i] - tm;
        stt += w * dt * dt;
        sty += w * dt * (y[i] - ym);
    }
    if (!(stt > 1e-24 * sw * tm * tm) || !isfinite(sty)) {
        return false; /* one t, up to rounding */
    }
    line->slope = sty / stt;
    line->t_mean = tm;
    line->intercept = ym;
    return true;
}

static void find_errors(const double *t, const double *residual, size_t count,
                        double bound, double *scratch, struct km_line *line)
{
    double mean = 0, stt = 0, psi2 = 0;
    size_t inside = 0;
    for (size_t i = 0; i < count; i++) {
        mean += t[i];
    }
    mean /= (double)count;
    for (size_t i = 0; i < count; i++) {
        double dt = t[i] - mean, r = residual[i];
        double psi = fmax(-bound, fmin(bound, r));
        stt += dt * dt;
        psi2 += psi * psi;
        inside += fabs(r) <= bound;
        scratch[i] = dt * r;
    }
    double own = km_long_run(scratch, count);
    double n = (double)count, share = (double)inside / n;
    line->se_hac = sqrt(own * n / (n - 2)) / stt;
    line->se_huber =
        share > 0 ? sqrt(psi2 / (n - 2) / (share * share) / stt) : 0;
    line->se = fmax(line->se_hac, line->se_huber);
    line->n_eff = km_n_eff(residual, count, scratch);
}

bool km_line_fit(const double *t, const double *y, size_t count,
                 double *scratch, struct km_line *line)
{
    *line = (struct km_line){0};
    if (count < 3) {
        return false;
    }
    double *residual = scratch, *other = scratch + count;
    double bound = INFINITY;
    for (int round = 0; round < HUBER_ROUNDS; round++) {
        if (!solve_line(t, y, round ? residual : NULL, count, bound, line)) {
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            residual[i] =
                y[i] - line->intercept - line->slope * (t[i] - line->t_mean);
        }
        line->scale = KM_MAD_TO_SIGMA * km_mad(residual, count, 0, other);
        bound = KM_HUBER_K * line->scale;
        if (!(bound > 0)) {
            break; /* at least half of the points lie on the line */
        }
    }
    find_errors(t, residual, count, bound, other, line);
    return true;
}
