/* curve_velocity.c - the velocity that would have been reported at each step.
 *
 * Steps are multiples of a power of two, so that a run that goes on keeps those
 * it has, and what was said there is remembered. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "score/card.h"
#include "score/memory.h"

enum { PLACES = KM_VELOCITY_PLACES_MAX };
static const double FIRST = 0.1; /* of the present step */

/* Places at rising steps, the last at x_now; returns how many. */
static size_t choose_places(double x_now, double *at)
{
    double width = exp2(ceil(log2(x_now / (PLACES - 1))));
    size_t count = 0;
    for (double x = ceil(FIRST * x_now / width) * width;
         x < x_now && count + 1 < PLACES; x += width) {
        at[count++] = x;
    }
    at[count++] = x_now;
    return count;
}

/* By a fit that saw only what came before; false: that was too little. */
static bool velocity_at(const struct km_score_input *input, double x,
                        double level, struct km_estimate *out)
{
    const struct km_curve_input *curve = &input->learn;
    size_t end = km_bins_find(curve->x, curve->count, nextafter(x, INFINITY));
    size_t from = km_bins_find(curve->x, curve->count, curve->window * x);
    struct km_bins bins;
    struct km_fit fit;
    if (end < from + KM_FIT_POINTS_MIN) {
        return false;
    }
    km_bins_of_sums(&bins, &curve->sums, from, end);
    double now = curve->x[end - 1];
    const struct km_fit_problem problem = {bins.x,     bins.y, bins.n,
                                           bins.count, now,    curve->e_min};
    if (!km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, input->scratch,
                    &fit)) {
        return false;
    }
    *out = km_velocity_model(&fit, now, level, 0);
    return true;
}

/* What was said before of the same window of the same sums. */
static struct km_velocity_past *find_past(struct km_velocities_past *past,
                                          double x)
{
    for (size_t i = 0; i < past->count; i++) {
        if (!(past->places[i].x < x) && !(past->places[i].x > x)) {
            return &past->places[i];
        }
    }
    return NULL;
}

static bool is_among(const double *places, size_t count, double x)
{
    size_t i = 0;
    while (i < count && places[i] < x) {
        i++;
    }
    return i < count && !(places[i] > x);
}

/* Begins anew when the fits would be others; forgets places no longer shown. */
static void tidy_past(struct km_velocities_past *past,
                      const struct km_curve_input *curve, const double *places,
                      size_t count)
{
    bool same = past->shift_at == curve->sums.shift_at &&
                past->each == curve->kept->mask.each &&
                !(past->window < curve->window) &&
                !(past->window > curve->window) &&
                !(past->e_min < curve->e_min) && !(past->e_min > curve->e_min);
    size_t kept = 0;
    for (size_t i = 0; same && i < past->count; i++) {
        if (is_among(places, count, past->places[i].x)) {
            past->places[kept++] = past->places[i];
        }
    }
    past->count = kept;
    past->shift_at = curve->sums.shift_at;
    past->each = curve->kept->mask.each;
    past->window = curve->window;
    past->e_min = curve->e_min;
}

static struct km_velocity_past look_back(const struct km_score_input *input,
                                         double x, double level)
{
    const struct km_curve_input *curve = &input->learn;
    struct km_velocities_past *past = &curve->kept->velocities;
    struct km_velocity_past now = {.x = x}, *said = find_past(past, x);
    if (said) {
        return *said;
    }
    now.known = velocity_at(input, x, level, &now.velocity);
    size_t firm = curve->kept->firm;
    if (firm && x < curve->x[firm - 1] && past->count < PLACES) {
        past->places[past->count++] = now;
    }
    return now;
}

KM_FIGURE_COMPUTE(km_card_velocity)
{
    const struct km_curve_input *source = &input->learn;
    if (!source->fitted) {
        return KM_OK;
    }
    double *at = km_new(card->arena, double, 4 * PLACES), places[PLACES];
    double *v = at + PLACES, *lo = v + PLACES, *hi = lo + PLACES;
    struct km_curve curve = {
        .id = "velocity",
        .title = "learning velocity",
        .unit = km_arena_printf(card->arena, "%s/kstep", source->unit),
        .axis = KM_AXIS_STEP,
        .kind = "data",
        .x = at,
        .y = v,
        .lo = lo,
        .hi = hi};
    if (!at || !curve.unit) {
        curve.x = NULL;
        return km_card_add_curve(card, curve, err);
    }
    size_t count = choose_places(source->x_now, places);
    tidy_past(&source->kept->velocities, source, places, count);
    double size = km_axis_unit_size(KM_AXIS_STEP);
    for (size_t i = 0; i < count; i++) {
        struct km_velocity_past said = look_back(input, places[i], card->level);
        if (said.known) {
            at[curve.count] = places[i];
            v[curve.count] = said.velocity.value * size;
            lo[curve.count] = said.velocity.lo * size;
            hi[curve.count] = said.velocity.hi * size;
            curve.count++;
        }
    }
    return km_card_add_curve(card, curve, err);
}
