/* input.c - loads a run and computes what its figures share. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/input.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "measure/mask.h"
#include "measure/schedule.h"
#include "measure/thin.h"
#include "score/goal_judge.h"
#include "score/model_config.h"
#include "score/outlook.h"
#include "score/plan_config.h"
#include "score/reference.h"

enum { WINDOW_POINTS_GOOD = 24 };

static const double HORIZON_FACTOR = 2;

/* Training FLOP of a dense transformer for one token and parameter: two for
 * the forward pass, four for the backward pass. */
static const double FLOP_PER_TOKEN_AND_PARAMETER = 6;

void km_score_options_init(struct km_score_options *options)
{
    *options = (struct km_score_options){
        .target = NAN,
        .horizon = NAN,
        .price_per_accelerator_hour = NAN,
        .price_per_step = NAN,
        .accelerators = NAN,
        .tokens_per_step = NAN,
        .negligible = NAN,
    };
}

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the run does not fit the memory allowed for one command");
}

/* Chooses the share of the past that the fit may see. */
static void choose_window(struct km_curve_input *curve)
{
    static const struct {
        double window;
        size_t points;
    } choices[] = {{0.4, WINDOW_POINTS_GOOD},
                   {0.2, KM_FIT_POINTS_MIN},
                   {0.1, KM_FIT_POINTS_MIN}};
    for (size_t c = 0; c < 3 && curve->window <= 0; c++) {
        double from = choices[c].window * curve->x_now;
        size_t first = km_bins_find(curve->x, curve->count, from);
        if (curve->count - first >= choices[c].points) {
            curve->window = choices[c].window;
            curve->window_from = curve->x[first];
            curve->window_count = curve->count - first;
        }
    }
}

static const char *metric_unit(const struct km_track *track)
{
    if (strcmp(track->of.unit, "1") != 0) {
        return track->of.unit;
    }
    switch (track->of.role) {
    case KM_ROLE_REWARD:
        return "reward";
    case KM_ROLE_TRAIN_SCORE:
    case KM_ROLE_VALID_SCORE:
        return "score";
    case KM_ROLE_NONE:
    case KM_ROLE_TRAIN_LOSS:
    case KM_ROLE_VALID_LOSS:
    case KM_ROLE_TEST_LOSS:
    case KM_ROLE_PERPLEXITY:
    case KM_ROLE_LEARNING_RATE:
    case KM_ROLE_GRAD_NORM:
    case KM_ROLE_TOKENS:
    case KM_ROLE_SAMPLES:
    case KM_ROLE_EPOCH:
    case KM_ROLE_STEP_TIME:
    case KM_ROLE_TRAIN_TIME:
    case KM_ROLE_TOKENS_PER_SECOND:
    case KM_ROLE_SAMPLES_PER_SECOND:
    case KM_ROLE_STEPS_PER_SECOND:
    case KM_ROLE_MFU:
    case KM_ROLE_FLOPS:
    case KM_ROLE_BATCH_SIZE:
    case KM_ROLE_BATCH_TOKENS:
    case KM_ROLE_COUNT:
        break;
    }
    return "unit";
}

/* Losses and errors cannot fall below 0, scores between 0 and 1 cannot rise
 * above 1; what goes beyond has no floor. */
static double floor_of(const struct km_curve_input *curve, size_t first)
{
    double low = curve->sign > 0 ? 0 : -1;
    bool bounded = curve->sign > 0 || curve->track->of.role != KM_ROLE_REWARD;
    for (size_t i = first; i < curve->count && bounded; i++) {
        bounded = curve->y[i] >= low && (low >= 0 || curve->y[i] <= 0);
    }
    return bounded ? low : -(double)INFINITY;
}

/* Of a noisy curve: a fit, a velocity, a forecast do not see them. */
static bool leave_out_spikes(struct km_curve_input *curve,
                             struct km_arena *arena)
{
    enum km_role role = curve->track->of.role;
    size_t n = curve->count;
    if ((role != KM_ROLE_TRAIN_LOSS && role != KM_ROLE_REWARD) ||
        n < KM_MASK_WINDOW) {
        return true;
    }
    bool *keep = km_new(arena, bool, n);
    curve->masked = keep ? km_mask_spikes(curve->y, n, keep) : 0;
    if (!keep || curve->masked == 0) {
        return keep != NULL;
    }
    double *points = km_arena_alloc(arena, 2 * n * sizeof *points);
    if (points) {
        curve->count =
            km_mask_apply(curve->x, curve->y, n, keep, points, points + n);
        curve->x = points;
        curve->y = points + n;
    }
    return points != NULL;
}

