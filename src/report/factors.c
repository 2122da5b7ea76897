/* factors.c - the bars of a product. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/factors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char PREFIX[] = "factor: ";
#define ROOM 0.04 /* of the width, at both ends */

static void widen(struct km_span *range, double ratio)
{
    if (isfinite(ratio) && ratio > 0) {
        range->low = fmin(range->low, ratio);
        range->high = fmax(range->high, ratio);
    }
}

static bool is_speedup(const struct km_figure_result *result)
{
    return strcmp(result->figure->id, "compare.speedup") == 0 &&
           isfinite(result->value) && result->value > 0;
}

static void gather(const struct km_scorecard *card, struct km_factors *factors)
{
    for (size_t i = 0; i < card->count; i++) {
        const struct km_figure_result *result = &card->results[i];
        if (!is_speedup(result) ||
            strncmp(result->variant, PREFIX, sizeof PREFIX - 1) != 0 ||
            factors->count == KM_FACTORS_MAX) {
            continue;
        }
        double from = factors->product;
        factors->product *= result->value;
        factors->parts[factors->count++] =
            (struct km_factor){result->variant + sizeof PREFIX - 1,
                               result->value, from, factors->product};
        widen(&factors->range, factors->product);
    }
}

/* The row whose value is the product; one of an active clock before others. */
static void find_whole(const struct km_scorecard *card,
                       struct km_factors *factors)
{
    for (size_t i = 0; i < card->count; i++) {
        const struct km_figure_result *result = &card->results[i];
        if (is_speedup(result) &&
            strncmp(result->variant, PREFIX, sizeof PREFIX - 1) != 0 &&
            fabs(result->value - factors->product) < 1e-9 * factors->product) {
            factors->whole = result;
        }
    }
}

bool km_factors_of(const struct km_scorecard *card, struct km_factors *factors)
{
    *factors = (struct km_factors){.product = 1, .range = {1, 1}};
    gather(card, factors);
    if (factors->count < 2) {
        return false;
    }
    find_whole(card, factors);
    if (factors->whole) {
        widen(&factors->range, factors->whole->lo);
        widen(&factors->range, factors->whole->hi);
    }
    if (!(factors->range.high / factors->range.low > 1.02)) {
        factors->range = (struct km_span){1 / 1.1, 1.1}; /* nothing but 1 */
    }
    return isfinite(factors->range.high / factors->range.low);
}

double km_factors_place(const struct km_factors *factors, double ratio)
{
    struct km_span range = factors->range;
    double share = log(ratio / range.low) / log(range.high / range.low);
    return ROOM + (1 - 2 * ROOM) * share;
}

const char *km_factors_whole(const struct km_factors *factors)
{
    return factors->whole ? factors->whole->variant : "together";
}

struct km_short km_factors_value(double ratio)
{
    struct km_short out;
    (void)snprintf(out.text, sizeof out.text, "%.*fx",
                   ratio < 10    ? 2
                   : ratio < 100 ? 1
                                 : 0,
                   ratio);
    return out;
}

struct km_short km_factors_interval(const struct km_factors *factors)
{
    struct km_short out = {""};
    const struct km_figure_result *whole = factors->whole;
    if (whole && isfinite(whole->lo) && isfinite(whole->hi)) {
        (void)snprintf(out.text, sizeof out.text, "[%.12s, %.12s] %.0f %%",
                       km_factors_value(whole->lo).text,
                       km_factors_value(whole->hi).text, 100 * whole->level);
    }
    return out;
}
