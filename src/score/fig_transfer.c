/* fig_transfer.c - transfer.*: what an earlier task was worth for this one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/distribution.h"
#include "measure/moments.h"
#include "measure/transfer.h"
#include "score/card.h"
#include "score/compare_speed.h"
#include "score/tuning.h"

static const double GAIN_SHARE = 0.9;

struct transfer {
    const struct km_tuning *tuning;
    struct km_arm arms[2]; /* tuned, from scratch */
    struct km_arm_metric metric;
    struct km_seed_spread history;
    struct km_scorecard *card;
    struct km_err *err;
};

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
}

/* The curve as it was logged, not made falling. */
static struct km_falling raw_of(const struct km_member *member)
{
    const struct km_member_curve *curve = km_member_quality(member);
    return (struct km_falling){curve->x, curve->y, curve->count};
}

/* The stretch that all curves of both arms cover. */
static void find_common(const struct transfer *t, double *from, double *to)
{
    *from = 0;
    *to = INFINITY;
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < t->arms[side].count; i++) {
            struct km_falling curve = raw_of(t->arms[side].members[i]);
            *from = fmax(*from, curve.x[0]);
            *to = fmin(*to, curve.x[curve.count - 1]);
        }
    }
}

/* Student's t over seeds; se NaN: none. */
static void put_interval(const struct km_moments side[2], double se, double df,
                         double level, struct km_figure_result *result)
{
    result->n = (uint64_t)(side[0].n + side[1].n);
    if (se > 0) {
        double half = se * km_t_quantile(0.5 + level / 2, df);
        result->lo = result->value - half;
        result->hi = result->value + half;
        result->level = level;
        bool both = side[0].n > 1 && side[1].n > 1;
        result->rung =
            both ? "Welch's t over seeds" : "seeds of one arm, Student's t";
        bool spans = result->lo <= 0 && result->hi >= 0;
        result->state = spans ? KM_FIGURE_WEAK : KM_FIGURE_OK;
        result->reason = spans ? "the interval spans 0" : "";
    } else {
        result->state = KM_FIGURE_WEAK;
        result->reason = "no interval: one run a side";
    }
}

/* Variances of both means. Welch's where both sides have two seeds, else with
 * the spread of the one side that has. False: neither has. */
static bool variances_of(const struct km_moments side[2], double variance[2],
                         double *df)
{
    double se;
    if (km_moments_welch(&side[0], &side[1], &se, df)) {
        for (size_t s = 0; s < 2; s++) {
            variance[s] = km_moments_variance(&side[s]) / side[s].n;
        }
        return true;
    }
    *df = side[0].n + side[1].n - 2;
    double squares = side[0].m2 + side[1].m2;
    for (size_t s = 0; s < 2; s++) {
        variance[s] = squares / *df / side[s].n;
    }
    return *df > 0 && squares > 0;
}

/* scratch - tuned. */
static void put_difference(const struct km_moments side[2], double level,
                           struct km_figure_result *result)
{
    double of[2], df;
    bool known = variances_of(side, of, &df);
    result->value = side[1].mean - side[0].mean;
    put_interval(side, known ? sqrt(of[0] + of[1]) : (double)NAN, df, level,
                 result);
}

/* (scratch - tuned)/|scratch|; its error by the delta method:
 * var = (var tuned + (tuned/scratch)^2 var scratch)/scratch^2. */
static void put_ratio(const struct km_moments side[2], double level,
                      struct km_figure_result *result)
{
    double of[2], df, scratch = side[1].mean;
    double share = side[0].mean / scratch;
    bool known = variances_of(side, of, &df);
    result->value = (scratch - side[0].mean) / fabs(scratch);
    put_interval(side,
                 known ? sqrt(of[0] + share * share * of[1]) / fabs(scratch)
                       : (double)NAN,
                 df, level, result);
}

