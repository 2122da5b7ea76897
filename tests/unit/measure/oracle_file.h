/* oracle_file.h - reads what an oracle wrote: words, sizes, inputs, `=`,
 * numbers.
 *
 * Define ORACLE_ROWS_MAX, the most values a row may have, before including it.
 * The test opens `file`. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_ORACLE_FILE_H
#define KM_TESTS_ORACLE_FILE_H

#include <stdlib.h>

#include "tap.h"

static FILE *file;
static int rows_read; /* how many `=` were met */

/* Also nan and inf, as Python writes them. */
static inline double number(void)
{
    char word[64] = "nan";
    CHECK(fscanf(file, "%63s", word) == 1);
    return strtod(word, NULL);
}

/* Within [least, ORACLE_ROWS_MAX], else `least`. */
static inline size_t size_from(size_t least)
{
    double value = number();
    bool fits = value >= (double)least && value <= ORACLE_ROWS_MAX;
    CHECK(fits);
    return fits ? (size_t)value : least;
}

static inline size_t size(void)
{
    return size_from(1);
}

static inline void equals(void)
{
    char word[8] = "";
    CHECK(fscanf(file, "%7s", word) == 1 && strcmp(word, "=") == 0);
    rows_read++;
}

/* Equal to 1e-9 of the expected size, of which small ones count as `least`. */
static inline void check_within(double actual, double expected, double least)
{
    if (!isfinite(expected)) {
        CHECK((isnan(expected) && isnan(actual)) || actual == expected);
        return;
    }
    CHECK_NEAR(actual, expected, 1e-9 * fmax(fabs(expected), least));
}

/* Against the next number of the file. */
static inline void check_next(double actual)
{
    check_within(actual, number(), 1e-3);
}

#endif
