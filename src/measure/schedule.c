/* schedule.c - rates and their sums in closed form. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/schedule.h"

#include <assert.h>
#include <math.h>

static const double STEADY = 1e-3; /* of the highest rate */
enum { DIRECT = 32 };              /* terms before Euler-Maclaurin */

static const char *table_problem(const struct km_rate_plan *plan)
{
    double top = 0;
    for (size_t i = 0; i < plan->table_count; i++) {
        if (!isfinite(plan->table_step[i]) || !isfinite(plan->table_rate[i]) ||
            plan->table_rate[i] < 0) {
            return "a rate of the table is not a number of at least 0";
        }
        if (i && !(plan->table_step[i] > plan->table_step[i - 1])) {
            return "the steps of the table do not rise";
        }
        top = fmax(top, plan->table_rate[i]);
    }
    return top > 0 ? NULL : "the table has no rate above 0";
}

const char *km_plan_kind_name(enum km_plan_kind kind)
{
    static const char *const names[] = {
        [KM_PLAN_CONSTANT] = "constant",
        [KM_PLAN_LINEAR] = "linear",
        [KM_PLAN_COSINE] = "cosine",
        [KM_PLAN_POLYNOMIAL] = "polynomial",
        [KM_PLAN_INVERSE_SQRT] = "inverse square root",
        [KM_PLAN_STEP] = "steps",
        [KM_PLAN_TABLE] = "table",
        [KM_PLAN_ONE_MINUS_SQRT] = "1 - sqrt",
    };
    assert(kind <= KM_PLAN_ONE_MINUS_SQRT);
    return names[kind];
}

const char *km_plan_problem(const struct km_rate_plan *plan)
{
    if (plan->kind == KM_PLAN_TABLE) {
        return table_problem(plan);
    }
    if (!(plan->warmup >= 0) || !isfinite(plan->warmup) ||
        !isfinite(plan->from)) {
        return "warm-up and start of the decay must be steps";
    }
    if (!(plan->final >= 0 && plan->final <= 1)) {
        return "the final rate must be between 0 and the highest";
    }
    bool ends = plan->kind == KM_PLAN_LINEAR || plan->kind == KM_PLAN_COSINE ||
                plan->kind == KM_PLAN_POLYNOMIAL ||
                plan->kind == KM_PLAN_ONE_MINUS_SQRT;
    if (ends && !(plan->until > fmax(plan->from, plan->warmup) &&
                  isfinite(plan->until))) {
        return "the last step of the decay is missing or before its start";
    }
    if (plan->kind == KM_PLAN_POLYNOMIAL &&
        !(plan->power > 0 && plan->power <= 100)) {
        return "the power must be above 0";
    }
    if (plan->kind == KM_PLAN_STEP &&
        !(plan->factor > 0 && plan->factor < 1 && plan->every >= 1 &&
          isfinite(plan->every))) {
        return "a step plan needs a factor below 1 and its interval";
    }
    return NULL;
}

/* Where the decay starts. */
static double start_of(const struct km_rate_plan *plan)
{
    double start = fmax(plan->from, plan->warmup);
    return plan->kind == KM_PLAN_INVERSE_SQRT ? fmax(start, 1) : start;
}

static double table_top(const struct km_rate_plan *plan)
{
    double top = 0;
    for (size_t i = 0; i < plan->table_count; i++) {
        top = fmax(top, plan->table_rate[i]);
    }
    return top;
}

