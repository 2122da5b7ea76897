/* factors.h - a speed-up as the product of what made it.
 *
 * Data efficiency, throughput and price multiply to the speed-up, so on a
 * logarithmic scale each bar begins where the one before it ends, and the last
 * end is the whole. Faces draw that; this says from where to where.
 * Ownership: borrows the scorecard. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_FACTORS_H
#define KM_REPORT_FACTORS_H

#include "report/chart.h"

enum { KM_FACTORS_MAX = 4 };

struct km_factor {
    const char *name; /* "data efficiency" */
    double ratio;
    double from, to; /* products of the factors up to it */
};

struct km_factors {
    struct km_factor parts[KM_FACTORS_MAX];
    size_t count;
    const struct km_figure_result *whole; /* NULL: no row says it */
    double product;
    struct km_span range; /* of all bars, the interval and 1 */
};

/* False when the card has fewer than two factors. */
bool km_factors_of(const struct km_scorecard *card, struct km_factors *factors);

/* Place of a ratio on the scale, 0..1. */
double km_factors_place(const struct km_factors *factors, double ratio);
/* "together", or what the whole is per: "per active second". */
const char *km_factors_whole(const struct km_factors *factors);
/* Value of the whole, and its interval "[1.00x, 1.01x] 80 %" or "". */
struct km_short km_factors_value(double ratio);
struct km_short km_factors_interval(const struct km_factors *factors);

#endif
