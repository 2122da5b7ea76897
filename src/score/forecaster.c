/* forecaster.c - values of all forecasters, the history's errors, the choice.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/forecaster.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "measure/forecast_score.h"
#include "measure/groups.h"
#include "measure/robust.h"

/* Two plans are alike when their drops are, now, at the target and the end. */
static const double ALIKE = 0.1;
/* Of x_now: measured on public curves, from 0 to 2. */
static const double ANNEAL_FADES = 0.2, LAST_POINTS = 0.05;
static const double EXACT = 1e-9; /* of the truth: the least error */
enum { COLD_DRAWS = 200 };

const char *km_forecaster_name(enum km_forecaster forecaster)
{
    static const char *const names[] = {
        [KM_FORECASTER_LAST] = "last value",
        [KM_FORECASTER_LINE] = "log-log line",
        [KM_FORECASTER_MEAN] = "mean of pow3 and invlog3",
        [KM_FORECASTER_ANNEAL] = "annealing law",
        [KM_FORECASTER_ANALOGUE] = "history analogue",
    };
    assert(forecaster >= KM_FORECASTER_LAST && forecaster < KM_FORECASTERS);
    return names[forecaster];
}

const char *km_decision_rung(const struct km_decision *d,
                             struct km_arena *arena)
{
    const char *of = d->rung == KM_RUNG_CROSS_RUN ? "configurations"
                     : d->rung == KM_RUNG_OWN     ? "of them"
                                                  : NULL;
    return of ? km_arena_printf(arena, "%s, %zu %s", km_rung_name(d->rung),
                                d->calibration, of)
              : km_rung_name(d->rung);
}

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the forecasts do not fit the memory allowed for one "
                   "command");
}

/* May run `j` teach run `i`? */
static bool is_history(const struct km_judged_run *i,
                       const struct km_judged_run *j, enum km_history history)
{
    return j->pool == i->pool && j->group != i->group &&
           (history == KM_HISTORY_OTHERS || j->time_ns < i->time_ns);
}

static double *slot(const struct km_judged_run *run, enum km_forecaster which,
                    size_t t)
{
    return &run->value[(size_t)which * run->origin->target_count + t];
}

static bool near(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= ALIKE;
}

/* Same shape of plan: drops agree now, at the target and at the end. */
static bool alike(const struct km_origin *a, const struct km_origin *b,
                  size_t t)
{
    bool known = a->anneal_count && b->anneal_count;
    return known ? near(a->drop_now, b->drop_now) &&
                       near(a->targets[t].drop, b->targets[t].drop) &&
                       near(a->end_drop, b->end_drop)
                 : !a->anneal_count == !b->anneal_count;
}

/* Median over configurations of the median fall inside each. */
static double analogue(const struct km_judged_run *runs, size_t count, size_t i,
                       size_t t, enum km_history history, double *fall,
                       unsigned *group, double *scratch, size_t *groups)
{
    size_t n = 0;
    for (size_t j = 0; j < count; j++) {
        if (is_history(&runs[i], &runs[j], history) &&
            isfinite(runs[j].truth[t]) &&
            alike(runs[i].origin, runs[j].origin, t)) {
            fall[n] = runs[j].origin->last_value - runs[j].truth[t];
            group[n++] = runs[j].group;
        }
    }
    struct km_anneal_prior none = {NAN, NAN, 0};
    struct km_anneal_prior of =
        km_anneal_prior_of(fall, group, n, none, scratch);
    *groups = of.groups;
    return of.groups >= KM_FORECASTER_GROUPS_MIN ? of.drop : (double)NAN;
}

/* C of the runs that may teach run `i`. */
static struct km_anneal_prior learn_prior(const struct km_judged_run *runs,
                                          size_t count, size_t i, int family,
                                          enum km_history history, double *c,
                                          unsigned *group, double *scratch)
{
    size_t n = 0;
    for (size_t j = 0; j < count; j++) {
        if (is_history(&runs[i], &runs[j], history)) {
            c[n] = runs[j].drop[family];
            group[n++] = runs[j].group;
        }
    }
    double end = runs[i].origin->end_drop;
    return km_anneal_prior_of(c, group, n,
                              km_anneal_prior_cold(isfinite(end) ? 1 - end : 0),
                              scratch);
}

