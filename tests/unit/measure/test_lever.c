/* test_lever.c - levers against SciPy and statsmodels, see tests/oracle. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/lever.h"
#define ORACLE_ROWS_MAX 200
#include "oracle_file.h"
#include "tap.h"

enum { ROWS_MAX = ORACLE_ROWS_MAX };

static const char *path;
static double y[ROWS_MAX], other[ROWS_MAX], scratch[6 * ROWS_MAX];
static uint32_t level[ROWS_MAX], block[ROWS_MAX], shuffled[ROWS_MAX];

static void check_oneway(void)
{
    size_t n = size(), k = size();
    for (size_t i = 0; i < n; i++) {
        y[i] = number();
        level[i] = (uint32_t)number();
    }
    equals();
    struct km_oneway out = {0};
    double lo = NAN, hi = NAN;
    CHECK(km_oneway_measure(y, level, n, k, &out));
    km_oneway_interval(&out, 0.8, &lo, &hi);
    check_next(out.f);
    check_next(out.p);
    check_next(out.eta2);
    check_next(out.omega2);
    check_next(lo);
    check_next(hi);
}

static void check_permute(void)
{
    size_t n = size(), k = size();
    for (size_t i = 0; i < n; i++) {
        y[i] = number();
        level[i] = (uint32_t)number();
    }
    equals();
    double exact = number(), draws = 20000;
    double p =
        km_oneway_permute(y, level, NULL, n, k, (size_t)draws, 3, shuffled);
    /* four standard errors of the Monte Carlo estimate */
    CHECK_NEAR(p, exact, 4 * sqrt(exact * (1 - exact) / draws));
}

static void check_association(void)
{
    size_t n = size(), r = size(), c = size();
    for (size_t i = 0; i < n; i++) {
        level[i] = (uint32_t)number();
        block[i] = (uint32_t)number();
    }
    equals();
    check_next(km_association(level, r, block, c, n));
}

static void check_matched(void)
{
    size_t n = size(), blocks = size();
    for (size_t i = 0; i < n; i++) {
        y[i] = number();
        level[i] = (uint32_t)number();
        block[i] = (uint32_t)number();
    }
    equals();
    struct km_matched out = {0};
    CHECK(km_matched_measure(y, level, block, n, 0, 2, blocks, scratch, &out));
    check_next(out.effect);
    check_next(out.se);
    check_next(out.df);
    check_next(out.tau);
    check_next((double)out.blocks);
    check_next((double)out.count);
}

static void check_frontier(void)
{
    size_t n = size(), by[ROWS_MAX];
    for (size_t i = 0; i < n; i++) {
        y[i] = number();
        other[i] = number();
    }
    equals();
    km_frontier_mark(y, other, n, by);
    for (size_t i = 0; i < n; i++) {
        check_next(by[i] < n);
        size_t j = by[i];
        CHECK(j == n || (y[j] <= y[i] && other[j] <= other[i] &&
                         (y[j] < y[i] || other[j] < other[i])));
    }
}

static void check_halving(void)
{
    size_t n = size();
    double eta = number(), margin = number(), risk = number();
    double probability[ROWS_MAX];
    bool stop[ROWS_MAX];
    for (size_t i = 0; i < n; i++) {
        y[i] = number();
        other[i] = number();
    }
    equals();
    struct km_halving out;
    km_halving_advise(y, other, n, eta, margin, risk, 0, probability, stop, &out);
    check_next((double)out.best);
    check_next((double)out.stopped);
    check_next(out.wrong);
    for (size_t i = 0; i < n; i++) {
        check_next(probability[i]);
        check_next(stop[i]);
    }
    CHECK_INT(out.kept + out.stopped, n);
}

static void every_value_is_that_of_the_oracle(void)
{
    static const struct oracle_check checks[] = {
        {"oneway", check_oneway},           {"permute", check_permute},
        {"association", check_association}, {"matched", check_matched},
        {"frontier", check_frontier},       {"halving", check_halving}};
    oracle_run(path, checks, sizeof checks / sizeof *checks, 13);
}

static void nothing_varies_or_repeats_gives_no_number(void)
{
    const double same[] = {2, 2, 2, 2}, apart[] = {1, 2, 3, 4};
    const uint32_t two[] = {0, 0, 1, 1}, one[] = {0, 0, 0, 0};
    const uint32_t each[] = {0, 1, 2, 3};
    struct km_oneway out;
    CHECK(!km_oneway_measure(same, two, 4, 2, &out));
    CHECK(!km_oneway_measure(apart, one, 4, 1, &out));
    CHECK(!km_oneway_measure(apart, each, 4, 4, &out));
    CHECK(!km_oneway_measure(apart, two, 0, 2, &out));
    CHECK(isnan(km_association(one, 1, two, 2, 4)));
    CHECK_NEAR(km_association(two, 2, two, 2, 4), 1, 1e-15);
    struct km_matched matched;
    CHECK(!km_matched_measure(apart, two, two, 4, 0, 1, 2, scratch, &matched));
    /* two blocks without repeats: an effect, and no error is known */
    const uint32_t alternating[] = {0, 1, 0, 1};
    CHECK(km_matched_measure(apart, alternating, two, 4, 0, 1, 2, scratch,
                             &matched));
    CHECK_NEAR(matched.effect, 1, 1e-15);
    CHECK(isnan(matched.se));
}

static void effects_do_not_depend_on_the_order_or_a_shift(void)
{
    static const double values[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8};
    static const uint32_t levels[] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0};
    static const uint32_t blocks[] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2};
    struct km_matched forward, backward;
    CHECK(km_matched_measure(values, levels, blocks, 12, 0, 1, 3, scratch,
                             &forward));
    for (size_t i = 0; i < 12; i++) {
        y[i] = values[11 - i] + 1000;
        level[i] = levels[11 - i];
        block[i] = blocks[11 - i];
    }
    CHECK(km_matched_measure(y, level, block, 12, 0, 1, 3, scratch, &backward));
    CHECK_NEAR(backward.effect, forward.effect, 1e-10);
    CHECK_NEAR(backward.se, forward.se, 1e-10);
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "tests/oracle/lever.txt";
    RUN(every_value_is_that_of_the_oracle);
    RUN(nothing_varies_or_repeats_gives_no_number);
    RUN(effects_do_not_depend_on_the_order_or_a_shift);
    return tap_end();
}
