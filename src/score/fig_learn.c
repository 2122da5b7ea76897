/* fig_learn.c - learn.velocity, learn.velocity_local and
 * learn.relative_velocity. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/robust.h"
#include "measure/variate.h"
#include "score/card.h"
#include "score/learn.h"
#include "score/reference.h"

enum { INDEPENDENT_MIN = 10 };
static const double BARELY = 4; /* ends of the half-life's range */

struct km_velocity_band km_velocity_band(const struct km_score_input *input)
{
    return input->velocity_groups ? input->velocity_band
                                  : km_velocity_band_cold;
}

const char *km_velocity_rung(const struct km_score_input *input)
{
    return input->velocity_groups ? "cross-run conformal"
                                  : "measured discrepancy";
}

static const char *variant_of(struct km_arena *arena, enum km_axis axis)
{
    return km_arena_printf(arena, "per %s", km_axis_name(axis));
}

static const char *unit_of(const struct km_score_input *input,
                           enum km_axis axis)
{
    const char *per = km_axis_unit(axis);
    if (axis == KM_AXIS_CURRENCY && input->options->currency) {
        per = input->options->currency;
    }
    const char *unit = input->learn.unit ? input->learn.unit : "nat";
    return km_arena_printf(input->arena, "%s/%s", unit, per);
}

/* The unit that suits `per_one`, of one unit of the axis, and how many of them
 * it holds. */
static const char *unit_for(const struct km_score_input *input,
                            enum km_axis axis, double per_one, double *size)
{
    if (axis == KM_AXIS_CURRENCY) {
        *size = km_axis_unit_size(axis);
        return unit_of(input, axis);
    }
    struct km_axis_unit unit = km_axis_unit_for(axis, per_one);
    *size = unit.size;
    return km_arena_printf(input->arena, "%s/%s%s", input->learn.unit,
                           unit.prefix, unit.name);
}

static void add_evidence(const struct km_score_input *input, enum km_axis axis,
                         struct km_evidence *evidence)
{
    const struct km_track *track = input->learn.track;
    km_evidence_add(evidence,
                    km_arena_printf(input->arena, "metric: %s (%s)",
                                    track->name, input->learn_choice));
    if (axis != KM_AXIS_STEP) {
        km_evidence_add(evidence,
                        km_arena_printf(input->arena, "rate: %s",
                                        input->axes.rate[axis].source));
    }
    if (track->every > 1) {
        km_evidence_add(evidence,
                        km_arena_printf(input->arena,
                                        "means of %u neighbouring points",
                                        track->every));
    }
    if (track->nonfinite) {
        km_evidence_add(
            evidence,
            km_arena_printf(input->arena,
                            "%llu values that are not finite left out, the "
                            "first at step %lld",
                            (unsigned long long)track->nonfinite,
                            (long long)track->nonfinite_step));
    }
}

/* State of an estimate by its interval. */
static void judge_interval(struct km_figure_result *result,
                           const struct km_rate *rate)
{
    if (!isfinite(result->lo)) {
        result->state = KM_FIGURE_WEAK;
        result->reason = "the error of the fit is not identified";
    } else if (result->lo <= 0 && result->hi >= 0) {
        result->state = KM_FIGURE_WEAK;
        result->reason = "the interval spans zero";
    } else if (rate->estimated) {
        result->state = KM_FIGURE_WEAK;
        result->reason = "rests on estimated times";
    }
}

/* The same of what rests on the fitted curve. */
static void judge(const struct km_score_input *input,
                  struct km_figure_result *result, const struct km_rate *rate)
{
    if (input->rate_moves) {
        result->state = KM_FIGURE_WEAK;
        result->reason = input->rate_moves;
    } else {
        judge_interval(result, rate);
    }
}

/* What goes on at the present step: of a rate that moves by the annealing law,
 * which has no calibrated interval. */
