/* family.c - five curves that fall and flatten, and where to look for them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/family.h"

#include <assert.h>
#include <math.h>

#include "measure/elementary.h"

/* Nodes from `low` to `high` in equal ratios; `zero` puts a 0 before them. */
struct ladder {
    double low, high;
    int nodes;
    bool zero;
};

static const struct {
    const char *name;
    int shape;
    struct ladder ladder[2];
} families[] = {
    [KM_FAMILY_POW3] = {"pow3", 1, {{0.03, 3, 40, false}, {0, 0, 1, true}}},
    [KM_FAMILY_INVLOG3] = {"invlog3",
                           1,
                           {{0.01, 100, 40, false}, {0, 0, 1, true}}},
    [KM_FAMILY_POW4] = {"pow4",
                        2,
                        {{0.05, 3, 24, false}, {0.003, 3, 15, true}}},
    [KM_FAMILY_MMF4] = {"mmf4",
                        2,
                        {{0.005, 5, 22, false}, {0.1, 3, 16, false}}},
    [KM_FAMILY_WBL4] = {"wbl4",
                        2,
                        {{0.02, 20, 22, false}, {0.1, 1.5, 14, false}}},
};

const char *km_family_name(enum km_family family)
{
    assert(family >= KM_FAMILY_POW3 && family < KM_FAMILY_COUNT);
    return families[family].name;
}

int km_family_shape(enum km_family family)
{
    assert(family >= KM_FAMILY_POW3 && family < KM_FAMILY_COUNT);
    return families[family].shape;
}

size_t km_family_nodes(enum km_family family)
{
    const struct ladder *ladder = families[family].ladder;
    return (size_t)(ladder[0].nodes * ladder[1].nodes);
}

double km_family_bound(enum km_family family, int i, double value)
{
    const struct ladder *ladder = &families[family].ladder[i];
    return fmin(fmax(value, ladder->low), ladder->high);
}

static double rung(const struct ladder *ladder, int i)
{
    int climbed = ladder->nodes - ladder->zero;
    i -= ladder->zero;
    if (i < 0) {
        return 0;
    }
    if (climbed < 2) {
        return ladder->low;
    }
    double ratio = log(ladder->high / ladder->low) / (climbed - 1);
    return ladder->low * exp(ratio * i);
}

double km_family_value(enum km_family family, const double theta[2], double u)
{
    switch (family) {
    case KM_FAMILY_POW3:
        return pow(u, -theta[0]);
    case KM_FAMILY_INVLOG3:
        return 1 / log1p(u / theta[0]);
    case KM_FAMILY_POW4:
        return pow((u + theta[1]) / (1 + theta[1]), -theta[0]);
    case KM_FAMILY_MMF4:
        return 1 / (1 + pow(u / theta[0], theta[1]));
    case KM_FAMILY_WBL4:
        return exp(-theta[0] * pow(u, theta[1]));
    case KM_FAMILY_COUNT:
        break;
    }
    assert(!"a family");
    return NAN;
}

double km_family_slope(enum km_family family, const double theta[2], double u)
{
    double g = km_family_value(family, theta, u);
    switch (family) {
    case KM_FAMILY_POW3:
        return -theta[0] * g / u;
    case KM_FAMILY_INVLOG3:
        return -g * g / (theta[0] + u);
    case KM_FAMILY_POW4:
        return -theta[0] * g / (u + theta[1]);
    case KM_FAMILY_MMF4:
        return -theta[1] * g * (1 - g) / u;
    case KM_FAMILY_WBL4:
        return -theta[0] * theta[1] * pow(u, theta[1] - 1) * g;
    case KM_FAMILY_COUNT:
        break;
    }
    assert(!"a family");
    return NAN;
}

double km_family_inverse(enum km_family family, const double theta[2],
                         double value)
{
    if (!(value > 0)) {
        return NAN;
    }
    switch (family) {
    case KM_FAMILY_POW3:
        return pow(value, -1 / theta[0]);
    case KM_FAMILY_INVLOG3:
        return theta[0] * expm1(1 / value);
    case KM_FAMILY_POW4:
        return pow(value, -1 / theta[0]) * (1 + theta[1]) - theta[1];
    case KM_FAMILY_MMF4:
        return value < 1 ? theta[0] * pow(1 / value - 1, 1 / theta[1])
                         : (double)NAN;
    case KM_FAMILY_WBL4:
        return value < 1 ? pow(-log(value) / theta[0], 1 / theta[1])
                         : (double)NAN;
    case KM_FAMILY_COUNT:
        break;
    }
    assert(!"a family");
    return NAN;
}

