/* test_trend.c - trends of short series against every order of them, see
 * tests/oracle. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "measure/rng.h"
#include "measure/trend.h"
#define ORACLE_ROWS_MAX 100
#include "oracle_file.h"
#include "tap.h"

enum { N_MAX = ORACLE_ROWS_MAX };

static const char *path;
static double t[N_MAX], y[N_MAX], scratch[N_MAX * N_MAX / 2];

static size_t read_series(double *level)
{
    size_t n = size_from(2);
    *level = number();
    for (size_t i = 0; i < n; i++) {
        t[i] = number();
    }
    for (size_t i = 0; i < n; i++) {
        y[i] = number();
    }
    equals();
    return n;
}

static void check_trend(void)
{
    double level;
    size_t n = read_series(&level);
    struct km_trend out;
    CHECK(km_trend_fit(t, y, n, level, scratch, &out));
    check_next(out.slope);
    check_next(out.lo);
    check_next(out.hi);
    check_next(out.level);
    check_next(out.s);
    check_next(out.p);
    check_next(out.exact);
}

/* Too long for all of its orders: slope and p alone. */
static void check_ends(void)
{
    size_t n = size_from(2);
    for (size_t i = 0; i < 2 * n; i++) {
        *(i < n ? &t[i] : &y[i - n]) = number();
    }
    equals();
    struct km_trend out;
    CHECK(km_trend_fit(t, y, n, 0.8, scratch, &out) && out.exact);
    check_next(out.slope);
    check_next(out.p);
    CHECK(out.lo <= out.slope && out.slope <= out.hi && out.level >= 0.8);
}

static void every_value_is_that_of_the_oracle(void)
{
    char word[200];
    file = fopen(path, "r");
    CHECK(file != NULL);
    CHECK(file && fgets(word, sizeof word, file)); /* versions */
    while (file && fscanf(file, "%31s", word) == 1) {
        if (strcmp(word, "trend") == 0) {
            check_trend();
        } else if (strcmp(word, "ends") == 0) {
            check_ends();
        }
    }
    CHECK_INT(rows_read, 13);
    if (file) {
        (void)fclose(file);
    }
}

static void order_scale_and_shift_do_not_matter(void)
{
    static const double at[] = {1, 2, 3, 4, 5, 6};
    static const double up[] = {2, 1, 4, 3, 7, 9};
    struct km_trend a, b;
    CHECK(km_trend_fit(at, up, 6, 0.8, scratch, &a));
    for (size_t i = 0; i < 6; i++) {
        t[i] = 10 * at[5 - i] + 7;
        y[i] = -1e-6 * up[5 - i] + 1;
    }
    CHECK(km_trend_fit(t, y, 6, 0.8, scratch, &b));
    CHECK_NEAR(b.slope, -1e-7 * a.slope, 1e-15);
    CHECK_NEAR(b.lo, -1e-7 * a.hi, 1e-15);
    CHECK_NEAR(b.p, a.p, 1e-15);
}

/* Of series without a trend the interval holds 0 as often as it says. */
static void the_interval_covers_as_often_as_its_level(void)
{
    struct km_rng rng;
    km_rng_seed(&rng, 4);
    int held = 0, all = 4000;
    double level = 0;
    for (int k = 0; k < all; k++) {
        struct km_trend out;
        for (size_t i = 0; i < 6; i++) {
            t[i] = (double)i;
            y[i] = (double)km_rng_below(&rng, 1000000000);
        }
        CHECK(km_trend_fit(t, y, 6, 0.8, scratch, &out));
        level = out.level;
        held += out.lo <= 0 && out.hi >= 0;
    }
    CHECK(level >= 0.8 && level < 0.9);
    CHECK_NEAR((double)held / all, level, 4 * sqrt(level * (1 - level) / all));
}

static void what_has_no_trend_gives_no_number(void)
{
    static const double same[] = {3, 3, 3}, apart[] = {1, 2, 3};
    static const double bad[] = {1, NAN, 2};
    struct km_trend out;
    CHECK(!km_trend_fit(apart, apart, 0, 0.8, scratch, &out));
    CHECK(!km_trend_fit(apart, apart, 1, 0.8, scratch, &out));
    CHECK(!km_trend_fit(same, apart, 3, 0.8, scratch, &out));
    CHECK(!km_trend_fit(apart, bad, 3, 0.8, scratch, &out));
    CHECK(isnan(out.slope));
    CHECK(km_trend_fit(apart, same, 3, 0.8, scratch, &out));
    CHECK(!(out.slope > 0) && !(out.slope < 0) && out.p > 0.99);
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "tests/oracle/trend.txt";
    RUN(every_value_is_that_of_the_oracle);
    RUN(order_scale_and_shift_do_not_matter);
    RUN(the_interval_covers_as_often_as_its_level);
    RUN(what_has_no_trend_gives_no_number);
    return tap_end();
}