static struct km_estimate velocity_now(const struct km_score_input *input,
                                       double level, double relative_se)
{
    if (isfinite(input->scheduled_slope)) {
        return (struct km_estimate){input->scheduled_slope, NAN, NAN};
    }
    return km_velocity_model_within(&input->learn.pow3, input->learn.x_now,
                                    level, relative_se,
                                    km_velocity_band(input));
}

static enum km_code add_velocity(const struct km_score_input *input,
                                 enum km_axis axis, struct km_scorecard *card,
                                 struct km_err *err)
{
    const struct km_curve_input *curve = &input->learn;
    const struct km_rate *rate = &input->axes.rate[axis];
    struct km_figure_result result = km_result_new(
        "learn.velocity", variant_of(card->arena, axis), unit_of(input, axis));
    if (!rate->known) {
        result.state = KM_FIGURE_NOT_APPLICABLE;
        result.reason = rate->source;
        return km_card_add(card, result, NULL, err);
    }
    struct km_estimate v = velocity_now(input, card->level, rate->relative_se);
    double size;
    result.unit = unit_for(input, axis, v.value / rate->per_step, &size);
    size /= rate->per_step;
    result.value = v.value * size;
    result.lo = v.lo * size;
    result.hi = v.hi * size;
    result.level = card->level;
    bool scheduled = isfinite(input->scheduled_slope);
    result.method =
        scheduled
            ? "annealing law, last 90 % of steps, Huber"
            : km_arena_printf(card->arena, "pow3, last %.0f %% of steps, Huber",
                              100 * (1 - curve->window));
    result.rung = scheduled ? "" : km_velocity_rung(input);
    result.window_from = curve->window_from;
    result.window_to = curve->x_now;
    result.n = curve->window_count;
    result.n_eff = curve->pow3.n_eff / (double)curve->bins.count *
                   (double)curve->window_count;
    struct km_evidence evidence = {0};
    add_evidence(input, axis, &evidence);
    if (input->velocity_groups) {
        km_evidence_add(
            &evidence,
            km_arena_printf(card->arena,
                            "gains of %zu finished configurations were %.2f "
                            "to %.2f of what was predicted",
                            input->velocity_groups, km_velocity_band(input).low,
                            km_velocity_band(input).high));
    }
    if (!scheduled && !(curve->pow3.amplitude > 0)) {
        result.state = KM_FIGURE_WEAK;
        result.lo = result.hi = NAN;
        result.reason = "no improvement in the window";
    } else {
        judge(input, &result, rate);
    }
    return km_card_add(card, result, &evidence, err);
}

enum km_code km_compute_velocity(const struct km_score_input *input,
                                 struct km_scorecard *card, struct km_err *err)
{
    if (!input->learn.track) {
        return km_card_add_absent(card, "learn.velocity", "", "nat/Mtok",
                                  KM_FIGURE_NOT_APPLICABLE,
                                  "no loss, score or reward", err);
    }
    if (!input->learn.fitted) {
        return km_card_add_absent(
            card, "learn.velocity", "per step", unit_of(input, KM_AXIS_STEP),
            KM_FIGURE_INSUFFICIENT, input->learn.problem, err);
    }
    static const enum km_axis order[] = {
        KM_AXIS_TOKEN,       KM_AXIS_SAMPLE, KM_AXIS_STEP,
        KM_AXIS_EPOCH,       KM_AXIS_SECOND, KM_AXIS_ACTIVE,
        KM_AXIS_ACCELERATOR, KM_AXIS_FLOP,   KM_AXIS_CURRENCY,
    };
    enum km_code code = KM_OK;
    for (size_t i = 0; i < KM_AXIS_COUNT && code == KM_OK; i++) {
        code = add_velocity(input, order[i], card, err);
    }
    return code;
}

/* The local velocity without the noise of the batches, where a run with the
 * same ones is there. False: it is not, or has too little in common; `said`
 * tells which. */
