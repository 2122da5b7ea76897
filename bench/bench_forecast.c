/* bench_forecast.c - what fits and their intervals take.
 *
 *     bench_forecast            all lines
 *     bench_forecast --random   the 2,000 random problems, for a peer: a line
 *                               "E A a SSE" and 200 lines "x y" each
 *
 * Processor time, medians. A random problem counts as solved when the fit's
 * mean squared error is at most 1.01 times that of the law that made the data
 * (which is itself a candidate), plus a thousandth of its fall, squared.
 * Variable projection needs no start, a peer gets one at random. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/anneal.h"
#include "measure/conformal.h"
#include "measure/rng.h"
#include "measure/schedule.h"
#include "series/bins.h"

#include "lines.h"

enum { ROUNDS = 11, POINTS = 200, LONG = 20000, PROBLEMS = 2000, CALLS = 20 };
enum { ERRORS = 1000 };

static struct km_fit_scratch scratch;
static struct km_fit fit;
static double x[LONG], y[LONG];

static double cpu_us(void)
{
    return km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID) / 1e3;
}

static double normal(struct km_rng *rng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        sum += km_rng_unit(rng);
    }
    return sum;
}

static struct km_fit_problem problem_of(const struct km_bins *bins)
{
    return (struct km_fit_problem){bins->x,     bins->y, bins->n,
                                   bins->count, x[0],    0};
}

static void say(const char *name, double value, const char *unit, double goal)
{
    km_bench_say(&(struct km_bench_line){
        .name = name, .value = value, .unit = unit, .goal = goal});
}

static void bench_long(void)
{
    struct km_rng rng;
    double times[ROUNDS];
    km_rng_seed(&rng, 2);
    for (int i = 0; i < LONG; i++) {
        x[i] = i + 1;
        y[i] = 2 + 3 * pow(x[i], -0.3) + 0.05 * normal(&rng);
    }
    for (int r = 0; r < ROUNDS; r++) {
        struct km_bins bins;
        double start = cpu_us();
        km_bins_fill(&bins, x + LONG / 10, y + LONG / 10, LONG - LONG / 10);
        struct km_fit_problem problem = problem_of(&bins);
        problem.x_now = LONG;
        km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &fit);
        times[r] = cpu_us() - start;
    }
    say("bins of 20,000 points and a fit, processor time",
        km_bench_median(times, ROUNDS), "us", 1000);
}

static void bench_anneal(void)
{
    struct km_rng rng;
    double s1[96], drop[96], loss[96], weight[96], at[96], times[ROUNDS];
    const struct km_rate_plan plan = {
        .kind = KM_PLAN_COSINE, .warmup = 2000, .until = 100000, .final = 0.1};
    km_rng_seed(&rng, 3);
    for (int i = 0; i < 96; i++) {
        at[i] = 6000.0 * pow(10, i / 95.0);
        weight[i] = 1;
    }
    km_plan_features(&plan, at, 96, s1, drop);
    for (int i = 0; i < 96; i++) {
        loss[i] =
            2 + 30 * pow(s1[i], -0.5) - 0.13 * drop[i] + 0.002 * normal(&rng);
    }
    const struct km_anneal_prior prior = {0.12, 0.03, 9};
    const struct km_anneal_problem problem = {
        s1, drop, loss, weight, 96, s1[95], drop[95], 0, &prior};
    for (int r = 0; r < ROUNDS; r++) {
        struct km_anneal found;
        double start = cpu_us();
        for (int i = 0; i < CALLS; i++) {
            km_anneal_run(KM_FAMILY_POW3, &problem, &scratch, &found);
        }
        times[r] = (cpu_us() - start) / CALLS;
    }
    say("annealing fit of 96 bins, processor time",
        km_bench_median(times, ROUNDS), "us", 0);
    const struct km_rate_plan long_plan = {
        .kind = KM_PLAN_COSINE, .warmup = 2000, .until = 5e6, .final = 0.1};
    for (int i = 0; i < 96; i++) {
        at[i] = 5e6 * (i + 1) / 96;
    }
    for (int r = 0; r < ROUNDS; r++) {
        double start = cpu_us();
        km_plan_features(&long_plan, at, 96, s1, drop);
        times[r] = cpu_us() - start;
    }
    say("sums of a plan of 5 M steps at 96 places",
        km_bench_median(times, ROUNDS), "us", 0);
}

static void bench_conformal(void)
{
    static double error[ERRORS], weight[ERRORS], rest[2 * ERRORS];
    static unsigned group[ERRORS];
    struct km_rng rng;
    double times[ROUNDS], lo, hi;
    km_rng_seed(&rng, 4);
    for (int i = 0; i < ERRORS; i++) {
        error[i] = normal(&rng);
        group[i] = (unsigned)km_rng_below(&rng, 200);
    }
    for (int r = 0; r < ROUNDS; r++) {
        double start = cpu_us();
        size_t groups =
            km_conformal_weights(error, group, ERRORS, weight, rest);
        km_conformal_cross(error, weight, ERRORS, groups, 0.8, rest, &lo, &hi);
        times[r] = cpu_us() - start;
    }
    say("cross-run interval of 1,000 errors", km_bench_median(times, ROUNDS),
        "us", 0);
}

/* One random law and its points; the squared error that is good enough. */
static double make_problem(struct km_rng *rng, double truth[3])
{
    truth[0] = 0.5 + 3 * km_rng_unit(rng);
    truth[2] = 0.1 * pow(15, km_rng_unit(rng));
    double range = 0.05 * pow(20, km_rng_unit(rng)), sse = 0;
    truth[1] = range * pow(1000, truth[2]); /* A x^-a at the first x */
    double noise = range * 0.05 * km_rng_unit(rng);
    for (int i = 0; i < POINTS; i++) {
        x[i] = 1000 + 20 * i;
        double off = noise * normal(rng);
        y[i] = truth[0] + truth[1] * pow(x[i], -truth[2]) + off;
        sse += off * off;
    }
    double small = 1e-3 * range;
    return 1.01 * sse + POINTS * small * small;
}

static bool solve_problem(double good_sse)
{
    struct km_bins bins;
    km_bins_fill(&bins, x, y, POINTS);
    struct km_fit_problem problem = problem_of(&bins);
    problem.x_now = x[POINTS - 1];
    double sse = 0;
    if (!km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch, &fit)) {
        return false;
    }
    for (int i = 0; i < POINTS; i++) {
        double off = y[i] - km_fit_value(&fit, x[i]);
        sse += off * off;
    }
    return sse <= good_sse;
}

static void bench_random(bool print)
{
    struct km_rng rng;
    double truth[3];
    int solved = 0;
    km_rng_seed(&rng, 1);
    for (int p = 0; p < PROBLEMS; p++) {
        double sse = make_problem(&rng, truth);
        if (print) {
            printf("%.17g %.17g %.17g %.17g\n", truth[0], truth[1], truth[2],
                   sse);
            for (int i = 0; i < POINTS; i++) {
                printf("%.17g %.17g\n", x[i], y[i]);
            }
        } else {
            solved += solve_problem(sse);
        }
    }
    if (!print) {
        km_bench_say(&(struct km_bench_line){
            .name = "fits solved of 2,000 random problems",
            .value = 100.0 * solved / PROBLEMS,
            .unit = "%",
            .goal = 100,
            .higher_is_better = 1});
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--random") == 0) {
        bench_random(true);
        return 0;
    }
    bench_long();
    bench_anneal();
    bench_conformal();
    bench_random(false);
    return 0;
}
