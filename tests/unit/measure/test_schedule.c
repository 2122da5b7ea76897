/* test_schedule.c - laws of learning-rate plans and of annealing fits.
 *
 * Plans against sums in a loop; logged rates are recognised or refused; an
 * annealing fit gives back what made its data, and what it was told where the
 * data say nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/anneal.h"
#include "measure/rng.h"
#include "measure/schedule.h"
#include "tap.h"

enum { N = 400, LAST = 8000 };

static struct km_fit_scratch scratch;
static const struct km_rate_plan cooldown = {.kind = KM_PLAN_LINEAR,
                                             .warmup = 200,
                                             .from = 5000,
                                             .until = LAST,
                                             .final = 0.1};

static void a_plan_of_five_million_steps_sums_like_a_loop(void)
{
    const struct km_rate_plan plan = {
        .kind = KM_PLAN_COSINE, .warmup = 2000, .until = 5e6, .final = 0.1};
    double sum = 0;
    for (int i = 1; i <= 5000000; i++) {
        sum += km_plan_rate(&plan, i);
    }
    CHECK_NEAR(km_plan_sum(&plan, 5e6), sum, 1e-9 * sum);
}

static void says_where_the_rate_starts_to_fall(void)
{
    double start = km_plan_decay_start(&cooldown);
    CHECK(km_plan_rate(&cooldown, start) < 0.999);
    CHECK(km_plan_rate(&cooldown, start - 2) >= 0.999);
    const struct km_rate_plan constant = {.warmup = 200};
    CHECK(isinf(km_plan_decay_start(&constant)));
    CHECK(km_plan_constant_between(&cooldown, 300, 4000));
    CHECK(!km_plan_constant_between(&cooldown, 300, 6000));
    CHECK(!km_plan_constant_between(&cooldown, 100, 4000));
    const double step[] = {1, 100, 200, 300}, rate[] = {2, 2, 1, 1};
    const struct km_rate_plan table = {.kind = KM_PLAN_TABLE,
                                       .table_step = step,
                                       .table_rate = rate,
                                       .table_count = 4};
    CHECK_NEAR(km_plan_decay_start(&table), 100.2, 1e-9);
    CHECK(km_plan_constant_between(&table, 1, 99));
    CHECK(!km_plan_constant_between(&table, 50, 250));
    CHECK(km_plan_constant_between(&table, 250, 1e6));
}

static void refuses_plans_that_say_nothing(void)
{
    const double step[] = {1, 1}, rate[] = {1, 2}, zero[] = {0, 0};
    const struct km_rate_plan bad[] = {
        {.kind = KM_PLAN_COSINE, .until = 0},
        {.kind = KM_PLAN_LINEAR, .warmup = NAN, .until = 10},
        {.kind = KM_PLAN_LINEAR, .until = 10, .final = 2},
        {.kind = KM_PLAN_STEP, .factor = 1, .every = 10},
        {.kind = KM_PLAN_POLYNOMIAL, .until = 10, .power = 0},
        {.kind = KM_PLAN_TABLE},
        {.kind = KM_PLAN_TABLE,
         .table_step = step,
         .table_rate = rate,
         .table_count = 2},
        {.kind = KM_PLAN_TABLE,
         .table_step = step,
         .table_rate = zero,
         .table_count = 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(km_plan_problem(&bad[i]) != NULL);
    }
    CHECK(km_plan_problem(&cooldown) == NULL);
}

/* `count` rates of `plan`, times 3e-4. */
static size_t log_rates(const struct km_rate_plan *plan, double until,
                        double *step, double *rate)
{
    for (size_t i = 0; i < N; i++) {
        step[i] = 1 + floor((double)i * until / N);
        rate[i] = 3e-4 * km_plan_rate(plan, step[i]);
    }
    return N;
}

