/* target_group.c - survival curves of groups of runs towards a target. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/target_group.h"

#include <math.h>
#include <string.h>

#include "measure/survival.h"
#include "score/card.h"

/* What x is: steps, or minutes at each run's own rate. */
struct clock {
    enum km_axis axis;
    const char *suffix; /* of the variant: "" or ": training time" */
    const char *unit;
    double scale; /* of the axis's unit */
};

/* One group on one clock. */
struct arrivals {
    const char *name;
    size_t runs, reached, never;
    size_t early; /* of those that reached it: by their first value */
    bool mixed;   /* several configurations, one of them with several runs */
    double seen;  /* the last place that anybody has seen */
    double tau;   /* up to which its restricted mean is known */
    struct km_survival_step *steps;
    size_t step_count;
    struct km_survival_restricted mean;
};

struct grouping {
    const struct km_cohort *cohort;
    const uint32_t *group;
    size_t group_count;
    const char *const *names;
    const char *metric; /* NULL: any */
    double target;
    struct km_scorecard *card;
    struct km_err *err;
    double *x, *scratch;
    bool *reached;
};

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
}

/* Its units are not independent, or nobody saw when some of them got there. */
static bool is_doubtful(const struct arrivals *a)
{
    return a->mixed || a->early;
}

/* Several configurations, and fewer of them than runs? */
static bool is_mixed(const struct grouping *g, uint32_t index)
{
    const struct km_cohort *cohort = g->cohort;
    size_t runs = 0, configurations = 0;
    for (size_t i = 0; i < cohort->count; i++) {
        bool known = false;
        for (size_t k = 0; g->group[i] == index && k < i && !known; k++) {
            known =
                g->group[k] == index && cohort->members[k].configuration ==
                                            cohort->members[i].configuration;
        }
        runs += g->group[i] == index;
        configurations += g->group[i] == index && !known;
    }
    return configurations > 1 && configurations < runs;
}

/* When the member got there, or where it is censored; false: it has no curve.
 */
static bool place_of(const struct grouping *g, const struct km_member *member,
                     double *x, bool *reached, bool *early)
{
    const struct km_member_curve *curve = km_member_quality(member);
    if (!curve || !curve->count ||
        (g->metric && strcmp(curve->metric, g->metric) != 0)) {
        return false;
    }
    struct km_crossing crossing = km_target_observed(
        curve->x, curve->y, curve->count, curve->sign * g->target);
    bool broken = member->diverged || member->state == KM_RUN_FAILED ||
                  member->state == KM_RUN_KILLED;
    *reached = crossing.reached && crossing.confirmed;
    *early = *reached && crossing.x <= curve->x[0];
    *x = *reached ? crossing.x : broken ? (double)INFINITY : member->x_now;
    return *x > 0;
}

static enum km_code arrive(const struct grouping *g, uint32_t index,
                           const struct clock *clock, struct arrivals *out)
{
    *out = (struct arrivals){.name = g->names ? g->names[index] : NULL};
    for (size_t i = 0; i < g->cohort->count; i++) {
        const struct km_member *member = &g->cohort->members[i];
        double *x = &g->x[out->runs];
        bool *reached = &g->reached[out->runs], early;
        if (g->group[i] != index || !place_of(g, member, x, reached, &early)) {
            continue;
        }
        *x *= member->axes.rate[clock->axis].per_step * clock->scale;
        out->name = out->name ? out->name : member->label;
        out->runs++;
        out->reached += *reached;
        out->early += early;
        out->never += isinf(*x) ? 1 : 0;
        out->seen = isfinite(*x) ? fmax(out->seen, *x) : out->seen;
    }
    out->mixed = is_mixed(g, index);
    out->steps = km_new(g->card->arena, struct km_survival_step, out->runs + 1);
    if (!out->steps) {
        return fail_full(g->err);
    }
    out->step_count = km_survival_fit(g->x, g->reached, out->runs,
                                      g->card->level, g->scratch, out->steps);
    /* beyond its last run a curve is known only where nothing is left of it,
     * or where the rest will never come */
    out->tau =
        out->reached == out->runs || out->never ? (double)INFINITY : out->seen;
    return KM_OK;
}

/* Stairs from 1 at step 0 to the last step that anybody has seen. */
static enum km_code add_stairs(const struct grouping *g,
                               const struct arrivals *a)
{
    size_t n = a->step_count + 2;
    double *x = km_arena_alloc(g->card->arena, 4 * n * sizeof *x);
    if (!x) {
        return fail_full(g->err);
    }
    double *y = x + n, *lo = y + n, *hi = lo + n;
    x[0] = 0;
    y[0] = lo[0] = hi[0] = 1;
    for (size_t i = 0; i < a->step_count; i++) {
        x[i + 1] = a->steps[i].x;
        y[i + 1] = a->steps[i].s;
        lo[i + 1] = a->steps[i].lo;
        hi[i + 1] = a->steps[i].hi;
    }
    x[n - 1] = a->seen;
    y[n - 1] = y[n - 2];
    lo[n - 1] = lo[n - 2];
    hi[n - 1] = hi[n - 2];
    return km_card_add_curve(
        g->card,
        (struct km_curve){.id = "survival",
                          .title = "share of runs not at the target yet",
                          .unit = "1",
                          .axis = KM_AXIS_STEP,
                          .kind = "step",
                          .name = a->name,
                          .count = n,
                          .x = x,
                          .y = y,
                          .lo = lo,
                          .hi = hi},
        g->err);
}

