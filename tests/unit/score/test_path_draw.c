/* test_path_draw.c - a drawn path is smooth, and exact where figures are. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/limits.h"
#include "score/path_draw.h"
#include "score_run.h"
#include "tap.h"

enum { PLACES = 30 };

static struct km_arena arena;
static struct km_path_place places[PLACES];
static double asked[2];
static struct km_path path;

/* A loss that falls from 800 to 2000 and a widening band, both noisy. */
static void begin(double noise, bool inner)
{
    uint64_t state = 9;
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    for (int k = 0; k < PLACES; k++) {
        double share = k / (PLACES - 1.0), x = 800 * pow(2.5, share);
        double y = 2 + 35 / sqrt(x) + (k ? noise * score_run_noise(&state) : 0);
        double w = k ? 0.02 * (1 + share) + noise * score_run_noise(&state) : 0;
        places[k] = (struct km_path_place){x,
                                           {y, y - w, y + w},
                                           {y, inner ? y - w / 2 : (double)NAN,
                                            inner ? y + w / 2 : (double)NAN}};
    }
    asked[0] = places[10].x;
    asked[1] = places[20].x;
    path = (struct km_path){.places = places,
                            .count = PLACES,
                            .e_min = -INFINITY,
                            .horizon = places[PLACES - 1].x,
                            .asked = asked,
                            .asked_count = 2};
}

static void what_figures_are_about_is_drawn_exactly(void)
{
    static const int exact[] = {0, 10, 20, PLACES - 1};
    struct km_path_drawn drawn;
    begin(0.004, true);
    CHECK(km_path_draw(&path, &arena, &drawn));
    CHECK(drawn.inner);
    for (size_t i = 0; i < 4; i++) {
        const struct km_path_place *place = &places[exact[i]];
        struct km_path_place at = km_path_drawn_at(&drawn, place->x);
        CHECK_NEAR(at.outer.value, place->outer.value, 1e-12);
        CHECK_NEAR(at.outer.lo, place->outer.lo, 1e-12);
        CHECK_NEAR(at.outer.hi, place->outer.hi, 1e-12);
        CHECK_NEAR(at.inner.lo, place->inner.lo, 1e-12);
        CHECK_NEAR(at.inner.hi, place->inner.hi, 1e-12);
    }
    km_arena_finish(&arena);
}

/* Sum of |second differences| of the value over an even grid. */
static double roughness(const struct km_path_drawn *drawn)
{
    double sum = 0, before[2] = {NAN, NAN};
    for (double x = 840; x <= 1990; x += 10) {
        double y = drawn ? km_path_drawn_at(drawn, x).outer.value
                         : km_path_at(&path, x).outer.value;
        double bend = y - 2 * before[1] + before[0];
        sum += isfinite(bend) ? fabs(bend) : 0;
        before[0] = before[1];
        before[1] = y;
    }
    return sum;
}

static void between_them_it_is_smooth_and_turns_nowhere(void)
{
    struct km_path_drawn drawn;
    begin(0.004, false);
    CHECK(km_path_draw(&path, &arena, &drawn));
    CHECK(!drawn.inner);
    double before = INFINITY;
    for (double x = 800; x <= 2000; x += 5) {
        struct km_path_place at = km_path_drawn_at(&drawn, x);
        CHECK(at.outer.value <= before + 1e-12);
        CHECK(at.outer.lo <= at.outer.value && at.outer.hi >= at.outer.value);
        CHECK(isnan(at.inner.lo));
        before = at.outer.value;
    }
    CHECK(roughness(&drawn) < 0.5 * roughness(NULL));
    km_arena_finish(&arena);
}

static void a_path_without_scatter_is_left_as_it_is(void)
{
    struct km_path_drawn drawn;
    begin(0, false);
    CHECK(km_path_draw(&path, &arena, &drawn));
    for (double x = 810; x < 2000; x += 7) {
        CHECK_NEAR(km_path_drawn_at(&drawn, x).outer.value, 2 + 35 / sqrt(x),
                   2e-3);
    }
    km_arena_finish(&arena);
}

/* An error rate cannot fall below 0, and neither does its band. */
static void bounded_metrics_are_drawn_within_their_bounds(void)
{
    struct km_path_drawn drawn;
    begin(0.004, true);
    path.e_min = 2.9;
    for (int k = 0; k < PLACES; k++) {
        struct km_estimate *e[] = {&places[k].outer, &places[k].inner};
        for (int i = 0; i < 2; i++) {
            e[i]->value = fmax(e[i]->value, path.e_min);
            e[i]->lo = fmax(e[i]->lo, path.e_min);
            e[i]->hi = fmax(e[i]->hi, path.e_min);
        }
    }
    CHECK(km_path_draw(&path, &arena, &drawn));
    for (double x = 800; x <= 2000; x += 5) {
        struct km_path_place at = km_path_drawn_at(&drawn, x);
        CHECK(at.outer.lo >= path.e_min && at.inner.lo >= path.e_min);
        CHECK(at.outer.value >= path.e_min);
    }
    km_arena_finish(&arena);
}

static void few_places_and_places_beyond_are_no_trouble(void)
{
    struct km_path_drawn drawn;
    begin(0.004, true);
    path.count = 1;
    CHECK(!km_path_draw(&path, &arena, &drawn));
    for (size_t n = 2; n < 6; n++) {
        path.count = n;
        CHECK(km_path_draw(&path, &arena, &drawn));
        double end = places[n - 1].x;
        CHECK_NEAR(km_path_drawn_at(&drawn, end).outer.value,
                   places[n - 1].outer.value, 1e-12);
        CHECK(isnan(km_path_drawn_at(&drawn, end * 1.01).outer.value));
        CHECK(isnan(km_path_drawn_at(&drawn, 799).outer.value));
    }
    km_arena_finish(&arena);
}

int main(void)
{
    RUN(what_figures_are_about_is_drawn_exactly);
    RUN(between_them_it_is_smooth_and_turns_nowhere);
    RUN(a_path_without_scatter_is_left_as_it_is);
    RUN(bounded_metrics_are_drawn_within_their_bounds);
    RUN(few_places_and_places_beyond_are_no_trouble);
    return tap_end();
}