/* What the fast parameter makes of one bin. */
static void fill_inner(enum km_family family, double u, double log_u,
                       size_t fast, const double (*theta)[2], double *inner)
{
    for (size_t j = 0; j < fast; j++) {
        double second = theta[j][1];
        inner[j] = family == KM_FAMILY_POW4 ? log((u + second) / (1 + second))
                                            : second * log_u;
    }
    if (family != KM_FAMILY_POW4) {
        km_exp_many(inner, fast, inner);
    }
}

/* g at one bin for all nodes; `lift` is what mmf4 needs of each node. */
static void fill_row(enum km_family family, double u, double log_u,
                     size_t nodes, const struct km_fit_scratch *scratch,
                     double *row)
{
    const double(*theta)[2] = scratch->theta;
    const double *lift = scratch->moment[0];
    size_t fast = (size_t)families[family].ladder[1].nodes;
    double inner[KM_FIT_NODES_MAX];
    fill_inner(family, u, log_u, fast, theta, inner);
    switch (family) {
    case KM_FAMILY_INVLOG3:
        for (size_t k = 0; k < nodes; k++) {
            row[k] = u / theta[k][0];
        }
        km_log1p_many(row, nodes, row);
        for (size_t k = 0; k < nodes; k++) {
            row[k] = 1 / row[k];
        }
        return;
    case KM_FAMILY_MMF4:
        for (size_t k = 0, j = 0; k < nodes;
             k++, j = j + 1 < fast ? j + 1 : 0) {
            row[k] = 1 / (1 + inner[j] * lift[k]);
        }
        return;
    case KM_FAMILY_POW3:
        for (size_t k = 0; k < nodes; k++) {
            row[k] = -theta[k][0] * log_u;
        }
        break;
    case KM_FAMILY_POW4:
    case KM_FAMILY_WBL4:
    case KM_FAMILY_COUNT:
        for (size_t k = 0, j = 0; k < nodes;
             k++, j = j + 1 < fast ? j + 1 : 0) {
            row[k] = -theta[k][0] * inner[j];
        }
        break;
    }
    km_exp_many(row, nodes, row);
}

/* g at many bins for one theta. */
void km_family_values(enum km_family family, const double theta[2],
                      const double *u, const double *log_u, size_t count,
                      double *out)
{
    if (family == KM_FAMILY_POW3) {
        for (size_t b = 0; b < count; b++) {
            out[b] = -theta[0] * log_u[b];
        }
        km_exp_many(out, count, out);
    } else if (family == KM_FAMILY_INVLOG3) {
        for (size_t b = 0; b < count; b++) {
            out[b] = u[b] / theta[0];
        }
        km_log1p_many(out, count, out);
        for (size_t b = 0; b < count; b++) {
            out[b] = 1 / out[b];
        }
    } else {
        for (size_t b = 0; b < count; b++) {
            out[b] = km_family_value(family, theta, u[b]);
        }
    }
}

size_t km_family_grid(enum km_family family, size_t count,
                      struct km_fit_scratch *scratch)
{
    const struct ladder *ladder = families[family].ladder;
    size_t fast = (size_t)ladder[1].nodes;
    size_t nodes = km_family_nodes(family);
    assert(nodes <= KM_FIT_NODES_MAX && count <= KM_FIT_POINTS_MAX);
    for (size_t k = 0; k < nodes; k++) {
        scratch->theta[k][0] = k % fast ? scratch->theta[k - 1][0]
                                        : rung(&ladder[0], (int)(k / fast));
        scratch->theta[k][1] =
            k < fast ? rung(&ladder[1], (int)k) : scratch->theta[k - fast][1];
        if (family == KM_FAMILY_MMF4) {
            scratch->moment[0][k] =
                pow(scratch->theta[k][0], -scratch->theta[k][1]);
        }
    }
    for (size_t b = 0; b < count; b++) {
        fill_row(family, scratch->scaled[b], scratch->logs[b], nodes, scratch,
                 scratch->grid + b * nodes);
    }
    return nodes;
}
