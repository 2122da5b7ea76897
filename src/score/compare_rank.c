/* compare_rank.c - several arms, best first, each held against the best. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/moments.h"
#include "score/card.h"
#include "score/compare_speed.h"

enum { ARMS_DRAWN = 8 };

struct ranked {
    const struct km_arm *arm;
    struct km_moments final; /* over seeds, lower is better */
    double value;            /* their mean; NaN without any */
    const char *told;        /* name in sentences */
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    bool no_x = isnan(x->value), no_y = isnan(y->value);
    if (no_x || no_y) {
        return (int)no_x - (int)no_y;
    }
    return (x->value > y->value) - (x->value < y->value);
}

/* At the last place that every run of every arm has passed; where there is
 * none, each run at its last value. */
static bool rank(const struct km_arm *arms, size_t count, struct km_place place,
                 struct km_arena *arena, struct ranked *ranked)
{
    const struct km_arm **all = km_new(arena, const struct km_arm *, count + 1);
    bool ends = place.checkpoint >= 1 || place.checkpoint <= 0;
    for (size_t i = 0; all && i < count; i++) {
        all[i] = &arms[i];
    }
    for (size_t i = 0; all && i < count; i++) {
        ranked[i] = (struct ranked){.arm = &arms[i],
                                    .told = km_arm_told(all, count, i, arena)};
        if (!km_arm_values(&arms[i], place.step, ends, arena,
                           &ranked[i].final)) {
            return false;
        }
        ranked[i].value =
            ranked[i].final.n > 0 ? ranked[i].final.mean : (double)NAN;
    }
    return all != NULL;
}

static const char *place_words(struct km_place place, struct km_arena *arena)
{
    return place.checkpoint <= 0 ? "mean over runs at their last values"
           : place.checkpoint >= 1
               ? "mean over seeds at the end"
               : km_arena_printf(arena,
                                 "mean over seeds at step %.0f, %g of the plan",
                                 place.step, place.checkpoint);
}

static enum km_code add_value(const struct ranked *r, struct km_place place,
                              const struct km_arm_metric *metric,
                              struct km_scorecard *card, struct km_err *err)
{
    if (isnan(r->value)) {
        return km_card_add_absent(card, "compare.quality", r->arm->name,
                                  metric->unit, KM_FIGURE_INSUFFICIENT,
                                  "no curve of the metric", err);
    }
    struct km_figure_result result =
        km_result_new("compare.quality", r->arm->name, metric->unit);
    result.better = metric->sign < 0 ? KM_BETTER_HIGHER : KM_BETTER_LOWER;
    result.value = metric->sign * r->value;
    result.n = r->arm->count;
    result.method = place_words(place, card->arena);
    result.state = KM_FIGURE_WEAK;
    result.reason = "one run";
    if (r->arm->count > 1) {
        double half = km_moments_half_width(&r->final, card->level);
        result.lo = result.value - half;
        result.hi = result.value + half;
        result.level = card->level;
        result.rung = "Student's t over seeds";
        result.reason =
            km_arena_printf(card->arena, "%zu seeds", r->arm->count);
        result.state = KM_FIGURE_OK;
    }
    if (place.checkpoint <= 0) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "runs have come differently far, and no eighth of a "
                        "known plan has been reached by all";
    }
    return km_card_add(card, result, NULL, err);
}

static enum km_code add_against(const struct ranked *best,
                                const struct ranked *r, double share,
                                const struct km_arm_metric *metric,
                                const struct km_seed_spread *history,
                                const struct km_compare_options *options,
                                struct km_scorecard *card, bool *told,
                                struct km_err *err)
{
    struct km_verdict v;
    km_verdict_judge(r->arm, best->arm, history, options, share, card->arena,
                     &v);
    const char *words = km_verdict_words(&v, r->told, best->told, card->arena);
    *told = v.outcome == KM_OUTCOME_B;
    if (v.outcome == KM_OUTCOME_UNDECIDABLE) {
        return km_card_add_absent(card, "compare.verdict", r->arm->name,
                                  metric->unit, KM_FIGURE_INSUFFICIENT,
                                  "UNDECIDABLE: nothing says how much seeds "
                                  "differ, or no common place is reached",
                                  err);
    }
    bool turned = metric->sign < 0;
    struct km_figure_result result =
        km_result_new("compare.verdict", r->arm->name, metric->unit);
    result.better = turned ? KM_BETTER_HIGHER : KM_BETTER_LOWER;
    result.value = metric->sign * v.difference;
    result.lo = turned ? -v.hi : v.lo;
    result.hi = turned ? -v.lo : v.hi;
    result.level = v.level;
    result.n = v.n[0] + v.n[1];
    result.method = km_arena_printf(card->arena, "less %s", best->told);
    result.rung = "confidence sequence";
    result.reason = words;
    result.state =
        v.outcome == KM_OUTCOME_NEED_MORE ? KM_FIGURE_WEAK : KM_FIGURE_OK;
    return km_card_add(card, result, NULL, err);
}

