/* fig_valid.c - valid.best, valid.gap and valid.velocity_ratio. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/robust.h"
#include "score/card.h"

enum { GAP_EVALUATIONS_MIN = 3, GAP_LINE_MIN = 5, GAP_EVALUATIONS_MAX = 5 };

static const double RATIO_WINDOW = 2.5; /* over x/2.5 .. x */
enum { RATIO_EVALUATIONS_MIN = 5 };

static const double GAP_REACH = 1.25; /* training points within x 1.25 */

enum km_code km_compute_valid_best(const struct km_score_input *input,
                                   struct km_scorecard *card,
                                   struct km_err *err)
{
    const struct km_curve_input *curve = &input->valid;
    if (!curve->track) {
        return km_card_add_absent(card, "valid.best", "", "nat",
                                  KM_FIGURE_NOT_APPLICABLE,
                                  "no validation metric", err);
    }
    const struct km_track *track = curve->track;
    size_t best = 0;
    for (size_t i = 1; i < track->count; i++) {
        if (curve->sign * track->value[i] < curve->sign * track->value[best]) {
            best = i;
        }
    }
    struct km_figure_result result =
        km_result_new("valid.best", "", curve->unit);
    result.better = curve->sign < 0 ? KM_BETTER_HIGHER : KM_BETTER_LOWER;
    result.value = track->value[best];
    result.method = curve->sign > 0 ? "minimum" : "maximum";
    result.rung = "exact";
    result.window_from = track->step[0];
    result.window_to = track->step[track->count - 1];
    result.n = track->count;
    double since = track->step[track->count - 1] - track->step[best];
    result.reason =
        km_arena_printf(card->arena, "at step %.0f%s", track->step[best],
                        since > 0 ? "" : ", the last one");
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence,
                    km_arena_printf(card->arena, "metric: %s", track->name));
    return km_card_add(card, result, &evidence, err);
}

/* The training level at `step`: a robust line in ln x through its
 * surroundings, the plain mean when they are few. */
static bool training_level(const struct km_score_input *input,
                           const struct km_track *train, double step,
                           double *level)
{
    size_t from = km_track_find(train, step / GAP_REACH);
    size_t to = km_track_find(train, step * GAP_REACH);
    size_t group = 1 + (to - from) / KM_LOCAL_POINTS_MAX, n = 0;
    double *t = input->doubles, *y = t + KM_LOCAL_POINTS_MAX, sum = 0;
    for (size_t i = from; i < to; i += group) {
        if (train->step[i] > 0) {
            t[n] = log(train->step[i] / step);
            y[n] = train->value[i];
            sum += y[n++];
        }
    }
    struct km_line line;
    if (n >= 2 * GAP_EVALUATIONS_MIN &&
        km_line_fit(t, y, n, y + KM_LOCAL_POINTS_MAX, &line)) {
        *level = line.intercept - line.slope * line.t_mean;
        return true;
    }
    *level = n ? sum / (double)n : (double)NAN;
    return n > 0;
}

/* Differences of the last evaluations to the training level, the last one
 * first. */
struct gaps {
    double step[GAP_EVALUATIONS_MAX], gap[GAP_EVALUATIONS_MAX];
    size_t count;
};

/* The gap now: the mean when they are few, else a straight line in ln step at
 * the last evaluation, with the error of that. */
static struct km_estimate gap_now(const struct gaps *g, double level)
{
    double n = (double)g->count, t_mean = 0, mean = 0, tt = 0, ty = 0, ss = 0;
    bool line = g->count >= GAP_LINE_MIN;
    for (size_t i = 0; i < g->count; i++) {
        t_mean += log(g->step[i] / g->step[0]) / n;
        mean += g->gap[i] / n;
    }
    for (size_t i = 0; i < g->count && line; i++) {
        double t = log(g->step[i] / g->step[0]) - t_mean;
        tt += t * t;
        ty += t * (g->gap[i] - mean);
    }
    double slope = tt > 0 ? ty / tt : 0;
    for (size_t i = 0; i < g->count; i++) {
        double t = log(g->step[i] / g->step[0]) - t_mean;
        double off = g->gap[i] - mean - slope * t;
        ss += off * off;
    }
    double df = n - (tt > 0 ? 2 : 1);
    double far = tt > 0 ? t_mean * t_mean / tt : 0;
    double half =
        sqrt(ss / df * (1 / n + far)) * km_t_quantile(0.5 + level / 2, df);
    double now = mean - slope * t_mean;
    return (struct km_estimate){now, now - half, now + half};
}

static size_t find_gaps(const struct km_score_input *input,
                        const struct km_track *train,
                        const struct km_track *valid, struct gaps *gaps)
{
    size_t count = 0;
    for (size_t i = valid->count; i > 0 && count < GAP_EVALUATIONS_MAX; i--) {
        double step = valid->step[i - 1], level;
        if (step < 0.4 * input->x_now || step <= 0) {
            break;
        }
        if (training_level(input, train, step, &level)) {
            gaps->gap[count] =
                input->valid.sign * (valid->value[i - 1] - level);
            gaps->step[count++] = step;
        }
    }
    gaps->count = count;
    return count;
}

