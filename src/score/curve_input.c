/* curve_input.c - one curve: its points, without spikes, binned and fitted. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/curve_input.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "measure/thin.h"

enum { WINDOW_POINTS_GOOD = 24 };
static const double LAST_SHARE = 0.03;

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
    case KM_ROLE_TEST_SCORE:
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
    case KM_ROLE_DATA_TIME:
    case KM_ROLE_CHECKPOINT_TIME:
    case KM_ROLE_EVAL_TIME:
    case KM_ROLE_COUNT:
        break;
    }
    return "unit";
}

/* Losses and errors cannot fall below 0, scores between 0 and 1 cannot rise
 * above 1; what goes beyond has no floor. */
static double floor_of(const struct km_curve_input *curve,
                       const struct km_extremes *extremes)
{
    const struct km_track *track = curve->track;
    size_t first = km_track_find(track, curve->window_from), low, high;
    km_extremes_find(extremes, first, track->count, &low, &high);
    bool positive = !(track->value[low] < 0);
    bool share = positive && !(track->value[high] > 1) &&
                 track->of.role != KM_ROLE_REWARD;
    if (curve->sign > 0) {
        return positive ? 0 : -(double)INFINITY;
    }
    return share ? -1 : -(double)INFINITY;
}

static void *widen(struct km_memory *memory, void *items, size_t count,
                   size_t *cap, size_t need, size_t size)
{
    return km_arena_widen(memory->arena, items, count, cap, need, size);
}

/* Copies of what is kept, as far as it is settled; and then of the rest. */
static bool copy_kept(struct km_memory *memory, struct km_curve_memory *kept,
                      struct km_curve_input *curve)
{
    size_t n = curve->count, settled = km_mask_settled(&kept->mask);
    size_t from = kept->settled, to = kept->settled_kept;
    kept->kept_x =
        widen(memory, kept->kept_x, to, &kept->kept_cap[0], n, sizeof(double));
    kept->kept_y =
        widen(memory, kept->kept_y, to, &kept->kept_cap[1], n, sizeof(double));
    if (!kept->kept_x || !kept->kept_y) {
        return false;
    }
    to +=
        km_mask_apply(curve->x + from, curve->y + from, settled - from,
                      kept->keep + from, kept->kept_x + to, kept->kept_y + to);
    kept->settled = settled;
    kept->settled_kept = kept->firm = to;
    curve->count = to + km_mask_apply(curve->x + settled, curve->y + settled,
                                      n - settled, kept->keep + settled,
                                      kept->kept_x + to, kept->kept_y + to);
    curve->x = kept->kept_x;
    curve->y = kept->kept_y;
    return true;
}

/* Of a noisy curve: a fit, a velocity, a forecast do not see them. */
static bool leave_out_spikes(struct km_memory *memory,
                             struct km_curve_memory *kept,
                             struct km_curve_input *curve)
{
    enum km_role role = curve->track->of.role;
    size_t n = curve->count, each = kept->mask.each;
    if ((role != KM_ROLE_TRAIN_LOSS && role != KM_ROLE_REWARD) ||
        n < KM_MASK_WINDOW) {
        kept->firm = n;
        return true;
    }
    size_t judged = each ? km_mask_settled(&kept->mask) : 0;
    kept->keep = widen(memory, kept->keep, judged, &kept->keep_cap, n,
                       sizeof *kept->keep);
    if (!kept->keep) {
        return false;
    }
    if (!each) {
        km_mask_begin(&kept->mask);
    }
    curve->masked = km_mask_more(&kept->mask, curve->y, n, kept->keep);
    if (kept->mask.each != each) { /* by other groups */
        kept->settled = kept->settled_kept = 0;
    }
    kept->firm = km_mask_settled(&kept->mask);
    return curve->masked == 0 || copy_kept(memory, kept, curve);
}

