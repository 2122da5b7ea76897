/* survival.c - Kaplan-Meier curve, median and restricted mean. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/survival.h"

#include <math.h>

#include "measure/distribution.h"
#include "measure/groups.h"

static const double SLACK = 1e-12; /* of rounding in a product of shares */

/* Limits on the log(-log S) scale: S^exp(-+ z sigma / ln S). */
static void set_limits(struct km_survival_step *step, double greenwood,
                       double z)
{
    if (!(step->s > 0)) {
        step->s = 0;
        step->se = step->lo = step->hi = NAN;
        return;
    }
    double reach = z * sqrt(greenwood) / fabs(log(step->s));
    step->se = step->s * sqrt(greenwood);
    step->lo = pow(step->s, exp(reach));
    step->hi = pow(step->s, exp(-reach));
}

size_t km_survival_fit(const double *x, const bool *reached, size_t count,
                       double level, double *scratch,
                       struct km_survival_step *steps)
{
    double *at = scratch, *event = scratch + count;
    for (size_t i = 0; i < count; i++) {
        at[i] = x[i];
        event[i] = reached[i];
    }
    km_sort_pairs(at, event, count);
    double s = 1, greenwood = 0, z = km_normal_quantile((1 + level) / 2);
    size_t found = 0;
    for (size_t i = 0, end; i < count; i = end) {
        size_t events = 0;
        for (end = i; end < count && !(at[end] > at[i]); end++) {
            events += event[end] > 0;
        }
        if (!events) {
            continue;
        }
        double n = (double)(count - i), d = (double)events;
        s = events == count - i ? 0 : s * (1 - d / n);
        greenwood += d / (n * (n - d));
        steps[found] = (struct km_survival_step){
            .x = at[i], .at_risk = count - i, .events = events, .s = s};
        set_limits(&steps[found++], greenwood, z);
    }
    return found;
}

struct km_estimate km_survival_median(const struct km_survival_step *steps,
                                      size_t count)
{
    struct km_estimate median = {INFINITY, INFINITY, INFINITY};
    for (size_t i = count; i-- > 0;) {
        if (steps[i].s <= 0.5 + SLACK) {
            median.value = steps[i].x;
        }
        if (steps[i].lo <= 0.5 + SLACK) {
            median.lo = steps[i].x;
        }
        if (steps[i].hi <= 0.5 + SLACK) {
            median.hi = steps[i].x;
        }
    }
    median.lo = fmin(median.lo, median.value); /* se is unknown at S = 0 */
    return median;
}

double km_survival_mean(const struct km_survival_step *steps, size_t count,
                        double x_max, double *se)
{
    double variance = 0, after = 0, until = x_max;
    for (size_t i = count; i-- > 0;) {
        if (steps[i].x > x_max) {
            continue;
        }
        after += steps[i].s * (until - steps[i].x);
        until = steps[i].x;
        double n = (double)steps[i].at_risk, d = (double)steps[i].events;
        variance += d < n ? after * after * d / (n * (n - d)) : 0;
    }
    *se = sqrt(variance);
    return after + until;
}

struct km_survival_restricted
km_survival_restrict(const struct km_survival_step *steps, size_t count,
                     double x_max)
{
    struct km_survival_restricted out = {.se = NAN, .df = NAN};
    double se;
    out.mean = km_survival_mean(steps, count, x_max, &se);
    for (size_t i = 0; i < count && steps[i].x <= x_max; i++) {
        out.events += steps[i].events;
    }
    if (out.events > 1) {
        out.df = (double)out.events - 1;
        out.se = se * sqrt((double)out.events / out.df);
    }
    return out;
}

static struct km_estimate limits_of(double value, double se, double df,
                                    double level)
{
    double half =
        se > 0 ? se * km_t_quantile((1 + level) / 2, df) : (double)NAN;
    return (struct km_estimate){value, value - half, value + half};
}

struct km_estimate
km_survival_limits(const struct km_survival_restricted *group, double level)
{
    return limits_of(group->mean, group->se, group->df, level);
}

struct km_estimate
km_survival_difference(const struct km_survival_restricted *a,
                       const struct km_survival_restricted *b, double level)
{
    double of_a = a->se * a->se, of_b = b->se * b->se, both = of_a + of_b;
    double df = both * both / (of_a * of_a / a->df + of_b * of_b / b->df);
    return limits_of(a->mean - b->mean, sqrt(both), df, level);
}