/* The mean of the two families on the sum of rates. */
static double anneal_mean(const struct km_anneal fit[KM_ORIGIN_FAMILIES],
                          double s1, double drop)
{
    double sum = 0;
    for (int f = 0; f < KM_ORIGIN_FAMILIES; f++) {
        sum += km_anneal_value(&fit[f], s1, drop);
    }
    return sum / KM_ORIGIN_FAMILIES;
}

/* What the last twentieth of the points lies off the law. */
static double anneal_off(const struct km_origin *origin,
                         const struct km_anneal fit[KM_ORIGIN_FAMILIES])
{
    double off = 0, n = 0, enough = LAST_POINTS * (double)origin->seen;
    for (size_t i = origin->anneal_count; i-- > 0 && n < enough;) {
        off +=
            origin->weight[i] *
            (origin->y[i] - anneal_mean(fit, origin->s1[i], origin->drop[i]));
        n += origin->weight[i];
    }
    return n > 0 ? off / n : 0;
}

static void anneal_values(struct km_judged_run *run,
                          struct km_origin_workspace *work)
{
    static const enum km_family families[KM_ORIGIN_FAMILIES] = {
        KM_FAMILY_POW3, KM_FAMILY_INVLOG3};
    struct km_anneal fit[KM_ORIGIN_FAMILIES];
    const struct km_origin *origin = run->origin;
    for (int f = 0; f < KM_ORIGIN_FAMILIES; f++) {
        if (!km_origin_anneal(origin, families[f], run->e_min, &run->prior[f],
                              &work->fit, &fit[f])) {
            return;
        }
    }
    double off = anneal_off(origin, fit);
    for (size_t t = 0; t < origin->target_count; t++) {
        const struct km_origin_target *at = &origin->targets[t];
        double ahead = at->x / origin->x_now - 1;
        double value = anneal_mean(fit, at->s1, at->drop) +
                       off * exp(-ahead / ANNEAL_FADES);
        *slot(run, KM_FORECASTER_ANNEAL, t) =
            isnan(value) ? (double)NAN : fmax(value, run->e_min);
    }
}

/* Groups as ordinals, so that runs of one are counted without sorting. */
static void number_groups(struct km_judged_run *runs, size_t count,
                          unsigned *group, double *keys)
{
    for (size_t i = 0; i < count; i++) {
        group[i] = runs[i].group;
    }
    size_t different = km_groups_keys(group, count, keys);
    for (size_t i = 0; i < count; i++) {
        runs[i].dense =
            (unsigned)km_groups_find(keys, different, runs[i].group);
    }
}

enum km_code km_forecasters_run(struct km_judged_run *runs, size_t count,
                                enum km_history history,
                                struct km_origin_workspace *work,
                                struct km_arena *arena, struct km_err *err)
{
    double *rows = km_new(arena, double, 3 * count);
    unsigned *group = km_new(arena, unsigned, count);
    if (!rows || !group) {
        return fail_full(err);
    }
    number_groups(runs, count, group, rows);
    for (size_t i = 0; i < count; i++) {
        struct km_judged_run *run = &runs[i];
        const struct km_origin *origin = run->origin;
        size_t targets = origin->target_count;
        if (!run->value) {
            run->value = km_new(arena, double, KM_FORECASTERS *targets);
        }
        if (!run->value) {
            return fail_full(err);
        }
        for (size_t k = 0; k < KM_FORECASTERS * targets; k++) {
            run->value[k] = NAN;
        }
        for (size_t t = 0; t < targets; t++) {
            *slot(run, KM_FORECASTER_LAST, t) = origin->last_value;
            *slot(run, KM_FORECASTER_LINE, t) = origin->targets[t].line;
            *slot(run, KM_FORECASTER_MEAN, t) = origin->targets[t].mean;
            *slot(run, KM_FORECASTER_ANALOGUE, t) =
                origin->last_value - analogue(runs, count, i, t, history, rows,
                                              group, rows + count,
                                              &run->analogue_groups);
        }
        for (int f = 0; f < KM_ORIGIN_FAMILIES; f++) {
            run->prior[f] = learn_prior(runs, count, i, f, history, rows, group,
                                        rows + count);
        }
        anneal_values(run, work);
    }
    return KM_OK;
}