/* What verdicts look at: all points; of very many, means of neighbours. */
static bool take_all(struct km_memory *memory, struct km_curve_memory *kept,
                     struct km_curve_input *curve)
{
    size_t n = km_thin_count(curve->count);
    curve->all_x = curve->x;
    curve->all_y = curve->y;
    curve->all_count = curve->count;
    if (n == curve->count) {
        return true;
    }
    kept->all_x = widen(memory, kept->all_x, kept->all_count, &kept->all_cap[0],
                        n, sizeof(double));
    kept->all_y = widen(memory, kept->all_y, kept->all_count, &kept->all_cap[1],
                        n, sizeof(double));
    if (!kept->all_x || !kept->all_y) {
        return false;
    }
    km_thin(curve->x, curve->y, curve->count, kept->all_count, kept->all_x,
            kept->all_y);
    kept->all_count = curve->all_count = n;
    curve->all_x = kept->all_x;
    curve->all_y = kept->all_y;
    return true;
}

/* The values with their sign changed, so that lower is better. */
static bool turn(struct km_memory *memory, struct km_curve_memory *kept,
                 struct km_curve_input *curve)
{
    kept->turned = widen(memory, kept->turned, kept->turned_count,
                         &kept->turned_cap, curve->count, sizeof(double));
    for (size_t i = kept->turned_count; kept->turned && i < curve->count; i++) {
        kept->turned[i] = -curve->y[i];
    }
    kept->turned_count = curve->count;
    curve->y = kept->turned;
    return curve->y != NULL;
}

static bool add_up(struct km_memory *memory, struct km_curve_memory *kept,
                   size_t firm, struct km_curve_input *curve)
{
    struct km_bin_sums *sums = &kept->sums;
    size_t known = firm ? firm + 1 : 0, need = curve->count + 1;
    sums->sum_x = widen(memory, sums->sum_x, known, &kept->sums_cap[0], need,
                        sizeof(double));
    sums->sum_y = widen(memory, sums->sum_y, known, &kept->sums_cap[1], need,
                        sizeof(double));
    if (!sums->sum_x || !sums->sum_y) {
        return false;
    }
    km_bin_sums_more(sums, curve->x, curve->y, firm, curve->count);
    curve->sums = *sums;
    return true;
}

/* Points with step > 0 after the warm-up. */
static bool take_points(struct km_memory *memory, struct km_curve_memory *kept,
                        const struct km_track *track, double warmup_end,
                        struct km_curve_input *curve)
{
    size_t first = km_track_find(track, fmax(warmup_end, DBL_TRUE_MIN));
    if (kept->track != track || kept->from != first) {
        *kept = (struct km_curve_memory){.track = track, .from = first};
    }
    curve->kept = kept;
    curve->track = track;
    curve->unit = metric_unit(track);
    curve->sign = track->of.better > 0 ? -1 : 1;
    curve->count = track->count - first;
    curve->x = track->step + first;
    curve->y = track->value + first;
    curve->x_now = track->count ? track->step[track->count - 1] : (double)NAN;
    if (curve->sign < 0 && !turn(memory, kept, curve)) {
        return false;
    }
    size_t firm = kept->firm, each = kept->mask.each;
    if (!take_all(memory, kept, curve) ||
        !leave_out_spikes(memory, kept, curve)) {
        return false;
    }
    return add_up(memory, kept, kept->mask.each == each ? firm : 0, curve);
}

enum km_code km_curve_open(struct km_memory *memory,
                           struct km_curve_memory *kept,
                           const struct km_track *track, double warmup_end,
                           struct km_curve_input *curve, struct km_err *err)
{
    curve->problem = "the run has no such metric";
    bool taken = !track || take_points(memory, kept, track, warmup_end, curve);
    return taken ? KM_OK : fail_full(err);
}

double km_curve_last(const struct km_curve_input *curve)
{
    size_t n = curve->count, first = n ? n - 1 : 0;
    enum km_role role = curve->track->of.role;
    if (n && (role == KM_ROLE_TRAIN_LOSS || role == KM_ROLE_REWARD)) {
        first = km_bins_find(curve->x, n, (1 - LAST_SHARE) * curve->x[n - 1]);
    }
    double mean = 0;
    for (size_t i = first; i < n; i++) {
        mean += curve->y[i] / (double)(n - first);
    }
    return n ? mean : (double)NAN;
}

enum km_code km_curve_fit(struct km_score_input *input,
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
    const struct km_extremes *extremes =
        km_memory_extremes(input->memory, track);
    if (!extremes) {
        return fail_full(err);
    }
    curve->e_min = floor_of(curve, extremes);
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
