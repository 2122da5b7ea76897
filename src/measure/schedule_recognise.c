/* schedule_recognise.c - which plan a logged learning rate follows. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/schedule.h"

static const double STEADY = 1e-3, GOOD = 5e-3; /* of the highest rate */
enum { POINTS_MIN = 8, DECAY_POINTS_MIN = 4 };

double km_plan_mismatch(const struct km_rate_plan *plan, const double *step,
                        const double *rate, size_t count, double top)
{
    double high = 0, worst = 0;
    for (size_t i = 0; i < count; i++) {
        high = fmax(high, rate[i]);
    }
    top = top > 0 ? top : high;
    for (size_t i = 0; i < count; i++) {
        double off = fabs(rate[i] / top - km_plan_rate(plan, step[i]));
        worst = fmax(worst, off);
    }
    return worst;
}

/* The logged rate after warm-up, relative to the highest. */
struct logged {
    const double *step, *rate;
    size_t first, decay, count; /* first at the top, first below it */
    double top;
};

static double at(const struct logged *of, size_t i)
{
    return of->rate[i] / of->top;
}

/* 1 - (1 - f) (s - a) / (until - a) is a straight line: least squares. */
static bool fit_linear(const struct logged *of, struct km_rate_plan *plan)
{
    double n = 0, mean_s = 0, mean_r = 0, sr = 0, ss = 0;
    for (size_t i = of->decay; i < of->count; i++) {
        n++;
        mean_s += (of->step[i] - mean_s) / n;
        mean_r += (at(of, i) - mean_r) / n;
    }
    for (size_t i = of->decay; i < of->count; i++) {
        double ds = of->step[i] - mean_s;
        sr += ds * (at(of, i) - mean_r);
        ss += ds * ds;
    }
    double slope = ss > 0 ? sr / ss : 0;
    if (!(slope < 0)) {
        return false;
    }
    plan->kind = KM_PLAN_LINEAR;
    plan->from = fmax(mean_s + (1 - mean_r) / slope, 0);
    plan->final = 1 + slope * (plan->until - plan->from);
    if (plan->final < 0) { /* it reaches 0 before the end */
        plan->until = plan->from - 1 / slope;
        plan->final = 0;
    }
    return true;
}

/* f + (1 - f) c(p) is linear in f: least squares. */
static bool fit_curved(const struct logged *of, struct km_rate_plan *plan)
{
    double up = 0, down = 0;
    plan->final = 0;
    for (size_t i = of->first; i < of->count; i++) {
        double shape = km_plan_rate(plan, of->step[i]);
        up += (1 - shape) * (at(of, i) - shape);
        down += (1 - shape) * (1 - shape);
    }
    plan->final = down > 0 ? fmin(fmax(up / down, 0), 1) : 1;
    return down > 0;
}

static double warm_steps(const double *step, const double *rate, size_t first,
                         double top)
{
    /* the line through 0: where it meets the top, not where it was logged */
    if (first == 0) {
        return 0;
    }
    double before = rate[first - 1] / top;
    return before > 0 ? fmin(step[first - 1] / before, step[first])
                      : step[first];
}

bool km_plan_recognise(const double *step, const double *rate, size_t count,
                       double until, struct km_rate_plan *plan)
{
    struct logged of = {step, rate, 0, 0, count, 0};
    for (size_t i = 0; i < count; i++) {
        of.top = fmax(of.top, rate[i]);
    }
    if (count < POINTS_MIN || !(of.top > 0)) {
        return false;
    }
    while (rate[of.first] < (1 - STEADY) * of.top) {
        of.first++;
    }
    of.decay = of.first;
    while (of.decay < count && rate[of.decay] >= (1 - STEADY) * of.top) {
        of.decay++;
    }
    struct km_rate_plan base = {
        .kind = KM_PLAN_CONSTANT, .until = until, .power = 1, .final = 1};
    base.warmup = warm_steps(step, rate, of.first, of.top);
    if (of.decay == count) {
        *plan = base;
        return count - of.first >= DECAY_POINTS_MIN;
    }
    if (count - of.decay < DECAY_POINTS_MIN || !(until > step[count - 1])) {
        return false;
    }
    double best = GOOD;
    for (int candidate = 0; candidate < 4; candidate++) {
        static const double powers[] = {0, 0, 2, 0.5};
        struct km_rate_plan guess = base;
        guess.kind = candidate == 1 ? KM_PLAN_COSINE : KM_PLAN_POLYNOMIAL;
        guess.power = powers[candidate];
        guess.from = base.warmup;
        bool fitted =
            candidate == 0 ? fit_linear(&of, &guess) : fit_curved(&of, &guess);
        if (!fitted || km_plan_problem(&guess)) {
            continue;
        }
        double off = km_plan_mismatch(&guess, step + of.first, rate + of.first,
                                      count - of.first, of.top);
        if (off < best) {
            best = off;
            *plan = guess;
        }
    }
    return best < GOOD;
}
