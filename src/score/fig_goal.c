/* fig_goal.c - goal.probability, goal.margin and goal.spent. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "measure/distribution.h"
#include "score/card.h"
#include "score/goal_judge.h"
#include "score/goal_relation.h"
#include "score/outlook.h"

enum { RATES = 5 };

/* What a row is made from. */
struct row {
    const struct km_score_input *input;
    struct km_scorecard *card;
    const struct km_goal_judgement *of;
};

static const char *variant_of(const struct row *j,
                              const struct km_goal_limit *limit)
{
    return km_arena_printf(j->card->arena, "%s: %s", j->of->goal->name,
                           limit->word);
}

/* The chance over what the rate may be: the middle of fifths of it. */
static double chance_within(const struct row *j,
                            const struct km_goal_limit *limit)
{
    double now = j->input->x_now, ahead = limit->x - now, sum = 0;
    int rates = limit->relative_se > 0 ? RATES : 1;
    for (int i = 0; i < rates; i++) {
        double z = km_normal_quantile((i + 0.5) / rates);
        double slower = fmax(1 + z * limit->relative_se, 0.1);
        sum += km_path_chance(j->of->curve->path, j->of->target,
                              now + ahead / slower) /
               rates;
    }
    return sum;
}

/* Was it reached within the limit? NaN: nobody can say. */
static double kept(const struct row *j, const struct km_goal_limit *limit)
{
    if (limit->kind != KM_GOAL_DEADLINE) {
        return j->of->crossing.x <= limit->x;
    }
    int64_t at_ns = km_goal_time_at(j->input, j->of->curve, j->of->crossing.x);
    return at_ns == KM_TIME_ABSENT ? (double)NAN
                                   : at_ns <= j->of->goal->deadline_ns;
}

/* Rows whose answer needs no forecast; false: it needs one. */
static bool settle(const struct row *j, const struct km_goal_limit *limit,
                   struct km_figure_result *result)
{
    struct km_arena *arena = j->card->arena;
    const char *passed = limit->kind == KM_GOAL_DEADLINE
                             ? "the deadline has passed"
                             : "the limit is used up";
    result->rung = "exact";
    if (limit->missing) {
        result->state = KM_FIGURE_NOT_APPLICABLE;
        result->reason = limit->missing;
    } else if (j->of->crossing.reached) {
        result->value = kept(j, limit);
        result->state = isnan(result->value)        ? KM_FIGURE_NOT_APPLICABLE
                        : j->of->crossing.confirmed ? KM_FIGURE_OK
                                                    : KM_FIGURE_WEAK;
        result->reason = km_arena_printf(
            arena, "reached at step %.0f%s%s", j->of->crossing.x,
            result->value > 0 ? "" : ", too late",
            j->of->crossing.confirmed ? "" : ", by the last observation only");
        if (isnan(result->value)) {
            result->reason = "reached, but the log has no times";
        }
    } else if (j->of->ended || limit->passed) {
        result->value = 0;
        result->reason =
            j->of->ended && !limit->passed
                ? km_arena_printf(arena, "the run ended at step %.0f before it",
                                  j->input->x_now)
                : passed;
    } else if (!j->of->curve->path) {
        result->state = KM_FIGURE_INSUFFICIENT;
        result->reason = j->of->curve->no_path;
    } else {
        return false;
    }
    return true;
}

static void add_common(const struct row *j, const struct km_goal_limit *limit,
                       struct km_evidence *evidence)
{
    struct km_arena *arena = j->card->arena;
    km_evidence_add(evidence, km_arena_printf(arena, "%s to reach %g",
                                              j->of->curve->track->name,
                                              j->of->goal->target));
    if (*limit->source && !limit->missing) {
        km_evidence_add(evidence,
                        km_arena_printf(arena, "rate: %s", limit->source));
    }
    if (isfinite(limit->x) && !limit->passed) {
        km_evidence_add(evidence, km_arena_printf(arena,
                                                  "limit %s: used up at step "
                                                  "%.0f",
                                                  limit->word, limit->x));
    }
}

/* What other goals of the curve, or its first value, make of this one. */
static void add_relations(const struct row *j, struct km_evidence *evidence)
{
    const struct km_curve_input *curve = j->of->curve;
    const struct km_score_input *input = j->input;
    for (size_t i = 0; i < input->goals.count; i++) {
        const struct km_goal_judgement *other = &input->judgements[i];
        if (other != j->of && other->curve == curve) {
            km_evidence_add(evidence,
                            km_goal_relation_text(j->of->goal, other->goal,
                                                  curve->sign, j->card->arena));
        }
    }
    if (curve->count) {
        km_evidence_add(evidence,
                        km_goal_behind_text(j->of->goal, curve->track->name,
                                            curve->sign * curve->y[0],
                                            curve->sign, j->card->arena));
    }
}

static void take_rung(const struct row *j, struct km_figure_result *result)
{
    const struct km_path *path = j->of->curve->path;
    result->rung = km_path_rung(path, j->card->arena);
    result->state = path->live.draws.weight ? KM_FIGURE_OK : KM_FIGURE_WEAK;
}

static enum km_code add_probability(const struct row *j,
                                    const struct km_goal_limit *limit,
                                    struct km_err *err)
{
    struct km_figure_result result =
        km_result_new("goal.probability", variant_of(j, limit), "1");
    struct km_evidence evidence = {0};
    add_common(j, limit, &evidence);
    add_relations(j, &evidence);
    result.method = "share of paths of the forecast";
    result.window_from = j->of->curve->window_from;
    result.window_to = j->of->curve->x_now;
    result.n = j->of->curve->window_count;
    if (!settle(j, limit, &result)) {
        result.value = chance_within(j, limit);
        take_rung(j, &result);
        result.reason = limit->x > j->of->x_max
                            ? km_arena_printf(j->card->arena,
                                              "looked to step %.0f only; %s",
                                              j->of->x_max, result.rung)
                            : result.rung;
    } else {
        result.method = "observed";
    }
    return km_card_add(j->card, result, &evidence, err);
}