static void recognises_the_shape_of_a_logged_rate(void)
{
    double step[N], rate[N];
    const struct km_rate_plan plans[] = {
        cooldown,
        {.kind = KM_PLAN_COSINE, .warmup = 150, .until = LAST, .final = 0.1},
        {.kind = KM_PLAN_LINEAR, .until = LAST},
        {.kind = KM_PLAN_POLYNOMIAL, .power = 2, .until = LAST},
        {.kind = KM_PLAN_COSINE, .from = 4000, .until = LAST},
        {.kind = KM_PLAN_ONE_MINUS_SQRT,
         .warmup = 200,
         .from = 5000,
         .until = LAST,
         .final = 0.05},
    };
    for (size_t p = 0; p < sizeof plans / sizeof *plans; p++) {
        size_t n = log_rates(&plans[p], 6500, step, rate);
        struct km_rate_plan found;
        CHECK(km_plan_recognise(step, rate, n, LAST, &found));
        CHECK_INT(found.kind, plans[p].kind);
        CHECK_NEAR(km_plan_rate(&found, LAST), plans[p].final, 0.01);
        CHECK_NEAR(km_plan_sum(&found, LAST), km_plan_sum(&plans[p], LAST), 20);
    }
    struct km_rate_plan found;
    size_t n = log_rates(&cooldown, 4000, step, rate);
    CHECK(km_plan_recognise(step, rate, n, LAST, &found));
    CHECK_INT(found.kind, KM_PLAN_CONSTANT);
    struct km_rng rng;
    km_rng_seed(&rng, 1);
    for (size_t i = 0; i < n; i++) {
        rate[i] = km_rng_unit(&rng);
    }
    CHECK(!km_plan_recognise(step, rate, n, LAST, &found));
    CHECK(!km_plan_recognise(step, rate, 3, LAST, &found));
    memset(rate, 0, sizeof rate);
    CHECK(!km_plan_recognise(step, rate, n, LAST, &found));
}

/* 90 points up to `until` of a curve that obeys the law. */
static struct km_anneal_problem obey(double until, double noise, double *s1,
                                     double *drop, double *y, double *w)
{
    struct km_rng rng;
    double x[90];
    km_rng_seed(&rng, 5);
    for (int i = 0; i < 90; i++) {
        x[i] = until * (0.2 + 0.8 * (i + 1) / 90);
    }
    km_plan_features(&cooldown, x, 90, s1, drop);
    for (int i = 0; i < 90; i++) {
        y[i] = 2.8 + 20 * pow(s1[i], -0.5) - 0.15 * drop[i] +
               noise * (km_rng_unit(&rng) - 0.5);
        w[i] = 1;
    }
    return (struct km_anneal_problem){s1,     drop,     y, w,   90,
                                      s1[89], drop[89], 0, NULL};
}

static void gives_back_the_law_that_made_the_data(void)
{
    double s1[90], drop[90], y[90], w[90];
    struct km_anneal_problem problem = obey(7500, 0, s1, drop, y, w);
    struct km_anneal fit;
    CHECK(km_anneal_run(KM_FAMILY_POW3, &problem, &scratch, &fit));
    CHECK_NEAR(fit.drop, 0.15, 1e-3);
    CHECK_NEAR(fit.asymptote, 2.8, 3e-3);
    double end, fall;
    double x = LAST;
    km_plan_features(&cooldown, &x, 1, &end, &fall);
    CHECK_NEAR(km_anneal_value(&fit, end, fall),
               2.8 + 20 / sqrt(end) - 0.15 * fall, 1e-4);
}

static void takes_the_prior_where_the_run_says_nothing(void)
{
    double s1[90], drop[90], y[90], w[90];
    struct km_anneal_problem problem = obey(4500, 0.01, s1, drop, y, w);
    struct km_anneal fit;
    CHECK(km_anneal_run(KM_FAMILY_POW3, &problem, &scratch, &fit));
    CHECK(isnan(fit.drop));
    CHECK(isnan(km_anneal_value(&fit, 9000, 0.5)));
    CHECK(isfinite(km_anneal_value(&fit, 9000, 0)));
    const struct km_anneal_prior prior = {0.11, 0.02, 6};
    problem.prior = &prior;
    CHECK(km_anneal_run(KM_FAMILY_POW3, &problem, &scratch, &fit));
    CHECK_NEAR(fit.drop, 0.11, 1e-9);
    CHECK_NEAR(fit.tau_used, 0.02, 1e-12);
}

