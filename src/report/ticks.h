/* ticks.h - round numbers along an axis, and their words.
 *
 * Steps are 1, 2, 2.5 or 5 times a power of ten; all labels of an axis have the
 * same decimals and the same scale ("M"), which the caller names once beside
 * the unit. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_TICKS_H
#define KM_REPORT_TICKS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/quantity.h"

enum { KM_TICKS_MAX = 16 };

struct km_ticks {
    double at[KM_TICKS_MAX];
    size_t count;
    int decimals;
    double divisor;     /* labels show value / divisor */
    const char *prefix; /* "", "k", "M", "G", "T" */
    bool logarithmic;   /* each label has the digits it needs */
};

/* Ticks within [low, high], about `wanted` (2..12) of them. low < high, both
 * finite. */
void km_ticks_place(struct km_ticks *ticks, double low, double high,
                    size_t wanted);
/* At 1, 2 and 5 times powers of ten, or at powers alone where that is too many;
 * 0 < low < high. */
void km_ticks_place_log(struct km_ticks *ticks, double low, double high,
                        size_t wanted);
struct km_short km_tick_label(const struct km_ticks *ticks, size_t index);

#endif