/* What is left of the limit when the target is reached at step x. */
static double left_at(const struct km_goal_limit *limit, double x)
{
    return (limit->x - x) * limit->per_step;
}

static enum km_code add_margin(const struct row *j,
                               const struct km_goal_limit *limit,
                               struct km_err *err)
{
    struct km_figure_result result =
        km_result_new("goal.margin", variant_of(j, limit), limit->unit);
    struct km_evidence evidence = {0};
    add_common(j, limit, &evidence);
    bool settled = settle(j, limit, &result);
    if (settled && j->of->crossing.reached && isfinite(result.value)) {
        result.value = left_at(limit, j->of->crossing.x);
        if (limit->kind == KM_GOAL_DEADLINE) {
            int64_t at_ns =
                km_goal_time_at(j->input, j->of->curve, j->of->crossing.x);
            result.value =
                ((double)j->of->goal->deadline_ns - (double)at_ns) / 3600e9;
        }
        result.method = "observed";
    } else if (settled) {
        bool nothing = result.state == KM_FIGURE_OK;
        result.state = nothing ? KM_FIGURE_NOT_APPLICABLE : result.state;
        result.value = NAN;
    } else {
        bool open = isinf(j->of->eta.value);
        double floor, reach = j->of->x_max;
        result.value = left_at(limit, open ? reach : j->of->eta.value);
        result.lo = left_at(limit, j->of->eta.hi);
        result.hi = left_at(limit, j->of->eta.lo);
        result.lo = isfinite(result.lo) ? result.lo : (double)NAN;
        result.hi = isfinite(result.hi) ? result.hi : (double)NAN;
        result.level = KM_COLD_START_LEVEL;
        result.method = "limit less what the forecast needs";
        take_rung(j, &result);
        result.state = isinf(j->of->eta.hi) ? KM_FIGURE_CENSORED : result.state;
        result.at_most = true; /* when it is censored */
        result.reason =
            !open ? result.rung
            : km_outlook_never(j->of->curve, j->of->target, &floor)
                ? km_arena_printf(j->card->arena,
                                  "never under this model: its floor is %.4g",
                                  floor * j->of->curve->sign)
                : km_arena_printf(j->card->arena,
                                  "at most: not reached before step %.0f",
                                  reach);
    }
    return km_card_add(j->card, result, &evidence, err);
}

static enum km_code add_spent(const struct row *j,
                              const struct km_goal_limit *limit,
                              struct km_err *err)
{
    struct km_figure_result result =
        km_result_new("goal.spent", variant_of(j, limit), "1");
    struct km_evidence evidence = {0};
    add_common(j, limit, &evidence);
    result.method = "used over allowed";
    result.value = limit->used / limit->total;
    result.reason = km_arena_printf(j->card->arena, "%.4g of %.4g %s",
                                    limit->used, limit->total, limit->unit);
    if (limit->missing || !isfinite(result.value)) {
        result.state = KM_FIGURE_NOT_APPLICABLE;
        result.value = NAN;
        result.reason =
            limit->missing ? limit->missing : "the log has no times";
    }
    return km_card_add(j->card, result, &evidence, err);
}

static const char *judged_names(const struct km_score_input *input)
{
    const struct km_track *a = input->valid.track, *b = input->learn.track;
    if (!a && !b) {
        return "no loss, score or reward";
    }
    return km_arena_printf(input->arena, "%s%s%s", a ? a->name : "",
                           a && b && a != b ? " and " : "",
                           b && a != b ? b->name : "");
}

/* Adds one row of one goal and limit. */
typedef enum km_code (*add_fn)(const struct row *j,
                               const struct km_goal_limit *limit,
                               struct km_err *err);

static enum km_code add_rows(const struct km_score_input *input,
                             struct km_scorecard *card, const char *id,
                             const char *unit, add_fn add, struct km_err *err)
{
    enum km_code code = KM_OK;
    if (input->goals.count == 0) {
        return km_card_add_absent(card, id, "", unit, KM_FIGURE_NOT_APPLICABLE,
                                  "no goal means this run: km goal add", err);
    }
    for (size_t g = 0; g < input->goals.count; g++) {
        const struct km_goal_judgement *of = &input->judgements[g];
        const struct row row = {input, card, of};
        for (size_t i = 0; of->curve && i < of->limit_count && !code; i++) {
            code = add(&row, &of->limits[i], err);
        }
    }
    return code;
}

KM_FIGURE_COMPUTE(km_compute_goal_probability)
{
    const char *id = "goal.probability";
    enum km_code code = add_rows(input, card, id, "1", add_probability, err);
    for (size_t g = 0; g < input->goals.count && code == KM_OK; g++) {
        const struct km_goal *goal = input->judgements[g].goal;
        if (!input->judgements[g].curve) {
            code = km_card_add_absent(
                card, id, goal->name, "1", KM_FIGURE_NOT_APPLICABLE,
                km_arena_printf(card->arena, "about %s; judged here: %s",
                                *goal->metric ? goal->metric : "a metric",
                                judged_names(input)),
                err);
        }
    }
    return code;
}

KM_FIGURE_COMPUTE(km_compute_goal_margin)
{
    return add_rows(input, card, "goal.margin", "h", add_margin, err);
}

KM_FIGURE_COMPUTE(km_compute_goal_spent)
{
    return add_rows(input, card, "goal.spent", "1", add_spent, err);
}
