/* test_oracle.c - estimators against NumPy and SciPy, see tests/oracle.
 *
 * tests/oracle/measure.txt holds inputs and the numbers that an independent
 * implementation of the same definitions gave. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/fit.h"
#include "measure/robust.h"
#include "measure/throughput.h"
#define ORACLE_ROWS_MAX 1000
#include "oracle_file.h"
#include "tap.h"

enum { ROWS_MAX = ORACLE_ROWS_MAX };

static double first[ROWS_MAX], second[ROWS_MAX], third[ROWS_MAX];
static struct km_fit_scratch scratch;
static int counted[5];

static void check_close(double actual, double expected)
{
    check_within(actual, expected, 1e-9);
}

static void check_fit(void)
{
    char name[16] = "";
    CHECK(fscanf(file, "%15s", name) == 1);
    size_t n = size();
    for (size_t i = 0; i < n; i++) {
        first[i] = number();
        second[i] = number();
        third[i] = number();
    }
    equals();
    const struct km_fit_problem problem = {first, second,       third,
                                           n,     first[n - 1], 0};
    struct km_fit fit = {.count = 0};
    enum km_family family =
        strcmp(name, "pow3") == 0 ? KM_FAMILY_POW3 : KM_FAMILY_INVLOG3;
    CHECK(km_fit_run(family, &problem, KM_FIT_REFINED, &scratch, &fit));
    check_close(fit.theta[0], number());
    check_close(fit.asymptote, number());
    check_close(fit.amplitude, number());
    check_close(fit.scale, number());
    check_close(fit.n_eff, number());
    double se = number(), slope = number();
    if (se < 0) {
        CHECK(isnan(fit.se_slope)); /* a flat curve has no error of its own */
    } else {
        CHECK_NEAR(fit.se_slope, se, 1e-5 * se); /* numeric derivatives */
    }
    check_close(km_fit_slope(&fit, fit.x_now), slope);
    counted[0]++;
}

static void check_line(void)
{
    static double rest[2 * ROWS_MAX];
    size_t n = size();
    for (size_t i = 0; i < n; i++) {
        first[i] = number();
        second[i] = number();
    }
    equals();
    struct km_line line;
    CHECK(km_line_fit(first, second, n, rest, &line));
    check_close(line.slope, number());
    check_close(line.se_huber, number());
    check_close(line.se_hac, number());
    check_close(line.n_eff, number());
    check_close(line.scale, number());
    CHECK_NEAR(line.se, fmax(line.se_huber, line.se_hac), 0);
    counted[1]++;
}

static void check_student(void)
{
    double p = number(), df = number();
    equals();
    double t = number(), back = number();
    check_close(km_t_quantile(p, df), t);
    check_close(km_t_cdf(t, df), back);
    counted[2]++;
}

static void check_quantiles(void)
{
    static const double shares[] = {0, .05, .5, .9, .99, 1};
    size_t n = size();
    for (size_t i = 0; i < n; i++) {
        first[i] = number();
    }
    equals();
    for (size_t q = 0; q < sizeof shares / sizeof *shares; q++) {
        CHECK_NEAR(km_quantile(first, n, shares[q]), number(), 1e-12);
    }
    counted[3]++;
}

static void check_throughput(void)
{
    static double rest[2 * KM_THROUGHPUT_ORDER_MAX];
    size_t n = size();
    for (size_t i = 0; i < n; i++) {
        first[i] = number();
        second[i] = number();
    }
    equals();
    struct km_throughput out;
    const struct km_stretches all = {first, second, n, NULL, 0};
    CHECK(km_throughput_measure(&all, 0, rest, &out));
    check_close(out.seconds_per_step, number());
    check_close(out.relative_se, number());
    check_close(out.median, number());
    check_close(out.mad, number());
    check_close(out.p99, number());
    CHECK_NEAR((double)out.stall_count, number(), 0);
    check_close(out.stall_seconds, number());
    counted[4]++;
}

static void estimators_agree_with_numpy_and_scipy(void)
{
    static const struct {
        const char *word;
        void (*check)(void);
    } checks[] = {{"fit", check_fit},
                  {"line", check_line},
                  {"t", check_student},
                  {"quantile", check_quantiles},
                  {"throughput", check_throughput}};
    char word[64] = "";
    while (fscanf(file, "%63s", word) == 1 && strcmp(word, "end") != 0) {
        for (size_t i = 0; i < 5; i++) {
            if (strcmp(word, checks[i].word) == 0) {
                checks[i].check();
            }
        }
    }
    CHECK_TEXT(word, "end");
    CHECK_INT(counted[0], 10);
    CHECK_INT(counted[1], 4);
    CHECK_INT(counted[2], 49);
    CHECK_INT(counted[3], 5);
    CHECK_INT(counted[4], 2);
}

int main(int argc, char **argv)
{
    file = argc > 1 ? fopen(argv[1], "r") : NULL;
    CHECK(file != NULL);
    if (file) {
        RUN(estimators_agree_with_numpy_and_scipy);
        (void)fclose(file);
    }
    return tap_end();
}
