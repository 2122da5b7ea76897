/* test_compare.c - sequential tests, speed-up and aggregates against SciPy and
 * rliable, see tests/oracle; and that no number of looks decides too often. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/aggregate.h"
#include "measure/moderate.h"
#include "measure/moments.h"
#include "measure/rng.h"
#include "measure/sequential.h"
#include "measure/speedup.h"
#define ORACLE_ROWS_MAX 400
#include "oracle_file.h"
#include "tap.h"

enum { ROWS_MAX = ORACLE_ROWS_MAX, DRAWS = 4000 };

static const char *path;
static double first[ROWS_MAX], second[ROWS_MAX];
static double scratch[8 * ROWS_MAX + DRAWS];

static void check_log_e(void)
{
    double t = number(), df = number(), n = number(), spread = number();
    equals();
    check_next(km_sequential_log_e(t, df, n, spread));
}

static void check_bound(void)
{
    double alpha = number(), df = number(), n = number(), spread = number();
    double effect = number();
    equals();
    double bound = km_sequential_bound(alpha, df, n, spread);
    check_next(bound);
    check_next(km_sequential_power(alpha, df, n, spread, effect));
    CHECK_NEAR(km_sequential_log_e(bound, df, n, spread), -log(alpha), 1e-9);
}

static void check_moments(void)
{
    size_t n = size(), m = size();
    struct km_moments a = {0, 0, 0}, b = {0, 0, 0};
    for (size_t i = 0; i < n + m; i++) {
        km_moments_add(i < n ? &a : &b, number());
    }
    equals();
    double se = NAN, df = NAN;
    CHECK(km_moments_welch(&a, &b, &se, &df));
    check_next(a.mean);
    check_next(km_moments_variance(&a));
    check_next(km_moments_half_width(&a, 0.8));
    check_next(se);
    check_next(df);
}

static void check_sequence(void)
{
    double sd = number(), n = number(), tight = number(), alpha = number();
    equals();
    check_next(km_sequence_asymptotic(sd, n, tight, alpha));
}

static void check_reach(void)
{
    size_t n = size(), levels = size();
    for (size_t i = 0; i < n; i++) {
        first[i] = number();
        second[i] = number();
    }
    double level[ROWS_MAX], found[ROWS_MAX];
    for (size_t l = 0; l < levels; l++) {
        level[l] = number();
    }
    equals();
    const struct km_falling curve = {first, second, n};
    km_reach(&curve, level, levels, found);
    for (size_t l = 0; l < levels; l++) {
        check_next(found[l]);
    }
}

static void check_moderate(void)
{
    size_t n = size();
    double df[64], rest[64];
    for (size_t i = 0; i < n; i++) {
        first[i] = number();
        df[i] = number();
    }
    equals();
    struct km_moderate prior;
    CHECK(km_moderate_fit(first, df, n, rest, &prior));
    check_next(prior.variance);
    check_next(prior.df);
    CHECK(!km_moderate_refuted(&prior, prior.variance, 4));
    CHECK(km_moderate_refuted(&prior, 1e9 * prior.variance, 4));
}

static void check_iqm(void)
{
    size_t n = size();
    for (size_t i = 0; i < n; i++) {
        second[i] = number();
    }
    equals();
    check_next(km_interquartile_mean(second, n));
}

static void check_greater(void)
{
    size_t n = size(), m = size();
    for (size_t i = 0; i < n; i++) {
        first[i] = number();
    }
    for (size_t i = 0; i < m; i++) {
        second[i] = number();
    }
    equals();
    check_next(km_prob_greater(first, n, second, m));
}

static void check_scores(void)
{
    size_t tasks = size(), n = size(), m = size();
    for (size_t i = 0; i < tasks * n; i++) {
        first[i] = number();
    }
    for (size_t i = 0; i < tasks * m; i++) {
        second[i] = number();
    }
    equals();
    const struct km_scores a = {first, tasks, n}, b = {second, tasks, m};
    check_next(km_scores_iqm(&a, scratch));
    check_next(km_scores_improvement(&a, &b));
    double lo = NAN, hi = NAN;
    CHECK(km_scores_interval(&a, NULL, 0.95, DRAWS, 1, scratch, &lo, &hi));
    /* Monte Carlo: quantiles of 4,000 and of 40,000 draws */
    CHECK_NEAR(lo, number(), 0.03);
    CHECK_NEAR(hi, number(), 0.03);
    CHECK(km_scores_interval(&a, &b, 0.95, DRAWS, 1, scratch, &lo, &hi));
    CHECK_NEAR(lo, number(), 0.03);
    CHECK_NEAR(hi, number(), 0.03);
}

static void check_profile(void)
{
    size_t submissions = size(), workloads = size();
    for (size_t i = 0; i < submissions * workloads; i++) {
        first[i] = number();
    }
    equals();
    km_profile_ratios(first, submissions, workloads, 4, second);
    for (size_t i = 0; i < submissions * workloads; i++) {
        check_next(second[i]);
    }
    for (size_t s = 0; s < submissions; s++) {
        check_next(km_profile_score(second + s * workloads, workloads, 4));
    }
}

static void check_olympic(void)
{
    size_t n = size();
    for (size_t i = 0; i < n; i++) {
        first[i] = number();
    }
    equals();
    check_next(km_olympic_mean(first, n));
}

static void every_value_is_that_of_the_oracle(void)
{
    static const struct oracle_check checks[] = {
        {"log_e", check_log_e},       {"bound", check_bound},
        {"sequence", check_sequence}, {"moments", check_moments},
        {"moderate", check_moderate}, {"reach", check_reach},
        {"iqm", check_iqm},           {"greater", check_greater},
        {"scores", check_scores},     {"profile", check_profile},
        {"olympic", check_olympic}};
    oracle_run(path, checks, sizeof checks / sizeof *checks, 52);
}