/* Runs of the history of `i` under the same regime, resolved at `t`. */
static bool counts(const struct km_judged_run *runs, size_t i, size_t j,
                   size_t t, enum km_history history)
{
    return is_history(&runs[i], &runs[j], history) && runs[j].origin->fitted &&
           isfinite(runs[j].truth[t]) &&
           runs[j].origin->targets[t].regime ==
               runs[i].origin->targets[t].regime;
}

/* Weights 1 / (runs of the group) of `n` runs whose dense groups are `group`;
 * returns how many groups they are. `runs_of` has room for all groups. */
static size_t weigh(const unsigned *group, size_t n, size_t groups_max,
                    double *runs_of, double *weight)
{
    size_t groups = 0;
    memset(runs_of, 0, groups_max * sizeof *runs_of);
    for (size_t k = 0; k < n; k++) {
        groups += runs_of[group[k]]++ <= 0;
    }
    for (size_t k = 0; k < n; k++) {
        weight[k] = 1 / runs_of[group[k]];
    }
    return groups;
}

void km_forecaster_recall(const struct km_judged_run *runs, size_t count,
                          size_t i, size_t t, enum km_history history,
                          enum km_forecaster forecaster,
                          enum km_forecaster beside, double *scratch,
                          struct km_forecaster_record *record)
{
    double *error = scratch, *ratio = scratch + count;
    double *weight = scratch + 2 * count, *runs_of = scratch + 3 * count;
    unsigned *group = (unsigned *)(void *)(scratch + 4 * count);
    size_t n = 0;
    for (size_t j = 0; j < count; j++) {
        if (!counts(runs, i, j, t, history) ||
            !isfinite(*slot(&runs[j], forecaster, t)) ||
            !isfinite(*slot(&runs[j], beside, t))) {
            continue;
        }
        double truth = runs[j].truth[t];
        double least = EXACT * fabs(truth);
        error[n] = fabs(truth - *slot(&runs[j], forecaster, t));
        ratio[n] = fmax(error[n], least) /
                   fmax(fabs(truth - runs[j].origin->last_value), least);
        group[n++] = runs[j].dense;
    }
    *record = (struct km_forecaster_record){0, NAN, NAN};
    record->groups = weigh(group, n, count, runs_of, weight);
    double mae = 0, rel = 0;
    for (size_t k = 0; k < n; k++) {
        mae += weight[k] * error[k] / (double)record->groups;
        double most = log(KM_SCORE_RATIO_MAX);
        double kept = fmin(fmax(log(ratio[k]), -most), most);
        rel += weight[k] * kept / (double)record->groups;
    }
    if (record->groups) {
        record->mae = mae;
        record->rel = exp(rel);
    }
}

static enum km_forecaster usual_of(const struct km_judged_run *run, size_t t)
{
    bool moves = run->origin->targets[t].regime == KM_REGIME_DECAYING;
    return moves && isfinite(*slot(run, KM_FORECASTER_ANNEAL, t))
               ? KM_FORECASTER_ANNEAL
               : KM_FORECASTER_MEAN;
}

/* The usual one unless the history says that another is clearly better on the
 * same runs, and can calibrate it where it calibrates the usual one. */
