/* test_forecast.c - schedules and annealing fits against NumPy, SciPy.
 *
 * tests/oracle/forecast.txt holds inputs and the numbers that an independent
 * implementation of the same definitions gave. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "measure/anneal.h"
#include "measure/schedule.h"
#include "tap.h"

enum { ROWS_MAX = 1000 };

static FILE *file;
static double column[4][ROWS_MAX];
static struct km_fit_scratch scratch;
static int counted[8];

static double number(void)
{
    double value = NAN;
    CHECK(fscanf(file, "%lf", &value) == 1);
    return value;
}

static size_t size(void)
{
    double value = number();
    CHECK(value >= 1 && value <= ROWS_MAX);
    return value >= 1 && value <= ROWS_MAX ? (size_t)value : 1;
}

static void equals(void)
{
    char word[8] = "";
    CHECK(fscanf(file, "%7s", word) == 1 && strcmp(word, "=") == 0);
}

/* Equal to 1e-9 of the expected size. */
static void check_close(double actual, double expected)
{
    CHECK_NEAR(actual, expected, 1e-9 * fmax(fabs(expected), 1e-3));
}

/* Rows "s = S1 D rate", one by one and in one walk. */
static void check_places(const struct km_rate_plan *plan)
{
    CHECK(km_plan_problem(plan) == NULL);
    double x[32], sum[32], drop[32];
    size_t n = size();
    CHECK(n <= 32);
    double s1[32], d[32];
    for (size_t i = 0; i < n && i < 32; i++) {
        x[i] = number();
        equals();
        sum[i] = number();
        drop[i] = number();
        check_close(km_plan_sum(plan, x[i]), sum[i]);
        check_close(km_plan_drop(plan, x[i]), drop[i]);
        check_close(km_plan_rate(plan, x[i]), number());
    }
    km_plan_features(plan, x, n, s1, d);
    for (size_t i = 0; i < n; i++) {
        check_close(s1[i], sum[i]);
        check_close(d[i], drop[i]);
    }
}

static void check_plan(void)
{
    struct km_rate_plan plan = {.kind = (enum km_plan_kind)number()};
    plan.warmup = number();
    plan.from = number();
    plan.until = number();
    plan.final = number();
    plan.power = number();
    plan.factor = number();
    plan.every = number();
    check_places(&plan);
    counted[0]++;
}

static void check_table(void)
{
    size_t n = size();
    for (size_t i = 0; i < n; i++) {
        column[0][i] = number();
        column[1][i] = number();
    }
    const struct km_rate_plan plan = {.kind = KM_PLAN_TABLE,
                                      .table_step = column[0],
                                      .table_rate = column[1],
                                      .table_count = n};
    check_places(&plan);
    counted[1]++;
}

static void check_anneal(void)
{
    char name[16] = "";
    CHECK(fscanf(file, "%15s", name) == 1);
    size_t n = size();
    double floor_ = number();
    struct km_anneal_prior prior = {number(), 0, 5};
    prior.tau = number();
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < 4; k++) {
            column[k][i] = number();
        }
    }
    equals();
    const struct km_anneal_problem problem = {
        .s1 = column[0],
        .drop = column[1],
        .y = column[2],
        .weight = column[3],
        .count = n,
        .s1_now = column[0][n - 1],
        .drop_now = column[1][n - 1],
        .e_min = floor_ <= -1e300 ? -(double)INFINITY : floor_,
        .prior = prior.tau > 0 ? &prior : NULL,
    };
    struct km_anneal fit = {.count = 0};
    enum km_family family =
        strcmp(name, "pow3") == 0 ? KM_FAMILY_POW3 : KM_FAMILY_INVLOG3;
    CHECK(km_anneal_run(family, &problem, &scratch, &fit));
    check_close(fit.theta[0], number());
    check_close(fit.asymptote, number());
    check_close(fit.amplitude, number());
    check_close(fit.drop, number());
    check_close(fit.scale, number());
    counted[2]++;
}

static void agrees_with_numpy_and_scipy(void)
{
    char word[128] = "";
    while (fscanf(file, "%127s", word) == 1) {
        if (word[0] == '#') {
            CHECK(fgets(word, sizeof word, file) != NULL);
        } else if (strcmp(word, "plan") == 0) {
            check_plan();
        } else if (strcmp(word, "table") == 0) {
            check_table();
        } else if (strcmp(word, "anneal") == 0) {
            check_anneal();
        } else {
            break;
        }
    }
    CHECK_TEXT(word, "end");
}

static void every_kind_of_row_was_there(void)
{
    CHECK_INT(counted[0], 17);
    CHECK_INT(counted[1], 4);
    CHECK_INT(counted[2], 24);
}

int main(int argc, char **argv)
{
    file = argc == 2 ? fopen(argv[1], "r") : NULL;
    CHECK(file != NULL);
    if (file) {
        RUN(agrees_with_numpy_and_scipy);
        RUN(every_kind_of_row_was_there);
        fclose(file);
    }
    return tap_end();
}
