/* seeds.c - compare.seeds: spread of seeds and the seeds a comparison needs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/seeds.h"

#include <math.h>

#include "measure/distribution.h"
#include "measure/moments.h"
#include "measure/sequential.h"
#include "score/card.h"

enum { SEEDS_MAX = 1000, GROUPS_SHOWN = 20 };
static const double ALPHA = 0.05, END_SHARE = 0.70, DELTA_SHARE = 0.001;

struct seeding {
    const struct km_cohort *cohort;
    const struct km_seeds_options *options;
    struct km_arm_metric metric;
    struct km_seed_spread spread;
    struct km_scorecard *card;
    struct km_err *err;
    double level;      /* mean value, for the default delta */
    size_t with_seeds; /* configurations */
    double delta;
};

/* One configuration: its spread, with the chi-squared interval of a variance.
 */
static enum km_code add_group(struct seeding *s, const struct km_arm *arm)
{
    struct km_moments final = {0, 0, 0};
    double ends[2];
    for (size_t i = 0; i < arm->count; i++) {
        km_moments_add(&final, km_member_quality(arm->members[i])->last);
    }
    for (int k = 0; k < 2; k++) {
        double p = k ? (1 - s->card->level) / 2 : (1 + s->card->level) / 2;
        ends[k] = sqrt(final.m2 / km_chi2_quantile(p, final.n - 1));
    }
    struct km_figure_result result =
        km_result_new("compare.seeds", arm->name, s->metric.unit);
    result.value = sqrt(km_moments_variance(&final));
    result.lo = ends[0];
    result.hi = ends[1];
    result.level = s->card->level;
    result.n = arm->count;
    result.method = "standard deviation of the final value over seeds";
    result.rung = "chi-squared";
    result.reason = km_arena_printf(
        s->card->arena, "%zu seeds, %.3g %% of %.4g", arm->count,
        100 * result.value / fabs(final.mean), s->metric.sign * final.mean);
    return km_card_add(s->card, result, NULL, s->err);
}

/* Seeds an arm that find delta, or the least that any number would find. */
static enum km_code add_needed(struct seeding *s)
{
    struct km_arena *arena = s->card->arena;
    if (!(s->spread.final.df > 0)) {
        return km_card_add_absent(
            s->card, "compare.seeds", "needed an arm", "seed",
            KM_FIGURE_INSUFFICIENT,
            "no configuration here has two seeds that ended", s->err);
    }
    double sd = sqrt(s->spread.final.variance), alpha = ALPHA * END_SHARE;
    if (!(sd > 0)) {
        return km_card_add_absent(s->card, "compare.seeds", "needed an arm",
                                  "seed", KM_FIGURE_INSUFFICIENT,
                                  "the seeds do not differ at all: are they "
                                  "copies?",
                                  s->err);
    }
    size_t seeds =
        km_sequential_seeds(alpha, s->spread.final.df, KM_SEQUENTIAL_SPREAD,
                            s->delta / sd, s->options->power, 1, SEEDS_MAX);
    struct km_figure_result result =
        km_result_new("compare.seeds", "needed an arm", "seed");
    result.value = (double)seeds;
    result.n = s->spread.groups;
    result.method = "noncentral F of the anytime-valid t test";
    result.reason = km_arena_printf(
        arena, "to find %.3g %s with power %.2f; a seed varies by %.3g",
        s->delta, s->metric.unit, s->options->power, sd);
    if (seeds > SEEDS_MAX) {
        result.state = KM_FIGURE_CENSORED;
        result.value = SEEDS_MAX;
    }
    return km_card_add(s->card, result, NULL, s->err);
}

static enum km_code pooled(struct seeding *s)
{
    if (!(s->spread.df > 0)) {
        return KM_OK;
    }
    struct km_figure_result result =
        km_result_new("compare.seeds", "all configurations", s->metric.unit);
    result.value = sqrt(s->spread.pooled);
    result.n = s->spread.groups;
    result.method = "pooled over configurations";
    result.reason = km_arena_printf(
        s->card->arena,
        "%zu configurations, %.0f degrees of freedom; time to "
        "a loss varies by %.2g %%",
        s->spread.groups, s->spread.df, 100 * sqrt(s->spread.time.variance));
    return km_card_add(s->card, result, NULL, s->err);
}

