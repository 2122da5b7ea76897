/* outlook.c - rebins the past for the ensemble, and looks for the target. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/outlook.h"

#include <math.h>

#include "measure/robust.h"

enum { RATE_POINTS_MIN = 3 };

static const double TARGET_REACH = 10; /* times the present step */
static const double RATE_STEADY = 1e-3;

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the run does not fit the memory allowed for one command");
}

/* What is known of the learning rate up to the horizon. */
static enum km_schedule find_schedule(const struct km_score_input *input)
{
    const struct km_track *rate = input->view.tracks[KM_ROLE_LEARNING_RATE];
    const char *stated = input->facts.schedule;
    enum km_schedule seen = KM_SCHEDULE_UNKNOWN;
    if (rate && rate->count >= RATE_POINTS_MIN) {
        size_t from = km_track_find(rate, 0.4 * input->x_now);
        double high = 0, low = INFINITY;
        for (size_t i = from; i < rate->count; i++) {
            high = fmax(high, rate->value[i]);
            low = fmin(low, rate->value[i]);
        }
        seen = low >= (1 - RATE_STEADY) * high ? KM_SCHEDULE_CONSTANT_SO_FAR
                                               : KM_SCHEDULE_DECAYING;
    }
    bool constant =
        stated && km_glob_match(KM_STR("*constant*"), km_str_of(stated));
    return constant && seen != KM_SCHEDULE_DECAYING ? KM_SCHEDULE_CONSTANT
                                                    : seen;
}

/* Bins of every window of the past that has enough points. */
static size_t rebin(const struct km_curve_input *curve, struct km_bins *bins,
                    struct km_fit_problem *problems)
{
    size_t count = 0;
    for (size_t w = 0; w < KM_FORECAST_WINDOWS; w++) {
        double from = km_forecast_windows[w] * curve->x_now;
        size_t first = km_bins_find(curve->x, curve->count, from);
        if (curve->count - first < KM_FIT_POINTS_MIN) {
            continue;
        }
        km_bins_of_sums(&bins[count], &curve->sums, first, curve->count);
        problems[count] = (struct km_fit_problem){
            .x = bins[count].x,
            .y = bins[count].y,
            .weight = bins[count].n,
            .count = bins[count].count,
            .x_now = curve->x_now,
            .e_min = curve->e_min,
        };
        count++;
    }
    return count;
}

/* How far the interval reaches, by what is known of what comes. */
static struct km_cold_start choose_cold_start(const struct km_score_input *in,
                                              const struct km_curve_input *of)
{
    enum km_role role = of->track->of.role;
    bool loss = role == KM_ROLE_TRAIN_LOSS || role == KM_ROLE_VALID_LOSS ||
                role == KM_ROLE_TEST_LOSS;
    if (in->schedule == KM_SCHEDULE_CONSTANT) {
        return km_cold_start_constant;
    }
    return loss && of->window_count >= KM_COLD_START_POINTS_MIN
               ? km_cold_start_unknown
               : km_cold_start_thin;
}

static enum km_code prepare_forecast(struct km_score_input *input,
                                     struct km_curve_input *curve,
                                     struct km_err *err)
{
    if (!curve->fitted) {
        return KM_OK;
    }
    struct km_bins *bins =
        km_new(input->arena, struct km_bins, KM_FORECAST_WINDOWS);
    curve->forecast = km_new(input->arena, struct km_forecast, 1);
    if (!bins || !curve->forecast) {
        return fail_full(err);
    }
    struct km_fit_problem past[KM_FORECAST_WINDOWS];
    size_t count = rebin(curve, bins, past);
    const struct km_fit_problem window = {
        .x = curve->bins.x,
        .y = curve->bins.y,
        .weight = curve->bins.n,
        .count = curve->bins.count,
        .x_now = curve->x_now,
        .e_min = curve->e_min,
    };
    /* a training loss at the horizon is an average, an evaluation is not */
    bool averaged = curve->track->of.role == KM_ROLE_TRAIN_LOSS;
    km_forecast_prepare(&curve->pow3, &curve->invlog3, &window, past, count,
                        averaged ? 0 : curve->pow3.scale,
                        choose_cold_start(input, curve), input->scratch,
                        curve->forecast);
    return KM_OK;
}

struct km_crossing km_outlook_crossing(const struct km_curve_input *curve,
                                       double target)
{
    bool averaged = curve->track->of.role == KM_ROLE_TRAIN_LOSS &&
                    curve->count > KM_BINS_MAX;
    struct km_bins bins;
    if (averaged) {
        km_bins_of_sums(&bins, &curve->sums, 0, curve->count);
        return km_target_observed(bins.x, bins.y, bins.count, target);
    }
    return km_target_observed(curve->x, curve->y, curve->count, target);
}

/* Training time that had been used up at a step; NaN without a clock. */
static double time_at(const struct km_score_input *input, double step)
{
    const struct km_track *train = input->view.tracks[KM_ROLE_TRAIN_TIME];
    if (train && train->count) {
        size_t at = km_track_find(train, step);
        if (at == 0 || at == train->count) {
            at = at ? at - 1 : 0;
            return train->value[at];
        }
        double span = train->step[at] - train->step[at - 1];
        double share = span > 0 ? (step - train->step[at - 1]) / span : 1;
        return train->value[at - 1] +
               share * (train->value[at] - train->value[at - 1]);
    }
    const struct km_rate *active = &input->axes.rate[KM_AXIS_ACTIVE];
    return active->known ? step * active->per_step : (double)NAN;
}

enum km_code km_outlook_prepare(struct km_score_input *input,
                                struct km_err *err)
{
    input->schedule = find_schedule(input);
    enum km_code code = prepare_forecast(input, &input->learn, err);
    if (code == KM_OK && input->valid.track != input->learn.track) {
        code = prepare_forecast(input, &input->valid, err);
    } else {
        input->valid.forecast = input->learn.forecast;
    }
    struct km_outlook *outlook = &input->outlook;
    outlook->curve = input->valid.track ? &input->valid : &input->learn;
    if (code != KM_OK || isnan(input->target) || !outlook->curve->track) {
        return code;
    }
    const struct km_curve_input *curve = outlook->curve;
    outlook->x_max = fmax(input->horizon, TARGET_REACH * curve->x_now);
    outlook->crossing = km_outlook_crossing(curve, curve->sign * input->target);
    outlook->reached_after_s = NAN;
    if (outlook->crossing.reached) {
        outlook->reached_after_s = time_at(input, outlook->crossing.x);
    } else if (curve->fitted) {
        outlook->eta = km_target_forecast(
            curve->forecast, curve->sign * input->target, outlook->x_max);
    }
    return KM_OK;
}

struct km_estimate km_outlook_at(const struct km_curve_input *curve, double x)
{
    struct km_estimate e = km_forecast_at(curve->forecast, x);
    e.lo = fmax(e.lo, curve->e_min);
    e.value = fmax(e.value, curve->e_min);
    e.hi = fmax(e.hi, curve->e_min);
    if (curve->sign < 0) {
        return (struct km_estimate){-e.value, -e.hi, -e.lo};
    }
    return e;
}
