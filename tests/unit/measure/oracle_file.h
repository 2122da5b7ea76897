/* oracle_file.h - reads what an oracle wrote: words, sizes, inputs, `=`,
 * numbers.
 *
 * Define ORACLE_ROWS_MAX, the most values a row may have, before including it.
 * The test opens `file`, or has oracle_run() do so. */
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

/* What checks the rows that begin with a word. */
struct oracle_check {
    const char *name;
    void (*check)(void);
};

/* Opens the file and gives every row to its check; `rows` are expected. */
static inline void oracle_run(const char *from,
                              const struct oracle_check *checks, size_t count,
                              int rows)
{
    char word[200];
    file = fopen(from, "r");
    CHECK(file != NULL);
    CHECK(file && fgets(word, sizeof word, file)); /* versions */
    while (file && fscanf(file, "%31s", word) == 1) {
        for (size_t i = 0; i < count; i++) {
            if (strcmp(word, checks[i].name) == 0) {
                checks[i].check();
            }
        }
    }
    CHECK_INT(rows_read, rows);
    if (file) {
        (void)fclose(file);
    }
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
