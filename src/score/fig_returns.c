/* fig_returns.c - learn.half_life, learn.aulc and learn.marginal_cost. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/returns.h"

#include <math.h>
#include <string.h>

#include "score/card.h"
#include "score/learn.h"

static const double SHARE = 0.01; /* of the metric: the next percent */
static const double REACH = 10;   /* times the present step: no further */

/* Something in steps, shown in the unit that suits its size. */
struct km_step_unit {
    const char *name;
    double size;
};

static struct km_step_unit step_unit(double steps)
{
    return steps >= 1e5 ? (struct km_step_unit){"kstep", 1e3}
                        : (struct km_step_unit){"step", 1};
}

static void add_common(const struct km_score_input *input,
                       struct km_figure_result *result,
                       struct km_evidence *evidence)
{
    const struct km_curve_input *curve = &input->learn;
    result->window_from = curve->window_from;
    result->window_to = curve->x_now;
    result->n = curve->window_count;
    km_evidence_add(evidence,
                    km_arena_printf(input->arena, "metric: %s (%s)",
                                    curve->track->name, input->learn_choice));
}

/* The row that stands where nothing can be computed; false: it can. */
static bool add_missing(const struct km_score_input *input, const char *id,
                        const char *unit, struct km_scorecard *card,
                        struct km_err *err, enum km_code *code)
{
    if (!input->learn.track) {
        *code = km_card_add_absent(card, id, "", unit, KM_FIGURE_NOT_APPLICABLE,
                                   "no loss, score or reward", err);
        return true;
    }
    if (!input->learn.fitted) {
        *code = km_card_add_absent(card, id, "", unit, KM_FIGURE_INSUFFICIENT,
                                   input->learn.problem, err);
        return true;
    }
    if (input->rate_moves) { /* the curve is not a power law of the step */
        *code = km_card_add_absent(
            card, id, "", unit, KM_FIGURE_INSUFFICIENT,
            "the learning rate moved in the window: what is left is not a "
            "power law of the step",
            err);
        return true;
    }
    return false;
}

bool km_learn_half_life(const struct km_curve_input *curve, double level,
                        struct km_half_life *out)
{
    const struct km_fit_problem problem = {
        .x = curve->bins.x,
        .y = curve->bins.y,
        .weight = curve->bins.n,
        .count = curve->bins.count,
        .x_now = curve->x_now,
        .e_min = curve->e_min,
    };
    return km_half_life_measure(&curve->pow3, &problem, level, out);
}

KM_FIGURE_COMPUTE(km_compute_half_life)
{
    const char *id = "learn.half_life";
    enum km_code code;
    if (add_missing(input, id, "step", card, err, &code)) {
        return code;
    }
    const struct km_curve_input *curve = &input->learn;
    struct km_half_life half;
    if (!km_learn_half_life(curve, card->level, &half)) {
        return km_card_add_absent(card, id, "", "step", KM_FIGURE_INSUFFICIENT,
                                  "no improvement in the window", err);
    }
    struct km_step_unit unit = step_unit(half.value);
    struct km_figure_result result = km_result_new(id, "", unit.name);
    struct km_evidence evidence = {0};
    add_common(input, &result, &evidence);
    result.value = half.value / unit.size;
    result.lo = half.lo / unit.size;
    result.hi = half.hi / unit.size;
    result.level = card->level;
    result.method = "pow3: x (2^(1/a) - 1)";
    result.rung = "posterior of the fit";
    result.n_eff = curve->pow3.n_eff / (double)curve->bins.count *
                   (double)curve->window_count;
    result.state = KM_FIGURE_WEAK;
    result.reason = "error of the fit only, not calibrated";
    if (!half.identified) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.value = result.lo = result.hi = NAN;
        result.reason = km_arena_printf(
            card->arena,
            "the floor is not identified: the half-life may be %.2g or %.2g "
            "steps",
            half.lo, half.hi);
    }
    km_evidence_add(&evidence,
                    km_arena_printf(card->arena, "fitted floor: %.6g %s",
                                    curve->pow3.asymptote * curve->sign,
                                    curve->unit));
    km_evidence_add(
        &evidence,
        km_arena_printf(card->arena,
                        "by invlog3, which has the same error on "
                        "real curves: %.3g steps",
                        km_half_life(&curve->invlog3, curve->x_now)));
    return km_card_add(card, result, &evidence, err);
}