/* What verdicts look at: all points; of very many, means of neighbours. */
static bool take_all(struct km_curve_input *curve, struct km_arena *arena)
{
    size_t n = km_thin_count(curve->count);
    curve->all_x = curve->x;
    curve->all_y = curve->y;
    curve->all_count = curve->count;
    if (n == curve->count) {
        return true;
    }
    double *points = km_arena_alloc(arena, 2 * n * sizeof *points);
    if (points) {
        km_thin(curve->x, curve->y, curve->count, 0, points, points + n);
        curve->all_x = points;
        curve->all_y = points + n;
        curve->all_count = n;
    }
    return points != NULL;
}

/* Points with step > 0 after the warm-up, turned so that lower is better. */
static bool take_points(const struct km_track *track, double warmup_end,
                        struct km_arena *arena, struct km_curve_input *curve)
{
    size_t first = 0;
    while (first < track->count &&
           (track->step[first] <= 0 || track->step[first] < warmup_end)) {
        first++;
    }
    curve->track = track;
    curve->unit = metric_unit(track);
    curve->sign = track->of.better > 0 ? -1 : 1;
    curve->count = track->count - first;
    curve->x = track->step + first;
    curve->y = track->value + first;
    curve->x_now = track->count ? track->step[track->count - 1] : (double)NAN;
    if (curve->sign < 0) {
        double *turned = km_arena_alloc(arena, curve->count * sizeof *turned);
        for (size_t i = 0; turned && i < curve->count; i++) {
            turned[i] = -track->value[first + i];
        }
        curve->y = turned;
    }
    if (!curve->y || !take_all(curve, arena) ||
        !leave_out_spikes(curve, arena)) {
        return false;
    }
    curve->sums.sum_x =
        km_arena_alloc(arena, (curve->count + 1) * sizeof(double));
    curve->sums.sum_y =
        km_arena_alloc(arena, (curve->count + 1) * sizeof(double));
    if (!curve->sums.sum_x || !curve->sums.sum_y) {
        return false;
    }
    km_bin_sums_fill(&curve->sums, curve->x, curve->y, curve->count);
    return true;
}

static enum km_code open_curve(struct km_score_input *input,
                               const struct km_track *track,
                               struct km_curve_input *curve, struct km_err *err)
{
    curve->problem = "the run has no such metric";
    bool taken =
        !track || take_points(track, input->warmup_end, input->arena, curve);
    return taken ? KM_OK : fail_full(err);
}

static enum km_code fit_curve(struct km_score_input *input,
                              struct km_curve_input *curve, struct km_err *err)
{
    const struct km_track *track = curve->track;
    if (!track) {
        return KM_OK;
    }
    choose_window(curve);
    if (curve->window <= 0) {
        curve->window_count =
            curve->count -
            km_bins_find(curve->x, curve->count, 0.1 * curve->x_now);
        curve->problem = km_arena_printf(
            input->arena,
            "%zu points of %s after the first tenth and the warm-up, at least "
            "%d are needed",
            curve->window_count, track->name, KM_FIT_POINTS_MIN);
        return curve->problem ? KM_OK : fail_full(err);
    }
    size_t first = curve->count - curve->window_count;
    curve->e_min = floor_of(curve, first);
    km_bins_of_sums(&curve->bins, &curve->sums, first, curve->count);
    const struct km_fit_problem problem = {
        .x = curve->bins.x,
        .y = curve->bins.y,
        .weight = curve->bins.n,
        .count = curve->bins.count,
        .x_now = curve->x_now,
        .e_min = curve->e_min,
    };
    curve->fitted = km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED,
                               input->scratch, &curve->pow3) &&
                    km_fit_run(KM_FAMILY_INVLOG3, &problem, KM_FIT_REFINED,
                               input->scratch, &curve->invlog3);
    curve->problem = curve->fitted ? "" : "all points stand at one step";
    return KM_OK;
}

