/* verdict_judge.c - is A better than B, may it be believed, what is missing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/moments.h"
#include "measure/sequential.h"
#include "score/compare.h"

enum { SEEDS_MAX = 1000 };
static const double ALPHA = 0.05, DELTA_SHARE = 0.001, SAME_HORIZON = 1.05;

/* Places at which a verdict may be taken, and what each may spend. */
static const struct {
    double at, share;
} checkpoints[] = {{0.125, 0.05}, {0.25, 0.10}, {0.5, 0.15}, {1, 0.70}};
enum { CHECKPOINTS = sizeof checkpoints / sizeof *checkpoints };

void km_compare_options_init(struct km_compare_options *options)
{
    *options = (struct km_compare_options){.delta = NAN, .power = 0.8};
}

/* Planned steps, or what a run that has ended did. NaN: not known. */
static double horizon_of(const struct km_member *member)
{
    if (member->facts.max_steps > 0 &&
        member->x_now <= 1.1 * member->facts.max_steps) {
        return member->facts.max_steps;
    }
    return member->state == KM_RUN_RUNNING ? (double)NAN : member->x_now;
}

struct span {
    double least, most, progress;
};

/* Horizons and progress of an arm; NaN where one run's end is not known. A run
 * that stops short says nothing of where the others may be compared. */
static struct span span_of(const struct km_arm *arm)
{
    struct span span = {INFINITY, 0, INFINITY};
    for (size_t i = 0; i < arm->count; i++) {
        double horizon = horizon_of(arm->members[i]);
        if (km_member_stops_short(arm->members[i]) &&
            arm->stopped < arm->count) {
            continue;
        }
        if (isnan(horizon)) {
            return (struct span){NAN, NAN, NAN};
        }
        span.least = fmin(span.least, horizon);
        span.most = fmax(span.most, horizon);
        span.progress =
            fmin(span.progress, km_member_progress(arm->members[i], horizon));
    }
    return span;
}

bool km_arm_values(const struct km_arm *arm, double place, bool ends,
                   struct km_arena *arena, struct km_moments *values)
{
    double *each = km_new(arena, double, 2 * arm->count + 1);
    *values = (struct km_moments){0, 0, 0};
    for (size_t i = 0; each && i < arm->count; i++) {
        const struct km_member_curve *curve =
            km_member_quality(arm->members[i]);
        bool stopped =
            arm->stopped < arm->count && km_member_stops_short(arm->members[i]);
        each[i] = !ends     ? km_member_value_at(curve, place)
                  : stopped ? (double)NAN
                            : curve->last;
    }
    size_t n = each ? km_arm_units(arm, each, each + arm->count) : 0;
    for (size_t i = 0; i < n; i++) {
        km_moments_add(values, each[arm->count + i]);
    }
    return each != NULL;
}

struct km_place km_arms_place(const struct km_arm *const *arms, size_t count)
{
    double most = 0, least = INFINITY, progress = INFINITY;
    struct km_place place = {.checkpoint = 0};
    for (size_t i = 0; i < count; i++) {
        struct span span = span_of(arms[i]);
        if (isnan(span.most)) { /* fmin() would pass it over */
            return place;
        }
        most = fmax(most, span.most);
        least = fmin(least, span.least);
        progress = fmin(progress, span.progress);
    }
    place.own_ends = most > SAME_HORIZON * least;
    progress = progress >= KM_ENDED ? 1 : progress;
    for (int c = 0; c < CHECKPOINTS; c++) {
        /* with different schedules only the ends can be compared */
        if (progress >= checkpoints[c].at &&
            (!place.own_ends || checkpoints[c].at >= 1)) {
            place.checkpoint = checkpoints[c].at;
            place.share = checkpoints[c].share;
        }
    }
    place.step = place.checkpoint * least;
    return place;
}

/* Variance of a seed: the arms' own and, when there are other configurations
 * with seeds, theirs. */
static void pool_variance(const struct km_moments *a,
                          const struct km_moments *b,
                          const struct km_seed_spread *history,
                          struct km_verdict *verdict)
{
    double own = fmax(a->n - 1, 0) + fmax(b->n - 1, 0);
    double sum = a->m2 + b->m2;
    verdict->df = own;
    const struct km_moderate *prior = &history->final;
    /* seeds say nothing of how much configurations differ */
    verdict->history =
        prior->df > 0 && verdict->checkpoint >= 1 && !verdict->mixed
            ? KM_HISTORY_USED
            : KM_HISTORY_NONE;
    if (verdict->history && own > 0 &&
        km_moderate_refuted(prior, sum / own, own)) {
        verdict->history = KM_HISTORY_REFUTED;
    }
    if (verdict->history == KM_HISTORY_USED) {
        sum += prior->variance * prior->df;
        verdict->df += prior->df;
    }
    verdict->sd = verdict->df > 0 ? sqrt(sum / verdict->df) : (double)NAN;
}

