/* path.c - places along what is to come, and what lies between them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/path.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/limits.h"
#include "measure/groups.h"

enum { PLACES = 24, BEYOND = 6 };
static const double SAME = 1e-9; /* of a step */
static const double GAIN_AHEAD = 1.25;

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the forecasts do not fit the memory allowed for one "
                   "command");
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Evenly in ln x up to the horizon and on to the reach, and what is asked
 * for; rising, each once. */
static size_t place_targets(const struct km_path_question *q, double x_now,
                            double *targets)
{
    double all[PLACES + 1 + BEYOND + KM_PATH_ASKED_MAX];
    size_t n = 0, kept = 0;
    double span = log(q->horizon / x_now);
    for (int k = 1; k < PLACES; k++) {
        all[n++] = x_now * exp(span * k / PLACES);
    }
    all[n++] = q->horizon;
    all[n++] = GAIN_AHEAD * x_now;
    for (int k = 1; !q->planned && q->reach > q->horizon && k <= BEYOND; k++) {
        all[n++] =
            q->horizon * exp(log(q->reach / q->horizon) * k / (double)BEYOND);
    }
    for (size_t i = 0; i < q->at_count; i++) {
        if (q->at[i] > x_now) {
            all[n++] = q->at[i];
        }
    }
    qsort(all, n, sizeof *all, by_size);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || all[i] > targets[kept - 1] * (1 + SAME)) {
            targets[kept++] = all[i];
        }
    }
    return kept;
}

static size_t find_target(const struct km_live *live, double x)
{
    size_t t = 0;
    while (t < live->target_count &&
           !(fabs(live->targets[t] - x) <= SAME * x)) {
        t++;
    }
    return t;
}

static struct km_estimate above(struct km_estimate e, double floor)
{
    e.value = isnan(e.value) ? e.value : fmax(e.value, floor);
    e.lo = isnan(e.lo) ? e.lo : fmax(e.lo, floor);
    e.hi = isnan(e.hi) ? e.hi : fmax(e.hi, floor);
    return e;
}

static void take_places(struct km_path *path)
{
    const struct km_live *live = &path->live;
    double now = live->origin.now;
    path->places[path->count++] =
        (struct km_path_place){live->x_now, {now, now, now}, {now, now, now}};
    for (size_t t = 0; t < live->target_count; t++) {
        const struct km_decision *d = &live->decisions[t];
        const struct km_decision *i = &live->inner[t];
        if (isfinite(d->value) && isfinite(d->lo) && isfinite(d->hi)) {
            path->places[path->count++] = (struct km_path_place){
                live->targets[t],
                above((struct km_estimate){d->value, d->lo, d->hi},
                      path->e_min),
                above((struct km_estimate){d->value, i->lo, i->hi},
                      path->e_min)};
        }
    }
}

enum km_code km_path_make(const struct km_path_question *q,
                          const struct km_project_history *history,
                          struct km_origin_workspace *work,
                          struct km_arena *arena, struct km_path *path,
                          bool *made, struct km_err *err)
{
    const struct km_forecast_run *curve = &q->curve->run;
    double x_now = curve->count ? curve->x[curve->count - 1] : (double)NAN;
    double targets[KM_LIVE_TARGETS_MAX];
    assert(q->at_count <= KM_PATH_ASKED_MAX);
    *made = false;
    *path = (struct km_path){.run = q->run,
                             .horizon = q->horizon,
                             .planned = q->planned,
                             .level = q->level,
                             .asked = q->at,
                             .asked_count = q->at_count,
                             .e_min = curve->e_min};
    if (!(q->horizon > x_now)) {
        return KM_OK;
    }
    double end = q->planned ? q->horizon : fmax(q->horizon, q->reach);
    for (size_t i = 0; i < q->at_count && !q->planned; i++) {
        end = fmax(end, q->at[i]);
    }
    const struct km_live_question question = {
        .run = curve,
        .sums = q->sums,
        .run_id = q->run->view.run_id,
        .pool_key = q->curve->pool_key,
        .end = end,
        .planned = q->planned,
        .level = q->level,
        .target_count = place_targets(q, x_now, targets),
        .targets = targets,
    };
    path->places =
        km_new(arena, struct km_path_place, question.target_count + 1);
    if (!path->places) {
        return fail_full(err);
    }
    struct km_arena scratch;
    km_arena_init(&scratch, KM_ARENA_COMMAND_BYTES_MAX);
    enum km_code code = km_live_forecast(&question, history, work, arena,
                                         &scratch, &path->live, err);
    km_arena_finish(&scratch);
    if (code) {
        return code;
    }
    path->history_runs = path->live.count - 1;
    path->final = find_target(&path->live, q->horizon);
    *made = path->live.origin.fitted;
    if (*made) {
        take_places(path);
    }
    return KM_OK;
}

