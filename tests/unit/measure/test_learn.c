/* test_learn.c - diminishing returns, survival, control variates and bands of
 * velocity, against independent implementations (tests/oracle) and by law. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/returns.h"
#include "measure/rng.h"
#include "measure/robust.h"
#include "measure/survival.h"
#include "measure/variate.h"
#define ORACLE_ROWS_MAX 300
#include "oracle_file.h"
#include "tap.h"

enum { ROWS_MAX = ORACLE_ROWS_MAX, N = 600 };

static const char *path;
static double x[2 * N], y[2 * N], w[2 * N], out[2 * N];
static double scratch[4 * KM_LOCAL_POINTS_MAX];
static struct km_fit_scratch fit_scratch;
static bool reached[ROWS_MAX];
static struct km_survival_step steps[ROWS_MAX];
static int counted[7];

/* -1 stands for what is not known or not reached. */
static void check_open(double actual)
{
    double expected = number();
    CHECK(expected < 0 ? !isfinite(actual)
                       : fabs(actual - expected) <= 1e-9 * expected);
}

static void check_half_life(void)
{
    size_t n = size();
    struct km_fit fit = {
        .family = KM_FAMILY_POW3, .amplitude = 1, .x_now = 1000, .count = n};
    fit.theta[0] = number();
    fit.n_eff = number();
    double e_min = number();
    for (size_t i = 0; i < n; i++) {
        x[i] = number();
        y[i] = number();
        w[i] = fit.weight[i] = number();
    }
    equals();
    const struct km_fit_problem problem = {
        x, y, w, n, 1000, e_min < -1e299 ? -(double)INFINITY : e_min};
    struct km_half_life half;
    CHECK(km_half_life_measure(&fit, &problem, 0.8, &half));
    check_next(half.value);
    check_next(half.shape_lo);
    check_next(half.shape_hi);
    CHECK_NEAR(half.shape_lo, number(), 0.005); /* by brute force */
    CHECK_NEAR(half.shape_hi, number(), 0.005);
    counted[0]++;
}

static void check_invlog(void)
{
    struct km_fit fit = {.family = KM_FAMILY_INVLOG3, .x_now = 1000};
    fit.theta[0] = number();
    double at = number();
    equals();
    check_next(km_half_life(&fit, at));
    counted[1]++;
}

static void check_aulc(void)
{
    size_t n = size();
    double from = number(), to = number(), value;
    for (size_t i = 0; i < n; i++) {
        x[i] = number();
        y[i] = number();
    }
    equals();
    CHECK(km_aulc(x, y, n, from, to, &value));
    check_next(value);
    counted[2]++;
}

static void check_cost(void)
{
    struct km_fit fit = {.family = KM_FAMILY_POW3, .x_now = 1000};
    fit.asymptote = number();
    fit.amplitude = number();
    fit.theta[0] = number();
    double share = number();
    struct km_velocity_band band = {number(), NAN};
    band.high = number();
    equals();
    struct km_marginal_cost cost;
    km_marginal_cost(&fit, 1000, share, band, &cost);
    check_next(cost.cost);
    check_next(cost.lo);
    check_next(cost.hi);
    check_next(cost.previous);
    counted[3]++;
}

static void check_survival(void)
{
    size_t n = size();
    for (size_t i = 0; i < n; i++) {
        x[i] = number();
        x[i] = x[i] < 0 ? (double)INFINITY : x[i];
        reached[i] = number() > 0;
    }
    equals();
    size_t count = km_survival_fit(x, reached, n, 0.95, scratch, steps);
    CHECK_INT(count, number());
    for (size_t i = 0; i < count; i++) {
        check_next(steps[i].x);
        check_next((double)steps[i].at_risk);
        check_next((double)steps[i].events);
        check_next(steps[i].s);
        check_open(steps[i].se);
        check_open(steps[i].lo);
        check_open(steps[i].hi);
    }
    struct km_estimate median = km_survival_median(steps, count);
    check_open(median.value);
    double lo = number(); /* no limits at S = 0: the median itself bounds it */
    CHECK_NEAR(median.lo < median.value || lo > 0 ? median.lo : -1, lo,
               1e-9 * fabs(lo));
    check_open(median.hi);
    double until = number(), se;
    check_next(km_survival_mean(steps, count, until, &se));
    check_next(se);
    counted[4]++;
}

