/* family.h - the shapes g(u; theta) of learning curves and their grids.
 *
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_FAMILY_H
#define KM_MEASURE_FAMILY_H

#include "measure/fit.h"

/* Parameters of theta: 1 or 2. */
int km_family_shape(enum km_family family);

/* Fills scratch->theta and scratch->grid (grid[bin * nodes + node] = g) from
 * scratch->scaled and scratch->logs (u and ln u). Returns the node count. */
size_t km_family_grid(enum km_family family, size_t count,
                      struct km_fit_scratch *scratch);

size_t km_family_nodes(enum km_family family);

/* `value` of shape `i`, kept within the range of its grid. */
double km_family_bound(enum km_family family, int i, double value);

double km_family_value(enum km_family family, const double theta[2], double u);
/* At many u with their logarithms. */
void km_family_values(enum km_family family, const double theta[2],
                      const double *u, const double *log_u, size_t count,
                      double *out);
double km_family_slope(enum km_family family, const double theta[2], double u);

/* g^-1(value); NaN when it is never taken. */
double km_family_inverse(enum km_family family, const double theta[2],
                         double value);

#endif