static void choose(const struct km_judged_run *runs, size_t count, size_t i,
                   size_t t, enum km_history history, double *scratch,
                   struct km_decision *d)
{
    struct km_forecaster_record usual, same, other;
    km_forecaster_recall(runs, count, i, t, history, d->usual, d->usual,
                         scratch, &usual);
    bool enough = usual.groups >= KM_FORECASTER_GROUPS_MIN;
    size_t least = usual.groups >= KM_CONFORMAL_GROUPS_MIN
                       ? KM_CONFORMAL_GROUPS_MIN
                       : KM_FORECASTER_GROUPS_MIN;
    d->chosen = d->usual;
    d->rel = enough ? usual.rel : (double)NAN;
    d->rel_groups = usual.groups;
    double best = d->rel >= 1 ? (double)INFINITY : KM_FORECASTER_BETTER;
    for (int k = KM_FORECASTER_LINE; k < KM_FORECASTERS && enough; k++) {
        enum km_forecaster which = (enum km_forecaster)k;
        if (which == d->usual || !isfinite(*slot(&runs[i], which, t))) {
            continue;
        }
        km_forecaster_recall(runs, count, i, t, history, which, d->usual,
                             scratch, &other);
        km_forecaster_recall(runs, count, i, t, history, d->usual, which,
                             scratch, &same);
        if (other.groups >= least && other.rel < 1 &&
            other.mae < best * same.mae) {
            best = other.mae / same.mae;
            d->chosen = which;
            d->rel = other.rel;
            d->rel_groups = other.groups;
        }
    }
    d->off = d->rel >= 1;
    /* no history, and a rate that is not known to move: the run's own record */
    const struct km_origin_target *at = &runs[i].origin->targets[t];
    if (!enough && d->regime != KM_REGIME_DECAYING &&
        at->own_line_mae < KM_FORECASTER_BETTER * at->own_mae) {
        d->chosen = KM_FORECASTER_LINE;
    }
}

/* Signed errors of the history by the chosen forecaster. */
static bool cross_run(const struct km_judged_run *runs, size_t count, size_t i,
                      size_t t, enum km_history history, double level,
                      double *scratch, struct km_decision *d)
{
    double *error = scratch, *weight = scratch + count;
    double *rest = scratch + 2 * count, lo, hi;
    unsigned *group = (unsigned *)(void *)(scratch + 4 * count);
    size_t n = 0;
    for (size_t j = 0; j < count; j++) {
        double value = *slot(&runs[j], d->chosen, t);
        if (counts(runs, i, j, t, history) && isfinite(value)) {
            error[n] = runs[j].truth[t] - value;
            group[n++] = runs[j].dense;
        }
    }
    size_t groups = weigh(group, n, count, rest, weight);
    if (groups < KM_CONFORMAL_GROUPS_MIN ||
        !km_conformal_cross(error, weight, n, groups, level, rest, &lo, &hi)) {
        return false;
    }
    d->rung = KM_RUNG_CROSS_RUN;
    d->calibration = groups;
    d->lo = d->value + lo;
    d->hi = d->value + hi;
    d->pit = km_pit(error, weight, n, runs[i].truth[t] - d->value);
    return true;
}

/* A cold start; with a plan, the spread of the drop takes the place of the
 * wider reach downwards. */
static void cold_start(const struct km_judged_run *run, size_t t,
                       struct km_decision *d)
{
    const struct km_origin *origin = run->origin;
    const struct km_origin_target *at = &origin->targets[t];
    struct km_cold_start k =
        at->regime == KM_REGIME_CONSTANT ? km_cold_start_constant
        : origin->loss && origin->points >= KM_COLD_START_POINTS_MIN
            ? km_cold_start_unknown
            : km_cold_start_thin;
    double down = k.down * at->s, up = k.up * at->s;
    if (d->chosen == KM_FORECASTER_ANNEAL) {
        double wide =
            origin->drop_now > KM_ANNEAL_STARTED ? KM_ANNEAL_WIDER : 1;
        double drop = fabs(at->drop - origin->drop_now) * wide *
                      run->prior[0].tau * 1.2816; /* 90 % of a normal */
        double s = km_cold_start_constant.down * at->s;
        down = up = sqrt(s * s + drop * drop);
    }
    d->rung = KM_RUNG_COLD;
    d->lo = d->value - down;
    d->hi = d->value + up;
}

