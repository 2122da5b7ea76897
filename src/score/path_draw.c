/* path_draw.c - the scatter of a path's places taken out, for the eye. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/path_draw.h"

#include <math.h>

#include "measure/monotone.h"
#include "measure/smooth.h"

enum { NEIGHBOURS = 9 }; /* of a local line: an octave of 24 places has three */
static const double SAME = 1e-9; /* of a step */

struct smoothing {
    size_t count;
    const double *log_x;
    const bool *exact; /* places that stay what they are; the ends do */
    double *raw, *smooth, *scratch; /* scratch: 4 x count */
};

static bool is_exact(const struct km_path *path, size_t k)
{
    double x = path->places[k].x;
    bool exact =
        k == 0 || k + 1 == path->count || fabs(x - path->horizon) <= SAME * x;
    for (size_t i = 0; i < path->asked_count && !exact; i++) {
        exact = fabs(x - path->asked[i]) <= SAME * x;
    }
    return exact;
}

/* Values, or how far the ends of an interval are from them. */
static double series_at(const struct km_path_place *place, int series)
{
    const double rows[KM_PATH_SERIES] = {place->outer.value,
                                         place->outer.value - place->outer.lo,
                                         place->outer.hi - place->outer.value,
                                         place->outer.value - place->inner.lo,
                                         place->inner.hi - place->outer.value};
    return rows[series];
}

/* Between two exact places: moved by what the smooth curve misses them by,
 * linearly in ln x, then monotone from one to the other. */
static void settle(const struct smoothing *s, size_t from, size_t to)
{
    double left = from ? s->raw[from] - s->smooth[from] : 0;
    double right = s->raw[to] - s->smooth[to];
    double span = s->log_x[to] - s->log_x[from];
    double low = fmin(s->raw[from], s->raw[to]);
    double high = fmax(s->raw[from], s->raw[to]);
    for (size_t k = from + 1; k < to; k++) {
        double share = (s->log_x[k] - s->log_x[from]) / span;
        s->smooth[k] += left + share * (right - left);
    }
    if (to > from + 1) {
        km_smooth_isotonic(s->smooth + from + 1, NULL, to - from - 1,
                           s->raw[to] < s->raw[from], s->scratch,
                           s->smooth + from + 1);
    }
    for (size_t k = from + 1; k < to; k++) {
        s->smooth[k] = fmin(fmax(s->smooth[k], low), high);
    }
}

/* raw -> smooth; the first place has no width and tells nothing of others'. */
static void smooth(const struct smoothing *s)
{
    size_t n = s->count, others = n - 1;
    double fraction =
        others > NEIGHBOURS ? (double)NEIGHBOURS / (double)others : 1;
    km_smooth_loess(s->log_x + 1, s->raw + 1, others, fraction, 0, s->scratch,
                    s->smooth + 1);
    for (size_t from = 0, to = 1; to < n; to++) {
        if (s->exact[to]) {
            settle(s, from, to);
            from = to;
        }
    }
    for (size_t k = 0; k < n; k++) {
        s->smooth[k] = s->exact[k] ? s->raw[k] : s->smooth[k];
    }
}

bool km_path_draw(const struct km_path *path, struct km_arena *arena,
                  struct km_path_drawn *drawn)
{
    size_t n = path->count;
    double *log_x = km_new(arena, double, 6 * n);
    double *kept = km_new(arena, double, 2 * KM_PATH_SERIES * n);
    bool *exact = km_new(arena, bool, n);
    if (n < 2 || !log_x || !kept || !exact) {
        return false;
    }
    *drawn = (struct km_path_drawn){
        .count = n, .log_x = log_x, .inner = true, .floor = path->e_min};
    for (size_t k = 0; k < n; k++) {
        const struct km_path_place *place = &path->places[k];
        log_x[k] = log(place->x);
        exact[k] = is_exact(path, k);
        drawn->inner = drawn->inner && isfinite(place->inner.lo) &&
                       isfinite(place->inner.hi);
    }
    for (int series = 0; series < (drawn->inner ? KM_PATH_SERIES : 3);
         series++) {
        double *y = kept + (size_t)(2 * series) * n, *slope = y + n;
        const struct smoothing s = {.count = n,
                                    .log_x = log_x,
                                    .exact = exact,
                                    .raw = log_x + n,
                                    .smooth = y,
                                    .scratch = log_x + 2 * n};
        for (size_t k = 0; k < n; k++) {
            s.raw[k] = series_at(&path->places[k], series);
        }
        smooth(&s);
        km_monotone_slopes(log_x, y, n, slope);
        drawn->y[series] = y;
        drawn->slope[series] = slope;
    }
    return true;
}

struct km_path_place km_path_drawn_at(const struct km_path_drawn *drawn,
                                      double x)
{
    const struct km_estimate none = {NAN, NAN, NAN};
    struct km_path_place at = {x, none, none};
    double u = log(x), y[KM_PATH_SERIES] = {0};
    if (!(u >= drawn->log_x[0] - SAME &&
          u <= drawn->log_x[drawn->count - 1] + SAME)) {
        return at;
    }
    for (int series = 0; series < (drawn->inner ? KM_PATH_SERIES : 3);
         series++) {
        y[series] = km_monotone_at(drawn->log_x, drawn->y[series],
                                   drawn->slope[series], drawn->count, u);
    }
    double least = drawn->floor;
    y[0] = fmax(y[0], least);
    at.outer =
        (struct km_estimate){y[0], fmax(y[0] - y[1], least), y[0] + y[2]};
    if (drawn->inner) {
        at.inner =
            (struct km_estimate){y[0], fmax(y[0] - y[3], least), y[0] + y[4]};
    }
    return at;
}