KM_FIGURE_COMPUTE(km_compute_aulc)
{
    const char *id = "learn.aulc";
    const struct km_curve_input *curve = &input->learn;
    if (!curve->track) {
        return km_card_add_absent(card, id, "", "nat", KM_FIGURE_NOT_APPLICABLE,
                                  "no loss, score or reward", err);
    }
    struct km_bins *bins = km_new(card->arena, struct km_bins, 1);
    double *scratch = km_arena_alloc(
        card->arena, (6 * KM_BINS_MAX + KM_AULC_RESAMPLES) * sizeof *scratch);
    if (!bins || !scratch) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    km_bins_of_sums(bins, &curve->sums, 0, curve->count);
    struct km_estimate area;
    size_t n = bins->count;
    if (n < 2 ||
        !km_aulc_measure(bins->x, bins->y, bins->n, n, bins->x[0],
                         bins->x[n - 1], card->level, scratch, &area)) {
        return km_card_add_absent(
            card, id, "", curve->unit, KM_FIGURE_INSUFFICIENT,
            "fewer than two steps after the warm-up", err);
    }
    struct km_figure_result result = km_result_new(id, "", curve->unit);
    struct km_evidence evidence = {0};
    add_common(input, &result, &evidence);
    result.better = curve->sign < 0 ? KM_BETTER_HIGHER : KM_BETTER_LOWER;
    result.value = curve->sign * area.value;
    result.lo = curve->sign * (curve->sign < 0 ? area.hi : area.lo);
    result.hi = curve->sign * (curve->sign < 0 ? area.lo : area.hi);
    result.level = isnan(area.lo) ? (double)NAN : card->level;
    result.method = "trapezoids in ln x";
    result.rung = isnan(area.lo) ? "" : "block bootstrap";
    result.window_from = bins->x[0];
    result.window_to = bins->x[n - 1];
    result.n = curve->count;
    /* measured on generated curves: an interval that is too narrow is not OK */
    result.state = KM_FIGURE_WEAK;
    result.reason = km_arena_printf(card->arena,
                                    "over steps %.0f to %.0f; the interval "
                                    "covers 73 %% where 80 %% is said",
                                    result.window_from, result.window_to);
    if (isnan(area.lo)) {
        result.reason = km_arena_printf(
            card->arena,
            "over steps %.0f to %.0f; %zu places, %d are needed "
            "for an interval",
            result.window_from, result.window_to, n, KM_AULC_POINTS_MIN);
    }
    return km_card_add(card, result, &evidence, err);
}

/* How a cost in steps reads on another axis. */
struct pricing {
    const char *variant, *unit;
    double per_step;
    const struct km_rate *rate; /* NULL: steps */
};

/* Where the band says that the gain may be smaller, and never come. */
static void judge_cost(const struct km_curve_input *curve,
                       const struct km_marginal_cost *cost, double level,
                       struct km_arena *arena, struct km_figure_result *result)
{
    double most = (REACH - 1) * curve->x_now;
    if (cost->cost > most) {
        double next = km_fit_value(&curve->pow3, curve->x_now);
        next = curve->sign * (next - SHARE * fabs(next));
        result->state = KM_FIGURE_CENSORED;
        result->value = most;
        result->lo = cost->lo > most ? (double)NAN : cost->lo;
        result->hi = NAN;
        result->reason =
            isinf(cost->cost)
                ? km_arena_printf(arena,
                                  "never under this model: %.4g is beyond its "
                                  "floor %.4g",
                                  next, curve->sign * curve->pow3.asymptote)
                : km_arena_printf(arena, "not before step %.0f",
                                  REACH * curve->x_now);
        return;
    }
    result->value = cost->cost;
    result->lo = cost->lo;
    result->hi = isfinite(cost->hi) ? cost->hi : (double)NAN;
    result->level = level;
    result->reason = "for the next 1 %";
    if (isinf(cost->hi) || cost->hi > most) {
        result->state = KM_FIGURE_WEAK;
        result->hi = NAN;
        result->reason = "for the next 1 %; no upper end: it may never come";
    }
}

static enum km_code add_cost(const struct km_score_input *input,
                             const struct pricing *pricing,
                             const struct km_marginal_cost *cost,
                             struct km_scorecard *card, struct km_err *err)
{
    struct km_figure_result result =
        km_result_new("learn.marginal_cost", pricing->variant, pricing->unit);
    struct km_evidence evidence = {0};
    add_common(input, &result, &evidence);
    result.method = "inverse of pow3";
    result.rung = km_velocity_rung(input);
    judge_cost(&input->learn, cost, card->level, card->arena, &result);
    result.value *= pricing->per_step;
    result.lo *= pricing->per_step;
    result.hi *= pricing->per_step;
    if (pricing->rate) {
        km_evidence_add(&evidence, km_arena_printf(card->arena, "rate: %s",
                                                   pricing->rate->source));
        if (pricing->rate->estimated && result.state == KM_FIGURE_OK) {
            result.state = KM_FIGURE_WEAK;
            result.reason = "for the next 1 %; rests on estimated times";
        }
    }
    return km_card_add(card, result, &evidence, err);
}