/* The first run of an arm stands for it. */
static enum km_code draw(const struct km_arm *arm,
                         const struct km_arm_metric *metric,
                         struct km_scorecard *card, struct km_err *err)
{
    if (!arm->count) {
        return KM_OK;
    }
    const struct km_member_curve *from = km_member_quality(arm->members[0]);
    double *y = km_new(card->arena, double, from->count + 1);
    for (size_t i = 0; y && i < from->count; i++) {
        y[i] = metric->sign * from->y[i];
    }
    const struct km_curve curve = {.id = "overlay",
                                   .title = metric->name,
                                   .unit = metric->unit,
                                   .axis = KM_AXIS_STEP,
                                   .kind = "line",
                                   .name = arm->name,
                                   .count = from->count,
                                   .x = from->x,
                                   .y = y};
    return km_card_add_curve(card, curve, err);
}

enum km_code km_compare_rank(const struct km_arm *arms, size_t count,
                             const struct km_arm_metric *metric,
                             const struct km_seed_spread *history,
                             const struct km_compare_options *options,
                             struct km_scorecard *card, struct km_err *err)
{
    struct ranked *ranked = km_new(card->arena, struct ranked, count + 1);
    const struct km_arm **with =
        km_new(card->arena, const struct km_arm *, count + 1);
    size_t filled = 0;
    if (!ranked || !with) {
        return km_fail(err, KM_ELIMIT, "no memory left for a comparison");
    }
    if (!metric->name) {
        card->context = km_arena_printf(card->arena, "%zu arms", count);
        card->headline = "The arms have no metric in common.";
        return km_card_add_absent(
            card, "compare.verdict", "", "1", KM_FIGURE_INSUFFICIENT,
            "no metric that the arms have in common", err);
    }
    for (size_t i = 0; i < count; i++) {
        filled += arms[i].count > 0;
        if (arms[i].count) {
            with[filled - 1] = &arms[i];
        }
    }
    struct km_place place = km_arms_place(with, filled);
    if (!rank(arms, count, place, card->arena, ranked)) {
        return km_fail(err, KM_ELIMIT, "no memory left for a comparison");
    }
    qsort(ranked, count, sizeof *ranked, compare_ranked);
    enum km_code code = KM_OK;
    /* the best was chosen by looking at all: any pair might have been held
     * against each other */
    double pairs = (double)count * (double)(count - 1) / 2;
    size_t worse = 0, beside = 0;
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        code = add_value(&ranked[i], place, metric, card, err);
    }
    for (size_t i = 1; i < count && code == KM_OK; i++) {
        bool told = false;
        code = add_against(&ranked[0], &ranked[i], 1 / pairs, metric, history,
                           options, card, &told, err);
        worse += told;
        beside += !told;
    }
    for (size_t i = 0; i < count && i < ARMS_DRAWN && code == KM_OK; i++) {
        code = draw(ranked[i].arm, metric, card, err);
    }
    card->context = km_arena_printf(
        card->arena,
        "%zu arms by %s; each held against the best, 5 %% over all "
        "pairs and looks",
        count, metric->name);
    card->headline =
        isnan(ranked[0].value)
            ? km_arena_printf(card->arena, "No arm has a value of %s.",
                              metric->name)
        : beside
            ? km_arena_printf(card->arena,
                              "%s is ahead with %.4g %s; %zu of %zu others "
                              "cannot be told apart from it.",
                              ranked[0].told, metric->sign * ranked[0].value,
                              metric->unit, beside, beside + worse)
            : km_arena_printf(card->arena,
                              "%s is best with %.4g %s: all %zu others are "
                              "worse.",
                              ranked[0].told, metric->sign * ranked[0].value,
                              metric->unit, worse);
    return code;
}
