/* reference.c - finds, loads and fits the run with the same batches. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/reference.h"

#include <math.h>
#include <string.h>

enum { CANDIDATES_MAX = 1000 };

static const double FIT_FROM = 0.4, FIT_TO = 1.6; /* times x_now */

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the reference run does not fit the memory allowed for one "
                   "command");
}

struct candidates {
    struct km_arena *arena;
    uint64_t own;
    struct {
        uint64_t id;
        int64_t created_ns;
        bool finished;
    } row[CANDIDATES_MAX];
    size_t count;
};

static bool take_candidate(void *user, const struct km_run_row *run)
{
    struct candidates *found = user;
    if (run->id != found->own) {
        found->row[found->count].id = run->id;
        found->row[found->count].created_ns = run->meta.created_ns;
        found->row[found->count++].finished =
            run->meta.state == KM_RUN_FINISHED;
    }
    return found->count < CANDIDATES_MAX;
}

/* The best of the candidates with the same order of data; 0: none. */
static enum km_code choose(struct km_store *store,
                           const struct km_score_input *input, uint64_t *run,
                           struct km_err *err)
{
    struct candidates *found = km_new(input->arena, struct candidates, 1);
    if (!found) {
        return fail_full(err);
    }
    found->own = input->view.run_id;
    const struct km_run_filter filter = {
        .project = km_str_of(input->view.project), .order = KM_ORDER_NAME};
    enum km_code code =
        km_store_list_runs(store, &filter, take_candidate, found, err);
    size_t best = found->count;
    for (size_t i = 0; i < found->count && code == KM_OK; i++) {
        struct km_run_facts facts;
        code = km_run_facts_load(store, found->row[i].id, input->arena, &facts,
                                 err);
        if (code != KM_OK || !facts.data_order ||
            strcmp(facts.data_order, input->facts.data_order) != 0) {
            continue;
        }
        bool better = best == found->count;
        if (!better && found->row[i].finished != found->row[best].finished) {
            better = found->row[i].finished;
        } else if (!better) {
            better = found->row[i].created_ns < found->row[best].created_ns;
        }
        best = better ? i : best;
    }
    *run = best < found->count ? found->row[best].id : 0;
    return code;
}

/* The track of the same metric, by name. */
static const struct km_track *same_metric(const struct km_run_view *view,
                                          const struct km_track *track)
{
    const struct km_track *other = view->tracks[track->of.role];
    return other && strcmp(other->name, track->name) == 0 && other->count
               ? other
               : NULL;
}

/* Fits the reference around x_now; false: it has too little there. */
static bool fit_reference(const struct km_score_input *input,
                          const struct km_track *track, double sign,
                          struct km_bins *bins, double *turned,
                          struct km_fit *fit)
{
    double now = input->learn.x_now;
    double from = fmax(FIT_FROM * now, input->warmup_end);
    size_t low = km_track_find(track, fmax(from, 1));
    size_t high = km_track_find(track, nextafter(FIT_TO * now, INFINITY));
    for (size_t i = low; i < high; i++) {
        turned[i] = sign * track->value[i];
    }
    km_bins_fill(bins, track->step + low, turned + low, high - low);
    const struct km_fit_problem problem = {.x = bins->x,
                                           .y = bins->y,
                                           .weight = bins->n,
                                           .count = bins->count,
                                           .x_now = now,
                                           .e_min = input->learn.e_min};
    return high > low &&
           km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, input->scratch,
                      fit) &&
           isfinite(fit->se_slope);
}

/* Steps that both have, the reference less its curve beside this run. */
static enum km_code match(const struct km_score_input *input,
                          const struct km_track *track, double sign,
                          const struct km_fit *fit,
                          struct km_reference *reference, struct km_err *err)
{
    const struct km_curve_input *curve = &input->learn;
    size_t first = km_bins_find(curve->x, curve->count, 0.4 * curve->x_now);
    size_t most = curve->count - first;
    double *x = km_arena_alloc(input->arena, 3 * most * sizeof *x);
    if (!x) {
        return fail_full(err);
    }
    double *y = x + most, *noise = y + most;
    size_t other = km_track_find(track, 0.4 * curve->x_now), n = 0;
    for (size_t i = first; i < curve->count; i++) {
        while (other < track->count && track->step[other] < curve->x[i]) {
            other++;
        }
        if (other < track->count && !(track->step[other] > curve->x[i])) {
            x[n] = curve->x[i];
            y[n] = curve->y[i];
            noise[n++] =
                sign * track->value[other] - km_fit_value(fit, curve->x[i]);
        }
    }
    reference->x = x;
    reference->y = y;
    reference->noise = noise;
    reference->count = n;
    reference->se_slope = fit->se_slope;
    return KM_OK;
}

static enum km_code use(struct km_store *store, uint64_t run,
                        struct km_score_input *input,
                        struct km_reference *reference, struct km_err *err)
{
    struct km_arena *arena = input->arena;
    struct km_run_view *view = km_new(arena, struct km_run_view, 1);
    struct km_bins *bins = km_new(arena, struct km_bins, 1);
    struct km_fit *fit = km_new(arena, struct km_fit, 1);
    if (!view || !bins || !fit) {
        return fail_full(err);
    }
    enum km_code code =
        km_run_view_load(store, run, input->options->roles, arena, view, err);
    if (code != KM_OK) {
        return code;
    }
    reference->name = km_arena_printf(arena, "%s%s%s", view->project,
                                      *view->project ? "/" : "", view->name);
    const struct km_track *track = same_metric(view, input->learn.track);
    if (!track) {
        reference->problem =
            km_arena_printf(arena, "it has no %s", input->learn.track->name);
        return reference->problem && reference->name ? KM_OK : fail_full(err);
    }
    double *turned = km_arena_alloc(arena, track->count * sizeof *turned);
    if (!turned || !reference->name) {
        return fail_full(err);
    }
    double sign = input->learn.sign;
    if (track->every > 1 || input->learn.track->every > 1) {
        reference->problem = "points were averaged: steps do not match";
    } else if (!fit_reference(input, track, sign, bins, turned, fit)) {
        reference->problem = "it has too few points around the last step";
    } else {
        code = match(input, track, sign, fit, reference, err);
    }
    return code;
}

enum km_code km_reference_load(struct km_store *store,
                               struct km_score_input *input, struct km_err *err)
{
    uint64_t run = input->options->reference_run;
    bool named = run != 0;
    if (!input->learn.track || run == input->view.run_id ||
        (!named && !input->facts.data_order)) {
        return KM_OK;
    }
    enum km_code code = named ? KM_OK : choose(store, input, &run, err);
    if (code != KM_OK || !run) {
        return code;
    }
    struct km_reference *reference =
        km_new(input->arena, struct km_reference, 1);
    if (!reference) {
        return fail_full(err);
    }
    *reference = (struct km_reference){
        .why = named ? "--reference"
                     : km_arena_printf(input->arena, "data_order_id %s",
                                       input->facts.data_order)};
    input->reference = reference;
    return reference->why ? use(store, run, input, reference, err)
                          : fail_full(err);
}