void km_forecast_decide(const struct km_judged_run *runs, size_t count,
                        size_t i, size_t t, enum km_history history,
                        double level, double *scratch,
                        struct km_decision *decision)
{
    const struct km_judged_run *run = &runs[i];
    const struct km_origin_target *at = &run->origin->targets[t];
    struct km_decision *d = decision;
    *d = (struct km_decision){.regime = at->regime,
                              .rel = NAN,
                              .value = NAN,
                              .lo = NAN,
                              .hi = NAN,
                              .pit = NAN};
    d->usual = d->chosen = usual_of(run, t);
    if (!run->origin->fitted || !isfinite(at->x)) {
        return;
    }
    choose(runs, count, i, t, history, scratch, d);
    if (d->off || !isfinite(*slot(run, d->chosen, t))) {
        return;
    }
    d->value = *slot(run, d->chosen, t);
    if (cross_run(runs, count, i, t, history, level, scratch, d)) {
        return;
    }
    /* one that was chosen for being better than the mean gets its reach */
    double own = d->chosen == KM_FORECASTER_LINE ? at->own_line : at->own;
    if (d->regime == KM_REGIME_CONSTANT && isfinite(own)) {
        d->rung = KM_RUNG_OWN;
        d->calibration = at->own_count;
        d->lo = d->value - own;
        d->hi = d->value + own;
        return;
    }
    cold_start(run, t, d);
}

enum km_code km_forecast_draws(const struct km_judged_run *runs, size_t count,
                               size_t i, enum km_history history,
                               const struct km_decision *decisions,
                               struct km_arena *arena,
                               struct km_error_draws *draws, struct km_err *err)
{
    size_t places = runs[i].origin->target_count;
    bool cross = places > 0;
    for (size_t t = 0; t < places; t++) {
        cross = cross && (decisions[t].rung == KM_RUNG_CROSS_RUN ||
                          isnan(decisions[t].value));
    }
    size_t most = cross ? count : COLD_DRAWS;
    double *error = km_new(arena, double, most *places);
    double *weight = km_new(arena, double, 4 * most);
    unsigned *group = km_new(arena, unsigned, most);
    if (!error || !weight || !group) {
        return fail_full(err);
    }
    *draws = (struct km_error_draws){.places = places, .error = error};
    if (!cross) {
        double *below = km_new(arena, double, 2 * places);
        if (!below) {
            return fail_full(err);
        }
        for (size_t t = 0; t < places; t++) {
            below[t] = decisions[t].lo - decisions[t].value;
            below[places + t] = decisions[t].hi - decisions[t].value;
        }
        km_draws_cold(below, below + places, places, COLD_DRAWS, error);
        draws->draws = COLD_DRAWS;
        draws->groups = COLD_DRAWS;
        return KM_OK;
    }
    for (size_t j = 0; j < count; j++) {
        if (!is_history(&runs[i], &runs[j], history)) {
            continue;
        }
        double *path = error + draws->draws * places, known = 0;
        for (size_t t = 0; t < places; t++) {
            path[t] =
                counts(runs, i, j, t, history)
                    ? runs[j].truth[t] - *slot(&runs[j], decisions[t].chosen, t)
                    : (double)NAN;
            known += isnan(decisions[t].value) ? 0 : path[t];
        }
        if (isfinite(known)) {
            group[draws->draws++] = runs[j].group;
        }
    }
    /* `known` above leaves whole paths only: column 0 tells which group */
    double *first = weight + most;
    memset(first, 0, most * sizeof *first);
    draws->groups = (double)km_conformal_weights(first, group, draws->draws,
                                                 weight, weight + 2 * most);
    draws->weight = weight;
    return KM_OK;
}
