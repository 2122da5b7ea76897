/* test_forecast.c - schedules, fits, intervals and scores by NumPy and SciPy.
 *
 * tests/oracle/forecast.txt holds inputs and the numbers that an independent
 * implementation of the same definitions gave. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/anneal.h"
#include "measure/conformal.h"
#include "measure/forecast_score.h"
#include "measure/schedule.h"
#define ORACLE_ROWS_MAX 1000
#include "oracle_file.h"
#include "tap.h"

enum { ROWS_MAX = ORACLE_ROWS_MAX };

static double column[4][ROWS_MAX];
static struct km_fit_scratch scratch;
static int counted[8];

/* Rows "s = S1 D rate", one by one and in one walk. */
static void check_close(double actual, double expected)
{
    check_within(actual, expected, 1e-3);
}

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

static unsigned group[ROWS_MAX];
static double rest[4 * ROWS_MAX];
static size_t calibrated;

static void check_cross(void)
{
    double level = number();
    size_t n = calibrated = size();
    for (size_t i = 0; i < n; i++) {
        column[0][i] = number();
        group[i] = (unsigned)number();
    }
    equals();
    size_t groups = km_conformal_weights(column[0], group, n, column[1], rest);
    double expected = number(), hi, lo;
    bool found = km_conformal_cross(column[0], column[1], n, groups, level,
                                    rest, &lo, &hi);
    CHECK(found == (expected > 0));
    double high = number(), low = number();
    if (found) {
        CHECK_INT(groups, expected);
        check_close(hi, high);
        check_close(lo, low);
    }
    counted[3]++;
}

static void check_own(void)
{
    double level = number(), reach = -1;
    size_t n = size();
    for (size_t i = 0; i < n; i++) {
        rest[i] = number() * (i % 2 ? 1 : -1);
    }
    equals();
    if (!km_conformal_own(rest, n, level, &reach)) {
        reach = -1;
    }
    check_close(reach, number());
}

static void check_pit(void)
{
    double error = number();
    equals();
    check_close(km_pit(column[0], column[1], calibrated, error), number());
}

static void check_score(void)
{
    static struct km_resolved rows[ROWS_MAX];
    double level = number();
    size_t n = size();
    for (size_t i = 0; i < n; i++) {
        rows[i].group = (unsigned)number();
        rows[i].forecast = number();
        rows[i].truth = number();
        rows[i].last_value = number();
        rows[i].line = number();
        rows[i].lo = number();
        rows[i].hi = number();
        rows[i].pit = number();
    }
    equals();
    struct km_forecast_score score;
    km_forecast_score(rows, n, level, rest, &score);
    const double found[] = {score.rel,          score.rel_line, score.mae,
                            score.median_error, score.male,     score.bias,
                            score.covered,      score.width,    score.below,
                            score.above,        score.winkler,  score.pit,
                            score.rel_lo,       score.rel_hi};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        check_close(found[i], number());
    }
    counted[4]++;
}

static void check_draws(void)
{
    double target = number();
    size_t draws = size(), places = size();
    static double error[ROWS_MAX];
    for (size_t k = 0; k < places; k++) {
        column[0][k] = number();
        column[1][k] = number();
    }
    for (size_t d = 0; d < draws; d++) {
        column[2][d] = number();
        for (size_t k = 0; k < places; k++) {
            error[d * places + k] = number();
        }
    }
    equals();
    const struct km_error_draws of = {draws, places, error, column[2], 10};
    for (int q = 0; q < 3; q++) {
        double x = km_draws_time(&of, column[0], column[1], target,
                                 (const double[]){0.1, 0.5, 0.9}[q], rest);
        check_close(isfinite(x) ? x : -1, number());
    }
    check_close(km_draws_by(&of, column[1], 7, target), number());
    check_close(km_draws_at(&of, column[1], 7, target), number());
    counted[5]++;
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
        } else if (strcmp(word, "cross") == 0) {
            check_cross();
        } else if (strcmp(word, "own") == 0) {
            check_own();
        } else if (strcmp(word, "pit") == 0) {
            check_pit();
        } else if (strcmp(word, "score") == 0) {
            check_score();
        } else if (strcmp(word, "draws") == 0) {
            check_draws();
        } else {
            break;
        }
    }
    CHECK_TEXT(word, "end");
}

static void every_kind_of_row_was_there(void)
{
    CHECK_INT(counted[0], 19);
    CHECK_INT(counted[1], 4);
    CHECK_INT(counted[2], 24);
    CHECK_INT(counted[3], 5);
    CHECK_INT(counted[4], 2);
    CHECK_INT(counted[5], 4);
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