static void check_restricted(void)
{
    size_t n[2] = {size(), 0}; /* in the order of the file */
    n[1] = size();
    double until = number();
    struct km_survival_restricted group[2];
    for (int g = 0; g < 2; g++) {
        for (size_t i = 0; i < n[g]; i++) {
            x[i] = number();
            reached[i] = number() > 0;
        }
        size_t count = km_survival_fit(x, reached, n[g], 0.8, scratch, steps);
        group[g] = km_survival_restrict(steps, count, until);
    }
    equals();
    for (int g = 0; g < 2; g++) {
        check_next(group[g].mean);
        check_next(group[g].se);
    }
    struct km_estimate d = km_survival_difference(&group[0], &group[1], 0.8);
    check_next(d.value);
    check_next(d.lo);
    check_next(d.hi);
    counted[6]++;
}

static void check_variate(void)
{
    size_t n = size();
    for (size_t i = 0; i < n; i++) {
        x[i] = number();
        y[i] = number();
    }
    equals();
    struct km_variate variate;
    CHECK(km_variate_regress(x, y, n, &variate));
    check_next(variate.beta);
    check_next(variate.correlation);
    counted[5]++;
}

static void equals_the_oracle(void)
{
    static const struct {
        const char *word;
        void (*check)(void);
    } rows[] = {{"half", check_half_life},     {"invlog", check_invlog},
                {"aulc", check_aulc},          {"cost", check_cost},
                {"survival", check_survival},  {"variate", check_variate},
                {"restrict", check_restricted}};
    enum { WORDS = sizeof rows / sizeof *rows };
    file = fopen(path, "r");
    CHECK(file != NULL);
    char word[16], line[256];
    CHECK(file && fgets(line, sizeof line, file) && line[0] == '#');
    while (file && fscanf(file, "%15s", word) == 1) {
        size_t row = 0;
        while (row < WORDS && strcmp(rows[row].word, word) != 0) {
            row++;
        }
        CHECK(row < WORDS);
        if (row == WORDS) {
            break;
        }
        rows[row].check();
    }
    if (file) {
        (void)fclose(file);
    }
    CHECK_INT(counted[0], 4);
    CHECK_INT(counted[1], 3);
    CHECK_INT(counted[2], 4);
    CHECK_INT(counted[3], 3);
    CHECK_INT(counted[4], 5);
    CHECK_INT(counted[5], 3);
    CHECK_INT(counted[6], 4);
}

static double normal(struct km_rng *rng)
{
    return km_normal_quantile(0.5 / 9007199254740992.0 + km_rng_unit(rng));
}

/* Share of 2,000 pairs of equal groups whose 80 % interval holds 0: crossings
 * spread by 5 %, each run seen up to `budget` (1: half get there). */
static double coverage_of_restricted(size_t n, double budget)
{
    struct km_rng rng;
    size_t held = 0, told = 0;
    km_rng_seed(&rng, n);
    for (int pair = 0; pair < 2000; pair++) {
        struct km_survival_restricted group[2];
        struct km_survival_step *curve[2] = {steps, steps + n};
        size_t count[2];
        double tau = INFINITY, seen = 0;
        for (int g = 0; g < 2; g++) {
            double last = 0;
            bool all = true;
            for (size_t i = 0; i < n; i++) {
                x[i] = exp(0.05 * normal(&rng));
                reached[i] = x[i] <= budget;
                x[i] = fmin(x[i], budget);
                last = fmax(last, x[i]);
                all = all && reached[i];
            }
            count[g] = km_survival_fit(x, reached, n, 0.8, scratch, curve[g]);
            tau = all ? tau : fmin(tau, last);
            seen = fmax(seen, last);
        }
        for (int g = 0; g < 2; g++) {
            group[g] = km_survival_restrict(curve[g], count[g],
                                            isinf(tau) ? seen : tau);
        }
        struct km_estimate d =
            km_survival_difference(&group[0], &group[1], 0.8);
        told += isnan(d.lo) ? 0 : 1;
        held += d.lo <= 0 && d.hi >= 0 ? 1 : 0;
    }
    printf("# %zu runs, budget %g: %zu told, %.3f held\n", n, budget, told,
           (double)held / (double)told);
    CHECK(told > 1000);
    return (double)held / (double)told;
}

