/* curves.c - what charts draw: data with every extreme kept, ghosts of earlier
 * attempts, the fitted model, velocity and throughput over steps. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "score/card.h"
#include "score/goal_judge.h"
#include "score/memory.h"
#include "score/outlook.h"
#include "series/reduce.h"

enum {
    DRAWN_POINTS = 1200, /* of one line; M4 makes it faithful at 300 columns */
    FIT_POINTS = 64,
    FORECAST_POINTS = 40,
    THROUGHPUT_POINTS = 120,
    GHOSTS_MAX = 16,
    MARKS_MAX = 200,
    EVENT_MARKS_MAX = 24, /* more are thinned evenly */
};

struct drawing {
    const struct km_score_input *input;
    struct km_scorecard *card;
    struct km_err *err;
};

static double *room(const struct drawing *d, size_t count)
{
    return km_arena_alloc(d->card->arena, count * sizeof(double));
}

/* Of the first `count` points; `of` knows their extremes. */
static enum km_code add_data(const struct drawing *d, const char *id,
                             const char *kind, const char *title,
                             const char *unit, const double *x,
                             const struct km_extremes *of, size_t count)
{
    size_t most = count < DRAWN_POINTS ? count : (size_t)DRAWN_POINTS;
    most = most < 4 ? 4 : most;
    struct km_curve curve = {.id = id,
                             .title = title,
                             .unit = unit,
                             .axis = KM_AXIS_STEP,
                             .kind = kind};
    double *x_out = room(d, most), *y_out = room(d, most);
    curve.x = x_out;
    curve.y = y_out;
    if (x_out && y_out) {
        curve.count = km_reduce_known(x, of, count, x_out, y_out, most);
    }
    return km_card_add_curve(d->card, curve, d->err);
}

/* One ghost a superseded attempt, newest attempts when there are many. */
static enum km_code add_ghosts(const struct drawing *d, const char *id,
                               const struct km_track *track, const char *unit)
{
    size_t end = track->count + track->ghost_count, ghosts = 0;
    enum km_code code = KM_OK;
    while (end > track->count && ghosts < GHOSTS_MAX && code == KM_OK) {
        size_t from = end - 1;
        while (from > track->count &&
               track->attempt[from - 1] == track->attempt[end - 1]) {
            from--;
        }
        const struct km_extremes unknown = {.y = track->value + from};
        code = add_data(d, id, "ghost",
                        km_arena_printf(d->card->arena, "attempt %u",
                                        track->attempt[from] + 1),
                        unit, track->step + from, &unknown, end - from);
        end = from;
        ghosts++;
    }
    return code;
}

static enum km_code add_fit(const struct drawing *d, const char *id,
                            const struct km_curve_input *source)
{
    double *x = room(d, FIT_POINTS), *y = room(d, FIT_POINTS);
    struct km_curve curve = {.id = id,
                             .title = "fitted curve",
                             .unit = source->unit,
                             .axis = KM_AXIS_STEP,
                             .kind = "fit",
                             .x = x,
                             .y = y};
    double low = source->window_from, high = source->x_now;
    for (size_t i = 0; x && y && i < FIT_POINTS; i++) {
        x[i] = low + (high - low) * (double)i / (FIT_POINTS - 1);
        y[i] = source->sign * km_fit_value(&source->pow3, x[i]);
        curve.count++;
    }
    return km_card_add_curve(d->card, curve, d->err);
}

/* What the interval of the same forecast among the figures stands on. */
static const char *rung_of(const struct km_scorecard *card, const char *id)
{
    bool valid = strcmp(id, "valid") == 0;
    const struct km_figure_result *result =
        km_card_find(card, "forecast.final", valid ? "validation" : "training");
    return result && *result->rung ? result->rung : NULL;
}

/* The forecast with its band, from the present step to the horizon; and, when
 * it is calibrated, the half of the band in which half of the truths lie. */
static enum km_code add_forecast(const struct drawing *d, const char *id,
                                 const struct km_curve_input *source)
{
    enum { N = FORECAST_POINTS };
    const struct km_path *path = source->path;
    double *x = room(d, 6 * N), from = source->x_now;
    double to = fmin(d->input->horizon, path->places[path->count - 1].x);
    struct km_curve curve = {.id = id,
                             .title = "forecast",
                             .unit = source->unit,
                             .axis = KM_AXIS_STEP,
                             .kind = "forecast",
                             .x = x,
                             .rung = rung_of(d->card, id)};
    struct km_path_drawn drawn;
    if (!x || !km_path_draw(path, d->card->arena, &drawn)) {
        return km_fail(d->err, KM_ELIMIT, "no memory left for a scorecard");
    }
    bool inner = true;
    for (size_t i = 0; i < N; i++) {
        x[i] = from + (to - from) * (double)i / (N - 1);
        struct km_estimate half;
        struct km_estimate e = km_outlook_drawn(source, &drawn, x[i], &half);
        x[N + i] = e.value;
        x[2 * N + i] = e.lo;
        x[3 * N + i] = e.hi;
        x[4 * N + i] = half.lo;
        x[5 * N + i] = half.hi;
        inner &= isfinite(half.lo) && isfinite(half.hi);
        curve.count++;
    }
    curve.y = x + N;
    curve.lo = x + 2 * N;
    curve.hi = x + 3 * N;
    enum km_code code = km_card_add_curve(d->card, curve, d->err);
    if (code == KM_OK && inner) {
        curve.kind = "forecast50";
        curve.lo = x + 4 * N;
        curve.hi = x + 5 * N;
        code = km_card_add_curve(d->card, curve, d->err);
    }
    return code;
}