static void decide(struct km_verdict *verdict, double alpha, double n,
                   const struct km_compare_options *options, double df_more)
{
    double bound =
        km_sequential_bound(alpha, verdict->df, n, KM_SEQUENTIAL_SPREAD);
    double half = bound * verdict->sd / sqrt(n);
    verdict->level = 1 - alpha;
    verdict->lo = verdict->difference - half;
    verdict->hi = verdict->difference + half;
    if (verdict->hi < 0 || verdict->lo > 0) {
        verdict->outcome = verdict->hi < 0 ? KM_OUTCOME_A : KM_OUTCOME_B;
        return;
    }
    if (half < verdict->delta &&
        fabs(verdict->difference) + half <= verdict->delta) {
        verdict->outcome = KM_OUTCOME_NO_DIFFERENCE;
        return;
    }
    verdict->outcome = KM_OUTCOME_NEED_MORE;
    double effect =
        fmax(fabs(verdict->difference), verdict->delta) / verdict->sd;
    size_t least =
        verdict->n[0] < verdict->n[1] ? verdict->n[0] : verdict->n[1];
    size_t seeds =
        km_sequential_seeds(alpha, df_more, KM_SEQUENTIAL_SPREAD, effect,
                            options->power, least + 1, SEEDS_MAX);
    verdict->seeds_more = seeds > SEEDS_MAX ? 0 : seeds - least;
}

void km_verdict_judge(const struct km_arm *a, const struct km_arm *b,
                      const struct km_seed_spread *history,
                      const struct km_compare_options *options, double share,
                      const struct km_place *common, struct km_arena *arena,
                      struct km_verdict *verdict)
{
    *verdict = (struct km_verdict){.outcome = KM_OUTCOME_UNDECIDABLE,
                                   .difference = NAN,
                                   .lo = NAN,
                                   .hi = NAN,
                                   .level = NAN,
                                   .sd = NAN,
                                   .delta = options->delta,
                                   .value = {NAN, NAN}};
    if (!a->count || !b->count) {
        return;
    }
    const struct km_arm *const arms[] = {a, b};
    struct km_place place = common ? *common : km_arms_place(arms, 2);
    verdict->own_ends = place.own_ends;
    verdict->checkpoint = place.checkpoint;
    verdict->place = place.step;
    double alpha = ALPHA * share * place.share;
    bool ends = verdict->checkpoint >= 1;
    struct km_moments of_a, of_b;
    verdict->mixed = a->configurations > 1 || b->configurations > 1;
    if (!km_arm_values(a, place.step, ends, arena, &of_a) ||
        !km_arm_values(b, place.step, ends, arena, &of_b)) {
        return;
    }
    verdict->n[0] = (size_t)of_a.n;
    verdict->n[1] = (size_t)of_b.n;
    if (!(alpha > 0) || of_a.n < 1 || of_b.n < 1) {
        return;
    }
    verdict->value[0] = of_a.mean;
    verdict->value[1] = of_b.mean;
    verdict->difference = of_a.mean - of_b.mean;
    if (isnan(verdict->delta)) {
        verdict->delta = DELTA_SHARE * fabs(of_b.mean);
    }
    pool_variance(&of_a, &of_b, history, verdict);
    if (verdict->df > 0 && verdict->sd > 0) {
        double n = of_a.n * of_b.n / (of_a.n + of_b.n);
        decide(verdict, alpha, n, options,
               verdict->df - fmax(of_a.n - 1, 0) - fmax(of_b.n - 1, 0));
    }
}

const char *km_verdict_words(const struct km_verdict *verdict, const char *a,
                             const char *b, struct km_arena *arena)
{
    switch (verdict->outcome) {
    case KM_OUTCOME_A:
        return km_arena_printf(arena, "%s is better", a);
    case KM_OUTCOME_B:
        return km_arena_printf(arena, "%s is better", b);
    case KM_OUTCOME_NO_DIFFERENCE:
        return km_arena_printf(arena, "no difference of %.3g or more",
                               verdict->delta);
    case KM_OUTCOME_NEED_MORE:
        return verdict->seeds_more
                   ? km_arena_printf(arena, "NEED %zu MORE %s%s AN ARM",
                                     verdict->seeds_more,
                                     verdict->mixed ? "CONFIGURATION" : "SEED",
                                     verdict->seeds_more == 1 ? "" : "S")
                   : "NEED MORE SEEDS THAN IS SENSIBLE";
    case KM_OUTCOME_UNDECIDABLE:
        break;
    }
    return "UNDECIDABLE";
}