/* The figures of docs/metrics.md#compare.restricted_mean. */
static void intervals_of_restricted_means_hold_what_they_say(void)
{
    static const size_t sizes[] = {3, 5, 10};
    for (size_t i = 0; i < 3; i++) {
        double all = coverage_of_restricted(sizes[i], 2);
        double part = coverage_of_restricted(sizes[i], 1.03);
        CHECK(all > 0.77 && all < 0.9);
        CHECK(part > 0.74 && part < 0.95);
    }
}

/* y = 2 + 1.5 (x/1000)^-0.4 with noise on geometric places of [400, 1000]. */
static size_t make_curve(size_t n, double scale, double noise, uint64_t seed)
{
    struct km_rng rng;
    km_rng_seed(&rng, seed);
    for (size_t i = 0; i < n; i++) {
        double u = 0.4 * pow(2.5, (double)i / (double)(n - 1));
        x[i] = scale * 1000 * u;
        y[i] = 2 + 1.5 * pow(u, -0.4) + noise * normal(&rng);
        w[i] = 1;
    }
    return n;
}

static bool fit_curve(size_t n, struct km_fit *fit,
                      struct km_fit_problem *problem)
{
    *problem = (struct km_fit_problem){x, y, w, n, x[n - 1], 0};
    return km_fit_run(KM_FAMILY_POW3, problem, KM_FIT_REFINED, &fit_scratch,
                      fit);
}

static void a_longer_axis_stretches_the_half_life_and_the_cost_alike(void)
{
    struct km_fit fit;
    struct km_fit_problem problem;
    struct km_half_life one, other;
    struct km_marginal_cost cost, far;
    CHECK(fit_curve(make_curve(90, 1, 0.01, 4), &fit, &problem));
    CHECK(km_half_life_measure(&fit, &problem, 0.8, &one));
    km_marginal_cost(&fit, fit.x_now, 0.01, km_velocity_band_cold, &cost);
    CHECK(fit_curve(make_curve(90, 4096, 0.01, 4), &fit, &problem));
    CHECK(km_half_life_measure(&fit, &problem, 0.8, &other));
    km_marginal_cost(&fit, fit.x_now, 0.01, km_velocity_band_cold, &far);
    CHECK_NEAR(other.value / 4096, one.value, 1e-9 * one.value);
    CHECK_NEAR(other.lo / 4096, one.lo, 1e-9 * one.lo);
    CHECK_NEAR(other.hi / 4096, one.hi, 1e-9 * one.hi);
    CHECK_NEAR(far.cost / 4096, cost.cost, 1e-9 * cost.cost);
}

static void the_half_life_holds_the_truth_as_often_as_it_says(void)
{
    int held = 0, identified = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct km_fit fit;
        struct km_fit_problem problem;
        struct km_half_life half;
        CHECK(fit_curve(make_curve(90, 1, 0.005, seed), &fit, &problem));
        CHECK(km_half_life_measure(&fit, &problem, 0.8, &half));
        double truth = 1000 * (pow(2, 1 / 0.4) - 1);
        held += half.lo <= truth && truth <= half.hi;
        identified += half.identified;
    }
    CHECK(held >= 138 && held <= 182); /* 80 % of 200, short by little */
    CHECK(identified == 200);
}

static void noise_that_hides_the_floor_leaves_no_half_life(void)
{
    struct km_fit fit;
    struct km_fit_problem problem;
    struct km_half_life half;
    CHECK(fit_curve(make_curve(30, 1, 0.3, 5), &fit, &problem));
    CHECK(!km_half_life_measure(&fit, &problem, 0.8, &half) ||
          !half.identified);
    for (size_t i = 0; i < 30; i++) {
        y[i] = 4;
    }
    CHECK(fit_curve(30, &fit, &problem));
    CHECK(!km_half_life_measure(&fit, &problem, 0.8, &half));
}