static bool take_out_noise(const struct km_score_input *input, double level,
                           struct km_local_velocity *local, const char **said)
{
    const struct km_reference *reference = input->reference;
    *said = NULL;
    if (!reference) {
        return false;
    }
    if (reference->problem) {
        *said = km_arena_printf(input->arena, "reference %s (%s) not used: %s",
                                reference->name, reference->why,
                                reference->problem);
        return false;
    }
    struct km_local_velocity found;
    struct km_variate variate = {NAN, NAN, NAN, NAN};
    double *adjusted =
        km_arena_alloc(input->arena, (reference->count + 1) * sizeof(double));
    bool used = adjusted && km_variate_velocity(
                                reference->x, reference->y, reference->noise,
                                reference->count, KM_LOCAL_POINTS_MIN, level,
                                reference->se_slope, input->doubles, adjusted,
                                &found, &variate);
    /* the slope of the reference may be less sure than what it takes out */
    used = used && found.se < local->se;
    if (used) {
        *said = km_arena_printf(
            input->arena,
            "reference: %s (%s), residual correlation %.3f; the error of the "
            "slope is 1/%.1f of what it is without, 1/%.1f before the "
            "error of the reference",
            reference->name, reference->why, variate.correlation,
            variate.plain_se / found.se, variate.plain_se / variate.paired_se);
        *local = found;
    } else {
        *said = km_arena_printf(
            input->arena,
            "reference %s (%s) not used: residual correlation %.2f over %zu "
            "common steps",
            reference->name, reference->why, variate.correlation,
            reference->count);
    }
    return used;
}

enum km_code km_compute_velocity_local(const struct km_score_input *input,
                                       struct km_scorecard *card,
                                       struct km_err *err)
{
    const struct km_curve_input *curve = &input->learn;
    const char *unit = unit_of(input, KM_AXIS_STEP);
    if (!curve->track) {
        return km_card_add_absent(card, "learn.velocity_local", "", "nat/kstep",
                                  KM_FIGURE_NOT_APPLICABLE,
                                  "no loss, score or reward", err);
    }
    struct km_local_velocity local = input->local;
    if (!local.n) {
        return km_card_add_absent(
            card, "learn.velocity_local", "per step", unit,
            KM_FIGURE_INSUFFICIENT,
            km_arena_printf(card->arena,
                            "fewer than %d points of %s in the last 60 %% of "
                            "steps",
                            KM_LOCAL_POINTS_MIN, curve->track->name),
            err);
    }
    const char *said;
    bool quiet = take_out_noise(input, card->level, &local, &said);
    /* the same unit as the model's velocity, which stands beside it */
    double size, shown = curve->fitted
                             ? -km_fit_slope(&curve->pow3, curve->x_now)
                             : local.velocity.value;
    unit = unit_for(input, KM_AXIS_STEP, shown, &size);
    struct km_figure_result result =
        km_result_new("learn.velocity_local", "per step", unit);
    result.value = local.velocity.value * size;
    result.lo = local.velocity.lo * size;
    result.hi = local.velocity.hi * size;
    result.level = card->level;
    result.method = quiet
                        ? "Huber slope on ln x, less the noise of the reference"
                        : "Huber slope on ln x";
    result.rung = "Newey-West";
    result.window_from = local.x_from;
    result.window_to = local.x_to;
    result.n = local.n;
    result.n_eff = local.n_eff;
    struct km_evidence evidence = {0};
    add_evidence(input, KM_AXIS_STEP, &evidence);
    judge_interval(&result, &input->axes.rate[KM_AXIS_STEP]);
    if (result.state == KM_FIGURE_OK && local.n_eff < INDEPENDENT_MIN) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "fewer than 10 independent points";
    }
    km_evidence_add(&evidence, said);
    if (curve->fitted &&
        km_velocity_disagrees(-km_fit_slope(&curve->pow3, curve->x_now),
                              &local)) {
        result.reason = "opposite to the model: the regime has changed";
    }
    return km_card_add(card, result, &evidence, err);
}