/* The metric whose improvement is the run's learning. */
static const struct km_track *choose_learn(struct km_score_input *input)
{
    static const struct {
        enum km_role role;
        const char *why;
    } order[] = {
        {KM_ROLE_TRAIN_LOSS, "the training loss"},
        {KM_ROLE_REWARD, "no training loss: the reward"},
        {KM_ROLE_VALID_LOSS, "no training loss: the validation loss"},
        {KM_ROLE_TEST_LOSS, "no training loss: the test loss"},
        {KM_ROLE_TRAIN_SCORE, "no loss: the training score"},
        {KM_ROLE_VALID_SCORE, "no loss: the validation score"},
        {KM_ROLE_PERPLEXITY, "no loss: the perplexity"},
    };
    enum { ROWS = sizeof order / sizeof *order };
    /* a role with enough points first; then whatever there is */
    for (size_t least = KM_FIT_POINTS_MIN;; least = 1) {
        for (size_t i = 0; i < ROWS; i++) {
            const struct km_track *track = input->view.tracks[order[i].role];
            if (track && track->count >= least) {
                input->learn_choice = order[i].why;
                return track;
            }
        }
        if (least == 1) {
            return NULL;
        }
    }
}

static const struct km_track *choose_valid(const struct km_score_input *input)
{
    static const enum km_role order[] = {KM_ROLE_VALID_LOSS, KM_ROLE_TEST_LOSS,
                                         KM_ROLE_VALID_SCORE};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const struct km_track *track = input->view.tracks[order[i]];
        if (track && track->count) {
            return track;
        }
    }
    return NULL;
}

/* Throughput over the last 60 % of steps, or over all when those are few. */
static enum km_code measure_speed(struct km_score_input *input,
                                  struct km_err *err)
{
    struct km_timeline *timeline = &input->timeline;
    enum km_code code =
        km_timeline_build(&input->view, input->arena, timeline, err);
    if (code != KM_OK || !timeline->source) {
        return code;
    }
    size_t first = 0;
    while (first < timeline->count &&
           timeline->at[first] < 0.4 * input->x_now) {
        first++;
    }
    if (timeline->count - first < KM_THROUGHPUT_BLOCKS) {
        first = 0;
    }
    size_t n = timeline->count - first;
    double *scratch = km_arena_alloc(input->arena, 2 * KM_THROUGHPUT_ORDER_MAX *
                                                       sizeof *scratch);
    if (!scratch) {
        return fail_full(err);
    }
    input->timed = km_throughput_measure(timeline->steps + first,
                                         timeline->seconds + first, n, scratch,
                                         &input->throughput);
    if (n) {
        input->throughput_from = timeline->at[first] - timeline->steps[first];
        input->throughput_to = timeline->at[timeline->count - 1];
    }
    return KM_OK;
}

/* "config: KEY", or "" when the key is not there. */
static const char *config_source(struct km_arena *arena, const char *key)
{
    return key ? km_arena_printf(arena, "config: %s", key) : "";
}

static enum km_code measure_axes(struct km_score_input *input,
                                 struct km_err *err)
{
    const struct km_score_options *options = input->options;
    const struct km_run_facts *facts = &input->facts;
    struct km_arena *arena = input->arena;
    bool given = options->tokens_per_step > 0;
    bool devices = options->accelerators > 0;
    struct km_axis_facts axis = {
        .tokens_per_step =
            given ? options->tokens_per_step : facts->tokens_per_step,
        .tokens_source = given ? "--tokens-per-step"
                               : config_source(arena, facts->tokens_key),
        .samples_per_step = facts->samples_per_step,
        .samples_source = config_source(arena, facts->samples_key),
        .accelerators = devices ? options->accelerators : facts->accelerators,
        .accelerators_source =
            devices ? "--accelerators"
                    : config_source(arena, facts->accelerators_key),
        .flop_per_token = FLOP_PER_TOKEN_AND_PARAMETER * facts->parameters,
        .flop_source = km_arena_printf(
            arena, "6 FLOP per parameter and token, %g parameters",
            facts->parameters),
        .price_per_accelerator_hour = options->price_per_accelerator_hour,
        .price_per_step = options->price_per_step,
        .active_s_per_step =
            input->timed ? input->throughput.seconds_per_step : (double)NAN,
        .active_relative_se =
            input->timed ? input->throughput.relative_se : (double)NAN,
        .active_source = input->timeline.source,
    };
    return km_axes_measure(&input->view, &input->timeline, &axis,
                           input->throughput_from > 0 ? input->throughput_from
                                                      : 0.4 * input->x_now,
                           input->x_now, arena, &input->axes, err);
}