/* Index of the first entry after `s`. */
static size_t table_after(const struct km_rate_plan *plan, double s)
{
    size_t low = 0, high = plan->table_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (plan->table_step[middle] > s) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Between entries `next` - 1 and `next`, level outside. */
static double table_between(const struct km_rate_plan *plan, size_t next,
                            double s)
{
    if (next == 0 || next == plan->table_count) {
        return plan->table_rate[next ? next - 1 : 0];
    }
    double a = plan->table_step[next - 1], b = plan->table_step[next];
    double share = (s - a) / (b - a);
    return plan->table_rate[next - 1] +
           share * (plan->table_rate[next] - plan->table_rate[next - 1]);
}

static double decayed(const struct km_rate_plan *plan, double s)
{
    double start = start_of(plan), f = plan->final;
    double p = fmin((s - start) / (plan->until - start), 1);
    switch (plan->kind) {
    case KM_PLAN_LINEAR:
        return 1 - (1 - f) * p;
    case KM_PLAN_COSINE:
        return f + (1 - f) * (1 + cos(acos(-1.0) * p)) / 2;
    case KM_PLAN_POLYNOMIAL:
        return f + (1 - f) * pow(1 - p, plan->power);
    case KM_PLAN_ONE_MINUS_SQRT:
        return f + (1 - f) * (1 - sqrt(p));
    case KM_PLAN_INVERSE_SQRT:
        return fmax(sqrt(start / s), f);
    case KM_PLAN_STEP:
        return fmax(pow(plan->factor, floor((s - start) / plan->every)), f);
    case KM_PLAN_CONSTANT:
    case KM_PLAN_TABLE:
        break;
    }
    return 1;
}

double km_plan_rate(const struct km_rate_plan *plan, double s)
{
    if (plan->kind == KM_PLAN_TABLE) {
        return table_between(plan, table_after(plan, s), s) / table_top(plan);
    }
    if (s < plan->warmup) {
        return s / plan->warmup;
    }
    return s > start_of(plan) ? decayed(plan, s) : 1;
}

double km_plan_warm(const struct km_rate_plan *plan)
{
    if (plan->kind != KM_PLAN_TABLE) {
        return plan->warmup;
    }
    double top = table_top(plan);
    size_t i = 0;
    while (plan->table_rate[i] < (1 - STEADY) * top) {
        i++;
    }
    return plan->table_step[i];
}

double km_plan_drop(const struct km_rate_plan *plan, double s)
{
    return s > km_plan_warm(plan) ? 1 - km_plan_rate(plan, s) : 0;
}

/* Sum of j^q over j = u, u + 1, ..., v. */
static double power_sum(double q, double u, double v)
{
    double sum = 0;
    while (u <= v && u < DIRECT) {
        sum += pow(fmax(u, 0), q);
        u++;
    }
    if (u > v) {
        return sum;
    }
    double fu = pow(u, q), fv = pow(v, q);
    double area = q == -1 ? log(v / u) : (v * fv - u * fu) / (q + 1);
    double d1 = q, d3 = d1 * (q - 1) * (q - 2), d5 = d3 * (q - 3) * (q - 4);
    double one = d1 * (fv / v - fu / u);
    double three = d3 * (fv / pow(v, 3) - fu / pow(u, 3));
    double five = d5 * (fv / pow(v, 5) - fu / pow(u, 5));
    return sum + area + (fu + fv) / 2 + one / 12 - three / 720 + five / 30240;
}

/* Sum of cos(pi (i - start) / span) over integers i = low .. high. */
static double cosine_sum(double start, double span, double low, double high)
{
    double terms = high - low + 1, delta = acos(-1.0) / span;
    double first = (low - start) * delta;
    if (terms < 1.5) {
        return cos(first);
    }
    return sin(terms * delta / 2) / sin(delta / 2) *
           cos(first + (terms - 1) * delta / 2);
}

/* Milestones are `every` steps apart: whole blocks of one rate each. */
static double step_sum(const struct km_rate_plan *plan, double low, double high)
{
    double start = start_of(plan), sum = 0, at = low;
    while (at <= high) {
        double k = floor((at - start) / plan->every);
        double rate = pow(plan->factor, k);
        if (rate <= plan->final || rate < 1e-18) {
            return sum + fmax(plan->final, 0) * (high - at + 1);
        }
        double last = ceil(start + (k + 1) * plan->every) - 1;
        last = fmin(fmax(last, at), high);
        sum += rate * (last - at + 1);
        at = last + 1;
    }
    return sum;
}

/* Sum of rates over integers low .. high, all within the decay. */
static double decay_sum(const struct km_rate_plan *plan, double low,
                        double high)
{
    double start = start_of(plan), f = plan->final, n = high - low + 1;
    double span = plan->until - start;
    switch (plan->kind) {
    case KM_PLAN_LINEAR:
        return n * (decayed(plan, low) + decayed(plan, high)) / 2;
    case KM_PLAN_COSINE:
        return n * (1 + f) / 2 +
               (1 - f) / 2 * cosine_sum(start, span, low, high);
    case KM_PLAN_POLYNOMIAL:
        return n * f + (1 - f) *
                           power_sum(plan->power, plan->until - high,
                                     plan->until - low) /
                           pow(span, plan->power);
    case KM_PLAN_ONE_MINUS_SQRT:
        return n -
               (1 - f) * power_sum(0.5, low - start, high - start) / sqrt(span);
    case KM_PLAN_INVERSE_SQRT: {
        double end = f > 0 ? fmin(floor(start / (f * f)), high) : high;
        double falling =
            end >= low ? sqrt(start) * power_sum(-0.5, low, end) : 0;
        return falling + f * (high - fmax(end, low - 1));
    }
    case KM_PLAN_STEP:
        return step_sum(plan, low, high);
    case KM_PLAN_CONSTANT:
    case KM_PLAN_TABLE:
        break;
    }
    return n;
}

/* Sum over the integers 1 .. n of a plan that is no table. */
static double sum_whole(const struct km_rate_plan *plan, double n)
{
    double warm = fmin(floor(plan->warmup), n);
    double sum = warm > 0 ? warm * (warm + 1) / (2 * plan->warmup) : 0;
    if (plan->kind == KM_PLAN_CONSTANT) {
        return sum + (n - warm);
    }
    double level = fmin(fmax(floor(start_of(plan)), warm), n);
    sum += level - warm;
    bool ends =
        plan->kind != KM_PLAN_INVERSE_SQRT && plan->kind != KM_PLAN_STEP;
    double last = ends ? fmin(floor(plan->until), n) : n;
    if (last > level) {
        sum += decay_sum(plan, level + 1, last);
    }
    return sum + (n - fmax(last, level)) * plan->final;
}

/* Sum over the integers low .. high between two entries: a straight line. */
static double line_sum(const struct km_rate_plan *plan, size_t next, double low,
                       double high)
{
    return high < low ? 0
                      : (high - low + 1) *
                            (table_between(plan, next, low) +
                             table_between(plan, next, high)) /
                            2;
}

/* A walk over a table: `sum` of the integers 1 .. `done`. */
struct walk {
    size_t next;
    double done, sum;
};

static void walk_to(const struct km_rate_plan *plan, struct walk *walk,
                    double n)
{
    while (walk->done < n) {
        double end = walk->next < plan->table_count
                         ? floor(plan->table_step[walk->next])
                         : n;
        double until = fmin(fmax(end, walk->done), n);
        walk->sum += line_sum(plan, walk->next, walk->done + 1, until);
        walk->done = until;
        if (end <= until && walk->next < plan->table_count) {
            walk->next++;
        }
    }
}

void km_plan_features(const struct km_rate_plan *plan, const double *x,
                      size_t count, double *s1, double *drop)
{
    bool table = plan->kind == KM_PLAN_TABLE;
    double top = table ? table_top(plan) : 1, warm = km_plan_warm(plan);
    struct walk walk = {0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        double whole = floor(x[i]);
        if (s1) {
            if (table) {
                walk_to(plan, &walk, whole);
            }
            double sum = table ? walk.sum / top : sum_whole(plan, whole);
            double rest = x[i] - whole;
            s1[i] = sum + (rest > 0 ? rest * km_plan_rate(plan, whole + 1) : 0);
        }
        if (drop) {
            double rate =
                table ? table_between(plan, table_after(plan, x[i]), x[i]) / top
                      : km_plan_rate(plan, x[i]);
            drop[i] = x[i] > warm ? 1 - rate : 0;
        }
    }
}

double km_plan_sum(const struct km_rate_plan *plan, double s)
{
    double sum;
    km_plan_features(plan, &s, 1, &sum, NULL);
    return sum;
}

static double table_decay_start(const struct km_rate_plan *plan)
{
    double bound = (1 - STEADY) * table_top(plan), warm = km_plan_warm(plan);
    size_t i = table_after(plan, warm);
    while (i < plan->table_count && plan->table_rate[i] >= bound) {
        i++;
    }
    if (i == plan->table_count) {
        return INFINITY;
    }
    double a = plan->table_rate[i - 1], b = plan->table_rate[i];
    double from = plan->table_step[i - 1];
    return from + (a - bound) / (a - b) * (plan->table_step[i] - from);
}

double km_plan_decay_start(const struct km_rate_plan *plan)
{
    if (plan->kind == KM_PLAN_TABLE) {
        return table_decay_start(plan);
    }
    double low = start_of(plan), high = 1e18;
    if (km_plan_rate(plan, high) >= 1 - STEADY) {
        return INFINITY;
    }
    while (high - low > 0.5 && high - low > 1e-15 * high) {
        double middle = low + (high - low) / 2;
        if (km_plan_rate(plan, middle) < 1 - STEADY) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return ceil(low);
}

bool km_plan_constant_between(const struct km_rate_plan *plan, double s,
                              double x)
{
    double rate = km_plan_rate(plan, s);
    if (fabs(km_plan_rate(plan, x) - rate) > STEADY) {
        return false;
    }
    double warm = km_plan_warm(plan);
    if (s < warm && warm < x &&
        fabs(km_plan_rate(plan, warm) - rate) > STEADY) {
        return false;
    }
    if (plan->kind == KM_PLAN_TABLE) {
        double top = table_top(plan);
        for (size_t i = table_after(plan, s);
             i < plan->table_count && plan->table_step[i] < x; i++) {
            if (fabs(plan->table_rate[i] / top - rate) > STEADY) {
                return false;
            }
        }
    }
    return true;
}
