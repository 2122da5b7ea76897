/* input.c - loads a run and computes what its figures share. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/input.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "measure/schedule.h"
#include "score/curve_input.h"
#include "score/goal_judge.h"
#include "score/memory.h"
#include "score/model_config.h"
#include "score/outlook.h"
#include "score/plan_config.h"
#include "score/reference.h"
#include "score/side_series.h"

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
        {KM_ROLE_TEST_SCORE, "no loss: the test score"},
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
                                         KM_ROLE_VALID_SCORE,
                                         KM_ROLE_TEST_SCORE};
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
    struct km_memory *memory = input->memory;
    const struct km_timeline *timeline = &input->timeline;
    enum km_code code = km_memory_timeline(memory, &input->view, err);
    input->timeline = memory->timeline;
    input->stretches = &memory->stretches;
    if (code != KM_OK || !timeline->source) {
        return code;
    }
    size_t first =
        km_bins_find(timeline->at, timeline->count, 0.4 * input->x_now);
    if (timeline->count - first < KM_THROUGHPUT_BLOCKS) {
        first = 0;
    }
    size_t n = timeline->count - first;
    double *scratch = km_arena_alloc(input->arena, 2 * KM_THROUGHPUT_ORDER_MAX *
                                                       sizeof *scratch);
    if (!scratch) {
        return fail_full(err);
    }
    input->timed = km_throughput_measure(input->stretches, first, scratch,
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
        /* without a word of its state: where it would go, if it goes on */
        enum km_run_state state = input->view.state;
        input->at_end = state != KM_RUN_RUNNING && state != KM_RUN_UNKNOWN;
    }
}

enum km_code km_score_input_open(struct km_store *store, uint64_t run_id,
                                 const struct km_score_options *options,
                                 struct km_arena *arena,
                                 struct km_score_input *input,
                                 struct km_err *err)
{
    *input = (struct km_score_input){.options = options, .arena = arena};
    struct km_memory *memory =
        options->memory ? options->memory : km_memory_once(arena);
    if (!memory) {
        return fail_full(err);
    }
    enum km_code code =
        km_memory_look(memory, store, run_id, options, arena, err);
    input->memory = memory;
    input->view = memory->view;
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
    code = km_curve_open(memory, &memory->learn, choose_learn(input),
                         input->warmup_end, &input->learn, err);
    if (code == KM_OK) {
        code = km_curve_open(memory, &memory->valid, choose_valid(input),
                             input->warmup_end, &input->valid, err);
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
        code = code ? code : km_side_series_load(store, input, err);
        code = code ? code : km_goodput_fill(input, err);
        code = code ? code : km_curve_fit(input, &input->learn, err);
    }
    if (code == KM_OK) {
        code = km_curve_fit(input, &input->valid, err);
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
