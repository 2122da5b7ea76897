/* origin.c - windows, fits and features of the seen part of a curve. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/origin.h"

#include <math.h>
#include <string.h>

#include "measure/mask.h"
#include "measure/robust.h"
#include "score/origin_own.h"

/* The annealing law has the sum of rates for an axis and may look further back
 * than the plain curve, whose early transient is another power law. */
static const double ANNEAL_WINDOW = 0.1, DROP_WINDOW = 0.05, DROP_LEAST = 0.2;
/* Of x_now: measured on public curves, from 0 to 2. */
static const double MEAN_FADES = 0.4;
static const double LAST_SHARE = 0.95, TRUTH_SHARE = 0.02, END_SHARE = 0.03;
enum { WINDOW_POINTS_GOOD = 24, LINE_POINTS_MIN = 4 };

const char *km_rate_regime_name(enum km_rate_regime regime)
{
    return regime == KM_REGIME_CONSTANT   ? "constant rate"
           : regime == KM_REGIME_DECAYING ? "known schedule"
                                          : "unknown schedule";
}

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the forecasts do not fit the memory allowed for one "
                   "command");
}

enum km_code km_forecast_run_clean(const struct km_forecast_run *run,
                                   double x_now, struct km_arena *arena,
                                   struct km_forecast_run *clean,
                                   struct km_err *err)
{
    *clean = *run;
    clean->count = km_bins_find(run->x, run->count, nextafter(x_now, INFINITY));
    if (!run->averaged || clean->count < KM_MASK_WINDOW) {
        return KM_OK;
    }
    size_t n = clean->count;
    bool *keep = km_new(arena, bool, n);
    double *points = km_new(arena, double, 2 * n);
    if (!keep || !points) {
        return fail_full(err);
    }
    if (km_mask_spikes(run->y, n, keep) == 0) {
        return KM_OK;
    }
    clean->x = points;
    clean->y = points + n;
    clean->count = km_mask_apply(run->x, run->y, n, keep, points, points + n);
    return KM_OK;
}

enum km_code km_forecast_run_sums(const struct km_forecast_run *run,
                                  struct km_arena *arena,
                                  struct km_bin_sums *sums, struct km_err *err)
{
    *sums = (struct km_bin_sums){.count = 0};
    sums->sum_x = km_new(arena, double, run->count + 1);
    sums->sum_y = km_new(arena, double, run->count + 1);
    if (!sums->sum_x || !sums->sum_y) {
        return fail_full(err);
    }
    km_bin_sums_fill(sums, run->x, run->y, run->count);
    return KM_OK;
}

double km_last_value(const struct km_forecast_run *run, size_t seen)
{
    if (seen == 0) {
        return NAN;
    }
    double from =
        run->averaged ? LAST_SHARE * run->x[seen - 1] : run->x[seen - 1];
    double sum = 0, n = 0;
    for (size_t i = seen; i-- > 0 && run->x[i] >= from;) {
        sum += run->y[i];
        n++;
    }
    return sum / n;
}

struct km_origin_mean km_origin_mean_of(const struct km_forecast_run *run,
                                        const struct km_bin_sums *sums,
                                        size_t seen,
                                        const struct km_origin_workspace *work)
{
    struct km_origin_mean mean = {.pow3 = &work->pow3,
                                  .invlog3 = &work->invlog3,
                                  .x_now = run->x[seen - 1],
                                  .e_min = -INFINITY};
    size_t from = seen - 1;
    double x = run->x[from], y = run->y[from];
    if (run->averaged) {
        from = km_bins_find(run->x, seen, LAST_SHARE * mean.x_now);
        km_bin_sums_mean(sums, from, seen, &x, &y);
    }
    mean.off = y - km_origin_mean_at(&mean, x);
    mean.e_min = run->e_min;
    return mean;
}

double km_origin_mean_at(const struct km_origin_mean *mean, double x)
{
    double value =
        (km_fit_value(mean->pow3, x) + km_fit_value(mean->invlog3, x)) / 2;
    double ahead = fmax(x / mean->x_now - 1, 0);
    return fmax(value + mean->off * exp(-ahead / MEAN_FADES), mean->e_min);
}

