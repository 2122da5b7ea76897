/* forecast.c - an ensemble, a block bootstrap and a drift term, joined. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/forecast.h"

#include <math.h>
#include <string.h>

#include "measure/family.h"
#include "measure/rng.h"
#include "measure/robust.h"

const double km_forecast_windows[KM_FORECAST_WINDOWS] = {0.02, 0.05, 0.1, 0.2,
                                                         0.4};
const struct km_cold_start km_cold_start_constant = {0.8, 0.8};
const struct km_cold_start km_cold_start_unknown = {2.4, 0.8};
const struct km_cold_start km_cold_start_thin = {3, 3};
static const double DRIFT = 0.02; /* of the level, per e-fold of x */
static const uint64_t SEED = 7;

static struct km_shape shape_of(const struct km_fit *fit)
{
    return (struct km_shape){.family = fit->family,
                             .theta = {fit->theta[0], fit->theta[1]},
                             .asymptote = fit->asymptote,
                             .amplitude = fit->amplitude};
}

static double shape_value(const struct km_shape *shape, double u)
{
    return shape->asymptote +
           shape->amplitude * km_family_value(shape->family, shape->theta, u);
}

/* Residuals resampled in blocks onto the fitted curve, and fitted again. */
static void resample(const struct km_fit *fit,
                     const struct km_fit_problem *window,
                     struct km_fit_scratch *scratch,
                     struct km_forecast *forecast)
{
    size_t n = window->count;
    double evened[KM_FIT_POINTS_MAX], root[KM_FIT_POINTS_MAX];
    double y[KM_FIT_POINTS_MAX];
    memcpy(y, window->weight, n * sizeof *y);
    double typical = km_median(y, n);
    for (size_t b = 0; b < n; b++) {
        root[b] = sqrt(window->weight[b] / typical);
        evened[b] = fit->residual[b] * root[b];
    }
    size_t block = (size_t)lround(1.5 * cbrt((double)n));
    block = block < 2 ? 2 : block;
    struct km_fit_problem problem = *window;
    problem.y = y;
    struct km_rng rng;
    km_rng_seed(&rng, SEED);
    struct km_fit again;
    for (size_t r = 0; r < KM_FORECAST_RESAMPLES; r++) {
        for (size_t b = 0, at = 0; b < n; b++, at++) {
            if (b % block == 0) {
                at = (size_t)km_rng_below(&rng, n > block ? n - block + 1 : 1);
            }
            size_t from = at < n ? at : n - 1;
            y[b] = km_fit_value(fit, window->x[b]) + evened[from] / root[b];
        }
        km_fit_run(KM_FAMILY_POW3, &problem,
                   r ? KM_FIT_AGAIN : KM_FIT_GRID_ONCE, scratch, &again);
        forecast->resample[r] = shape_of(&again);
    }
}

/* Neighbouring bins joined: the spread of families needs no more. */
struct halved {
    double x[KM_FIT_POINTS_MAX], y[KM_FIT_POINTS_MAX];
    double weight[KM_FIT_POINTS_MAX];
};

static struct km_fit_problem halve(const struct km_fit_problem *problem,
                                   struct halved *into)
{
    struct km_fit_problem half = *problem;
    size_t n = problem->count;
    if (n <= KM_FIT_POINTS_MAX / 2) {
        return half;
    }
    half.count = 0;
    for (size_t b = 0; b < n; b += 2) {
        size_t c = b + 1 < n ? b + 1 : b;
        double share = c > b ? problem->weight[c] /
                                   (problem->weight[b] + problem->weight[c])
                             : 0;
        size_t at = half.count++;
        into->x[at] = problem->x[b] + share * (problem->x[c] - problem->x[b]);
        into->y[at] = problem->y[b] + share * (problem->y[c] - problem->y[b]);
        into->weight[at] =
            problem->weight[b] + (c > b ? problem->weight[c] : 0);
    }
    half.x = into->x;
    half.y = into->y;
    half.weight = into->weight;
    return half;
}

void km_forecast_prepare(const struct km_fit *pow3,
                         const struct km_fit *invlog3,
                         const struct km_fit_problem *window,
                         const struct km_fit_problem *past, size_t past_count,
                         double noise, struct km_cold_start k,
                         struct km_fit_scratch *scratch,
                         struct km_forecast *forecast)
{
    forecast->x_now = pow3->x_now;
    forecast->y_now = km_fit_value(pow3, pow3->x_now);
    forecast->point[0] = shape_of(pow3);
    forecast->point[1] = shape_of(invlog3);
    forecast->noise = noise;
    forecast->k = k;
    forecast->spread_count = 0;
    struct km_fit fit;
    struct halved joined;
    for (size_t p = 0; p < past_count; p++) {
        struct km_fit_problem half = halve(&past[p], &joined);
        for (int family = 0; family < KM_FAMILY_COUNT; family++) {
            if (km_fit_run((enum km_family)family, &half, KM_FIT_GRID, scratch,
                           &fit)) {
                forecast->spread[forecast->spread_count++] = shape_of(&fit);
            }
        }
    }
    resample(pow3, window, scratch, forecast);
}

static double variance(const struct km_shape *shapes, size_t count, double u)
{
    double mean = 0, sum = 0;
    for (size_t i = 0; i < count; i++) {
        mean += shape_value(&shapes[i], u) / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        double off = shape_value(&shapes[i], u) - mean;
        sum += off * off;
    }
    return count ? sum / (double)count : 0;
}

struct km_estimate km_forecast_at(const struct km_forecast *forecast, double x)
{
    double u = x / forecast->x_now;
    double value = (shape_value(&forecast->point[0], u) +
                    shape_value(&forecast->point[1], u)) /
                   2;
    double drift = DRIFT * forecast->y_now * log(u);
    double s2 = variance(forecast->spread, forecast->spread_count, u) +
                forecast->noise * forecast->noise +
                variance(forecast->resample, KM_FORECAST_RESAMPLES, u) +
                drift * drift;
    double s = sqrt(s2);
    return (struct km_estimate){value, value - forecast->k.down * s,
                                value + forecast->k.up * s};
}
