/* arm.c - arms of a comparison, and how much seeds differ elsewhere. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/arm.h"

#include <math.h>
#include <string.h>

#include "measure/moments.h"
#include "measure/smooth.h"

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the runs do not fit the memory allowed for one command");
}

static bool has_metric(const struct km_member *member,
                       const struct km_arm_metric *metric)
{
    const struct km_member_curve *curve = km_member_quality(member);
    return curve && metric->name && curve->count > 0 &&
           strcmp(curve->metric, metric->name) == 0 &&
           strcmp(curve->unit, metric->unit) == 0;
}

static void choose_metric(const struct km_cohort *cohort, const uint32_t *group,
                          struct km_arm_metric *metric)
{
    size_t most = 0;
    *metric = (struct km_arm_metric){.sign = 1};
    for (size_t i = 0; i < cohort->count && 2 * most <= cohort->count; i++) {
        const struct km_member_curve *curve =
            km_member_quality(&cohort->members[i]);
        if (!curve || group[i] == UINT32_MAX ||
            (metric->name && strcmp(curve->metric, metric->name) == 0)) {
            continue;
        }
        const struct km_arm_metric candidate = {curve->metric, curve->unit,
                                                curve->role, curve->sign};
        size_t same = 0;
        for (size_t j = 0; j < cohort->count; j++) {
            same += group[j] != UINT32_MAX &&
                    has_metric(&cohort->members[j], &candidate);
        }
        if (same > most) {
            most = same;
            *metric = candidate;
        }
    }
}

/* Isotonic in the direction of improvement; what is flat stays. */
static bool make_falling(const struct km_member_curve *curve,
                         struct km_arena *arena, struct km_falling *falling)
{
    double *y = km_arena_alloc(arena, (curve->count + 1) * sizeof *y);
    double *scratch =
        km_arena_alloc(arena, (3 * curve->count + 3) * sizeof *scratch);
    if (!y || !scratch) {
        return false;
    }
    km_smooth_isotonic(curve->y, curve->n, curve->count, true, scratch, y);
    *falling = (struct km_falling){curve->x, y, curve->count};
    return true;
}

size_t km_arm_units(const struct km_arm *arm, const double *each, double *units)
{
    size_t count = 0;
    for (size_t i = 0; i < arm->count; i++) {
        uint64_t own = arm->members[i]->configuration;
        double sum = 0, n = 0;
        bool told = false;
        for (size_t k = 0; k < arm->count && arm->configurations > 1; k++) {
            bool same = arm->members[k]->configuration == own;
            told = told || (same && k < i);
            sum += same && isfinite(each[k]) ? each[k] : 0;
            n += same && isfinite(each[k]);
        }
        double unit = arm->configurations > 1 ? sum / n : each[i];
        if (!told && isfinite(unit)) {
            units[count++] = unit;
        }
    }
    return count;
}

static bool fill_arm(const struct km_cohort *cohort, const uint32_t *group,
                     uint32_t index, const struct km_arm_metric *metric,
                     struct km_arena *arena, struct km_arm *arm)
{
    size_t asked = 0;
    for (size_t i = 0; i < cohort->count; i++) {
        asked += group[i] == index;
    }
    arm->members = km_new(arena, const struct km_member *, asked + 1);
    arm->falling = km_new(arena, struct km_falling, asked + 1);
    if (!arm->members || !arm->falling) {
        return false;
    }
    for (size_t i = 0; i < cohort->count; i++) {
        const struct km_member *member = &cohort->members[i];
        arm->died += group[i] == index &&
                     (member->diverged || member->state == KM_RUN_FAILED);
        if (group[i] != index || !has_metric(member, metric)) {
            continue;
        }
        bool known = false;
        for (size_t k = 0; k < arm->count; k++) {
            known = known ||
                    arm->members[k]->configuration == member->configuration;
        }
        arm->configurations += !known;
        if (!make_falling(km_member_quality(member), arena,
                          &arm->falling[arm->count])) {
            return false;
        }
        arm->members[arm->count++] = member;
        arm->stopped += km_member_stops_short(member);
    }
    arm->dropped = asked - arm->count;
    return true;
}

enum km_code km_arms_build(const struct km_cohort *cohort,
                           const uint32_t *group, const char *const *names,
                           size_t arm_count, struct km_arena *arena,
                           struct km_arm *arms, struct km_arm_metric *metric,
                           struct km_err *err)
{
    choose_metric(cohort, group, metric);
    for (size_t a = 0; a < arm_count; a++) {
        arms[a] = (struct km_arm){.name = names[a]};
        if (!fill_arm(cohort, group, (uint32_t)a, metric, arena, &arms[a])) {
            return fail_full(err);
        }
    }
    return KM_OK;
}

double km_member_value_at(const struct km_member_curve *curve, double step)
{
    enum { SHARE_OF_100 = 3 };
    size_t count = curve->count;
    if (!count || step > curve->x_last * 1.0001 || step < curve->x[0]) {
        return NAN;
    }
    /* places beyond the step: from `after` on */
    size_t after = km_bins_find(curve->x, count, step * 1.0001);
    if (curve->role == KM_ROLE_TRAIN_LOSS || curve->role == KM_ROLE_REWARD) {
        double from = step * (1 - SHARE_OF_100 / 100.0), sum = 0, n = 0;
        for (size_t i = after; i > 0 && curve->x[i - 1] > from; i--) {
            sum += curve->n[i - 1] * curve->y[i - 1];
            n += curve->n[i - 1];
        }
        if (n > 0) {
            return sum / n;
        }
    }
    if (after == 0 || after == count) {
        return curve->y[after ? count - 1 : 0];
    }
    double x0 = curve->x[after - 1], x1 = curve->x[after];
    double share = fmin(fmax((step - x0) / (x1 - x0), 0), 1);
    return curve->y[after - 1] +
           share * (curve->y[after] - curve->y[after - 1]);
}