void km_forecast_truth(const struct km_forecast_run *run,
                       const struct km_bin_sums *sums, double x_now,
                       double target, bool end, double *x, double *value)
{
    *x = *value = NAN;
    if (!run->averaged) {
        size_t at = km_bins_find(run->x, run->count, target);
        if (at == run->count ||
            (at > 0 && target - run->x[at - 1] < run->x[at] - target)) {
            at--;
        }
        /* beyond the last evaluation only by a little, or by one of them */
        double beyond = run->count ? target - run->x[run->count - 1] : 0;
        double spacing = run->count > 1
                             ? run->x[run->count - 1] - run->x[run->count - 2]
                             : 0;
        if (beyond > fmax(spacing, TRUTH_SHARE * target)) {
            return;
        }
        if (run->count && run->x[at] > x_now) {
            *x = run->x[at];
            *value = run->y[at];
        }
        return;
    }
    double low = target * (1 - (end ? END_SHARE : TRUTH_SHARE));
    double high = target * (1 + (end ? 0 : TRUTH_SHARE));
    size_t from =
        km_bins_find(run->x, run->count, fmax(low, nextafter(x_now, INFINITY)));
    size_t to = km_bins_find(run->x, run->count, nextafter(high, INFINITY));
    if (from >= to) {
        return;
    }
    if (sums) {
        km_bin_sums_mean(sums, from, to, x, value);
        return;
    }
    double sum_x = 0, sum_y = 0, n = (double)(to - from);
    for (size_t i = from; i < to; i++) {
        sum_x += run->x[i];
        sum_y += run->y[i];
    }
    *x = sum_x / n;
    *value = sum_y / n;
}

/* Warm-up never enters. */
static size_t first_after(const struct km_forecast_run *run, size_t seen,
                          double from)
{
    double warm = run->plan ? km_plan_warm(run->plan) : 0;
    return km_bins_find(run->x, seen, fmax(from, warm));
}

static struct km_fit_problem problem_of(const struct km_bins *bins,
                                        double x_now, double e_min)
{
    return (struct km_fit_problem){.x = bins->x,
                                   .y = bins->y,
                                   .weight = bins->n,
                                   .count = bins->count,
                                   .x_now = x_now,
                                   .e_min = e_min};
}

bool km_origin_window(const struct km_forecast_run *run,
                      const struct km_bin_sums *sums, size_t seen,
                      struct km_bins *bins, double *window)
{
    static const struct {
        double window;
        size_t points;
    } choices[] = {{0.4, WINDOW_POINTS_GOOD},
                   {0.2, KM_FIT_POINTS_MIN},
                   {0.1, KM_FIT_POINTS_MIN}};
    for (size_t c = 0; seen && c < 3; c++) {
        double from = choices[c].window * run->x[seen - 1];
        size_t first = first_after(run, seen, from);
        if (seen - first >= choices[c].points) {
            km_bins_of_sums(bins, sums, first, seen);
            *window = choices[c].window;
            return true;
        }
    }
    return false;
}

bool km_origin_fit(const struct km_forecast_run *run, size_t seen,
                   const struct km_bins *bins, enum km_fit_effort effort,
                   struct km_fit_scratch *scratch, struct km_fit *pow3,
                   struct km_fit *invlog3)
{
    struct km_fit_problem problem =
        problem_of(bins, run->x[seen - 1], run->e_min);
    return km_fit_run(KM_FAMILY_POW3, &problem, effort, scratch, pow3) &&
           km_fit_run(KM_FAMILY_INVLOG3, &problem, effort, scratch, invlog3);
}

/* ln y on ln x; points with y <= 0 make it unusable. */
struct km_log_line km_log_line_fit(const double *x, const double *y,
                                   const double *weight, size_t count)
{
    struct km_log_line line = {NAN, NAN, NAN};
    double n = 0, mean_x = 0, mean_y = 0, xy = 0, xx = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(y[i] > 0)) {
            return line;
        }
        double w = weight ? weight[i] : 1;
        double dx = log(x[i]) - mean_x, dy = log(y[i]) - mean_y;
        n += w;
        mean_x += dx * w / n;
        mean_y += dy * w / n;
        xx += w * dx * (log(x[i]) - mean_x);
        xy += w * dx * (log(y[i]) - mean_y);
    }
    if (xx > 0) {
        line = (struct km_log_line){mean_x, mean_y, xy / xx};
    }
    return line;
}

double km_log_line_value(const struct km_log_line *line, double x)
{
    return exp(line->y + line->slope * (log(x) - line->x));
}

/* Over the last half, at least the last 4 points; many are binned first. */
static void fit_line(const struct km_forecast_run *run,
                     const struct km_bin_sums *sums, size_t seen,
                     struct km_bins *bins, struct km_origin *origin)
{
    size_t first = km_bins_find(run->x, seen, 0.5 * run->x[seen - 1]);
    if (seen - first < LINE_POINTS_MIN) {
        first = seen > LINE_POINTS_MIN ? seen - LINE_POINTS_MIN : 0;
    }
    km_bins_of_sums(bins, sums, first, seen);
    struct km_log_line line =
        km_log_line_fit(bins->x, bins->y, bins->n, bins->count);
    for (size_t t = 0; t < origin->target_count; t++) {
        origin->targets[t].line =
            km_log_line_value(&line, origin->targets[t].x);
    }
}

