/* fig_tune.c - tune.to_target, tune.to_90, tune.speedup and tune.savings. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/moments.h"
#include "measure/transfer.h"
#include "score/card.h"
#include "score/compare_speed.h"
#include "score/tuning.h"

static const double GAIN_SHARE = 0.9;

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
}

/* Of an amount, where km_axis_unit() is what a velocity is per: steps, samples
 * and seconds are told one by one. */
static const char *unit_of(enum km_axis axis, double *size)
{
    bool one = axis == KM_AXIS_STEP || axis == KM_AXIS_SAMPLE;
    bool clock = axis == KM_AXIS_SECOND || axis == KM_AXIS_ACTIVE;
    *size = one || clock ? 1 : km_axis_unit_size(axis);
    return clock ? "s" : one ? km_axis_name(axis) : km_axis_unit(axis);
}

/* Where each seed reached its level. */
struct reached {
    const struct km_arm *arm;
    struct km_threshold *at; /* of each; x NaN: it gained nothing */
    size_t count, missed;    /* seeds with a level; those not there yet */
};

static bool is_known(const struct reached *r, enum km_axis axis)
{
    for (size_t i = 0; i < r->arm->count; i++) {
        const struct km_rate *rate = &r->arm->members[i]->axes.rate[axis];
        if (!rate->known || !(rate->per_step > 0)) {
            return false;
        }
    }
    return true;
}

/* The geometric mean over seeds; one seed: between its evaluations. */
static void put_time(const struct reached *r, enum km_axis axis, double size,
                     double level, struct km_figure_result *result)
{
    struct km_moments over = {0, 0, 0};
    double after = NAN, until = NAN;
    for (size_t i = 0; i < r->arm->count; i++) {
        double rate = r->arm->members[i]->axes.rate[axis].per_step / size;
        if (r->at[i].x > 0) {
            km_moments_add(&over, log(r->at[i].x * rate));
            after = r->at[i].after * rate;
            until = r->at[i].until * rate;
        }
    }
    result->value = exp(over.mean);
    result->n = r->count;
    if (r->missed) {
        result->state = KM_FIGURE_CENSORED;
    } else if (over.n > 1) {
        double half = km_moments_half_width(&over, level);
        result->lo = exp(over.mean - half);
        result->hi = exp(over.mean + half);
        result->level = level;
        result->rung = "Student's t of ln x over seeds";
    } else {
        result->lo = after;
        result->hi = until;
        result->level = 1;
        result->rung = "between two places of the curve";
    }
}

/* One row an axis. */
static enum km_code add_times(const struct km_tuning *tuning,
                              const struct reached *r, const char *id,
                              const char *method, const char *nothing,
                              struct km_scorecard *card, struct km_err *err)
{
    if (r->count == 0) {
        return km_card_add_absent(card, id, "step", "step",
                                  KM_FIGURE_INSUFFICIENT, nothing, err);
    }
    enum km_code code = KM_OK;
    for (int a = 0; a < KM_AXIS_COUNT && code == KM_OK; a++) {
        enum km_axis axis = (enum km_axis)a;
        if (!is_known(r, axis)) {
            continue;
        }
        double size;
        const char *unit = unit_of(axis, &size);
        bool named =
            axis == KM_AXIS_CURRENCY && tuning->currency && *tuning->currency;
        unit = named ? tuning->currency : unit;
        struct km_figure_result result =
            km_result_new(id, km_axis_name(axis), unit);
        result.method = method;
        put_time(r, axis, size, card->level, &result);
        if (r->missed) {
            result.reason = km_arena_printf(
                card->arena, "%zu of %zu runs did not reach it: at least this",
                r->missed, r->count);
        }
        code = km_card_add(card, result, NULL, err);
    }
    return code;
}

/* `target` NaN: 90 % of the own gain of each seed. */
static void find_reached(const struct km_arm *arm, double target,
                         struct reached *r)
{
    for (size_t i = 0; i < arm->count; i++) {
        double level = isnan(target)
                           ? km_gain_level(&arm->falling[i], GAIN_SHARE)
                           : target;
        r->at[i] = km_threshold_find(&arm->falling[i], level);
        r->count += r->at[i].x > 0;
        r->missed += r->at[i].x > 0 && !r->at[i].reached;
    }
}

static enum km_code add_reached(const struct km_tuning *tuning,
                                const struct km_arm *arm,
                                const struct km_arm_metric *metric,
                                struct km_scorecard *card, struct km_err *err)
{
    struct reached own = {.arm = arm}, named = {.arm = arm};
    own.at = km_new(card->arena, struct km_threshold, arm->count + 1);
    named.at = km_new(card->arena, struct km_threshold, arm->count + 1);
    if (!own.at || !named.at) {
        return fail_full(err);
    }
    find_reached(arm, NAN, &own);
    enum km_code code =
        add_times(tuning, &own, "tune.to_90",
                  "falling curve, from its first place to its last",
                  "the stage gained nothing", card, err);
    if (code || isnan(tuning->target)) {
        return code ? code
                    : km_card_add_absent(card, "tune.to_target", "step", "step",
                                         KM_FIGURE_NOT_APPLICABLE,
                                         "no target is set", err);
    }
    find_reached(arm, metric->sign * tuning->target, &named);
    return add_times(tuning, &named, "tune.to_target",
                     km_arena_printf(card->arena, "first %s at %.4g",
                                     metric->name, tuning->target),
                     "there is no curve", card, err);
}