double km_member_progress(const struct km_member *member, double horizon)
{
    const struct km_member_curve *curve = km_member_quality(member);
    double left = horizon - curve->x_last, spacing = 0;
    if (curve->count > 1) {
        spacing = curve->x[curve->count - 1] - curve->x[curve->count - 2];
    }
    bool ended = member->x_now >= KM_ENDED * horizon;
    return ended && left <= 1.01 * spacing ? 1 : curve->x_last / horizon;
}

bool km_member_stops_short(const struct km_member *member)
{
    bool planned = member->facts.max_steps > 0 &&
                   member->x_now < KM_ENDED * member->facts.max_steps;
    return member->state != KM_RUN_RUNNING && !planned &&
           km_member_progress(member, member->x_now) < KM_ENDED;
}

/* Sums of squares over the seeds of one configuration. */
struct pool {
    double *final, *final_df, *time, *time_df; /* [group] */
    size_t groups, timed;
    double ss, df;
};

static bool pool_group(const struct km_member *const *members, size_t count,
                       struct km_arena *arena, struct pool *pool)
{
    double levels[KM_SPEEDUP_LEVELS];
    double *scratch = km_new(arena, double, 3 * KM_SPEEDUP_FINE);
    struct km_falling *falling = km_new(arena, struct km_falling, count);
    struct km_moments final = {0, 0, 0}, time = {0, 0, 0};
    if (!scratch || !falling) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!make_falling(km_member_quality(members[i]), arena, &falling[i])) {
            return false;
        }
    }
    bool timed =
        km_speedup_levels(falling, count, falling, count, scratch, levels);
    for (size_t i = 0; i < count; i++) {
        km_moments_add(&final, km_member_quality(members[i])->last);
        if (timed) {
            km_moments_add(&time, km_speedup_summary(&falling[i], levels));
        }
    }
    pool->final_df[pool->groups] = final.n - 1;
    pool->final[pool->groups++] = km_moments_variance(&final);
    if (time.n > 1) {
        pool->time_df[pool->timed] = time.n - 1;
        pool->time[pool->timed++] = km_moments_variance(&time);
    }
    pool->ss += final.m2;
    pool->df += final.n - 1;
    return true;
}

static bool in_arms(const struct km_member *member, const struct km_arm *arms,
                    size_t arm_count)
{
    for (size_t a = 0; a < arm_count; a++) {
        for (size_t i = 0; i < arms[a].count; i++) {
            if (arms[a].members[i]->configuration == member->configuration) {
                return true;
            }
        }
    }
    return false;
}

const char *km_arm_told(const struct km_arm *const *arms, size_t count,
                        size_t index, struct km_arena *arena)
{
    const char **names = km_new(arena, const char *, count + 1);
    for (size_t i = 0; names && i < count; i++) {
        names[i] = arms[i]->name;
    }
    struct km_str told = names ? km_str_distinct(names, count, index)
                               : km_str_of(arms[index]->name);
    const char *copy = km_arena_copy(arena, told.ptr, told.len);
    return copy ? copy : arms[index]->name;
}

enum km_code km_seed_spread_of(const struct km_cohort *cohort,
                               const struct km_arm *arms, size_t arm_count,
                               const struct km_arm_metric *metric,
                               struct km_arena *arena,
                               struct km_seed_spread *spread,
                               struct km_err *err)
{
    struct pool pool = {.groups = 0};
    *spread = (struct km_seed_spread){.pooled = NAN};
    uint32_t *group = km_new(arena, uint32_t, cohort->count + 1);
    const struct km_member **members =
        km_new(arena, const struct km_member *, cohort->count + 1);
    double *values = km_new(arena, double, 5 * cohort->count + 1);
    if (!group || !members || !values) {
        return fail_full(err);
    }
    pool.final = values;
    pool.final_df = values + cohort->count;
    pool.time = values + 2 * cohort->count;
    pool.time_df = values + 3 * cohort->count;
    const struct km_member *first = NULL; /* seeds of its task count */
    for (size_t i = 0; i < arm_count && !first; i++) {
        first = arms[i].count ? arms[i].members[0] : NULL;
    }
    size_t groups = km_cohort_group(cohort, group);
    for (size_t g = 0; g < groups; g++) {
        size_t count = 0;
        for (size_t i = 0; i < cohort->count; i++) {
            const struct km_member *member = &cohort->members[i];
            /* a run that is under way has no final value */
            if (group[i] == g && has_metric(member, metric) &&
                member->state != KM_RUN_RUNNING && !member->diverged &&
                !in_arms(member, arms, arm_count) &&
                (!first || km_members_share_task(member, first))) {
                members[count++] = member;
            }
        }
        if (count < 2) {
            continue;
        }
        if (!pool_group(members, count, arena, &pool)) {
            return fail_full(err);
        }
    }
    double *scratch = values + 4 * cohort->count;
    spread->groups = pool.groups;
    spread->df = pool.df;
    spread->pooled = pool.df > 0 ? pool.ss / pool.df : (double)NAN;
    if (!pool.groups || !km_moderate_fit(pool.final, pool.final_df, pool.groups,
                                         scratch, &spread->final)) {
        spread->final.df = 0;
    }
    if (!pool.timed || !km_moderate_fit(pool.time, pool.time_df, pool.timed,
                                        scratch, &spread->time)) {
        spread->time.df = 0;
    }
    return KM_OK;
}
