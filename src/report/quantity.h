/* quantity.h - numbers as people read them: counts, bytes, spans of time.
 *
 * A value is shown with as many digits as its interval can bear. Digits are
 * grouped by threes with a blank from 10,000 on. All write into small texts
 * that are returned by value, so that they can stand in an argument list.
 * Units: bytes are decimal (1 kB = 1000 B). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_QUANTITY_H
#define KM_REPORT_QUANTITY_H

#include <stdint.h>

#include "base/number.h"

struct km_short {
    char text[48];
};

struct km_short km_show_count(uint64_t count);  /* "12 400" */
struct km_short km_show_integer(int64_t value); /* "-12 400" */
struct km_short km_show_bytes(uint64_t bytes);  /* "1.2 GB" */
struct km_short km_show_scaled(double value);   /* "1.2 M", for rates */
struct km_short km_show_span_ns(int64_t ns);    /* "820 ms", "2 h 5 min" */
struct km_short km_show_value(double value);    /* 4 significant digits */
struct km_short km_show_plain(double value);    /* "3.28": no digit too many */
/* "2 h ago", or the day when it is more than 60 days from `now_ns`. */
struct km_short km_show_ago(int64_t wall_ns, int64_t now_ns);

/* As many decimals as km_decimals_for says. */
struct km_short km_show_decimals(double value, int decimals);

#endif
