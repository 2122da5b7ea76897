/* fit_curve.c - the estimators of src/measure on numbers from a pipe.
 *
 * For oracles and back-tests. Each problem on stdin is one line
 *
 *     COUNT WINDOW FLOOR NOISE TARGETS t1 t2 ...
 *
 * (WINDOW 0: the rule of the product; NOISE 1: a target is one observation)
 * and COUNT lines "x y"; each answer on stdout is one JSON object on a line. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure/forecast.h"
#include "measure/robust.h"
#include "measure/velocity.h"
#include "series/bins.h"

enum { TARGETS_MAX = 16, POINTS_MAX = 1 << 20, POINTS_GOOD = 24 };

struct problem {
    long count;
    double window, floor, noise, target[TARGETS_MAX];
    int targets;
    double *x, *y;
};

static struct km_fit_scratch grid;
static struct km_bins bins[KM_FORECAST_WINDOWS + 1];
static double doubles[4 * KM_LOCAL_POINTS_MAX];

static bool read_problem(struct problem *p)
{
    if (scanf("%ld %lf %lf %lf %d", &p->count, &p->window, &p->floor, &p->noise,
              &p->targets) != 5 ||
        p->count < 1 || p->count > POINTS_MAX || p->targets > TARGETS_MAX) {
        return false;
    }
    for (int i = 0; i < p->targets; i++) {
        if (scanf("%lf", &p->target[i]) != 1) {
            return false;
        }
    }
    for (long i = 0; i < p->count; i++) {
        if (scanf("%lf %lf", &p->x[i], &p->y[i]) != 2) {
            return false;
        }
    }
    return true;
}

static size_t count_after(const struct problem *p, double share)
{
    size_t n = (size_t)p->count, first = 0;
    while (first < n && p->x[first] < share * p->x[n - 1]) {
        first++;
    }
    return n - first;
}

static bool fill(const struct problem *p, double share, struct km_bins *into,
                 struct km_fit_problem *out)
{
    size_t n = count_after(p, share), first = (size_t)p->count - n;
    if (n < KM_FIT_POINTS_MIN) {
        return false;
    }
    km_bins_fill(into, p->x + first, p->y + first, n);
    *out = (struct km_fit_problem){.x = into->x,
                                   .y = into->y,
                                   .weight = into->n,
                                   .count = into->count,
                                   .x_now = p->x[p->count - 1],
                                   .e_min = p->floor};
    return true;
}

static void print_fit(const char *name, const struct km_fit *fit)
{
    printf("\"%s\":{\"theta\":%.17g,\"E\":%.17g,\"A\":%.17g,\"scale\":%.17g,"
           "\"n_eff\":%.17g,\"se\":%.17g,\"slope\":%.17g,\"sse\":%.17g}",
           name, fit->theta[0], fit->asymptote, fit->amplitude, fit->scale,
           fit->n_eff, isfinite(fit->se_slope) ? fit->se_slope : -1,
           km_fit_slope(fit, fit->x_now), fit->sse);
}

static void print_forecasts(const struct problem *p,
                            const struct km_fit_problem *window,
                            const struct km_fit *pow3,
                            const struct km_fit *invlog3)
{
    struct km_fit_problem past[KM_FORECAST_WINDOWS];
    size_t count = 0;
    for (size_t w = 0; w < KM_FORECAST_WINDOWS; w++) {
        count +=
            fill(p, km_forecast_windows[w], &bins[1 + count], &past[count]);
    }
    static struct km_forecast forecast;
    km_forecast_prepare(pow3, invlog3, window, past, count,
                        p->noise > 0 ? pow3->scale : 0,
                        (struct km_cold_start){1, 1}, &grid, &forecast);
    printf(",\"forecast\":[");
    for (int i = 0; i < p->targets; i++) {
        struct km_estimate e = km_forecast_at(&forecast, p->target[i]);
        printf("%s{\"x\":%.17g,\"pow3\":%.17g,\"invlog3\":%.17g,"
               "\"value\":%.17g,\"s\":%.17g}",
               i ? "," : "", p->target[i], km_fit_value(pow3, p->target[i]),
               km_fit_value(invlog3, p->target[i]), e.value, (e.hi - e.lo) / 2);
    }
    printf("]");
}

static void answer(const struct problem *p)
{
    double window = p->window;
    if (!(window > 0)) {
        window = count_after(p, 0.4) >= POINTS_GOOD         ? 0.4
                 : count_after(p, 0.2) >= KM_FIT_POINTS_MIN ? 0.2
                                                            : 0.1;
    }
    struct km_fit_problem problem;
    struct km_fit pow3, invlog3;
    if (!fill(p, window, &bins[0], &problem) ||
        !km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &grid, &pow3) ||
        !km_fit_run(KM_FAMILY_INVLOG3, &problem, KM_FIT_REFINED, &grid,
                    &invlog3)) {
        printf("{\"ok\":false}\n");
        return;
    }
    printf("{\"ok\":true,\"window\":%g,\"bins\":%zu,", window, problem.count);
    print_fit("pow3", &pow3);
    printf(",");
    print_fit("invlog3", &invlog3);
    print_forecasts(p, &problem, &pow3, &invlog3);
    struct km_local_velocity local;
    if (km_velocity_local(p->x, p->y, (size_t)p->count, KM_LOCAL_POINTS_MIN,
                          0.80, doubles, &local)) {
        printf(",\"local\":{\"v\":%.17g,\"se\":%.17g,\"n_eff\":%.17g,"
               "\"from\":%.17g}",
               local.velocity.value, local.se, local.n_eff, local.x_from);
    }
    printf("}\n");
}

int main(void)
{
    struct problem p = {.x = calloc(POINTS_MAX, sizeof(double)),
                        .y = calloc(POINTS_MAX, sizeof(double))};
    while (p.x && p.y && read_problem(&p)) {
        answer(&p);
        fflush(stdout);
    }
    free(p.x);
    free(p.y);
    return 0;
}