static double normal(struct km_rng *rng)
{
    double u = 1 - km_rng_unit(rng), v = km_rng_unit(rng);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* Adds seeds to two arms in turn, up to `most` an arm, and looks after each:
 * true when some look decides. `shift` in seed standard deviations. */
static bool ever_decides(struct km_rng *rng, size_t most, double shift,
                         double *first_at)
{
    double n[2] = {0}, mean[2] = {0}, m2[2] = {0};
    for (size_t i = 0; i < 2 * most; i++) {
        int arm = i % 2;
        double value = normal(rng) + (arm ? shift : 0);
        double off = value - mean[arm];
        mean[arm] += off / ++n[arm];
        m2[arm] += off * (value - mean[arm]);
        double df = n[0] + n[1] - 2;
        if (n[0] < 1 || n[1] < 1 || df < 1) {
            continue;
        }
        double eff = n[0] * n[1] / (n[0] + n[1]);
        double se = sqrt((m2[0] + m2[1]) / df / eff);
        double bound = km_sequential_bound(0.05, df, eff, KM_SEQUENTIAL_SPREAD);
        if (fabs(mean[1] - mean[0]) > bound * se) {
            *first_at = (double)i / 2;
            return true;
        }
    }
    return false;
}

static void two_equal_arms_are_decided_in_at_most_one_of_twenty(void)
{
    enum { TRIALS = 4000 };
    struct km_rng rng;
    double at;
    int decided = 0;
    km_rng_seed(&rng, 12);
    for (int i = 0; i < TRIALS; i++) {
        decided += ever_decides(&rng, 50, 0, &at);
    }
    printf("# %d of %d pairs of equal arms decided over 98 looks\n", decided,
           TRIALS);
    CHECK(decided <= 0.05 * TRIALS);
}

static void three_deviations_are_found_with_the_stated_power(void)
{
    enum { TRIALS = 2000 };
    struct km_rng rng;
    double at;
    km_rng_seed(&rng, 13);
    size_t seeds =
        km_sequential_seeds(0.05, 0, KM_SEQUENTIAL_SPREAD, 3, 0.8, 2, 100);
    int found = 0;
    for (int i = 0; i < TRIALS; i++) {
        found += ever_decides(&rng, seeds, 3, &at);
    }
    printf("# %zu seeds an arm find 3 deviations in %d of %d\n", seeds, found,
           TRIALS);
    CHECK(seeds >= 3 && seeds <= 8);
    CHECK(found >= 0.8 * TRIALS);
}

static void levels_are_shared_and_a_speedup_is_its_ratio(void)
{
    enum { N = 200 };
    static double xa[N], ya[N], xb[N], yb[N], fine[3 * KM_SPEEDUP_FINE];
    double levels[KM_SPEEDUP_LEVELS];
    for (size_t i = 0; i < N; i++) {
        xa[i] = 10 * (double)(i + 1);
        xb[i] = 13 * (double)(i + 1);
        ya[i] = 2 + 3 / sqrt(xa[i]);
        yb[i] = 2 + 3 / sqrt(xb[i] / 1.3); /* 1.3 times as slow */
    }
    const struct km_falling a = {xa, ya, N}, b = {xb, yb, N};
    CHECK(km_speedup_levels(&a, 1, &b, 1, fine, levels));
    double s = km_speedup_summary(&b, levels) - km_speedup_summary(&a, levels);
    CHECK_NEAR(exp(s), 1.3, 1e-9);
    for (size_t l = 1; l < KM_SPEEDUP_LEVELS; l++) {
        CHECK(levels[l] < levels[l - 1]);
    }
    /* a curve that ends above where the other begins shares no level */
    for (size_t i = 0; i < N; i++) {
        yb[i] += 10;
    }
    CHECK(!km_speedup_levels(&a, 1, &b, 1, fine, levels));
}

static void thin_input_gives_no_number(void)
{
    double two[] = {1, 2}, missed[] = {1, INFINITY, 3, INFINITY};
    CHECK(isnan(km_olympic_mean(two, 2)));
    CHECK(isnan(km_olympic_mean(missed, 4)));
    struct km_moments same = {0, 0, 0}, none_yet = {0, 0, 0};
    double se = 0, df = 0;
    km_moments_add(&same, 3);
    CHECK(isnan(km_moments_variance(&same)));
    km_moments_add(&same, 3);
    CHECK(isnan(km_moments_half_width(&none_yet, 0.8)));
    CHECK(!km_moments_welch(&same, &same, &se, &df)); /* copies */
    CHECK(isnan(km_interquartile_mean(two, 0)));
    CHECK(isnan(km_prob_greater(two, 2, two, 0)));
    CHECK(isinf(km_sequential_bound(0.05, 1, 0.5, KM_SEQUENTIAL_SPREAD)));
    CHECK(km_sequential_power(0.05, 1, 0.5, KM_SEQUENTIAL_SPREAD, 9) <= 0);
    const double holes[] = {NAN, NAN};
    const struct km_scores none = {holes, 1, 2};
    double lo, hi;
    CHECK(!km_scores_interval(&none, NULL, 0.9, 10, 1, scratch, &lo, &hi));
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "tests/oracle/compare.txt";
    RUN(every_value_is_that_of_the_oracle);
    RUN(two_equal_arms_are_decided_in_at_most_one_of_twenty);
    RUN(three_deviations_are_found_with_the_stated_power);
    RUN(levels_are_shared_and_a_speedup_is_its_ratio);
    RUN(thin_input_gives_no_number);
    return tap_end();
}
