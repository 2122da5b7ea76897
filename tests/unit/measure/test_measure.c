/* test_measure.c - laws that estimators keep, and input that they refuse. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/forecast.h"
#include "measure/rng.h"
#include "measure/robust.h"
#include "measure/target.h"
#include "measure/throughput.h"
#include "measure/velocity.h"
#include "tap.h"

enum { N = 96 };

static struct km_fit_scratch scratch;
static double doubles[2 * KM_THROUGHPUT_ORDER_MAX]; /* the largest scratch */
static double x[N], y[N], w[N];

/* y = e + a (x/1000)^-alpha on [400, 1000], with noise. */
static struct km_fit_problem power_law(double e, double a, double alpha,
                                       double noise)
{
    struct km_rng rng;
    km_rng_seed(&rng, 5);
    for (int i = 0; i < N; i++) {
        x[i] = 400 + 600.0 * i / (N - 1);
        y[i] = e + a * pow(x[i] / 1000, -alpha) +
               noise * (km_rng_unit(&rng) - 0.5);
        w[i] = 1;
    }
    return (struct km_fit_problem){x, y, w, N, 1000, 0};
}

static void recovers_a_power_law_to_a_thousandth(void)
{
    struct km_fit_problem problem = power_law(2, 3, 0.5, 0);
    struct km_fit fit;
    CHECK(km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &fit));
    CHECK_NEAR(fit.theta[0], 0.5, 0.005);
    CHECK_NEAR(km_fit_value(&fit, 2000), 2 + 3 * pow(2, -0.5), 0.002);
    CHECK_NEAR(km_fit_slope(&fit, 1000), -0.0015, 1.5e-6);
    CHECK_NEAR(km_fit_inverse(&fit, km_fit_value(&fit, 1777)), 1777, 1e-6);
}

static void scaling_x_or_y_scales_the_fit(void)
{
    struct km_fit_problem problem = power_law(2, 3, 0.5, 0.1);
    struct km_fit fit, scaled;
    km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &fit);
    for (int i = 0; i < N; i++) {
        x[i] *= 4096;
        y[i] *= 8;
    }
    problem.x_now *= 4096;
    km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &scaled);
    CHECK_NEAR(scaled.theta[0], fit.theta[0], 1e-9);
    CHECK_NEAR(scaled.asymptote, 8 * fit.asymptote, 1e-8);
    struct km_estimate a = km_velocity_model(&fit, 1000, 0.8, 0);
    struct km_estimate b = km_velocity_model(&scaled, 4096000, 0.8, 0);
    CHECK_NEAR(b.value, a.value * 8 / 4096, 1e-9 * a.value);
    CHECK_NEAR(b.lo, a.lo * 8 / 4096, 1e-7 * a.value);
    CHECK_NEAR(b.hi, a.hi * 8 / 4096, 1e-7 * a.value);
}

static void shifting_y_shifts_the_floor_when_it_is_free(void)
{
    struct km_fit_problem problem = power_law(2, 3, 0.5, 0.1);
    struct km_fit fit, shifted;
    problem.e_min = -INFINITY;
    km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &fit);
    for (int i = 0; i < N; i++) {
        y[i] -= 100; /* rewards turned round are like this */
    }
    km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &shifted);
    CHECK_NEAR(shifted.asymptote, fit.asymptote - 100, 1e-6);
    CHECK_NEAR(km_fit_slope(&shifted, 1000), km_fit_slope(&fit, 1000), 1e-10);
}

static void a_floor_is_respected(void)
{
    struct km_fit_problem problem = power_law(-1, 3, 0.2, 0);
    struct km_fit fit;
    km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &fit);
    CHECK(fit.asymptote >= 0);
}

static void a_constant_series_has_no_velocity(void)
{
    struct km_fit_problem problem = power_law(2, 0, 0.5, 0);
    struct km_fit fit;
    CHECK(km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &fit));
    CHECK_NEAR(fit.amplitude, 0, 1e-12);
    CHECK_NEAR(km_fit_value(&fit, 5000), 2, 1e-9);
    CHECK(isinf(km_fit_inverse(&fit, 1)));
    struct km_local_velocity local;
    CHECK(km_velocity_local(x, y, N, 20, 0.8, doubles, &local));
    CHECK_NEAR(local.velocity.value, 0, 1e-15);
}

static void a_rising_loss_is_never_called_learning(void)
{
    struct km_fit_problem problem = power_law(2, -1, 0.5, 0.01);
    struct km_fit fit;
    CHECK(km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &fit));
    CHECK_NEAR(fit.amplitude, 0, 0);
    struct km_local_velocity local;
    CHECK(km_velocity_local(x, y, N, 20, 0.8, doubles, &local));
    CHECK(local.velocity.hi < 0);
}

static void thin_and_degenerate_input_is_refused(void)
{
    struct km_fit_problem problem = power_law(2, 3, 0.5, 0);
    struct km_fit fit;
    struct km_local_velocity local;
    struct km_throughput speed;
    struct km_line line;
    problem.count = KM_FIT_POINTS_MIN - 1;
    CHECK(
        !km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &fit));
    for (int i = 0; i < N; i++) {
        x[i] = 700;
    }
    problem.count = N;
    CHECK(
        !km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &fit));
    CHECK(!km_velocity_local(x, y, N, 20, 0.8, doubles, &local));
    CHECK(!km_velocity_local(x, y, 0, 20, 0.8, doubles, &local));
    CHECK(!km_line_fit(x, y, N, doubles, &line));
    CHECK(!km_line_fit(x, y, 2, doubles, &line));
    const struct km_stretches one = {x, y, 1, NULL, 0};
    CHECK(!km_throughput_measure(&one, 0, doubles, &speed));
    CHECK(isnan(km_median(doubles, 0)));
}