static enum km_code add_jumpstart(const struct transfer *t, double at)
{
    struct km_moments side[2] = {{0, 0, 0}, {0, 0, 0}};
    struct km_figure_result result =
        km_result_new("transfer.jumpstart", "", t->metric.unit);
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < t->arms[s].count; i++) {
            struct km_falling curve = raw_of(t->arms[s].members[i]);
            km_moments_add(&side[s], km_curve_at(&curve, at));
        }
    }
    result.method = km_arena_printf(t->card->arena,
                                    "%s at step %.6g, the first that all "
                                    "have",
                                    t->metric.name, at);
    put_difference(side, t->card->level, &result);
    return km_card_add(t->card, result, NULL, t->err);
}

static enum km_code add_area(const struct transfer *t, double from, double to)
{
    struct km_moments side[2] = {{0, 0, 0}, {0, 0, 0}};
    struct km_figure_result result =
        km_result_new("transfer.auc_ratio", "", "ratio");
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < t->arms[s].count; i++) {
            struct km_falling curve = raw_of(t->arms[s].members[i]);
            km_moments_add(&side[s], km_curve_area(&curve, from, to));
        }
    }
    result.method = km_arena_printf(t->card->arena,
                                    "areas over steps %.6g to %.6g", from, to);
    result.window_from = from;
    result.window_to = to;
    put_ratio(side, t->card->level, &result);
    return km_card_add(t->card, result, NULL, t->err);
}

/* The target, else 90 % of what every run from scratch gained. */
static double level_of(const struct transfer *t)
{
    double level = NAN;
    if (isfinite(t->tuning->target)) {
        return t->metric.sign * t->tuning->target;
    }
    for (size_t i = 0; i < t->arms[1].count; i++) {
        level = fmax(level, km_gain_level(&t->arms[1].falling[i], GAIN_SHARE));
    }
    return level;
}

/* ln of what each run took on an axis, with what its ancestors took before. */
struct took {
    double *log_x[2];
    bool at_least, at_most;
};

static bool rate_of(const struct km_member *member, enum km_axis axis,
                    double *rate)
{
    const struct km_rate *of = &member->axes.rate[axis];
    *rate = of->per_step;
    return of->known && of->per_step > 0;
}

/* What the runs before the last one took; false: one of them does not know. */
static bool source_of(const struct transfer *t, enum km_axis axis,
                      double *source)
{
    *source = 0;
    for (size_t i = 0; i + 1 < t->tuning->chain_count; i++) {
        double rate;
        if (!rate_of(&t->tuning->chain[i], axis, &rate)) {
            return false;
        }
        *source += rate * t->tuning->chain[i].x_now;
    }
    return *source > 0;
}

static const char *take_side(const struct transfer *t, size_t side,
                             double level, enum km_axis axis, double source,
                             struct took *took)
{
    for (size_t i = 0; i < t->arms[side].count; i++) {
        double rate;
        struct km_threshold at =
            km_threshold_find(&t->arms[side].falling[i], level);
        if (!rate_of(t->arms[side].members[i], axis, &rate)) {
            return "";
        }
        if (side == 1 && (!at.reached || at.at_start)) {
            return at.reached ? "from scratch it began at the level"
                              : "from scratch the level was never reached";
        }
        took->at_least = took->at_least || at.at_start;
        took->at_most = took->at_most || !at.reached;
        took->log_x[side][i] = log(at.x * rate + (side ? 0 : source));
    }
    return NULL;
}