static void the_next_percent_below_the_floor_never_comes(void)
{
    struct km_fit fit = {.family = KM_FAMILY_POW3,
                         .theta = {0.5},
                         .asymptote = 2,
                         .amplitude = 0.01,
                         .x_now = 1000};
    struct km_marginal_cost cost;
    km_marginal_cost(&fit, 1000, 0.01, km_velocity_band_cold, &cost);
    CHECK(isinf(cost.cost) && isinf(cost.hi) && isinf(cost.lo));
}

static void a_constant_added_moves_the_area_by_itself(void)
{
    size_t n = make_curve(90, 1, 0.1, 6);
    struct km_estimate one, other;
    CHECK(km_aulc_measure(x, y, w, n, 500, 900, 0.8, scratch, &one));
    for (size_t i = 0; i < n; i++) {
        y[i] += 7;
    }
    CHECK(km_aulc_measure(x, y, w, n, 500, 900, 0.8, scratch, &other));
    CHECK_NEAR(other.value, one.value + 7, 1e-9);
    CHECK_NEAR(other.lo, one.lo + 7, 1e-9);
    CHECK_NEAR(other.hi, one.hi + 7, 1e-9);
    CHECK(one.lo < one.value && one.value < one.hi);
}

static void a_split_of_every_bin_leaves_the_area(void)
{
    size_t n = make_curve(50, 1, 0.1, 7);
    double one, other;
    CHECK(km_aulc(x, y, n, 450, 950, &one));
    for (size_t i = n; i-- > 0;) { /* and a point between neighbours */
        x[2 * i] = x[i];
        y[2 * i] = y[i];
    }
    for (size_t i = 1; i + 1 < 2 * n; i += 2) {
        x[i] = sqrt(x[i - 1] * x[i + 1]);
        y[i] = (y[i - 1] + y[i + 1]) / 2;
    }
    CHECK(km_aulc(x, y, 2 * n - 1, 450, 950, &other));
    CHECK_NEAR(other, one, 1e-12);
}

static void the_area_is_never_extrapolated(void)
{
    size_t n = make_curve(20, 1, 0, 1);
    double value;
    CHECK(!km_aulc(x, y, n, 300, 900, &value) && isnan(value));
    CHECK(!km_aulc(x, y, n, 500, 1001, &value));
    CHECK(!km_aulc(x, y, n, 500, 500, &value));
    CHECK(!km_aulc(x, y, n, NAN, 900, &value));
    CHECK(!km_aulc(x, y, 1, 400, 400, &value));
}

static void the_area_holds_its_truth_as_often_as_it_says(void)
{
    double truth;
    size_t n = make_curve(90, 1, 0, 1);
    CHECK(km_aulc(x, y, n, x[0], x[n - 1], &truth));
    int held = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct km_estimate e;
        (void)make_curve(90, 1, 0.05, seed);
        CHECK(km_aulc_measure(x, y, w, n, x[0], x[n - 1], 0.8, scratch, &e));
        held += e.lo <= truth && truth <= e.hi;
    }
    CHECK(held >= 130 && held <= 182); /* LOESS eats a little of the noise */
}

static void a_shift_and_a_stretch_leave_the_velocity(void)
{
    size_t n = make_curve(200, 1, 0.02, 8);
    struct km_local_velocity one, other;
    CHECK(km_velocity_local(x, y, n, 20, 0.8, scratch, &one));
    for (size_t i = 0; i < n; i++) {
        y[i] += 100;
        x[i] *= 1024;
    }
    CHECK(km_velocity_local(x, y, n, 20, 0.8, scratch, &other));
    CHECK_NEAR(other.velocity.value * 1024, one.velocity.value,
               1e-9 * fabs(one.velocity.value));
    CHECK_NEAR(other.se * 1024, one.se, 1e-6 * one.se);
}