static void a_stall_is_counted_and_left_out(void)
{
    double steps[100], seconds[100];
    for (int i = 0; i < 100; i++) {
        steps[i] = 1;
        seconds[i] = 0.5;
    }
    seconds[50] = 600;
    struct km_throughput speed;
    const struct km_stretches all = {steps, seconds, 100, NULL, 0};
    CHECK(km_throughput_measure(&all, 0, doubles, &speed));
    CHECK_NEAR(speed.seconds_per_step, 0.5, 1e-12);
    CHECK_INT(speed.stall_count, 1);
    CHECK_NEAR(speed.stall_seconds, 599.5, 1e-9);
    seconds[50] = 29; /* long, but below half a minute: a slow step */
    CHECK(km_throughput_measure(&all, 0, doubles, &speed));
    CHECK_INT(speed.stall_count, 0);
    CHECK_NEAR(speed.seconds_per_step, 0.785, 1e-12);
}

static struct km_forecast forecast;

static void prepare(double noise)
{
    struct km_fit_problem problem = power_law(2, 3, 0.5, noise);
    struct km_fit pow3, invlog3;
    km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &pow3);
    km_fit_run(KM_FAMILY_INVLOG3, &problem, KM_FIT_REFINED, &scratch, &invlog3);
    km_forecast_prepare(&pow3, &invlog3, &problem, &problem, 1, pow3.scale,
                        km_cold_start_constant, &scratch, &forecast);
}

static void intervals_widen_with_the_horizon(void)
{
    prepare(0.1);
    double before = 0;
    for (double at = 1000; at <= 8000; at *= 1.25) {
        struct km_estimate e = km_forecast_at(&forecast, at);
        CHECK(e.lo < e.value && e.value < e.hi);
        CHECK(e.hi - e.lo >= before);
        before = e.hi - e.lo;
    }
    struct km_estimate e = km_forecast_at(&forecast, 2000);
    CHECK(e.lo < 4.1213 && 4.1213 < e.hi);
}

static void a_forecast_is_the_same_every_time(void)
{
    prepare(0.1);
    struct km_estimate a = km_forecast_at(&forecast, 3000);
    prepare(0.1);
    struct km_estimate b = km_forecast_at(&forecast, 3000);
    CHECK_NEAR(a.value, b.value, 0);
    CHECK_NEAR(a.hi, b.hi, 0);
}

static void without_a_schedule_the_interval_reaches_further_down(void)
{
    prepare(0.1);
    struct km_estimate even = km_forecast_at(&forecast, 2000);
    forecast.k = km_cold_start_unknown;
    struct km_estimate e = km_forecast_at(&forecast, 2000);
    CHECK_NEAR(e.value, even.value, 0);
    CHECK_NEAR((e.value - e.lo) / (e.hi - e.value), 3, 1e-6);
    CHECK_NEAR(e.hi, even.hi, 1e-12);
    CHECK(e.lo < even.lo);
}

static void a_crossing_needs_two_neighbours_or_the_end(void)
{
    const double at[] = {1, 2, 4, 8, 16}, dip[] = {5, 2, 5, 4, 3};
    struct km_crossing c = km_target_observed(at, dip, 5, 3);
    CHECK(c.reached && !c.confirmed);
    CHECK_NEAR(c.x, 16, 1e-12);
    const double steady[] = {5, 4, 3.5, 2.5, 2};
    c = km_target_observed(at, steady, 5, 3);
    CHECK(c.reached && c.confirmed);
    CHECK_NEAR(c.x, 4 * sqrt(2), 1e-12); /* half way in ln x */
    CHECK_NEAR(c.after, 4, 0);
    CHECK_NEAR(c.until, 8, 0);
    CHECK(!km_target_observed(at, steady, 5, 1).reached);
    CHECK(!km_target_observed(at, steady, 0, 1).reached);
}

static void random_numbers_are_even_and_repeatable(void)
{
    struct km_rng a, b;
    km_rng_seed(&a, 42);
    km_rng_seed(&b, 42);
    int counts[10] = {0};
    for (int i = 0; i < 100000; i++) {
        CHECK(km_rng_next(&a) == km_rng_next(&b));
        counts[km_rng_below(&a, 10)]++;
        (void)km_rng_below(&b, 10);
    }
    for (int i = 0; i < 10; i++) {
        CHECK(counts[i] > 9600 && counts[i] < 10400);
    }
}

int main(void)
{
    RUN(recovers_a_power_law_to_a_thousandth);
    RUN(scaling_x_or_y_scales_the_fit);
    RUN(shifting_y_shifts_the_floor_when_it_is_free);
    RUN(a_floor_is_respected);
    RUN(a_constant_series_has_no_velocity);
    RUN(a_rising_loss_is_never_called_learning);
    RUN(thin_and_degenerate_input_is_refused);
    RUN(a_stall_is_counted_and_left_out);
    RUN(intervals_widen_with_the_horizon);
    RUN(a_forecast_is_the_same_every_time);
    RUN(without_a_schedule_the_interval_reaches_further_down);
    RUN(a_crossing_needs_two_neighbours_or_the_end);
    RUN(random_numbers_are_even_and_repeatable);
    return tap_end();
}