/* Bins of the annealing window with their sums of rates and drops. */
static enum km_code take_anneal(const struct km_forecast_run *run,
                                const struct km_bin_sums *sums,
                                struct km_origin_workspace *work,
                                struct km_arena *arena,
                                struct km_origin *origin, struct km_err *err)
{
    size_t first =
        first_after(run, origin->seen, ANNEAL_WINDOW * origin->x_now);
    if (!run->plan || origin->seen - first < KM_FIT_POINTS_MIN) {
        return KM_OK;
    }
    struct km_bins *bins = &work->bins[0];
    km_bins_of_sums(bins, sums, first, origin->seen);
    size_t n = bins->count;
    double *rows = km_new(arena, double, 4 * n);
    if (!rows) {
        return fail_full(err);
    }
    km_plan_features(run->plan, bins->x, n, rows, rows + n);
    memcpy(rows + 2 * n, bins->y, n * sizeof *rows);
    memcpy(rows + 3 * n, bins->n, n * sizeof *rows);
    origin->s1 = rows;
    origin->drop = rows + n;
    origin->y = rows + 2 * n;
    origin->weight = rows + 3 * n;
    origin->anneal_count = n;
    km_plan_features(run->plan, &origin->x_now, 1, &origin->s1_now,
                     &origin->drop_now);
    if (isfinite(run->planned)) {
        origin->end_drop = km_plan_drop(run->plan, run->planned);
    }
    for (size_t t = 0; t < origin->target_count; t++) {
        struct km_origin_target *target = &origin->targets[t];
        if (isfinite(target->x)) {
            km_plan_features(run->plan, &target->x, 1, &target->s1,
                             &target->drop);
        }
    }
    return KM_OK;
}

bool km_origin_anneal(const struct km_origin *origin, enum km_family family,
                      double e_min, const struct km_anneal_prior *prior,
                      struct km_fit_scratch *scratch, struct km_anneal *fit)
{
    const struct km_anneal_problem problem = {
        .s1 = origin->s1,
        .drop = origin->drop,
        .y = origin->y,
        .weight = origin->weight,
        .count = origin->anneal_count,
        .s1_now = origin->s1_now,
        .drop_now = origin->drop_now,
        .e_min = e_min,
        .prior = prior,
    };
    return origin->anneal_count &&
           km_anneal_run(family, &problem, scratch, fit);
}

double km_forecast_run_drop(const struct km_forecast_run *run,
                            const struct km_bin_sums *sums,
                            enum km_family family,
                            struct km_origin_workspace *work)
{
    if (!run->plan || run->count < KM_FIT_POINTS_MIN) {
        return NAN;
    }
    double end = run->x[run->count - 1];
    size_t first = first_after(run, run->count, DROP_WINDOW * end);
    struct km_bins *bins = &work->bins[0];
    if (run->count - first < KM_FIT_POINTS_MIN) {
        return NAN;
    }
    km_bins_of_sums(bins, sums, first, run->count);
    double s1[KM_BINS_MAX], drop[KM_BINS_MAX], low = 1, high = 0;
    km_plan_features(run->plan, bins->x, bins->count, s1, drop);
    for (size_t b = 0; b < bins->count; b++) {
        low = fmin(low, drop[b]);
        high = fmax(high, drop[b]);
    }
    const struct km_anneal_problem problem = {
        .s1 = s1,
        .drop = drop,
        .y = bins->y,
        .weight = bins->n,
        .count = bins->count,
        .s1_now = s1[bins->count - 1],
        .drop_now = drop[bins->count - 1],
        .e_min = run->e_min,
    };
    struct km_anneal fit;
    return high - low >= DROP_LEAST &&
                   km_anneal_run(family, &problem, &work->fit, &fit)
               ? fit.drop
               : (double)NAN;
}

