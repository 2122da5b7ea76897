/* schedule_recognise.c - which plan a logged learning rate follows. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/schedule.h"

static const double STEADY = 1e-3, GOOD = 5e-3; /* of the highest rate */
static const double SMALL = 0.05;               /* of the drop so far */
static const double START_REACH = 0.1; /* of the decay, before it is seen */
enum {
    POINTS_MIN = 8,
    DECAY_POINTS_MIN = 4,
    KEPT = 512,
    START_GRID = 32,
    START_ROUNDS = 12,
};

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

double km_rate_warmup(const double *step, const double *rate, size_t count)
{
    size_t top = 0;
    for (size_t i = 1; i < count && rate[i] > rate[top]; i++) {
        top = i;
    }
    return top && top + 1 < count ? step[top] : 0;
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

static double lowest(const struct logged *of)
{
    double low = 1;
    for (size_t i = of->decay; i < of->count; i++) {
        low = fmin(low, at(of, i));
    }
    return low;
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

/* A shape with its decay starting at `from`; its largest mismatch. */
static double try_shape(const struct logged *of, struct km_rate_plan *guess,
                        double from)
{
    guess->from = from;
    guess->final = 0;
    if (km_plan_problem(guess) || !fit_curved(of, guess)) {
        return INFINITY;
    }
    return km_plan_mismatch(guess, of->step + of->first, of->rate + of->first,
                            of->count - of->first, of->top);
}

/* The start of the decay is not logged: a grid before the first lower rate,
 * then ever smaller steps. */
static double search_from(const struct logged *of, struct km_rate_plan *guess)
{
    double high = of->step[of->decay], best = INFINITY, at = guess->warmup;
    double low =
        fmax(guess->warmup, high - START_REACH * (guess->until - high));
    double step = (high - low) / START_GRID;
    for (int k = 0; k <= START_GRID; k++) {
        double from = low + step * k;
        double off = try_shape(of, guess, from);
        at = off < best ? from : at;
        best = fmin(off, best);
    }
    for (int round = 0; round < START_ROUNDS; round++) {
        step /= 2;
        for (int side = -1; side <= 1; side += 2) {
            double from = fmin(fmax(at + side * step, low), high);
            double off = try_shape(of, guess, from);
            at = off < best ? from : at;
            best = fmin(off, best);
        }
    }
    return try_shape(of, guess, at);
}

/* The best of the known shapes, from the warm-up or from later. */
static bool find_shape(const struct logged *of, const struct km_rate_plan *base,
                       struct km_rate_plan *plan)
{
    static const struct {
        enum km_plan_kind kind;
        double power;
    } shapes[] = {{KM_PLAN_LINEAR, 1},
                  {KM_PLAN_COSINE, 1},
                  {KM_PLAN_POLYNOMIAL, 2},
                  {KM_PLAN_POLYNOMIAL, 0.5},
                  {KM_PLAN_ONE_MINUS_SQRT, 1}};
    enum { SHAPES = sizeof shapes / sizeof *shapes };
    /* what has hardly begun to fall may be anything */
    double good = fmin(GOOD, SMALL * (1 - lowest(of))), best = good;
    for (int late = 0; late < 2; late++) {
        for (int k = 0; k < SHAPES; k++) {
            struct km_rate_plan guess = *base;
            guess.kind = shapes[k].kind;
            guess.power = shapes[k].power;
            double off = INFINITY;
            if (guess.kind != KM_PLAN_LINEAR) {
                off = late ? search_from(of, &guess)
                           : try_shape(of, &guess, base->warmup);
            } else if (fit_linear(of, &guess) && !km_plan_problem(&guess)) {
                off = km_plan_mismatch(&guess, of->step + of->first,
                                       of->rate + of->first,
                                       of->count - of->first, of->top);
            }
            if (off < best) {
                best = off;
                *plan = guess;
            }
        }
        if (best < good / 2) {
            break; /* the simpler start is right */
        }
    }
    return best < good;
}

/* At most KEPT of the logged rates, the last among them. */
static size_t thin(const double *step, const double *rate, size_t count,
                   double *kept_step, double *kept_rate)
{
    size_t n = count < KEPT ? count : KEPT;
    for (size_t k = 0; k < n; k++) {
        size_t i = n > 1 ? k * (count - 1) / (n - 1) : 0;
        kept_step[k] = step[i];
        kept_rate[k] = rate[i];
    }
    return n;
}

bool km_plan_recognise(const double *step, const double *rate, size_t count,
                       double until, struct km_rate_plan *plan)
{
    double kept_step[KEPT], kept_rate[KEPT];
    struct logged of = {.step = kept_step, .rate = kept_rate};
    of.count = thin(step, rate, count, kept_step, kept_rate);
    for (size_t i = 0; i < of.count; i++) {
        of.top = fmax(of.top, kept_rate[i]);
    }
    if (of.count < POINTS_MIN || !(of.top > 0) || !isfinite(of.top)) {
        return false;
    }
    while (kept_rate[of.first] < (1 - STEADY) * of.top) {
        of.first++;
    }
    of.decay = of.first;
    while (of.decay < of.count && at(&of, of.decay) >= 1 - STEADY) {
        of.decay++;
    }
    struct km_rate_plan base = {
        .kind = KM_PLAN_CONSTANT, .until = until, .power = 1, .final = 1};
    base.warmup = warm_steps(kept_step, kept_rate, of.first, of.top);
    if (of.decay == of.count) {
        *plan = base;
        return of.count - of.first >= DECAY_POINTS_MIN;
    }
    return of.count - of.decay >= DECAY_POINTS_MIN &&
           until > kept_step[of.count - 1] && find_shape(&of, &base, plan);
}