/* "3 of 4 runs reached 3.28, 1 is censored at its last step" */
static const char *count_text(const struct grouping *g,
                              const struct arrivals *a)
{
    size_t yet = a->runs - a->reached - a->never;
    struct km_arena *arena = g->card->arena;
    const char *text =
        km_arena_printf(arena, "%zu of %zu run%s reached %.6g", a->reached,
                        a->runs, a->runs == 1 ? "" : "s", g->target);
    if (text && a->early) {
        text = km_arena_printf(arena, "%s (%zu by the first value, or before)",
                               text, a->early);
    }
    if (text && yet) {
        text = km_arena_printf(arena, "%s, %zu %s censored at %s last step",
                               text, yet, yet == 1 ? "is" : "are",
                               yet == 1 ? "its" : "their");
    }
    if (text && a->never) {
        text = km_arena_printf(arena, "%s, %zu broke off and never will", text,
                               a->never);
    }
    if (text && a->mixed) {
        text = km_arena_printf(arena,
                               "%s; configurations are mixed: their runs are "
                               "not independent",
                               text);
    }
    return text;
}

static const char *variant_of(const struct grouping *g, const char *name,
                              const struct clock *clock)
{
    return km_arena_printf(g->card->arena, "%s%s", name, clock->suffix);
}

static enum km_code add_median(const struct grouping *g,
                               const struct arrivals *a,
                               const struct clock *clock)
{
    struct km_arena *arena = g->card->arena;
    struct km_estimate median = km_survival_median(a->steps, a->step_count);
    struct km_figure_result result = km_result_new(
        "compare.to_target", variant_of(g, a->name, clock), clock->unit);
    bool open = isinf(median.value);
    result.value = open && a->seen > 0 ? a->seen : median.value;
    result.n = a->runs;
    result.method = "median of the Kaplan-Meier curve";
    result.reason = count_text(g, a);
    if (open) {
        result.state = KM_FIGURE_CENSORED;
        result.reason =
            km_arena_printf(arena, "%s: fewer than half have", result.reason);
        result.lo = isfinite(median.lo) ? median.lo : (double)NAN;
        if (a->never == a->runs) {
            result.state = KM_FIGURE_INSUFFICIENT;
            result.reason = count_text(g, a);
        }
    } else {
        result.lo = median.lo;
        result.hi = median.hi;
        result.rung = "log(-log) limits";
        result.state = isfinite(median.hi) && !is_doubtful(a) ? KM_FIGURE_OK
                                                              : KM_FIGURE_WEAK;
        if (isinf(median.hi)) {
            result.rung = "";
            result.reason = km_arena_printf(
                arena, "%s: too few to bound the median from above",
                result.reason);
        }
    }
    result.level = g->card->level;
    return km_card_add(g->card, result, NULL, g->err);
}

/* Of one group, or the difference of two. */
static enum km_code add_mean(const struct grouping *g, const char *name,
                             struct km_estimate mean, size_t runs,
                             enum km_figure_state state, const char *reason,
                             const struct clock *clock, double tau)
{
    struct km_figure_result result = km_result_new(
        "compare.restricted_mean", variant_of(g, name, clock), clock->unit);
    result.value = mean.value;
    result.lo = mean.lo;
    result.hi = mean.hi;
    result.level = g->card->level;
    result.rung = isnan(mean.lo) ? "" : "Student's t over runs";
    result.n = runs;
    result.method = km_arena_printf(
        g->card->arena, "area under the Kaplan-Meier curve up to %.6g %s", tau,
        clock->unit);
    result.state = state;
    result.reason = reason;
    return km_card_add(g->card, result, NULL, g->err);
}

static enum km_code add_group_mean(const struct grouping *g,
                                   const struct arrivals *a,
                                   const struct clock *clock, double tau)
{
    struct km_estimate mean = km_survival_limits(&a->mean, g->card->level);
    const char *reason = count_text(g, a);
    bool known = !isnan(mean.lo);
    if (!known && reason) {
        reason = km_arena_printf(g->card->arena,
                                 "%s: an interval needs two that arrive at "
                                 "different times",
                                 reason);
    }
    return add_mean(g, a->name, mean, a->runs,
                    known && !is_doubtful(a) ? KM_FIGURE_OK : KM_FIGURE_WEAK,
                    reason, clock, tau);
}

