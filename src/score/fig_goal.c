/* fig_goal.c - goal.probability, goal.margin and goal.spent. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "measure/conformal.h"
#include "measure/distribution.h"
#include "score/card.h"
#include "score/goal_judge.h"
#include "score/outlook.h"

enum { PLACES = 24, DRAWS = 99, RATES = 5 };

static const char *const COLD = "cold start, not calibrated";

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

/* Chance that the target is reached somewhere up to step x. */
static double chance_by(const struct row *j, double x, double *scratch)
{
    double *forecast = scratch, *below = forecast + PLACES;
    double *above = below + PLACES, *error = above + PLACES;
    const struct km_curve_input *curve = j->of->curve;
    double from = curve->x_now, to = fmin(x, j->of->x_max);
    for (size_t p = 0; p < PLACES; p++) {
        double at = from * pow(to / from, ((double)p + 1) / PLACES);
        struct km_estimate e = km_outlook_at(curve, at);
        bool turned = curve->sign < 0;
        forecast[p] = curve->sign * e.value;
        below[p] = (turned ? -e.hi : e.lo) - forecast[p];
        above[p] = (turned ? -e.lo : e.hi) - forecast[p];
    }
    km_draws_cold(below, above, PLACES, DRAWS, error);
    const struct km_error_draws draws = {
        .draws = DRAWS, .places = PLACES, .error = error, .groups = DRAWS};
    return km_draws_by(&draws, forecast, PLACES - 1, j->of->target);
}

/* The chance over what the rate may be: the middle of fifths of it. */
static double chance_within(const struct row *j,
                            const struct km_goal_limit *limit, double *scratch)
{
    double now = j->input->x_now, ahead = limit->x - now, sum = 0;
    int rates = limit->relative_se > 0 ? RATES : 1;
    for (int i = 0; i < rates; i++) {
        double z = km_normal_quantile((i + 0.5) / rates);
        double slower = fmax(1 + z * limit->relative_se, 0.1);
        sum += chance_by(j, now + ahead / slower, scratch) / rates;
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
    } else if (!j->of->curve->fitted) {
        result->state = KM_FIGURE_INSUFFICIENT;
        result->reason = j->of->curve->problem;
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

static enum km_code add_probability(const struct row *j,
                                    const struct km_goal_limit *limit,
                                    struct km_err *err)
{
    double *scratch = km_arena_alloc(
        j->card->arena, (3 + DRAWS) * (size_t)PLACES * sizeof *scratch);
    if (!scratch) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    struct km_figure_result result =
        km_result_new("goal.probability", variant_of(j, limit), "1");
    struct km_evidence evidence = {0};
    add_common(j, limit, &evidence);
    result.method = "share of paths of the forecast";
    result.window_from = j->of->curve->window_from;
    result.window_to = j->of->curve->x_now;
    result.n = j->of->curve->window_count;
    if (!settle(j, limit, &result)) {
        result.value = chance_within(j, limit, scratch);
        result.rung = COLD;
        result.state = KM_FIGURE_WEAK;
        result.reason = limit->x > j->of->x_max
                            ? km_arena_printf(j->card->arena,
                                              "looked to step %.0f only; %s",
                                              j->of->x_max, COLD)
                            : COLD;
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
        bool open = isinf(j->of->eta.x);
        result.value = left_at(limit, open ? j->of->x_max : j->of->eta.x);
        result.lo = left_at(limit, j->of->eta.late);
        result.hi = left_at(limit, j->of->eta.early);
        result.lo = isfinite(result.lo) ? result.lo : (double)NAN;
        result.hi = isfinite(result.hi) ? result.hi : (double)NAN;
        result.level = KM_COLD_START_LEVEL;
        result.method = "limit less what the forecast needs";
        result.rung = COLD;
        result.state = open || isinf(j->of->eta.late) ? KM_FIGURE_CENSORED
                                                      : KM_FIGURE_WEAK;
        result.reason =
            !open ? COLD
            : j->of->eta.never
                ? km_arena_printf(j->card->arena,
                                  "never under this model: its floor is %.4g",
                                  j->of->eta.floor * j->of->curve->sign)
                : km_arena_printf(j->card->arena,
                                  "at most: not reached before step %.0f",
                                  j->of->x_max);
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
