/* scheduled.c - the annealing law over the last nine tenths of a run. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/scheduled.h"

#include <math.h>
#include <string.h>

#include "score/finding.h"
#include "score/stored_run.h"

static const double WINDOW = 0.1, STEP = 0.01;

/* y (turned) per step at the present one; NaN: it cannot be said. */
static double slope_of(const struct km_score_input *input,
                       const struct km_rate_plan *plan)
{
    const struct km_curve_input *curve = &input->learn;
    double from = fmax(WINDOW * curve->x_now, km_plan_warm(plan));
    size_t first = km_bins_find(curve->x, curve->count, from);
    struct km_bins bins;
    double s1[KM_BINS_MAX], drop[KM_BINS_MAX], at[2], at_s1[2], at_drop[2];
    if (curve->count - first < KM_FIT_POINTS_MIN) {
        return NAN;
    }
    km_bins_of_sums(&bins, &curve->sums, first, curve->count);
    at[1] = curve->x[curve->count - 1];
    at[0] = (1 - STEP) * at[1];
    km_plan_features(plan, bins.x, bins.count, s1, drop);
    km_plan_features(plan, at, 2, at_s1, at_drop);
    const struct km_anneal_prior prior = km_anneal_prior_cold(plan->final);
    bool nats = strcmp(curve->unit, "nat") == 0;
    const struct km_anneal_problem problem = {
        .s1 = s1,
        .drop = drop,
        .y = bins.y,
        .weight = bins.n,
        .count = bins.count,
        .s1_now = at_s1[1],
        .drop_now = at_drop[1],
        .e_min = curve->e_min,
        .prior = nats ? &prior : NULL,
    };
    struct km_anneal fit;
    if (!km_anneal_run(KM_FAMILY_POW3, &problem, input->scratch, &fit)) {
        return NAN;
    }
    return (km_anneal_value(&fit, at_s1[0], at_drop[0]) -
            km_anneal_value(&fit, at_s1[1], at_drop[1])) /
           (at[1] - at[0]);
}

/* No plan is known up to now: what the log, or the curve itself, gives away. */
static void judge_unlogged(struct km_score_input *input)
{
    const struct km_curve_input *curve = &input->learn;
    if (km_rate_moved(input, curve->window_from, curve->x_now)) {
        input->rate_moves = "the learning rate moved in the window, which the "
                            "fitted curve does not know";
        return;
    }
    if (input->local.n) {
        input->steepened = km_velocity_steepened(&curve->pow3, &input->local);
    }
    if (input->steepened > 1) {
        input->rate_moves = km_arena_printf(
            input->arena,
            "of late %.1f times as steep as the fitted curve: a rate that is "
            "lowered and not logged?",
            input->steepened);
    }
}

void km_scheduled_prepare(struct km_score_input *input)
{
    const struct km_curve_input *curve = &input->learn;
    const struct km_stored_run *run = input->stored;
    input->scheduled_slope = NAN;
    input->steepened = 1;
    bool local =
        curve->track &&
        km_velocity_local(curve->x, curve->y, curve->count, KM_LOCAL_POINTS_MIN,
                          KM_CARD_LEVEL, input->doubles, &input->local);
    input->local.n = local ? input->local.n : 0;
    if (!curve->fitted) {
        return;
    }
    if (!run->plan_logged) {
        judge_unlogged(input);
        return;
    }
    double from = fmax(curve->window_from, km_plan_warm(&run->plan));
    if (from < curve->x_now &&
        !km_plan_constant_between(&run->plan, from, curve->x_now)) {
        input->rate_moves = "the learning rate moves: not calibrated";
        input->scheduled_slope = slope_of(input, &run->plan);
    }
}
