/* fig_plasticity.c - how long each stage took, and whether that grows. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/transfer.h"
#include "measure/trend.h"
#include "score/card.h"
#include "score/tuning.h"

enum { STAGES_MIN = 3 };
static const double GAIN_SHARE = 0.9;

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
}

/* The falling curve of one run of the chain. */
static enum km_code falling_of(const struct km_member *member,
                               struct km_arena *arena, struct km_arm *arm,
                               struct km_err *err)
{
    const uint32_t group = 0;
    const char *const name = member->label;
    struct km_arm_metric metric;
    struct km_cohort alone = {.members = km_new(arena, struct km_member, 1),
                              .count = 1,
                              .arena = arena};
    if (!alone.members) {
        return fail_full(err);
    }
    alone.members[0] = *member;
    return km_arms_build(&alone, &group, &name, 1, arena, arm, &metric, err);
}

/* Time of each stage that has one. */
static enum km_code draw(const double *log_x, size_t count,
                         struct km_scorecard *card, struct km_err *err)
{
    double *x = km_new(card->arena, double, count + 1);
    double *y = km_new(card->arena, double, count + 1);
    size_t kept = 0;
    if (!x || !y) {
        return fail_full(err);
    }
    for (size_t i = 0; i < count; i++) {
        if (isfinite(log_x[i])) {
            x[kept] = (double)i + 1;
            y[kept++] = exp(log_x[i]);
        }
    }
    const struct km_curve curve = {
        .id = "transition",
        .title = "steps to 90 % of the gain",
        .unit = "step",
        .axis = KM_AXIS_STEP,
        .kind = "line",
        .name = "to 90 %",
        .x_unit = "stage",
        .x_title = "stages trained",
        .count = kept,
        .x = x,
        .y = y,
    };
    return kept > 1 ? km_card_add_curve(card, curve, err) : KM_OK;
}

enum km_code km_transition_add(const struct km_tuning *tuning, double *log_x,
                               struct km_scorecard *card, struct km_err *err)
{
    enum km_code code = KM_OK;
    for (size_t i = 0, stage = 0; i < tuning->chain_count && !code; i++) {
        struct km_arm arm;
        log_x[i] = NAN;
        if (!tuning->tasks[i]) {
            continue; /* pretraining */
        }
        stage++;
        code = falling_of(&tuning->chain[i], card->arena, &arm, err);
        if (code || !arm.count) {
            continue;
        }
        struct km_threshold at = km_threshold_find(
            &arm.falling[0], km_gain_level(&arm.falling[0], GAIN_SHARE));
        struct km_figure_result result = km_result_new(
            "transfer.transition_time",
            km_arena_printf(card->arena, "%zu %s", stage, tuning->tasks[i]),
            "step");
        result.n = arm.falling[0].count;
        result.method = "90 % of the stage's own gain";
        if (at.x > 0) {
            log_x[i] = log(at.x);
            result.value = at.x;
            result.lo = at.after;
            result.hi = at.until;
            result.level = 1;
            result.rung = "between two places of the curve";
        } else {
            result.state = KM_FIGURE_INSUFFICIENT;
            result.reason = "the stage gained nothing";
        }
        code = km_card_add(card, result, NULL, err);
    }
    return code ? code : draw(log_x, tuning->chain_count, card, err);
}

enum km_code km_plasticity_add(const char *variant, const double *y,
                               size_t count, bool ratio, enum km_better better,
                               struct km_scorecard *card, struct km_err *err)
{
    size_t kept = 0;
    double *t = km_new(card->arena, double, count + 1);
    double *known = km_new(card->arena, double, count + 1);
    double *scratch = km_new(card->arena, double, count *count + 1);
    if (!t || !known || !scratch) {
        return fail_full(err);
    }
    for (size_t i = 0; i < count; i++) {
        if (isfinite(y[i])) {
            t[kept] = (double)i;
            known[kept++] = y[i];
        }
    }
    struct km_figure_result result =
        km_result_new("plasticity.trend", variant, ratio ? "x" : "score/stage");
    struct km_trend trend;
    result.better = better;
    result.n = kept;
    result.method = "median slope over pairs of stages";
    if (kept < STAGES_MIN ||
        !km_trend_fit(t, known, kept, card->level, scratch, &trend)) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = km_arena_printf(
            card->arena, "%zu stages are known, at least %d are needed", kept,
            STAGES_MIN);
        return km_card_add(card, result, NULL, err);
    }
    double none = ratio ? 1 : 0;
    result.value = ratio ? exp(trend.slope) : trend.slope;
    result.lo = ratio ? exp(trend.lo) : trend.lo;
    result.hi = ratio ? exp(trend.hi) : trend.hi;
    result.level = trend.level;
    result.rung = trend.exact ? "all orders of the stages" : "normal, ties";
    result.reason = km_arena_printf(
        card->arena, "Mann-Kendall p = %.3f%s", trend.p,
        isnan(trend.lo) ? "; too few stages for an interval" : "");
    bool told = result.lo > none || result.hi < none;
    result.state = told ? KM_FIGURE_OK : KM_FIGURE_WEAK;
    return km_card_add(card, result, NULL, err);
}
