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
    read_curves();
    double from = number(), to = number();
    equals();
    check_next(km_curve_at(&curves[0], from));
    check_next(km_curve_at(&curves[1], from));
    check_next(from < to ? km_curve_area(&curves[0], from, to) : (double)NAN);
    check_next(from < to ? km_curve_area(&curves[1], from, to) : (double)NAN);
}

static void check_threshold(void)
{
    read_curves();
    double drop = number();
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

static void another_unit_of_x_changes_no_share_of_an_area(void)
{
    static const double x[] = {1, 5, 9, 30}, y[] = {4, 3, 2.5, 2.4};
    double scaled[4];
    for (size_t i = 0; i < 4; i++) {
        scaled[i] = 1e6 * x[i];
    }
    const struct km_falling a = {x, y, 4}, b = {scaled, y, 4};
    CHECK_NEAR(km_curve_area(&a, 2, 7) / km_curve_area(&a, 1, 30),
               km_curve_area(&b, 2e6, 7e6) / km_curve_area(&b, 1e6, 30e6),
               1e-12);
    CHECK_NEAR(km_curve_at(&a, 7), km_curve_at(&b, 7e6), 1e-12);
}

static void beyond_a_curve_there_is_no_number(void)
{
    static const double x[] = {1, 2}, y[] = {3, 3};
    const struct km_falling a = {x, y, 2}, none = {x, y, 0};
    CHECK(isnan(km_curve_at(&a, 0.5)) && isnan(km_curve_at(&a, 3)));
    CHECK(isnan(km_curve_at(&none, 1)));
    CHECK(isnan(km_gain_level(&a, 0.9)) && isnan(km_gain_level(&none, 0.9)));
    struct km_threshold no = km_threshold_find(&a, NAN);
    CHECK(!no.reached && isnan(no.x));
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "tests/oracle/transfer.txt";
    RUN(every_value_is_that_of_the_oracle);
    RUN(another_unit_of_x_changes_no_share_of_an_area);
    RUN(beyond_a_curve_there_is_no_number);
    return tap_end();
}