static struct km_estimate between(const struct km_estimate *a,
                                  const struct km_estimate *b, double share)
{
    return (struct km_estimate){a->value + share * (b->value - a->value),
                                a->lo + share * (b->lo - a->lo),
                                a->hi + share * (b->hi - a->hi)};
}

struct km_path_place km_path_at(const struct km_path *path, double x)
{
    static const struct km_estimate none = {NAN, NAN, NAN};
    struct km_path_place at = {x, none, none};
    size_t k = 1;
    while (k < path->count && path->places[k].x < x * (1 - SAME)) {
        k++;
    }
    if (k >= path->count || x < path->places[0].x * (1 - SAME)) {
        return at;
    }
    const struct km_path_place *a = &path->places[k - 1];
    const struct km_path_place *b = &path->places[k];
    double share = fmin(fmax(log(x / a->x) / log(b->x / a->x), 0), 1);
    at.outer = between(&a->outer, &b->outer, share);
    at.inner = between(&a->inner, &b->inner, share);
    return at;
}

const struct km_decision *km_path_decision(const struct km_path *path, double x)
{
    size_t t = find_target(&path->live, x);
    return t < path->live.target_count ? &path->live.decisions[t] : NULL;
}

bool km_path_velocity_band(const struct km_path *path, struct km_arena *arena,
                           struct km_velocity_band *band, size_t *groups)
{
    const struct km_live *live = &path->live;
    size_t n = live->count, kept = 0;
    size_t t = find_target(live, GAIN_AHEAD * live->x_now);
    double *ratio = km_new(arena, double, 5 * n);
    unsigned *group = km_new(arena, unsigned, n);
    if (t == live->target_count || !ratio || !group ||
        live->decisions[t].regime != KM_REGIME_CONSTANT) {
        return false;
    }
    for (size_t j = 1; j < n; j++) {
        const struct km_judged_run *run = &live->judged[j];
        const struct km_origin *origin = run->origin;
        double promised = origin->pow3_now - origin->targets[t].pow3;
        double gained = origin->pow3_now - run->truth[t];
        if (origin->targets[t].regime == KM_REGIME_CONSTANT && promised > 0 &&
            isfinite(gained)) {
            ratio[kept] = gained / promised;
            group[kept++] = run->dense;
        }
    }
    *groups = km_groups_keys(group, kept, ratio + n);
    return km_velocity_band_learn(ratio, group, kept, path->level, ratio + n,
                                  band);
}

const char *km_path_rung(const struct km_path *path, struct km_arena *arena)
{
    const struct km_live *live = &path->live;
    return live->draws.weight
               ? km_arena_printf(arena, "%s, %.0f configurations",
                                 km_rung_name(KM_RUNG_CROSS_RUN),
                                 live->draws.groups)
               : km_decision_rung(&live->decisions[path->final], arena);
}

struct km_estimate km_path_reaches(const struct km_path *path, double target,
                                   struct km_arena *arena)
{
    const struct km_live *live = &path->live;
    const double tail = (1 - path->level) / 2;
    struct km_estimate when = {INFINITY, INFINITY, INFINITY};
    for (size_t k = 1; k < path->count && isinf(when.value); k++) {
        const struct km_path_place *a = &path->places[k - 1];
        const struct km_path_place *b = &path->places[k];
        if (b->outer.value <= target) {
            double share =
                (a->outer.value - target) / (a->outer.value - b->outer.value);
            share = fmin(fmax(share, 0), 1);
            when.value = a->x * pow(b->x / a->x, isnan(share) ? 1 : share);
        }
    }
    double *scratch = km_new(arena, double, 2 * live->draws.draws + 1);
    if (scratch && live->draws.draws) {
        when.lo = km_draws_time(&live->draws, live->targets, live->values,
                                target, tail, scratch);
        when.hi = km_draws_time(&live->draws, live->targets, live->values,
                                target, 1 - tail, scratch);
    }
    when.lo = fmin(when.lo, when.value);
    when.hi = fmax(when.hi, when.value);
    return when;
}

double km_path_chance(const struct km_path *path, double target, double x)
{
    const struct km_live *live = &path->live;
    double before = 0, before_x = live->x_now;
    for (size_t t = 0; t < live->target_count; t++) {
        if (!isfinite(live->values[t])) {
            continue;
        }
        double chance = km_draws_by(&live->draws, live->values, t, target);
        double at = live->targets[t];
        if (at >= x * (1 - SAME)) {
            double share =
                fmin(fmax(log(x / before_x) / log(at / before_x), 0), 1);
            return before + share * (chance - before);
        }
        before = chance;
        before_x = at;
    }
    return live->target_count ? before : (double)NAN;
}