static void find_now(struct km_score_input *input)
{
    input->x_now = 0;
    for (int role = 0; role < KM_ROLE_COUNT; role++) {
        const struct km_track *track = input->view.tracks[role];
        if (track && track->count &&
            track->step[track->count - 1] > input->x_now) {
            input->x_now = track->step[track->count - 1];
        }
    }
}

/* The run has got to its planned end, or is finished and had no plan. */
static void choose_horizon(struct km_score_input *input)
{
    double asked = input->options->horizon;
    double planned = km_run_facts_planned(&input->facts, input->x_now);
    input->horizon = HORIZON_FACTOR * input->x_now;
    input->horizon_source = "twice the present step";
    if (asked > input->x_now) {
        input->horizon = asked;
        input->horizon_source = "--horizon";
        input->planned = true;
    } else if (planned > 0) {
        input->at_end = km_run_is_through(planned, input->x_now);
        input->planned = true;
        if (!input->at_end) {
            input->horizon = planned;
            input->horizon_source = "the planned last step, from the config";
        }
    } else {
        input->at_end = input->view.state == KM_RUN_FINISHED;
    }
}

enum km_code km_score_input_open(struct km_store *store, uint64_t run_id,
                                 const struct km_score_options *options,
                                 struct km_arena *arena,
                                 struct km_score_input *input,
                                 struct km_err *err)
{
    *input = (struct km_score_input){.options = options, .arena = arena};
    enum km_code code = km_run_view_load(store, run_id, options->roles, arena,
                                         &input->view, err);
    if (code == KM_OK) {
        code = km_run_facts_load(store, run_id, arena, &input->facts, err);
    }
    if (code != KM_OK) {
        return code;
    }
    find_now(input);
    km_run_facts_settle(&input->view, &input->facts);
    choose_horizon(input);
    input->target = options->target;
    const struct km_track *rate = input->view.tracks[KM_ROLE_LEARNING_RATE];
    input->warmup_end =
        rate ? km_rate_warmup(rate->step, rate->value, rate->count) : 0;
    code = open_curve(input, choose_learn(input), &input->learn, err);
    if (code == KM_OK) {
        code = open_curve(input, choose_valid(input), &input->valid, err);
    }
    if (code == KM_OK) {
        code = measure_speed(input, err);
    }
    return code == KM_OK ? measure_axes(input, err) : code;
}

enum km_code km_score_input_load(struct km_store *store, uint64_t run_id,
                                 const struct km_score_options *options,
                                 struct km_arena *arena,
                                 struct km_score_input *input,
                                 struct km_err *err)
{
    enum km_code code =
        km_score_input_open(store, run_id, options, arena, input, err);
    if (code == KM_OK) {
        code = km_run_events_load(store, run_id, arena, &input->events, err);
    }
    if (code != KM_OK) {
        return code;
    }
    input->scratch = km_arena_alloc(arena, sizeof *input->scratch);
    input->doubles =
        km_arena_alloc(arena, 4 * KM_LOCAL_POINTS_MAX * sizeof *input->doubles);
    if (!input->scratch || !input->doubles) {
        return fail_full(err);
    }
    struct km_config_plan *plan = km_new(arena, struct km_config_plan, 1);
    code = plan ? km_plan_of_config(store, run_id, input->facts.max_steps,
                                    arena, plan, err)
                : fail_full(err);
    input->config_plan = plan;
    if (code == KM_OK) {
        struct km_model_facts *model = km_new(arena, struct km_model_facts, 1);
        code = model ? km_model_facts_load(store, run_id, &input->facts,
                                           options, arena, model, err)
                     : fail_full(err);
        input->model = model;
        code = code ? code : km_goodput_fill(input, err);
        code = code ? code : fit_curve(input, &input->learn, err);
    }
    if (code == KM_OK) {
        code = fit_curve(input, &input->valid, err);
    }
    if (code == KM_OK) {
        code = km_reference_load(store, input, err);
    }
    if (code == KM_OK && options->goals) {
        input->goals = *options->goals;
    } else if (code == KM_OK) {
        const struct km_run_view *view = &input->view;
        code = km_goals_load(store,
                             km_arena_printf(arena, "%s%s%s", view->project,
                                             *view->project ? "/" : "",
                                             view->name),
                             view->name, arena, &input->goals, err);
    }
    code = code == KM_OK ? km_outlook_prepare(store, input, err) : code;
    return code == KM_OK ? km_goals_judge(input, err) : code;
}