static const struct km_track *training_twin(const struct km_score_input *input)
{
    const struct km_track *valid = input->valid.track;
    bool score = valid->of.role == KM_ROLE_VALID_SCORE ||
                 valid->of.role == KM_ROLE_TEST_SCORE;
    const struct km_track *train =
        input->view.tracks[score ? KM_ROLE_TRAIN_SCORE : KM_ROLE_TRAIN_LOSS];
    bool same = train && strcmp(train->of.unit, valid->of.unit) == 0;
    return same ? train : NULL;
}

enum km_code km_compute_valid_gap(const struct km_score_input *input,
                                  struct km_scorecard *card, struct km_err *err)
{
    const struct km_track *valid = input->valid.track;
    const struct km_track *train = valid ? training_twin(input) : NULL;
    if (!train) {
        return km_card_add_absent(card, "valid.gap", "",
                                  valid ? input->valid.unit : "nat",
                                  KM_FIGURE_NOT_APPLICABLE,
                                  valid ? "no training metric of the same kind"
                                        : "no validation metric",
                                  err);
    }
    struct gaps gaps;
    size_t n = find_gaps(input, train, valid, &gaps);
    if (n < GAP_EVALUATIONS_MIN) {
        return km_card_add_absent(
            card, "valid.gap", "", input->valid.unit, KM_FIGURE_INSUFFICIENT,
            km_arena_printf(card->arena,
                            "%zu evaluations beside training points in the "
                            "last 60 %% of steps, at least %d are needed",
                            n, GAP_EVALUATIONS_MIN),
            err);
    }
    struct km_estimate gap = gap_now(&gaps, card->level);
    bool line = n >= GAP_LINE_MIN;
    struct km_figure_result result =
        km_result_new("valid.gap", "", input->valid.unit);
    result.value = gap.value;
    result.lo = gap.lo;
    result.hi = gap.hi;
    result.level = card->level;
    result.method = line ? "validation minus training level, a line in ln step "
                           "at the last evaluation"
                         : "mean of validation minus training level";
    result.rung = "Student's t over evaluations";
    result.window_from = gaps.step[n - 1];
    result.window_to = valid->step[valid->count - 1];
    result.n = n;
    if (result.lo <= 0 && result.hi >= 0) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "the interval spans zero";
    }
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence, km_arena_printf(card->arena, "%s against %s",
                                               valid->name, train->name));
    return km_card_add(card, result, &evidence, err);
}

/* Slope of a curve in ln x over the window, with its error. */
static bool log_slope(const struct km_score_input *input,
                      const struct km_curve_input *curve, size_t count,
                      struct km_local_velocity *local, double *slope,
                      double *se)
{
    bool found = km_velocity_over(curve->x, curve->y, count, RATIO_WINDOW,
                                  RATIO_EVALUATIONS_MIN, KM_LOCAL_POINTS_MAX,
                                  0.80, input->doubles, local);
    double centre = found ? sqrt(local->x_from * local->x_to) : (double)NAN;
    *slope = local->velocity.value * centre;
    *se = local->se * centre;
    return found;
}

KM_FIGURE_COMPUTE(km_compute_velocity_ratio)
{
    const struct km_curve_input *valid = &input->valid, *learn = &input->learn;
    const struct km_track *twin = valid->track ? training_twin(input) : NULL;
    const char *id = "valid.velocity_ratio";
    if (!twin || learn->track != twin) {
        return km_card_add_absent(card, id, "", "1", KM_FIGURE_NOT_APPLICABLE,
                                  valid->track
                                      ? "no training metric of the same kind"
                                      : "no validation metric",
                                  err);
    }
    struct km_local_velocity of_valid = {0}, of_train = {0};
    double v, t, se_v, se_t;
    size_t count =
        km_bins_find(learn->x, learn->count, nextafter(valid->x_now, INFINITY));
    if (!log_slope(input, valid, valid->count, &of_valid, &v, &se_v) ||
        !log_slope(input, learn, count, &of_train, &t, &se_t)) {
        return km_card_add_absent(
            card, id, "", "1", KM_FIGURE_INSUFFICIENT,
            km_arena_printf(card->arena,
                            "fewer than %d evaluations, or training points "
                            "beside them, in the last 60 %% of steps",
                            RATIO_EVALUATIONS_MIN),
            err);
    }
    double df = fmax(fmin(of_valid.n_eff, of_train.n_eff) - 2, 1);
    double z = km_t_quantile(0.5 + card->level / 2, df);
    struct km_figure_result result = km_result_new(id, "", "1");
    struct km_estimate ratio = km_ratio_fieller(v, se_v, t, se_t, z);
    result.value = ratio.value;
    result.lo = ratio.lo;
    result.hi = ratio.hi;
    result.level = card->level;
    result.method = "Huber lines in ln step over the same window";
    result.rung = "Fieller";
    result.window_from = of_valid.x_from;
    result.window_to = of_valid.x_to;
    result.n = of_valid.n;
    result.n_eff = of_valid.n_eff;
    if (!isfinite(ratio.lo)) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = "the training velocity cannot be told from zero";
    } else if (ratio.lo <= 0 && ratio.hi >= 0) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "the interval spans zero";
    }
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence, km_arena_printf(card->arena, "%s over %s",
                                               valid->track->name, twin->name));
    return km_card_add(card, result, &evidence, err);
}
