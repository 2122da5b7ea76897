/* scaling.c - non-negative least squares of three columns, by trying every set
 * of columns. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/scaling.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 3 };

static void fill_row(double workers, double throughput, double row[COLUMNS])
{
    double weight = throughput / workers; /* 1 / y: errors are relative */
    row[0] = weight;
    row[1] = weight * (workers - 1);
    row[2] = weight * workers * (workers - 1);
}

/* Solves the normal equations of the columns in `set` by Gauss; false:
 * singular, or a coefficient is negative. */
static bool solve(double gram[COLUMNS][COLUMNS + 1], unsigned set,
                  double found[COLUMNS])
{
    double m[COLUMNS][COLUMNS + 1];
    memcpy(m, gram, sizeof m);
    for (int c = 0; c < COLUMNS; c++) {
        if (!(set >> c & 1)) {
            for (int k = 0; k < COLUMNS; k++) {
                m[c][k] = m[k][c] = 0;
            }
            m[c][c] = 1;
            m[c][COLUMNS] = 0;
        }
    }
    for (int c = 0; c < COLUMNS; c++) { /* positive definite: no pivoting */
        if (!(m[c][c] > 1e-13)) {
            return false;
        }
        for (int r = 0; r < COLUMNS; r++) {
            double factor = r == c ? 0 : m[r][c] / m[c][c];
            for (int k = 0; k <= COLUMNS; k++) {
                m[r][k] -= factor * m[c][k];
            }
        }
    }
    bool valid = true;
    for (int c = 0; c < COLUMNS; c++) {
        found[c] = m[c][COLUMNS] / m[c][c];
        valid &= found[c] >= 0;
    }
    return valid;
}

/* Fit of all runs but `left_out`. */
static bool fit(const double *workers, const double *throughput, size_t count,
                size_t left_out, struct km_scaling *out)
{
    double gram[COLUMNS][COLUMNS + 1] = {{0}}, scale[COLUMNS], best = INFINITY;
    for (size_t i = 0; i < count; i++) {
        double row[COLUMNS];
        fill_row(workers[i], throughput[i], row);
        for (int r = 0; i != left_out && r < COLUMNS; r++) {
            for (int c = 0; c < COLUMNS; c++) {
                gram[r][c] += row[r] * row[c];
            }
            gram[r][COLUMNS] += row[r];
        }
    }
    for (int c = 0; c < COLUMNS; c++) {
        scale[c] = sqrt(gram[c][c]);
    }
    for (int r = 0; r < COLUMNS; r++) { /* columns of length 1 */
        for (int c = 0; c < COLUMNS; c++) {
            gram[r][c] /= scale[r] * scale[c];
        }
        gram[r][COLUMNS] /= scale[r];
    }
    double abc[COLUMNS] = {0};
    for (unsigned set = 1; set < 8; set++) {
        double found[COLUMNS], error = 0;
        if (!(set & 1) || !solve(gram, set, found)) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            double row[COLUMNS], left = 1;
            fill_row(workers[i], throughput[i], row);
            for (int c = 0; c < COLUMNS; c++) {
                left -= row[c] * found[c] / scale[c];
            }
            error += i == left_out ? 0 : left * left;
        }
        if (error < best) {
            best = error;
            for (int c = 0; c < COLUMNS; c++) {
                abc[c] = found[c] / scale[c];
            }
        }
    }
    out->lambda = 1 / abc[0];
    out->sigma = abc[1] / abc[0];
    out->kappa = abc[2] / abc[0];
    out->workers_best = out->kappa > 0
                            ? sqrt(fmax(1 - out->sigma, 0) / out->kappa)
                            : (double)INFINITY;
    out->error = sqrt(best / (double)count);
    return isfinite(best) && abc[0] > 0;
}

static size_t count_distinct(const double *workers, size_t count)
{
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < i && fabs(workers[k] - workers[i]) > 0) {
            k++;
        }
        distinct += k == i;
    }
    return distinct;
}

struct spread {
    double sum, squares;
};

static void add(struct spread *spread, double value)
{
    spread->sum += value;
    spread->squares += value * value;
}

static double jackknife(struct spread spread, double n)
{
    double square = spread.squares - spread.sum * spread.sum / n;
    return sqrt(fmax(square, 0) * (n - 1) / n);
}

bool km_scaling_fit(const double *workers, const double *throughput,
                    size_t count, struct km_scaling *out)
{
    *out = (struct km_scaling){.lambda = NAN};
    if (count > KM_SCALING_RUNS_MAX ||
        count_distinct(workers, count) < KM_SCALING_COUNTS_MIN ||
        !fit(workers, throughput, count, count, out)) {
        return false;
    }
    struct spread sigma = {0, 0}, kappa = {0, 0}, best = {0, 0};
    bool whole = isfinite(out->workers_best) && out->workers_best > 0;
    double n = (double)count;
    for (size_t i = 0; i < count; i++) {
        struct km_scaling left = {.lambda = NAN};
        if (!fit(workers, throughput, count, i, &left)) {
            return true; /* no spread without it: standard errors stay NaN */
        }
        add(&sigma, left.sigma - out->sigma);
        add(&kappa, left.kappa - out->kappa);
        whole &= isfinite(left.workers_best) && left.workers_best > 0;
        add(&best, whole ? log(left.workers_best / out->workers_best) : 0);
    }
    out->sigma_se = jackknife(sigma, n);
    out->kappa_se = jackknife(kappa, n);
    out->workers_best_se = whole ? jackknife(best, n) : (double)NAN;
    return true;
}
