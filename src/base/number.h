/* number.h - text to numbers and back, correctly rounded, without locale.
 *
 * Parsing never reads past `len` and never depends on a closing NUL.
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_NUMBER_H
#define KM_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Reads the whole of `text` as a decimal number ("1", "-2.5e3", ".5", "5.") or
 * as nan, inf, infinity (any case, optional sign). False, with `value`
 * untouched, when anything else is there. */
bool km_number_parse(struct km_str text, double *value);

/* Reads the longest number at the start of `text`; returns its length, 0 when
 * there is none. Does not read nan or inf. */
size_t km_number_scan(struct km_str text, double *value);

/* Reads the whole of `text` as a signed 64-bit integer; false also when it
 * does not fit. */
bool km_integer_parse(struct km_str text, int64_t *value);

/* The shortest decimal text that reads back to the same bits, as "0.1",
 * "1e+30",
 * "-0.0", "NaN", "Infinity", "-Infinity". Returns its length. */
enum { KM_NUMBER_BYTES = 32 };
size_t km_number_format(double value, char out[KM_NUMBER_BYTES]);

/* Decimals that value, low and high deserve together; negative: write it as a
 * power of ten instead. Bounds may be NaN. */
int km_decimals_for(double value, double low, double high);

#endif