/* What the fit leaves open about an exponent `a`, by the posterior over (E, a),
 * joined with what models miss by (the band of velocities). */
static struct km_estimate exponent_of(double a, struct km_velocity_band band,
                                      const struct km_half_life *half)
{
    double low = a - half->shape_lo, high = half->shape_hi - a;
    return (struct km_estimate){
        a, a - sqrt(low * low + pow((1 - band.low) * a, 2)),
        a + sqrt(high * high + pow((band.high - 1) * a, 2))};
}

/* The floor E is what is known least: where it is not identified, neither is
 * the exponent above it. */
static enum km_code add_exponent(const struct km_score_input *input,
                                 struct km_scorecard *card, struct km_err *err)
{
    const struct km_curve_input *curve = &input->learn;
    const struct km_fit *fit = &curve->pow3;
    struct km_figure_result result =
        km_result_new("learn.relative_velocity", "exponent", "1");
    struct km_half_life half;
    if (input->rate_moves) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = "the learning rate moved in the window: what is left "
                        "is not a power law of the step";
    } else if (!km_learn_half_life(curve, card->level, &half)) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = "no improvement in the window";
    } else if (!half.identified) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = "the floor is not identified: read the elasticity";
    } else {
        struct km_estimate a =
            exponent_of(fit->theta[0], km_velocity_band(input), &half);
        result.value = a.value;
        result.lo = a.lo;
        result.hi = a.hi;
        result.level = card->level;
        judge(input, &result, &input->axes.rate[KM_AXIS_STEP]);
        if (result.state == KM_FIGURE_OK && half.hi > BARELY * half.lo) {
            result.state = KM_FIGURE_WEAK;
            result.reason = "the floor is barely identified";
        }
    }
    result.method = "pow3: kappa = a";
    result.rung = "posterior of the fit";
    result.window_from = curve->window_from;
    result.window_to = curve->x_now;
    result.n = curve->window_count;
    struct km_evidence evidence = {0};
    add_evidence(input, KM_AXIS_STEP, &evidence);
    km_evidence_add(&evidence,
                    km_arena_printf(card->arena, "fitted floor: %.6g %s",
                                    fit->asymptote * curve->sign, curve->unit));
    return km_card_add(card, result, &evidence, err);
}

static enum km_code add_elasticity(const struct km_score_input *input,
                                   struct km_scorecard *card,
                                   struct km_err *err)
{
    const struct km_curve_input *curve = &input->learn;
    struct km_figure_result result =
        km_result_new("learn.relative_velocity", "elasticity", "1");
    struct km_estimate v = velocity_now(input, card->level, 0);
    double level = fabs(km_fit_value(&curve->pow3, curve->x_now));
    double size = curve->x_now / level;
    result.value = v.value * size;
    result.lo = v.lo * size;
    result.hi = v.hi * size;
    result.level = card->level;
    result.method = "pow3: v x/y";
    result.rung = km_velocity_rung(input);
    result.window_from = curve->window_from;
    result.window_to = curve->x_now;
    result.n = curve->window_count;
    judge(input, &result, &input->axes.rate[KM_AXIS_STEP]);
    struct km_evidence evidence = {0};
    add_evidence(input, KM_AXIS_STEP, &evidence);
    return km_card_add(card, result, &evidence, err);
}

enum km_code km_compute_relative_velocity(const struct km_score_input *input,
                                          struct km_scorecard *card,
                                          struct km_err *err)
{
    const char *id = "learn.relative_velocity";
    if (!input->learn.track) {
        return km_card_add_absent(card, id, "", "1", KM_FIGURE_NOT_APPLICABLE,
                                  "no loss, score or reward", err);
    }
    if (!input->learn.fitted) {
        return km_card_add_absent(card, id, "", "1", KM_FIGURE_INSUFFICIENT,
                                  input->learn.problem, err);
    }
    enum km_code code = add_exponent(input, card, err);
    return code == KM_OK ? add_elasticity(input, card, err) : code;
}
