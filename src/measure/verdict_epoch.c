/* verdict_epoch.c - a training curve that falls in steps between epochs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "measure/robust.h"
#include "measure/verdict.h"

static const double WINDOW_SHARE = 0.2, DROP_SIGMAS = 6, SHARE = 0.03,
                    LEAST = 0.1, RATE_CHANGE = 0.1, FOLLOWS = 0.25;
enum { WINDOW_MIN = 8, WINDOW_MAX = 512, EPOCH_POINTS_MIN = 5 * WINDOW_MIN };

/* Median of a stretch and the sigma of such a median. */
static double middle(const double *y, size_t count, double *scratch, double *se)
{
    double *rest = scratch + count;
    memcpy(scratch, y, count * sizeof *y);
    double median = km_median(scratch, count);
    *se = KM_MAD_TO_SIGMA * km_mad(y, count, median, rest) *
          sqrt(1.5707963 / (double)count);
    return median;
}

/* How much lower the `m` points from `at` are than the `m` before it. */
static double drop_at(const double *y, size_t at, size_t m, double *scratch,
                      double *se, double *level)
{
    double se_before, se_after;
    double before = middle(y + at - m, m, scratch, &se_before);
    double after = middle(y + at, m, scratch, &se_after);
    *se = hypot(se_before, se_after);
    *level = before;
    return before - after;
}

/* Does the curve fall at boundary `at` and not in the middle of the epoch
 * [from, at)? */
static bool falls(const double *y, size_t from, size_t at, size_t m,
                  double *scratch, double *drop)
{
    double se, se_middle, level, other;
    *drop = drop_at(y, at, m, scratch, &se, &level);
    double usual =
        drop_at(y, from + (at - from) / 2, m, scratch, &se_middle, &other);
    double excess = *drop - fmax(usual, 0);
    return excess > DROP_SIGMAS * hypot(se, se_middle) &&
           excess > fmin(SHARE * fabs(level), LEAST);
}

/* Of evaluations up to `seen`, the best from x on gained less than a quarter of
 * `drop` over the best before. */
static bool validation_is_flat(const struct km_epoch_curve *curve, double x,
                               double seen, double drop)
{
    double before = INFINITY, after = INFINITY;
    for (size_t i = 0; i < curve->valid_count && curve->valid_x[i] <= seen;
         i++) {
        double *best = curve->valid_x[i] < x ? &before : &after;
        *best = fmin(*best, curve->valid_y[i]);
    }
    return isfinite(before) && isfinite(after) &&
           before - after < FOLLOWS * drop;
}

/* What boundary `i` adds: it fell or not; `onset` is the boundary before it
 * when that fell, else NaN. */
static void take_boundary(const struct km_epoch_curve *curve, size_t i,
                          double seen, double drop, double onset,
                          struct km_memorise *out)
{
    struct km_episode *stands = km_episodes_standing(&out->episodes);
    bool holds = !isnan(drop) && !isnan(onset) &&
                 validation_is_flat(curve, onset, seen, drop);
    out->fell += isnan(drop) ? 0 : 1;
    if (holds && !stands) {
        stands = km_episodes_open(&out->episodes, onset, seen);
    }
    if (holds) {
        stands->size = drop;
    } else if (stands) {
        stands->until = curve->x[i];
    }
}

void km_memorise_find(const struct km_epoch_curve *curve, double *scratch,
                      struct km_memorise *out)
{
    *out = (struct km_memorise){0};
    const double *epoch = curve->epoch, *rate = curve->rate;
    size_t from = 0;
    double onset = NAN;
    for (size_t i = 1; i < curve->count; i++) {
        if (!(floor(epoch[i] + 1e-9) > floor(epoch[i - 1] + 1e-9))) {
            continue;
        }
        size_t length = i - from, m = (size_t)(WINDOW_SHARE * (double)length);
        m = m < WINDOW_MIN ? WINDOW_MIN : m > WINDOW_MAX ? WINDOW_MAX : m;
        bool moved = rate && fabs(rate[i] - rate[i - 1]) >
                                 RATE_CHANGE * fabs(rate[i - 1]);
        double drop = NAN;
        out->boundaries++;
        if (length >= EPOCH_POINTS_MIN && i + m <= curve->count) {
            bool fell = !moved && falls(curve->y, from, i, m, scratch, &drop);
            drop = fell ? drop : (double)NAN;
            out->judged++;
            take_boundary(curve, i, curve->x[i + m - 1], drop, onset, out);
            onset = fell ? curve->x[i] : (double)NAN;
        }
        from = i;
    }
}
