/* test_smooth.c - smoothers against pandas, statsmodels and scikit-learn, see
 * tests/oracle, and their laws. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/monotone.h"
#include "measure/rng.h"
#include "measure/smooth.h"
#define ORACLE_ROWS_MAX 200
#include "oracle_file.h"
#include "tap.h"

enum { ROWS_MAX = ORACLE_ROWS_MAX };

static const char *path;
static double x[ROWS_MAX], y[ROWS_MAX], out[ROWS_MAX], scratch[3 * ROWS_MAX];
static int counted[4];

static void read_pairs(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = number();
        y[i] = number();
    }
    char word[8] = "";
    CHECK(fscanf(file, "%7s", word) == 1 && strcmp(word, "=") == 0);
}

static void check_out(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double expected = number();
        CHECK_NEAR(out[i], expected, 1e-9 * fmax(fabs(expected), 1e-3));
    }
}

/* n points, then m places; leaves the values there in `out`. */
static size_t check_monotone(size_t n, size_t m)
{
    double at[ROWS_MAX];
    for (size_t i = 0; i < n; i++) {
        x[i] = number();
        y[i] = number();
    }
    for (size_t i = 0; i < m; i++) {
        at[i] = number();
    }
    char word[8] = "";
    CHECK(fscanf(file, "%7s", word) == 1 && strcmp(word, "=") == 0);
    km_monotone_slopes(x, y, n, scratch);
    for (size_t i = 0; i < m; i++) {
        out[i] = km_monotone_at(x, y, scratch, n, at[i]);
    }
    return m;
}

static void equals_the_oracle(void)
{
    file = fopen(path, "r");
    CHECK(file != NULL);
    if (!file) {
        return;
    }
    char word[16], line[256];
    CHECK(fgets(line, sizeof line, file) && line[0] == '#');
    while (fscanf(file, "%15s", word) == 1) {
        size_t n = size();
        double option = number();
        if (strcmp(word, "ema") == 0) {
            read_pairs(n);
            km_smooth_ema(x, y, n, option, out);
            counted[0]++;
        } else if (strcmp(word, "loess") == 0) {
            unsigned passes = (unsigned)number();
            read_pairs(n);
            km_smooth_loess(x, y, n, option, passes, scratch, out);
            counted[1]++;
        } else if (strcmp(word, "monotone") == 0) {
            n = check_monotone(n, (size_t)option);
            counted[3]++;
        } else {
            CHECK_TEXT(word, "isotonic");
            read_pairs(n); /* x: values, y: weights */
            km_smooth_isotonic(x, y, n, option > 0, scratch, out);
            counted[2]++;
        }
        check_out(n);
    }
    fclose(file);
    CHECK_INT(counted[0], 4);
    CHECK_INT(counted[1], 5);
    CHECK_INT(counted[2], 5);
    CHECK_INT(counted[3], 4);
}

static void make_curve(size_t n, double noise)
{
    struct km_rng rng;
    km_rng_seed(&rng, 3);
    for (size_t i = 0; i < n; i++) {
        x[i] = (double)(i + 1);
        y[i] = 2 + 3 / sqrt(x[i]) + noise * (km_rng_unit(&rng) - 0.5);
    }
}

static void a_straight_line_passes_through_loess_unchanged(void)
{
    for (size_t i = 0; i < 50; i++) {
        x[i] = 3 * (double)i;
        y[i] = 7 - 0.5 * x[i];
    }
    km_smooth_loess(x, y, 50, 0.3, 3, scratch, out);
    for (size_t i = 0; i < 50; i++) {
        CHECK_NEAR(out[i], y[i], 1e-10);
    }
}

static void a_constant_stays_a_constant_under_every_smoother(void)
{
    for (size_t i = 0; i < 30; i++) {
        x[i] = (double)(i * i);
        y[i] = 1e12;
    }
    km_smooth_ema(x, y, 30, 5, out);
    CHECK_NEAR(out[29], 1e12, 1e-2);
    km_smooth_loess(x, y, 30, 0.5, 3, scratch, out);
    CHECK_NEAR(out[29], 1e12, 1e-2);
    km_smooth_isotonic(y, NULL, 30, true, scratch, out);
    CHECK_NEAR(out[0], 1e12, 0);
}

static void stretching_x_changes_no_smoothed_value(void)
{
    static double other[ROWS_MAX], wide[ROWS_MAX];
    make_curve(150, 0.3);
    for (size_t i = 0; i < 150; i++) {
        wide[i] = 1e6 * x[i];
    }
    km_smooth_loess(x, y, 150, 0.2, 3, scratch, out);
    km_smooth_loess(wide, y, 150, 0.2, 3, scratch, other);
    for (size_t i = 0; i < 150; i++) {
        CHECK_NEAR(other[i], out[i], 1e-9);
    }
    km_smooth_ema(x, y, 150, 9, out);
    km_smooth_ema(wide, y, 150, 9e6, other);
    CHECK_NEAR(other[149], out[149], 1e-12);
}

static void the_average_sees_nothing_of_the_future(void)
{
    static double other[ROWS_MAX];
    make_curve(100, 0.3);
    km_smooth_ema(x, y, 100, 10, out);
    km_smooth_ema(x, y, 60, 10, other);
    for (size_t i = 0; i < 60; i++) {
        CHECK_NEAR(other[i], out[i], 0);
    }
}

static void isotonic_falls_keeps_the_mean_and_may_work_in_place(void)
{
    make_curve(120, 1);
    double before = 0, after = 0;
    for (size_t i = 0; i < 120; i++) {
        before += y[i];
    }
    km_smooth_isotonic(y, NULL, 120, true, scratch, out);
    km_smooth_isotonic(y, NULL, 120, true, scratch, y);
    for (size_t i = 0; i < 120; i++) {
        CHECK(i == 0 || out[i] <= out[i - 1]);
        CHECK_NEAR(y[i], out[i], 0);
        after += out[i];
    }
    CHECK_NEAR(after, before, 1e-10 * before);
}

static void equal_steps_and_no_points_are_no_trouble(void)
{
    for (size_t i = 0; i < 20; i++) {
        x[i] = 5;
        y[i] = (double)i;
    }
    km_smooth_loess(x, y, 20, 0.5, 3, scratch, out);
    km_smooth_ema(x, y, 20, 1, out);
    CHECK_NEAR(out[19], 9.5, 1e-12);
    km_smooth_loess(x, y, 0, 0.5, 3, scratch, out);
    km_smooth_ema(x, y, 0, 1, out);
    km_smooth_isotonic(y, NULL, 0, true, scratch, out);
    km_smooth_loess(x, y, 1, 0.5, 3, scratch, out);
    CHECK_NEAR(out[0], 0, 0);
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "tests/oracle/smooth.txt";
    RUN(equals_the_oracle);
    RUN(a_straight_line_passes_through_loess_unchanged);
    RUN(a_constant_stays_a_constant_under_every_smoother);
    RUN(stretching_x_changes_no_smoothed_value);
    RUN(the_average_sees_nothing_of_the_future);
    RUN(isotonic_falls_keeps_the_mean_and_may_work_in_place);
    RUN(equal_steps_and_no_points_are_no_trouble);
    return tap_end();
}
