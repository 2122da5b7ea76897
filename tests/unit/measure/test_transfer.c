/* test_transfer.c - two curves of one task against NumPy, see tests/oracle. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "measure/transfer.h"
#define ORACLE_ROWS_MAX 40
#include "oracle_file.h"
#include "tap.h"

enum { N_MAX = ORACLE_ROWS_MAX };

static const char *path;
static double x_of[2][N_MAX], y_of[2][N_MAX];
static struct km_falling curves[2]; /* transferred, from scratch */

static void read_curves(void)
{
    size_t n[2] = {size(), 0};
    n[1] = size();
    for (size_t c = 0; c < 2; c++) {
        for (size_t i = 0; i < n[c]; i++) {
            x_of[c][i] = number();
        }
        for (size_t i = 0; i < n[c]; i++) {
            y_of[c][i] = number();
        }
        curves[c] = (struct km_falling){x_of[c], y_of[c], n[c]};
    }
}

static void check_curves(void)
{
    double at, from, to;
    read_curves();
    equals();
    check_next(km_jumpstart(&curves[0], &curves[1], &at));
    check_next(at);
    check_next(km_area_ratio(&curves[0], &curves[1], &from, &to));
    check_next(from);
    check_next(to);
}

static void check_threshold(void)
{
    struct km_threshold_ratio ratio;
    read_curves();
    double drop = number(), source = number();
    equals();
    double level = km_gain_level(&curves[1], drop);
    struct km_threshold found[2] = {km_threshold_find(&curves[0], level),
                                    km_threshold_find(&curves[1], level)};
    check_next(level);
    for (size_t c = 0; c < 2; c++) {
        check_next(found[c].x);
        check_next(found[c].reached);
        check_next(found[c].at_start);
        CHECK(found[c].after <= found[c].x * (1 + 1e-12) &&
              found[c].x <= found[c].until * (1 + 1e-12));
    }
    CHECK(km_threshold_compare(&found[0], &found[1], source, &ratio));
    check_next(ratio.value);
    CHECK(ratio.at_least == found[0].at_start);
    CHECK(ratio.at_most == !found[0].reached);
}

static void check_savings(void)
{
    double log_speedup = number();
    equals();
    check_within(km_savings(log_speedup), number(), 1e-12);
}

static void every_value_is_that_of_the_oracle(void)
{
    static const struct oracle_check checks[] = {{"curves", check_curves},
                                                 {"threshold", check_threshold},
                                                 {"savings", check_savings}};
    oracle_run(path, checks, sizeof checks / sizeof *checks, 14);
}

static void another_unit_of_x_changes_no_ratio(void)
{
    static const double x[] = {1, 5, 9, 30}, y[] = {4, 3, 2.5, 2.4};
    static const double xs[] = {2, 8, 20, 40}, ys[] = {5, 4, 2.6, 2.5};
    double scaled[2][4], at, from, to;
    for (size_t i = 0; i < 4; i++) {
        scaled[0][i] = 1e6 * x[i];
        scaled[1][i] = 1e6 * xs[i];
    }
    const struct km_falling a = {x, y, 4}, b = {xs, ys, 4};
    const struct km_falling c = {scaled[0], y, 4}, d = {scaled[1], ys, 4};
    CHECK_NEAR(km_area_ratio(&a, &b, &from, &to),
               km_area_ratio(&c, &d, &from, &to), 1e-12);
    CHECK_NEAR(km_jumpstart(&a, &b, &at), km_jumpstart(&c, &d, &at), 1e-12);
    /* what a curve is worth to itself */
    CHECK_NEAR(km_area_ratio(&a, &a, &from, &to), 0, 1e-15);
    CHECK_NEAR(km_jumpstart(&a, &a, &at), 0, 1e-15);
}

static void nothing_in_common_gives_no_number(void)
{
    static const double x[] = {1, 2}, far[] = {10, 20}, y[] = {3, 3};
    const struct km_falling a = {x, y, 2}, b = {far, y, 2}, none = {x, y, 0};
    double at, from, to;
    CHECK(isnan(km_jumpstart(&a, &b, &at)));
    CHECK(isnan(km_area_ratio(&a, &b, &from, &to)));
    CHECK(isnan(km_jumpstart(&a, &none, &at)));
    CHECK(isnan(km_area_ratio(&none, &a, &from, &to)));
    CHECK(isnan(km_gain_level(&a, 0.9)) && isnan(km_gain_level(&none, 0.9)));
    struct km_threshold no = km_threshold_find(&a, NAN);
    struct km_threshold_ratio ratio;
    CHECK(!no.reached && isnan(no.x));
    CHECK(!km_threshold_compare(&no, &no, 0, &ratio) && isnan(ratio.value));
    struct km_threshold late = {.x = 9}, soon = {.reached = true, .x = 3};
    CHECK(!km_threshold_compare(&soon, &late, 0, &ratio));
    CHECK(km_threshold_compare(&late, &soon, 0, &ratio) && ratio.at_most);
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "tests/oracle/transfer.txt";
    RUN(every_value_is_that_of_the_oracle);
    RUN(another_unit_of_x_changes_no_ratio);
    RUN(nothing_in_common_gives_no_number);
    return tap_end();
}