/* The ensemble and the bootstrap behind a cold start. */
static void take_cold(const struct km_forecast_run *run,
                      const struct km_bin_sums *sums,
                      struct km_origin_workspace *work,
                      struct km_origin *origin, const struct km_bins *window)
{
    struct km_fit_problem past[KM_FORECAST_WINDOWS];
    size_t count = 0;
    for (size_t w = 0; w < KM_FORECAST_WINDOWS; w++) {
        size_t first = first_after(run, origin->seen,
                                   km_forecast_windows[w] * origin->x_now);
        if (origin->seen - first >= KM_FIT_POINTS_MIN) {
            struct km_bins *bins = &work->bins[1 + count];
            km_bins_of_sums(bins, sums, first, origin->seen);
            past[count++] = problem_of(bins, origin->x_now, run->e_min);
        }
    }
    struct km_fit_problem seen = problem_of(window, origin->x_now, run->e_min);
    km_forecast_prepare(&work->pow3, &work->invlog3, &seen, past, count,
                        run->averaged ? 0 : work->pow3.scale,
                        (struct km_cold_start){1, 1}, &work->fit,
                        &work->forecast);
    for (size_t t = 0; t < origin->target_count; t++) {
        struct km_origin_target *target = &origin->targets[t];
        if (isfinite(target->x)) {
            struct km_estimate e = km_forecast_at(&work->forecast, target->x);
            target->s = (e.hi - e.lo) / 2;
        }
    }
}

/* Constant means: since the start of the window, so that the curve is one. */
static enum km_rate_regime regime_of(const struct km_forecast_run *run,
                                     const struct km_origin *origin,
                                     double target)
{
    if (!run->plan) {
        return KM_REGIME_UNKNOWN;
    }
    double from = fmax(origin->window * origin->x_now, km_plan_warm(run->plan));
    return km_plan_constant_between(run->plan, fmin(from, origin->x_now),
                                    target)
               ? KM_REGIME_CONSTANT
               : KM_REGIME_DECAYING;
}

static enum km_code
take_fits(const struct km_forecast_run *run, const struct km_bin_sums *sums,
          enum km_origin_depth depth, struct km_origin_workspace *work,
          struct km_arena *arena, struct km_origin *origin, struct km_err *err)
{
    struct km_bins window;
    if (!km_origin_window(run, sums, origin->seen, &window, &origin->window) ||
        !km_origin_fit(run, origin->seen, &window, KM_FIT_REFINED, &work->fit,
                       &work->pow3, &work->invlog3)) {
        return KM_OK;
    }
    origin->fitted = true;
    origin->points = window.count;
    origin->pow3_now = km_fit_value(&work->pow3, origin->x_now);
    struct km_origin_mean mean =
        km_origin_mean_of(run, sums, origin->seen, work);
    origin->now = km_origin_mean_at(&mean, origin->x_now);
    for (size_t t = 0; t < origin->target_count; t++) {
        struct km_origin_target *target = &origin->targets[t];
        target->regime = regime_of(run, origin, target->x);
        if (isfinite(target->x)) {
            target->pow3 = km_fit_value(&work->pow3, target->x);
            target->mean = km_origin_mean_at(&mean, target->x);
        }
    }
    if (depth == KM_ORIGIN_WHOLE) {
        take_cold(run, sums, work, origin, &window);
        km_origin_own(run, sums, work, origin);
    }
    return take_anneal(run, sums, work, arena, origin, err);
}

enum km_code km_origin_take(const struct km_forecast_run *run,
                            const struct km_bin_sums *sums, double x_now,
                            const double *targets, size_t target_count,
                            enum km_origin_depth depth,
                            struct km_origin_workspace *work,
                            struct km_arena *arena, struct km_origin *origin,
                            struct km_err *err)
{
    *origin = (struct km_origin){.target_count = target_count,
                                 .loss = run->loss,
                                 .end_drop = NAN,
                                 .now = NAN,
                                 .pow3_now = NAN};
    origin->targets = km_new(arena, struct km_origin_target, target_count);
    if (!origin->targets) {
        return fail_full(err);
    }
    for (size_t t = 0; t < target_count; t++) {
        origin->targets[t] = (struct km_origin_target){
            .x = targets[t],
            .s1 = NAN,
            .drop = NAN,
            .pow3 = NAN,
            .mean = NAN,
            .line = NAN,
            .s = NAN,
            .own = NAN,
            .own_line = NAN,
            .own_mae = NAN,
            .own_line_mae = NAN,
        };
    }
    origin->seen = km_bins_find(run->x, run->count, nextafter(x_now, INFINITY));
    if (origin->seen == 0) {
        return KM_OK;
    }
    origin->x_now = run->x[origin->seen - 1];
    origin->share = x_now / run->planned;
    origin->last_value = km_last_value(run, origin->seen);
    fit_line(run, sums, origin->seen, &work->bins[0], origin);
    return take_fits(run, sums, depth, work, arena, origin, err);
}