static enum km_code add_ratio(const struct transfer *t, enum km_axis axis,
                              double level, double source)
{
    struct km_arena *arena = t->card->arena;
    struct km_log_ratio ratio;
    struct took took = {.log_x = {km_new(arena, double, t->arms[0].count + 1),
                                  km_new(arena, double, t->arms[1].count + 1)}};
    const char *variant =
        km_arena_printf(arena, "%s%s", km_speedup_variant(axis),
                        source > 0 ? ", with source" : "");
    if (!took.log_x[0] || !took.log_x[1] || !variant) {
        return fail_full(t->err);
    }
    const char *why = take_side(t, 0, level, axis, source, &took);
    why = why ? why : take_side(t, 1, level, axis, source, &took);
    if (why) {
        return *why ? km_card_add_absent(t->card, "transfer.threshold_ratio",
                                         variant, "x", KM_FIGURE_INSUFFICIENT,
                                         why, t->err)
                    : KM_OK; /* the axis is not known */
    }
    km_log_ratio_measure(took.log_x[0], t->arms[0].count, took.log_x[1],
                         t->arms[1].count, &t->history, t->card->level, &ratio);
    struct km_figure_result result = km_log_ratio_result(
        &ratio, "transfer.threshold_ratio", variant, t->card->level);
    result.method = km_arena_printf(arena, "first %s at %.4g", t->metric.name,
                                    t->metric.sign * level);
    if (took.at_least || took.at_most) {
        bool both = took.at_least && took.at_most;
        result.state = both ? KM_FIGURE_INSUFFICIENT : KM_FIGURE_CENSORED;
        result.at_most = took.at_most;
        result.lo = result.hi = NAN;
        result.reason =
            both ? "some runs began at the level, others never got there"
            : took.at_least ? "it began at the level: at least this"
                            : "it never got to the level: at most this";
    }
    return km_card_add(t->card, result, NULL, t->err);
}

static enum km_code add_thresholds(const struct transfer *t)
{
    double level = level_of(t);
    enum km_code code = KM_OK;
    if (isnan(level)) {
        return km_card_add_absent(t->card, "transfer.threshold_ratio",
                                  "per step", "x", KM_FIGURE_INSUFFICIENT,
                                  "from scratch nothing was gained", t->err);
    }
    for (int a = 0; a < KM_AXIS_COUNT && code == KM_OK; a++) {
        double source;
        code = add_ratio(t, (enum km_axis)a, level, 0);
        if (code == KM_OK && source_of(t, (enum km_axis)a, &source)) {
            code = add_ratio(t, (enum km_axis)a, level, source);
        }
    }
    return code;
}

static enum km_code add_absent(struct km_scorecard *card,
                               enum km_figure_state state, const char *reason,
                               struct km_err *err)
{
    static const struct {
        const char *id, *variant, *unit;
    } rows[] = {{"transfer.jumpstart", "", "nat"},
                {"transfer.threshold_ratio", "per step", "x"},
                {"transfer.auc_ratio", "", "ratio"}};
    enum km_code code = KM_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && code == KM_OK; i++) {
        code = km_card_add_absent(card, rows[i].id, rows[i].variant,
                                  rows[i].unit, state, reason, err);
    }
    return code;
}

enum km_code km_transfer_add(const struct km_tuning *tuning,
                             struct km_scorecard *card, struct km_err *err)
{
    struct transfer t = {.tuning = tuning, .card = card, .err = err};
    if (tuning->scratch.count == 0) {
        return add_absent(card, KM_FIGURE_NOT_APPLICABLE,
                          "no run from scratch says the same task, and none "
                          "is named",
                          err);
    }
    enum km_code code = km_tuning_arms(tuning, &tuning->scratch, card->arena,
                                       t.arms, &t.metric, err);
    if (code == KM_OK && (!t.arms[0].count || !t.arms[1].count)) {
        return add_absent(card, KM_FIGURE_INSUFFICIENT,
                          "the runs have no curve of the same metric", err);
    }
    if (code == KM_OK) {
        code = km_seed_spread_of(&tuning->cohort, t.arms, 2, &t.metric,
                                 card->arena, &t.history, err);
    }
    if (code) {
        return code;
    }
    double from, to;
    find_common(&t, &from, &to);
    if (from < to) {
        code = add_jumpstart(&t, from);
        code = code ? code : add_area(&t, from, to);
    } else {
        code = km_card_add_absent(card, "transfer.jumpstart", "", t.metric.unit,
                                  KM_FIGURE_INSUFFICIENT,
                                  "the curves share no stretch of steps", err);
        code = code ? code
                    : km_card_add_absent(card, "transfer.auc_ratio", "",
                                         "ratio", KM_FIGURE_INSUFFICIENT,
                                         "the curves share no stretch of steps",
                                         err);
    }
    return code ? code : add_thresholds(&t);
}