static void a_constant_with_noise_has_zero_in_its_velocity(void)
{
    int held = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        size_t n = make_curve(300, 1, 0, 1);
        struct km_rng rng;
        struct km_local_velocity v;
        km_rng_seed(&rng, seed);
        for (size_t i = 0; i < n; i++) {
            y[i] = 3 + 0.1 * normal(&rng);
        }
        CHECK(km_velocity_local(x, y, n, 20, 0.8, scratch, &v));
        held += v.velocity.lo <= 0 && v.velocity.hi >= 0;
    }
    CHECK(held >= 138);
}

/* A reference of 1000 points with noise of 0.05; the run shares it but for
 * 0.002. Returns how often the interval of the slope holds the truth. */
static int count_controlled(bool honest, double *shrink)
{
    static double rx[N], rn[N], shared[N], adjusted[N];
    int held = 0;
    *shrink = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct km_rng rng;
        km_rng_seed(&rng, seed);
        struct km_fit fit = {.x_now = 1000};
        for (size_t i = 0; i < N; i++) {
            rx[i] = 400 + 2 * (double)i;
            shared[i] = 0.05 * normal(&rng);
            double curve = 2 + 1.5 * pow(rx[i] / 1000, -0.4);
            rn[i] = curve + shared[i] + 0.002 * normal(&rng);
            y[i] = curve + 0.3 + shared[i] + 0.002 * normal(&rng);
        }
        for (size_t b = 0; b < 60; b++) { /* bins of ten */
            x[b] = out[b] = 0;
            w[b] = 10;
            for (size_t i = 10 * b; i < 10 * b + 10; i++) {
                x[b] += rx[i] / 10;
                out[b] += rn[i] / 10;
            }
        }
        const struct km_fit_problem problem = {x, out, w, 60, 1000, 0};
        CHECK(km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &fit_scratch,
                         &fit));
        size_t now = 301; /* the run is at step 1000 */
        for (size_t i = 0; i < now; i++) {
            rn[i] -= km_fit_value(&fit, rx[i]);
        }
        struct km_local_velocity v;
        struct km_variate variate;
        CHECK(km_variate_velocity(rx, y, rn, now, 20, 0.8,
                                  honest ? fit.se_slope : 0, scratch, adjusted,
                                  &v, &variate));
        CHECK(variate.correlation > 0.99);
        CHECK_NEAR(variate.beta, 1, 0.02);
        *shrink += variate.plain_se / variate.paired_se / 200;
        double centre = sqrt(v.x_from * v.x_to);
        double truth = 0.4 * 1.5 / 1000 * pow(centre / 1000, -1.4);
        held += v.velocity.lo <= truth && truth <= v.velocity.hi;
    }
    return held;
}

static void shared_noise_leaves_the_slope_and_its_error_stays_honest(void)
{
    double shrink;
    int held = count_controlled(true, &shrink);
    CHECK(shrink > 15 && shrink < 30);
    CHECK(held >= 138 && held <= 186);
    /* without the reference's own error it would not be */
    CHECK(count_controlled(false, &shrink) < 130);
}

static void a_reference_with_nothing_in_common_is_refused(void)
{
    static double adjusted[N];
    struct km_local_velocity v;
    struct km_variate variate;
    size_t n = make_curve(200, 1, 0.05, 9);
    struct km_rng rng;
    km_rng_seed(&rng, 77);
    for (size_t i = 0; i < n; i++) {
        out[i] = normal(&rng);
    }
    CHECK(!km_variate_velocity(x, y, out, n, 20, 0.8, 0, scratch, adjusted, &v,
                               &variate));
    for (size_t i = 0; i < n; i++) {
        out[i] = 5;
    }
    CHECK(!km_variate_regress(y, out, n, &variate));
    CHECK(!km_variate_regress(y, out, 2, &variate));
}

static void the_band_learns_from_nine_groups_and_not_from_eight(void)
{
    double ratio[40];
    unsigned group[40];
    struct km_velocity_band band = {0, 0};
    for (unsigned i = 0; i < 40; i++) {
        group[i] = i / 5;
        ratio[i] = 0.9 + 0.005 * i;
    }
    CHECK(!km_velocity_band_learn(ratio, group, 40, 0.8, scratch, &band));
    for (unsigned i = 0; i < 40; i++) {
        group[i] = i / 4;
    }
    ratio[3] = NAN;
    CHECK(km_velocity_band_learn(ratio, group, 40, 0.8, scratch, &band));
    CHECK(band.low >= 0.9 && band.low < 0.93);
    CHECK(band.high > 1.06 && band.high <= 1.096);
    CHECK(!km_velocity_band_learn(ratio, group, 0, 0.8, scratch, &band));
}