static enum km_code add_metric(const struct drawing *d, const char *id,
                               const struct km_curve_input *source)
{
    const struct km_track *track = source->track;
    if (!track || !track->count) {
        return KM_OK;
    }
    const struct km_extremes *extremes =
        km_memory_extremes(d->input->memory, track);
    if (!extremes) {
        return km_fail(d->err, KM_ELIMIT, "no memory left for a scorecard");
    }
    enum km_code code = add_data(d, id, "data", track->name, source->unit,
                                 track->step, extremes, track->count);
    if (code == KM_OK && source->fitted) {
        code = add_fit(d, id, source);
    }
    if (code == KM_OK && source->path && source->path->count > 1) {
        code = add_forecast(d, id, source);
    }
    return code == KM_OK ? add_ghosts(d, id, track, source->unit) : code;
}

static enum km_code add_throughput(const struct drawing *d)
{
    const struct km_timeline *timeline = &d->input->timeline;
    if (!d->input->timed) {
        return KM_OK;
    }
    const struct km_rate *tokens = &d->input->axes.rate[KM_AXIS_TOKEN];
    double per_step = tokens->known ? tokens->per_step : 1;
    double *x = room(d, THROUGHPUT_POINTS), *y = room(d, THROUGHPUT_POINTS);
    struct km_curve curve = {.id = "throughput",
                             .title = "throughput",
                             .unit = tokens->known ? "tok/s" : "step/s",
                             .axis = KM_AXIS_STEP,
                             .kind = "data",
                             .x = x,
                             .y = y};
    size_t n = timeline->count;
    size_t points = n < THROUGHPUT_POINTS ? n : (size_t)THROUGHPUT_POINTS;
    for (size_t p = 0; x && y && p < points; p++) {
        double steps = 0, seconds = 0;
        size_t end = (p + 1) * n / points;
        for (size_t i = p * n / points; i < end;) {
            const struct km_stretch_block *block =
                km_stretches_block(d->input->stretches, i, end);
            steps += block ? block->steps : timeline->steps[i];
            seconds += block ? block->seconds : timeline->seconds[i];
            i += block ? KM_STRETCHES_BLOCK : 1;
        }
        x[p] = timeline->at[end - 1];
        y[p] = per_step * steps / seconds;
        curve.count++;
    }
    return km_card_add_curve(d->card, curve, d->err);
}

static enum km_code add_marks(const struct drawing *d)
{
    const struct km_run_view *view = &d->input->view;
    enum km_code code = KM_OK;
    size_t first =
        view->attempt_count > MARKS_MAX ? view->attempt_count - MARKS_MAX : 1;
    for (size_t k = first; k < view->attempt_count && code == KM_OK; k++) {
        const struct km_attempt_view *attempt = &view->attempts[k];
        if (attempt->restart_step == KM_STEP_ABSENT) {
            continue;
        }
        struct km_mark mark = {.x = (double)attempt->restart_step,
                               .kind = "restart",
                               .text = km_arena_printf(
                                   d->card->arena, "attempt %zu from step %lld",
                                   k + 1, (long long)attempt->restart_step)};
        code = km_card_add_mark(d->card, mark, d->err);
    }
    return code;
}

/* Evenly thinned, the last one kept. */
static enum km_code add_events(const struct drawing *d)
{
    const struct km_run_events *events = &d->input->events;
    size_t kept = events->count < EVENT_MARKS_MAX ? events->count
                                                  : (size_t)EVENT_MARKS_MAX;
    enum km_code code = KM_OK;
    for (size_t k = 1; k <= kept && code == KM_OK; k++) {
        code = km_card_add_mark(
            d->card, events->marks[k * events->count / kept - 1], d->err);
    }
    return code;
}

KM_FIGURE_COMPUTE(km_card_curves)
{
    const struct drawing d = {input, card, err};
    enum km_code code = add_metric(&d, "loss", &input->learn);
    if (code == KM_OK && input->valid.track != input->learn.track) {
        code = add_metric(&d, "valid", &input->valid);
    }
    bool whole = input->options->family == NULL;
    if (code == KM_OK && whole) {
        code = km_card_velocity(input, card, err);
    }
    if (code == KM_OK && whole) {
        code = add_throughput(&d);
    }
    if (code == KM_OK && whole) {
        code = km_goodput_chart(input, card, err);
    }
    if (code == KM_OK) {
        code = add_marks(&d);
    }
    if (code == KM_OK && whole && input->goals.count) {
        code = km_goal_chart(input, &input->judgements[0], card, err);
    }
    return code == KM_OK ? add_events(&d) : code;
}