static void widens_the_prior_once_the_rate_falls(void)
{
    double s1[90], drop[90], y[90], w[90];
    struct km_anneal_problem problem = obey(6000, 0.002, s1, drop, y, w);
    const struct km_anneal_prior prior = {0.05, 0.02, 6};
    problem.prior = &prior;
    struct km_anneal fit;
    CHECK(problem.drop_now > KM_ANNEAL_STARTED);
    CHECK(km_anneal_run(KM_FAMILY_POW3, &problem, &scratch, &fit));
    CHECK_NEAR(fit.tau_used, 0.05, 1e-12);
    CHECK(fit.drop > 0.1); /* the data outweigh it */
}

static void scaling_the_loss_scales_the_fit(void)
{
    double s1[90], drop[90], y[90], w[90];
    struct km_anneal_problem problem = obey(6500, 0.01, s1, drop, y, w);
    const struct km_anneal_prior prior = {0.12, 0.03, 6};
    const struct km_anneal_prior scaled = {0.12e6, 0.03e6, 6};
    problem.prior = &prior;
    struct km_anneal one, other;
    CHECK(km_anneal_run(KM_FAMILY_POW3, &problem, &scratch, &one));
    for (int i = 0; i < 90; i++) {
        y[i] *= 1e6;
    }
    problem.prior = &scaled;
    CHECK(km_anneal_run(KM_FAMILY_POW3, &problem, &scratch, &other));
    CHECK_NEAR(other.drop, 1e6 * one.drop, 1e-3);
    CHECK_NEAR(other.asymptote, 1e6 * one.asymptote, 1e-2);
}

static void a_prior_is_the_median_over_groups(void)
{
    const double c[] = {0.1, 0.12, 0.14, 0.2, NAN, 0.2, 0.09};
    const unsigned group[] = {1, 1, 1, 2, 2, 2, 3};
    double rest[14];
    const struct km_anneal_prior cold = km_anneal_prior_cold(0.1);
    struct km_anneal_prior p = km_anneal_prior_of(c, group, 7, cold, rest);
    CHECK_INT(p.groups, 3);
    CHECK_NEAR(p.drop, 0.12, 1e-12);
    CHECK_NEAR(p.tau, 1.4826 * 0.03, 1e-12);
    p = km_anneal_prior_of(c, group, 4, cold, rest);
    CHECK_INT(p.groups, 0); /* two groups are too few */
    CHECK_NEAR(p.drop, 0.13 * 0.9, 1e-12);
    CHECK_NEAR(p.tau, 0.06, 1e-12);
}

static void odd_input_is_refused_or_fitted_never_a_crash(void)
{
    double s1[90], drop[90], y[90], w[90];
    struct km_anneal_problem problem = obey(6500, 0.01, s1, drop, y, w);
    struct km_anneal fit;
    problem.count = 7;
    CHECK(!km_anneal_run(KM_FAMILY_POW3, &problem, &scratch, &fit));
    problem.count = 90;
    for (int i = 0; i < 90; i++) {
        y[i] = 3;
    }
    CHECK(km_anneal_run(KM_FAMILY_POW3, &problem, &scratch, &fit));
    CHECK_NEAR(km_anneal_value(&fit, 2 * s1[89], drop[89]), 3, 1e-6);
    for (int i = 0; i < 90; i++) {
        y[i] = -5 + i * 0.1; /* rising, negative */
    }
    problem.e_min = -INFINITY;
    CHECK(km_anneal_run(KM_FAMILY_INVLOG3, &problem, &scratch, &fit));
    CHECK(isfinite(km_anneal_value(&fit, 2 * s1[89], 0.9)));
    for (int i = 0; i < 90; i++) {
        s1[i] = 10;
    }
    CHECK(!km_anneal_run(KM_FAMILY_POW3, &problem, &scratch, &fit));
}

int main(void)
{
    RUN(a_plan_of_five_million_steps_sums_like_a_loop);
    RUN(says_where_the_rate_starts_to_fall);
    RUN(refuses_plans_that_say_nothing);
    RUN(recognises_the_shape_of_a_logged_rate);
    RUN(gives_back_the_law_that_made_the_data);
    RUN(takes_the_prior_where_the_run_says_nothing);
    RUN(widens_the_prior_once_the_rate_falls);
    RUN(scaling_the_loss_scales_the_fit);
    RUN(a_prior_is_the_median_over_groups);
    RUN(odd_input_is_refused_or_fitted_never_a_crash);
    return tap_end();
}
