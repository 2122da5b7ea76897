/* goal_chart.c - the burn-up chart: progress towards a target against the pace
 * that is needed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "score/card.h"
#include "score/goal_judge.h"
#include "score/outlook.h"

enum { CHART_POINTS = 32 };

struct drawing {
    const struct km_score_input *input;
    const struct km_goal_judgement *j;
    struct km_scorecard *card;
};

/* Progress from the first value to the target, in percent. */
static double progress(const struct drawing *d, double start, double y)
{
    return 100 * (start - y) / (start - d->j->target);
}

static enum km_code add_line(const struct drawing *d, double start,
                             double from_y, double until, struct km_err *err)
{
    double *x = km_arena_alloc(d->card->arena, 4 * sizeof *x);
    if (x) {
        x[0] = d->j->curve->x_now;
        x[1] = until;
        x[2] = progress(d, start, from_y);
        x[3] = 100;
    }
    return km_card_add_curve(d->card,
                             (struct km_curve){.id = "goal",
                                               .title = "required pace",
                                               .name = "required pace",
                                               .unit = "%",
                                               .axis = KM_AXIS_STEP,
                                               .kind = "line",
                                               .count = x ? 2 : 0,
                                               .x = x,
                                               .y = x ? x + 2 : NULL},
                             err);
}

/* The data as progress; the value at the end of it in `now`. */
static enum km_code add_done(const struct drawing *d,
                             const struct km_bins *bins, struct km_err *err)
{
    size_t n = bins->count;
    double *x = km_arena_alloc(d->card->arena, 2 * (n + 1) * sizeof *x);
    for (size_t i = 0; x && i < n; i++) {
        x[i] = bins->x[i];
        x[n + i] = progress(d, bins->y[0], bins->y[i]);
    }
    const struct km_curve curve = {
        .id = "goal",
        .title = km_arena_printf(d->card->arena, "progress towards %s",
                                 d->j->goal->name),
        .unit = "%",
        .axis = KM_AXIS_STEP,
        .kind = "data",
        .count = n,
        .x = x,
        .y = x ? x + n : NULL};
    return km_card_add_curve(d->card, curve, err);
}

static enum km_code add_band(const struct drawing *d, double start,
                             double until, struct km_err *err)
{
    double *x = km_arena_alloc(d->card->arena, 4 * CHART_POINTS * sizeof *x);
    const struct km_curve_input *curve = d->j->curve;
    struct km_path_drawn drawn;
    if (!x || !km_path_draw(curve->path, d->card->arena, &drawn)) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    for (size_t i = 0; i < CHART_POINTS; i++) {
        double at = curve->x_now +
                    (until - curve->x_now) * (double)i / (CHART_POINTS - 1);
        struct km_estimate half;
        struct km_estimate e = km_outlook_drawn(curve, &drawn, at, &half);
        bool turned = curve->sign < 0;
        x[i] = at;
        x[CHART_POINTS + i] = progress(d, start, curve->sign * e.value);
        x[2 * CHART_POINTS + i] = progress(d, start, turned ? -e.lo : e.hi);
        x[3 * CHART_POINTS + i] = progress(d, start, turned ? -e.hi : e.lo);
    }
    const struct km_curve band = {.id = "goal",
                                  .title = "forecast",
                                  .unit = "%",
                                  .axis = KM_AXIS_STEP,
                                  .kind = "forecast",
                                  .count = CHART_POINTS,
                                  .x = x,
                                  .y = x + CHART_POINTS,
                                  .lo = x + 2 * CHART_POINTS,
                                  .hi = x + 3 * CHART_POINTS};
    return km_card_add_curve(d->card, band, err);
}

/* The step at which the tightest limit is used up; NaN without one. */
static double tightest(const struct km_goal_judgement *j)
{
    double until = NAN;
    for (size_t i = 0; i < j->limit_count; i++) {
        until = fmin(until, j->limits[i].x);
    }
    return until;
}

enum km_code km_goal_chart(const struct km_score_input *input,
                           const struct km_goal_judgement *judgement,
                           struct km_scorecard *card, struct km_err *err)
{
    const struct drawing drawing = {input, judgement, card}, *d = &drawing;
    if (!judgement->curve) {
        return KM_OK;
    }
    double until = tightest(judgement);
    struct km_bins *bins = km_new(d->card->arena, struct km_bins, 1);
    if (!bins) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    km_bins_of_sums(bins, &d->j->curve->sums, 0, d->j->curve->count);
    if (bins->count < 2 || !(bins->y[0] > d->j->target)) {
        return KM_OK; /* nothing to burn up */
    }
    double start = bins->y[0], now = bins->y[bins->count - 1];
    enum km_code code = add_done(d, bins, err);
    bool coming = !d->j->ended && !d->j->crossing.reached;
    if (code == KM_OK && coming && until > d->j->curve->x_now) {
        code = add_line(d, start, now, until, err);
    }
    const struct km_path *path = d->j->curve->path;
    if (code == KM_OK && coming && path && path->count > 1) {
        double to = until > d->j->curve->x_now ? until : d->input->horizon;
        code = add_band(d, start, fmin(to, d->j->x_max), err);
    }
    return code;
}
