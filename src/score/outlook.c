/* outlook.c - the paths of a run's curves, and when its target is met. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/outlook.h"

#include <math.h>

#include "score/record.h"
#include "score/scheduled.h"

static const double TARGET_REACH = 10; /* times the present step */

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the run does not fit the memory allowed for one command");
}

/* The finished runs beside this one; none without the option. */
static enum km_code find_history(const struct km_score_input *input,
                                 const struct km_project_history **history,
                                 struct km_err *err)
{
    *history = NULL;
    return input->options->histories
               ? km_history_of(input->options->histories, input->view.project,
                               history, err)
               : KM_OK;
}

/* The curve as forecasts want it: turned, without warm-up and spikes. */
static void take_curve(const struct km_score_input *input,
                       const struct km_curve_input *of,
                       struct km_stored_curve *curve)
{
    km_stored_curve_describe(input->stored, of->track, curve);
    curve->run.x = of->x;
    curve->run.y = of->y;
    curve->run.count = of->count;
    curve->run.e_min = of->e_min;
}

static enum km_code make_path(struct km_score_input *input,
                              struct km_curve_input *curve,
                              const struct km_project_history *history,
                              struct km_origin_workspace *work,
                              struct km_err *err)
{
    struct km_path *path = km_new(input->arena, struct km_path, 1);
    struct km_stored_curve *stored =
        km_new(input->arena, struct km_stored_curve, 1);
    if (!path || !stored) {
        return fail_full(err);
    }
    take_curve(input, curve, stored);
    const struct km_path_question question = {
        .run = input->stored,
        .curve = stored,
        .sums = &curve->sums,
        .horizon = input->horizon,
        .reach = TARGET_REACH * curve->x_now,
        .planned = input->planned,
        .at = input->at,
        .at_count = input->at_count,
        .level = KM_COLD_START_LEVEL,
    };
    bool made;
    enum km_code code =
        km_path_make(&question, history, work, input->arena, path, &made, err);
    curve->path = made ? path : NULL;
    curve->no_path = made ? "" : "its last point stands at the horizon";
    return code;
}

static enum km_code read_record(struct km_store *store,
                                struct km_score_input *input,
                                struct km_err *err)
{
    struct km_record *record = km_new(input->arena, struct km_record, 1);
    input->record = record;
    return record
               ? km_record_read(store, input->view.project, KM_COLD_START_LEVEL,
                                input->arena, record, err)
               : fail_full(err);
}

/* What is asked for and, if wanted, milestones before the horizon. */
static enum km_code list_steps(struct km_score_input *input, struct km_err *err)
{
    static const double milestones[] = {1.25, 1.5, 2};
    const struct km_score_options *options = input->options;
    double *at = km_new(input->arena, double, KM_PATH_ASKED_MAX);
    if (!at) {
        return fail_full(err);
    }
    for (size_t i = 0; i < options->at_count; i++) {
        at[input->at_count++] = options->at[i];
    }
    for (size_t i = 0; i < 3 && options->milestones && !input->at_end; i++) {
        double x = floor(milestones[i] * input->x_now);
        if (x > input->x_now && x < input->horizon) {
            at[input->at_count++] = x;
        }
    }
    input->at = at;
    return KM_OK;
}

static enum km_code make_paths(struct km_store *store,
                               struct km_score_input *input, struct km_err *err)
{
    bool two = input->valid.track && input->valid.track != input->learn.track;
    struct km_origin_workspace *work =
        km_new(input->arena, struct km_origin_workspace, 1);
    const struct km_project_history *history;
    if (!work) {
        return fail_full(err);
    }
    enum km_code code = find_history(input, &history, err);
    code = code ? code : read_record(store, input, err);
    if (code == KM_OK && input->learn.fitted) {
        code = make_path(input, &input->learn, history, work, err);
    }
    if (code == KM_OK && input->valid.fitted && two) {
        code = make_path(input, &input->valid, history, work, err);
    }
    size_t groups;
    if (code == KM_OK && input->learn.path &&
        km_path_velocity_band(input->learn.path, input->arena,
                              &input->velocity_band, &groups)) {
        input->velocity_groups = groups;
    }
    if (!two) {
        input->valid.path = input->learn.path;
        input->valid.no_path = input->learn.no_path;
    }
    return code;
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

double km_outlook_time(const struct km_score_input *input, double step)
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

/* Configuration and plan, of a run at its end too. */
static enum km_code read_plan(struct km_store *store,
                              struct km_score_input *input, struct km_err *err)
{
    struct km_stored_run *stored =
        km_new(input->arena, struct km_stored_run, 1);
    if (!stored) {
        return fail_full(err);
    }
    stored->view = input->view;
    stored->facts = input->facts;
    input->stored = stored;
    bool asked = input->planned && !input->at_end;
    return km_stored_run_plan(store, asked ? input->horizon : (double)NAN,
                              input->arena, stored, err);
}

enum km_code km_outlook_prepare(struct km_store *store,
                                struct km_score_input *input,
                                struct km_err *err)
{
    input->learn.no_path =
        input->learn.fitted ? "the run is at its end" : input->learn.problem;
    input->valid.no_path =
        input->valid.fitted ? "the run is at its end" : input->valid.problem;
    enum km_code code = read_plan(store, input, err);
    if (code == KM_OK) {
        km_scheduled_prepare(input);
    }
    code = code ? code : list_steps(input, err);
    if (code == KM_OK && !input->at_end &&
        (input->learn.fitted || input->valid.fitted)) {
        code = make_paths(store, input, err);
    }
    struct km_outlook *outlook = &input->outlook;
    outlook->curve = input->valid.track ? &input->valid : &input->learn;
    if (code != KM_OK || isnan(input->target) || !outlook->curve->track) {
        return code;
    }
    const struct km_curve_input *curve = outlook->curve;
    const struct km_path *path = curve->path;
    double target = curve->sign * input->target;
    outlook->x_max = path ? path->places[path->count - 1].x : curve->x_now;
    outlook->crossing = km_outlook_crossing(curve, target);
    outlook->reached_after_s = NAN;
    if (outlook->crossing.reached) {
        outlook->reached_after_s = km_outlook_time(input, outlook->crossing.x);
    } else if (path) {
        outlook->eta = km_path_reaches(path, target, input->arena);
    }
    return KM_OK;
}

static struct km_estimate turned_back(const struct km_curve_input *curve,
                                      struct km_estimate e)
{
    return curve->sign < 0 ? (struct km_estimate){-e.value, -e.hi, -e.lo} : e;
}

struct km_estimate km_outlook_at(const struct km_curve_input *curve, double x)
{
    return turned_back(curve, km_path_at(curve->path, x).outer);
}

struct km_estimate km_outlook_drawn(const struct km_curve_input *curve,
                                    const struct km_path_drawn *drawn, double x,
                                    struct km_estimate *inner)
{
    struct km_path_place place = km_path_drawn_at(drawn, x);
    *inner = turned_back(curve, place.inner);
    return turned_back(curve, place.outer);
}

bool km_outlook_never(const struct km_curve_input *curve, double target,
                      double *floor)
{
    const struct km_path *path = curve->path;
    *floor = (curve->pow3.asymptote + curve->invlog3.asymptote) / 2;
    return !path->planned && !path->run->plan_known && target <= *floor;
}