static const char *variant_of(const char *over, enum km_axis axis,
                              struct km_arena *arena)
{
    return km_arena_printf(arena, "over %s, %s", over,
                           km_speedup_variant(axis));
}

static struct km_figure_result speedup_of(const struct km_log_ratio *ratio,
                                          const char *variant, double level)
{
    struct km_figure_result result =
        km_log_ratio_result(ratio, "tune.speedup", variant, level);
    result.method = "ratio at matched level, isotonic curves, later half";
    return result;
}

/* The same through 1 - 1/speed-up. */
static struct km_figure_result savings_of(const struct km_log_ratio *ratio,
                                          const char *variant, double level)
{
    struct km_figure_result speedup = speedup_of(ratio, variant, level);
    struct km_figure_result result =
        km_result_new("tune.savings", variant, "ratio");
    result.method = "1 - 1/speed-up";
    result.value = km_savings(ratio->value);
    result.lo = km_savings(ratio->lo);
    result.hi = km_savings(ratio->hi);
    result.level = level;
    result.rung = speedup.rung;
    result.state = speedup.state;
    bool spans = result.lo <= 0 && result.hi >= 0 && !ratio->lone;
    result.reason = spans ? "the interval spans 0" : speedup.reason;
    return result;
}

static enum km_code add_unmatched(const struct km_speedup *s,
                                  const struct km_arm arms[2],
                                  const char *variant,
                                  struct km_scorecard *card, struct km_err *err)
{
    struct km_figure_result speedup =
        km_result_new("tune.speedup", variant, "x");
    struct km_figure_result savings =
        km_result_new("tune.savings", variant, "ratio");
    if (s->bound) {
        speedup.state = savings.state = KM_FIGURE_CENSORED;
        speedup.at_most = savings.at_most = s->bound_log < 0;
        speedup.value = exp(s->bound_log);
        savings.value = km_savings(s->bound_log);
        speedup.reason = savings.reason =
            s->bound_log > 0
                ? "better from the first value on than the other ever was: at "
                  "least this"
                : "never as good as the other was at first: at most this";
    } else {
        speedup.state = savings.state = KM_FIGURE_INSUFFICIENT;
        speedup.reason = savings.reason =
            arms[1].count ? "the curves share no range of levels"
                          : "it has no curve of the same metric";
    }
    enum km_code code = km_card_add(card, speedup, NULL, err);
    return code ? code : km_card_add(card, savings, NULL, err);
}

static enum km_code add_against(const struct km_tuning *tuning,
                                const struct km_tuning_side *side,
                                const char *over, const char *missing,
                                struct km_scorecard *card, struct km_err *err)
{
    struct km_arm arms[2];
    struct km_arm_metric metric;
    struct km_seed_spread history;
    struct km_speedup speedup;
    const char *variant = variant_of(over, KM_AXIS_STEP, card->arena);
    if (side->count == 0 || !variant) {
        enum km_code code =
            variant ? km_card_add_absent(card, "tune.speedup", variant, "x",
                                         KM_FIGURE_NOT_APPLICABLE, missing, err)
                    : fail_full(err);
        return code
                   ? code
                   : km_card_add_absent(card, "tune.savings", variant, "ratio",
                                        KM_FIGURE_NOT_APPLICABLE, missing, err);
    }
    enum km_code code =
        km_tuning_arms(tuning, side, card->arena, arms, &metric, err);
    if (code == KM_OK) {
        code = km_seed_spread_of(&tuning->cohort, arms, 2, &metric, card->arena,
                                 &history, err);
    }
    if (code == KM_OK) {
        code = km_speedup_measure(&arms[0], &arms[1], &metric, &history,
                                  card->level, card->arena, &speedup, err);
    }
    if (code || !speedup.matched) {
        return code ? code : add_unmatched(&speedup, arms, variant, card, err);
    }
    /* speed-ups of all axes, then what they save */
    for (int a = 0; a < 2 * KM_AXIS_COUNT && code == KM_OK; a++) {
        enum km_axis axis = (enum km_axis)(a % KM_AXIS_COUNT);
        const struct km_log_ratio *ratio = &speedup.axis[axis];
        variant = variant_of(over, axis, card->arena);
        if (ratio->known) {
            code = km_card_add(card,
                               (a < KM_AXIS_COUNT ? speedup_of : savings_of)(
                                   ratio, variant, card->level),
                               NULL, err);
        }
    }
    return code;
}

enum km_code km_tune_add(const struct km_tuning *tuning,
                         struct km_scorecard *card, struct km_err *err)
{
    const struct km_tuning_side nobody = {.name = ""};
    struct km_arm arms[2];
    struct km_arm_metric metric;
    enum km_code code =
        km_tuning_arms(tuning, &nobody, card->arena, arms, &metric, err);
    if (code == KM_OK) {
        code = add_reached(tuning, &arms[0], &metric, card, err);
    }
    if (code == KM_OK) {
        code = add_against(tuning, &tuning->scratch, "scratch",
                           "no run from scratch says the same task, and none "
                           "is named",
                           card, err);
    }
    return code ? code
                : add_against(tuning, &tuning->baseline, "base line",
                              "no base line is named", card, err);
}
