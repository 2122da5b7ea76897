/* tap.h - the smallest test harness that Meson understands (TAP on stdout).
 *
 *     int main(void) {
 *         RUN(recovers_the_exponent_of_an_exact_power_law);
 *         return tap_end();
 *     }
 *
 * A test is a function named as a sentence; CHECK reports and goes on. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_TAP_H
#define KM_TESTS_TAP_H

#include <math.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed, tap_bad;

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            tap_bad++;                                                         \
            printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
        }                                                                      \
    } while (0)

#define CHECK_INT(actual, expected)                                            \
    do {                                                                       \
        long long tap_a = (long long)(actual), tap_e = (long long)(expected);  \
        if (tap_a != tap_e) {                                                  \
            tap_bad++;                                                         \
            printf("# %s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__, \
                   #actual, tap_a, tap_e);                                     \
        }                                                                      \
    } while (0)

#define CHECK_NEAR(actual, expected, tolerance)                                \
    do {                                                                       \
        double tap_a = (actual), tap_e = (expected);                           \
        if (!(fabs(tap_a - tap_e) <= (tolerance))) {                           \
            tap_bad++;                                                         \
            printf("# %s:%d: %s is %.17g, expected %.17g\n", __FILE__,         \
                   __LINE__, #actual, tap_a, tap_e);                           \
        }                                                                      \
    } while (0)

#define CHECK_TEXT(actual, expected)                                           \
    do {                                                                       \
        const char *tap_a = (actual), *tap_e = (expected);                     \
        if (!tap_a || strcmp(tap_a, tap_e) != 0) {                             \
            tap_bad++;                                                         \
            printf("# %s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__,       \
                   __LINE__, #actual, tap_a ? tap_a : "(null)", tap_e);        \
        }                                                                      \
    } while (0)

static inline void tap_result(const char *name)
{
    printf("%sok %d - %s\n", tap_bad ? "not " : "", ++tap_count, name);
    tap_failed += tap_bad != 0;
    tap_bad = 0;
    fflush(stdout);
}

#define RUN(test)                                                              \
    do {                                                                       \
        test();                                                                \
        tap_result(#test);                                                     \
    } while (0)

/* A test that cannot run here, and why. */
#define SKIP(test, why)                                                        \
    printf("ok %d - %s # SKIP %s\n", ++tap_count, #test, why)

static inline int tap_end(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed ? 1 : 0;
}

#endif