static enum km_code add_groups(struct seeding *s, const uint32_t *group,
                               size_t groups)
{
    struct km_arena *arena = s->card->arena;
    const char **names = km_new(arena, const char *, groups + 1);
    struct km_arm *arms = km_new(arena, struct km_arm, groups + 1);
    if (!names || !arms) {
        return km_fail(s->err, KM_ELIMIT, "no memory left for a comparison");
    }
    for (size_t i = s->cohort->count; i > 0; i--) {
        names[group[i - 1]] = s->cohort->members[i - 1].label;
    }
    enum km_code code = km_arms_build(s->cohort, group, names, groups, arena,
                                      arms, &s->metric, s->err);
    double sum = 0, count = 0;
    for (size_t g = 0; g < groups && code == KM_OK; g++) {
        for (size_t i = 0; i < arms[g].count; i++) {
            sum += km_member_quality(arms[g].members[i])->last;
            count++;
        }
        if (arms[g].count > 1 && s->with_seeds++ < GROUPS_SHOWN) {
            code = add_group(s, &arms[g]);
        }
    }
    s->level = sum / count;
    return code;
}

enum km_code km_seeds_add(const struct km_cohort *cohort,
                          const struct km_seeds_options *options,
                          struct km_scorecard *card, struct km_err *err)
{
    struct seeding s = {
        .cohort = cohort, .options = options, .card = card, .err = err};
    uint32_t *group = km_new(card->arena, uint32_t, cohort->count + 1);
    if (!group) {
        return km_fail(err, KM_ELIMIT, "no memory left for a comparison");
    }
    enum km_code code = add_groups(&s, group, km_cohort_group(cohort, group));
    card->context =
        s.with_seeds > GROUPS_SHOWN
            ? km_arena_printf(card->arena,
                              "%zu runs; the first %d of %zu configurations "
                              "with seeds",
                              cohort->count, GROUPS_SHOWN, s.with_seeds)
            : km_arena_printf(card->arena, "%zu runs", cohort->count);
    if (code == KM_OK && !s.metric.name) {
        card->headline = "No run has a curve that could be compared.";
        return km_card_add_absent(card, "compare.seeds", "needed an arm",
                                  "seed", KM_FIGURE_INSUFFICIENT,
                                  "no run has a loss, score or reward", err);
    }
    struct km_task_mix mix;
    if (code == KM_OK &&
        km_cohort_mixes_tasks(cohort, NULL, NULL, card->arena, &mix)) {
        card->headline = km_arena_printf(
            card->arena,
            "These runs are of %s: what seeds of one vary by says nothing of "
            "another. Name the runs of one.",
            mix.words);
        return km_card_add_absent(card, "compare.seeds", "needed an arm",
                                  "seed", KM_FIGURE_INSUFFICIENT,
                                  "runs of different tasks", err);
    }
    if (code == KM_OK) {
        code = km_seed_spread_of(cohort, NULL, 0, &s.metric, card->arena,
                                 &s.spread, err);
    }
    s.delta =
        isnan(options->delta) ? DELTA_SHARE * fabs(s.level) : options->delta;
    code = code == KM_OK ? pooled(&s) : code;
    code = code == KM_OK ? add_needed(&s) : code;
    if (code) {
        return code;
    }
    const struct km_figure_result *needed =
        km_card_find(card, "compare.seeds", "needed an arm");
    card->headline =
        isfinite(needed->value)
            ? km_arena_printf(card->arena,
                              "%s%.0f seed%s an arm find a difference of %.3g "
                              "%s in %s.",
                              needed->state == KM_FIGURE_CENSORED ? "More than "
                                                                  : "",
                              needed->value, needed->value > 1 ? "s" : "",
                              s.delta, s.metric.unit, s.metric.name)
            : km_arena_printf(card->arena, "Not enough data: %s.",
                              needed->reason);
    return KM_OK;
}