static enum km_code add_ratio(const struct km_score_input *input,
                              const struct km_marginal_cost *cost,
                              struct km_scorecard *card, struct km_err *err)
{
    const struct km_curve_input *curve = &input->learn;
    struct km_figure_result result =
        km_result_new("learn.marginal_cost", "next over last", "1");
    struct km_evidence evidence = {0};
    add_common(input, &result, &evidence);
    result.method = "inverse of pow3, both ways";
    if (isnan(cost->previous) ||
        curve->x_now - cost->previous < curve->window_from) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = "the last 1 % is older than the window of the fit";
    } else if (isinf(cost->cost)) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = "the next 1 % never comes under this model";
    } else {
        result.value = cost->cost / cost->previous;
        result.reason = "the next 1 % over the last 1 %";
    }
    return km_card_add(card, result, &evidence, err);
}

/* What a thousandth of a nat costs at the present velocity. */
static enum km_code add_price(const struct km_score_input *input,
                              const struct km_rate *money,
                              struct km_scorecard *card, struct km_err *err)
{
    const struct km_curve_input *curve = &input->learn;
    const char *currency =
        input->options->currency ? input->options->currency : "currency";
    struct km_figure_result result =
        km_result_new("learn.marginal_cost", "per milli-nat",
                      km_arena_printf(card->arena, "%s/mnat", currency));
    struct km_evidence evidence = {0};
    add_common(input, &result, &evidence);
    struct km_estimate v =
        km_velocity_model_within(&curve->pow3, curve->x_now, card->level,
                                 money->relative_se, km_velocity_band(input));
    double price = money->per_step / 1000;
    result.value = v.value > 0 ? price / v.value : (double)NAN;
    result.lo = v.hi > 0 ? price / v.hi : (double)NAN;
    result.hi = v.lo > 0 ? price / v.lo : (double)NAN;
    result.level = card->level;
    result.method = "price of a step over 1000 v";
    result.rung = km_velocity_rung(input);
    if (!(v.value > 0)) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = "no improvement in the window";
    } else if (!(v.lo > 0)) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "no upper end: the velocity may be zero";
    }
    km_evidence_add(&evidence, money->source);
    return km_card_add(card, result, &evidence, err);
}

KM_FIGURE_COMPUTE(km_compute_marginal_cost)
{
    const char *id = "learn.marginal_cost";
    enum km_code code;
    if (add_missing(input, id, "step", card, err, &code)) {
        return code;
    }
    const struct km_curve_input *curve = &input->learn;
    if (!(curve->pow3.amplitude > 0)) {
        return km_card_add_absent(card, id, "steps", "step",
                                  KM_FIGURE_INSUFFICIENT,
                                  "no improvement in the window", err);
    }
    struct km_estimate v = km_velocity_model_within(
        &curve->pow3, curve->x_now, card->level, 0, km_velocity_band(input));
    struct km_velocity_band band = {v.lo / v.value, v.hi / v.value};
    struct km_marginal_cost cost;
    km_marginal_cost(&curve->pow3, curve->x_now, SHARE,
                     isfinite(v.lo) ? band : km_velocity_band_cold, &cost);
    const struct km_rate *rates = input->axes.rate;
    const struct km_rate *clock = rates[KM_AXIS_SECOND].known
                                      ? &rates[KM_AXIS_SECOND]
                                      : &rates[KM_AXIS_ACTIVE];
    const struct km_rate *money = &rates[KM_AXIS_CURRENCY];
    struct km_step_unit unit = step_unit(cost.cost);
    const struct pricing steps = {"steps", unit.name, 1 / unit.size, NULL};
    const struct pricing time = {"time", "min", clock->per_step / 60, clock};
    const struct pricing price = {
        "money",
        input->options->currency ? input->options->currency : "currency",
        money->per_step, money};
    code = add_cost(input, &steps, &cost, card, err);
    if (code == KM_OK && clock->known) {
        code = add_cost(input, &time, &cost, card, err);
    }
    if (code == KM_OK && money->known) {
        code = add_cost(input, &price, &cost, card, err);
    }
    if (code == KM_OK) {
        code = add_ratio(input, &cost, card, err);
    }
    if (code == KM_OK && money->known && strcmp(curve->unit, "nat") == 0) {
        code = add_price(input, money, card, err);
    }
    return code;
}