static enum km_code add_difference(const struct grouping *g,
                                   const struct arrivals *a,
                                   const struct arrivals *first,
                                   const struct clock *clock, double tau)
{
    struct km_estimate difference =
        km_survival_difference(&a->mean, &first->mean, g->card->level);
    bool told = difference.lo > 0, mixed = a->mixed || first->mixed;
    bool doubtful = is_doubtful(a) || is_doubtful(first);
    const char *reason =
        isnan(difference.lo) ? "no interval: a group has none of its own"
        : !told              ? "the interval spans 0"
        : mixed ? "configurations are mixed: their runs are not independent"
                : km_arena_printf(g->card->arena, "%s gets there first",
                                  first->name);
    return add_mean(
        g, km_arena_printf(g->card->arena, "%s less %s", a->name, first->name),
        difference, a->runs + first->runs,
        told && !doubtful ? KM_FIGURE_OK : KM_FIGURE_WEAK, reason, clock, tau);
}

/* Up to where every group's mean is known; 0: nobody was seen at all. */
static double horizon_of(const struct arrivals *all, size_t count)
{
    double tau = INFINITY, seen = 0;
    for (size_t i = 0; i < count; i++) {
        tau = all[i].runs ? fmin(tau, all[i].tau) : tau;
        seen = fmax(seen, all[i].seen);
    }
    return isfinite(tau) ? tau : seen;
}

/* Means of all groups, then each less the one that gets there first. */
static enum km_code add_means(const struct grouping *g, struct arrivals *all,
                              const struct clock *clock)
{
    enum km_code code = KM_OK;
    const struct arrivals *first = NULL;
    double tau = horizon_of(all, g->group_count);
    for (size_t i = 0; i < g->group_count && tau > 0 && code == KM_OK; i++) {
        struct arrivals *a = &all[i];
        if (a->runs) {
            a->mean = km_survival_restrict(a->steps, a->step_count, tau);
            first = !first || a->mean.mean < first->mean.mean ? a : first;
            code = add_group_mean(g, a, clock, tau);
        }
    }
    for (size_t i = 0; i < g->group_count && first && code == KM_OK; i++) {
        if (all[i].runs && &all[i] != first) {
            code = add_difference(g, &all[i], first, clock, tau);
        }
    }
    return code;
}

/* True when every run of the groups knows what a step takes on the axis. */
static bool is_known(const struct grouping *g, enum km_axis axis)
{
    bool any = false;
    for (size_t i = 0; i < g->cohort->count; i++) {
        const struct km_rate *rate = &g->cohort->members[i].axes.rate[axis];
        if (g->group[i] >= g->group_count) {
            continue;
        }
        if (!rate->known || !(rate->per_step > 0)) {
            return false;
        }
        any = true;
    }
    return any;
}

/* Groups on one clock, with their medians and, of steps, their curves. */
static enum km_code add_medians(const struct grouping *g,
                                const struct clock *clock, struct arrivals *all)
{
    enum km_code code = KM_OK;
    for (uint32_t i = 0; i < g->group_count && code == KM_OK; i++) {
        code = arrive(g, i, clock, &all[i]);
        if (code == KM_OK && all[i].runs && clock->axis == KM_AXIS_STEP) {
            code = add_stairs(g, &all[i]);
        }
        if (code == KM_OK && all[i].runs) {
            code = add_median(g, &all[i], clock);
        }
    }
    return code;
}

enum km_code km_target_group_add(const struct km_cohort *cohort,
                                 const uint32_t *group, size_t group_count,
                                 const char *const *names, const char *metric,
                                 double target, struct km_scorecard *card,
                                 struct km_err *err)
{
    static const struct clock clocks[] = {
        {KM_AXIS_STEP, "", "step", 1},
        {KM_AXIS_ACTIVE, ": training time", "min", 1.0 / 60},
        {KM_AXIS_SECOND, ": time", "min", 1.0 / 60}};
    size_t n = cohort->count + 1;
    const struct grouping g = {.cohort = cohort,
                               .group = group,
                               .group_count = group_count,
                               .names = names,
                               .metric = metric,
                               .target = target,
                               .card = card,
                               .err = err,
                               .x = km_new(card->arena, double, n),
                               .scratch = km_new(card->arena, double, 2 * n),
                               .reached = km_new(card->arena, bool, n)};
    struct arrivals *by_step =
        km_new(card->arena, struct arrivals, group_count + 1);
    struct arrivals *by_time =
        km_new(card->arena, struct arrivals, group_count + 1);
    if (!g.x || !g.scratch || !g.reached || !by_step || !by_time) {
        return fail_full(err);
    }
    const struct clock *time = is_known(&g, KM_AXIS_ACTIVE)   ? &clocks[1]
                               : is_known(&g, KM_AXIS_SECOND) ? &clocks[2]
                                                              : NULL;
    enum km_code code = add_medians(&g, &clocks[0], by_step);
    code = code || !time ? code : add_medians(&g, time, by_time);
    code = code ? code : add_means(&g, by_step, &clocks[0]);
    return code || !time ? code : add_means(&g, by_time, time);
}