static void the_cold_band_is_the_default_and_another_moves_the_interval(void)
{
    struct km_fit fit;
    struct km_fit_problem problem;
    CHECK(fit_curve(make_curve(90, 1, 0, 1), &fit, &problem));
    struct km_estimate cold = km_velocity_model(&fit, 1000, 0.8, 0);
    struct km_estimate own = km_velocity_model_within(
        &fit, 1000, 0.8, 0, (struct km_velocity_band){1.05, 1.1});
    CHECK_NEAR(cold.lo, 0.86 * cold.value, 1e-6 * cold.value);
    CHECK_NEAR(cold.hi, 1.28 * cold.value, 1e-6 * cold.value);
    CHECK_NEAR(own.value, cold.value, 0);
    CHECK_NEAR(own.lo, 1.05 * cold.value, 1e-5 * cold.value);
    CHECK_NEAR(own.hi, 1.1 * cold.value, 1e-6 * cold.value);
}

static void model_and_slope_disagree_only_beyond_two_errors(void)
{
    struct km_local_velocity local = {.velocity = {-1, -2, 0}, .se = 0.4};
    CHECK(km_velocity_disagrees(0.5, &local));
    CHECK(!km_velocity_disagrees(-3, &local));
    local.se = 1;
    CHECK(!km_velocity_disagrees(0.5, &local));
}

static void nobody_done_and_everybody_done_are_no_trouble(void)
{
    double se, far[3] = {5, 6, INFINITY};
    bool none[3] = {false, false, false}, all[3] = {true, true, true};
    CHECK_INT(km_survival_fit(far, none, 3, 0.95, scratch, steps), 0);
    CHECK(isinf(km_survival_median(steps, 0).value));
    struct km_survival_restricted nobody = km_survival_restrict(steps, 0, 6);
    CHECK_NEAR(nobody.mean, 6, 0);
    CHECK(isnan(nobody.se) && isnan(nobody.df));
    CHECK(isnan(km_survival_difference(&nobody, &nobody, 0.8).lo));
    CHECK_NEAR(km_survival_mean(steps, 0, 6, &se), 6, 0);
    CHECK_NEAR(se, 0, 0);
    double same[3] = {4, 4, 4};
    CHECK_INT(km_survival_fit(same, all, 3, 0.95, scratch, steps), 1);
    CHECK_NEAR(steps[0].s, 0, 0);
    CHECK_NEAR(km_survival_median(steps, 1).value, 4, 0);
    CHECK_INT(km_survival_fit(far, none, 0, 0.95, scratch, steps), 0);
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "tests/oracle/learn.txt";
    RUN(equals_the_oracle);
    RUN(a_longer_axis_stretches_the_half_life_and_the_cost_alike);
    RUN(the_half_life_holds_the_truth_as_often_as_it_says);
    RUN(noise_that_hides_the_floor_leaves_no_half_life);
    RUN(the_next_percent_below_the_floor_never_comes);
    RUN(a_constant_added_moves_the_area_by_itself);
    RUN(a_split_of_every_bin_leaves_the_area);
    RUN(the_area_is_never_extrapolated);
    RUN(the_area_holds_its_truth_as_often_as_it_says);
    RUN(a_shift_and_a_stretch_leave_the_velocity);
    RUN(a_constant_with_noise_has_zero_in_its_velocity);
    RUN(shared_noise_leaves_the_slope_and_its_error_stays_honest);
    RUN(a_reference_with_nothing_in_common_is_refused);
    RUN(the_band_learns_from_nine_groups_and_not_from_eight);
    RUN(the_cold_band_is_the_default_and_another_moves_the_interval);
    RUN(model_and_slope_disagree_only_beyond_two_errors);
    RUN(nobody_done_and_everybody_done_are_no_trouble);
    RUN(intervals_of_restricted_means_hold_what_they_say);
    return tap_end();
}
