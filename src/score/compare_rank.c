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
    return place.checkpoint <= 0 ? "at the last values of the runs"
           : place.checkpoint >= 1
               ? "at the end"
               : km_arena_printf(arena,
                                 "at step %.0f, %g of the "
                                 "plan",
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
    result.method = km_arena_printf(card->arena, "mean over seeds %s",
                                    place_words(place, card->arena));
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

/* What the arms are held against the best with. */
struct judging {
    const struct km_place *place; /* the one that they are ranked at */
    double share;                 /* of the error probability */
    const struct km_arm_metric *metric;
    const struct km_seed_spread *history;
    const struct km_compare_options *options;
    struct km_scorecard *card;
    struct km_err *err;
    size_t worse, beside, undecided;
    const char *undecided_name; /* of the first of them */
};

static enum km_code add_against(struct judging *j, const struct ranked *best,
                                const struct ranked *r)
{
    struct km_verdict v;
    struct km_arena *arena = j->card->arena;
    km_verdict_judge(r->arm, best->arm, j->history, j->options, j->share,
                     j->place, arena, &v);
    if (v.outcome == KM_OUTCOME_UNDECIDABLE) {
        j->undecided_name = j->undecided ? j->undecided_name : r->arm->name;
        j->undecided++;
        return KM_OK;
    }
    j->worse += v.outcome == KM_OUTCOME_B;
    j->beside += v.outcome != KM_OUTCOME_B;
    bool turned = j->metric->sign < 0;
    struct km_figure_result result =
        km_result_new("compare.verdict", r->arm->name, j->metric->unit);
    result.better = turned ? KM_BETTER_HIGHER : KM_BETTER_LOWER;
    result.value = j->metric->sign * v.difference;
    result.lo = turned ? -v.hi : v.lo;
    result.hi = turned ? -v.lo : v.hi;
    result.level = v.level;
    result.n = v.n[0] + v.n[1];
    result.method = km_arena_printf(arena, "less %s", best->told);
    result.rung = "confidence sequence";
    result.reason = km_verdict_words(&v, r->told, best->told, arena);
    result.state =
        v.outcome == KM_OUTCOME_NEED_MORE ? KM_FIGURE_WEAK : KM_FIGURE_OK;
    return km_card_add(j->card, result, NULL, j->err);
}

/* One row for all of which nothing can be said. */
static enum km_code add_undecided(const struct judging *j)
{
    const char *name =
        j->undecided == 1
            ? j->undecided_name
            : km_arena_printf(j->card->arena, "%zu others", j->undecided);
    return j->undecided
               ? km_card_add_absent(
                     j->card, "compare.verdict", name, j->metric->unit,
                     KM_FIGURE_INSUFFICIENT,
                     "UNDECIDABLE: nothing says how much seeds differ, or no "
                     "common place is reached",
                     j->err)
               : KM_OK;
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

static const char *context_of(const struct km_arm *arms, size_t count,
                              const struct km_arm_metric *metric,
                              struct km_place place, struct km_arena *arena)
{
    size_t stopped = 0;
    const char *text =
        km_arena_printf(arena,
                        "%zu arms by %s, %s; each held against the best, 5 %% "
                        "over all pairs and looks",
                        count, metric->name, place_words(place, arena));
    for (size_t i = 0; i < count; i++) {
        stopped += arms[i].stopped;
    }
    if (text && stopped && place.checkpoint >= 1) {
        text = km_arena_printf(arena,
                               "%s; %zu run%s whose %s stops before the end "
                               "left out",
                               text, stopped, stopped == 1 ? "" : "s",
                               metric->name);
    }
    if (text && count > ARMS_DRAWN) {
        text = km_arena_printf(arena, "%s; the best %d are drawn", text,
                               ARMS_DRAWN);
    }
    return text;
}

static const char *headline_of(const struct ranked *best,
                               const struct judging *j)
{
    struct km_arena *arena = j->card->arena;
    if (isnan(best->value)) {
        return km_arena_printf(arena, "No arm has a value of %s.",
                               j->metric->name);
    }
    double value = j->metric->sign * best->value;
    size_t others = j->worse + j->beside + j->undecided;
    if (j->worse == others) {
        return km_arena_printf(arena, "%s is best with %.4g %s: %s.",
                               best->told, value, j->metric->unit,
                               others == 1 ? "the other is worse"
                                           : "all others are worse");
    }
    const char *text = km_arena_printf(arena, "%s is ahead with %.4g %s",
                                       best->told, value, j->metric->unit);
    if (text && j->undecided) {
        text = km_arena_printf(arena,
                               "%s; %zu of %zu others are UNDECIDABLE: nothing "
                               "says how much seeds differ",
                               text, j->undecided, others);
    }
    if (text && j->beside) {
        text = km_arena_printf(arena,
                               "%s; %zu of %zu cannot be told apart "
                               "from it",
                               text, j->beside, others);
    }
    return text ? km_arena_printf(arena, "%s.", text) : NULL;
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
    struct judging judging = {.place = &place,
                              .share = 1 / pairs,
                              .metric = metric,
                              .history = history,
                              .options = options,
                              .card = card,
                              .err = err};
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        code = add_value(&ranked[i], place, metric, card, err);
    }
    for (size_t i = 1; i < count && code == KM_OK; i++) {
        code = add_against(&judging, &ranked[0], &ranked[i]);
    }
    code = code ? code : add_undecided(&judging);
    for (size_t i = 0; i < count && i < ARMS_DRAWN && code == KM_OK; i++) {
        code = draw(ranked[i].arm, metric, card, err);
    }
    card->context = context_of(arms, count, metric, place, card->arena);
    card->headline = headline_of(&ranked[0], &judging);
    if (code == KM_OK && (!card->context || !card->headline)) {
        return km_fail(err, KM_ELIMIT, "no memory left for a comparison");
    }
    return code;
}

enum km_code km_compare_mixed(const struct km_task_mix *mix,
                              struct km_scorecard *card, struct km_err *err)
{
    card->headline = km_arena_printf(
        card->arena,
        "UNDECIDABLE: these runs are of %s. Name the runs of one, or hold arms "
        "against each other over all of them with --workloads.",
        mix->words);
    card->context = mix->words;
    return km_card_add_absent(card, "compare.verdict", "", "1",
                              KM_FIGURE_INSUFFICIENT,
                              "UNDECIDABLE: runs of different tasks", err);
}
