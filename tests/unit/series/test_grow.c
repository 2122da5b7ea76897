/* test_grow.c - what grows is what would be made anew. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "measure/rng.h"
#include "series/bins.h"
#include "series/extremes.h"
#include "series/reduce.h"
#include "series/timeline.h"
#include "tap.h"
#include "world.h"

enum { MANY = 5000 };
static double x[MANY], y[MANY], sum_x[MANY + 1], sum_y[MANY + 1],
    more_x[MANY + 1], more_y[MANY + 1], out[4][MANY];

static bool same_numbers(const double *a, const double *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&a[i], &b[i], sizeof *a) != 0) {
            return false;
        }
    }
    return true;
}

static bool same_track(const struct km_track *a, const struct km_track *b)
{
    if (!a || !b) {
        return !a && !b;
    }
    size_t all = a->count + a->ghost_count;
    return a->series_id == b->series_id && a->stored == b->stored &&
           a->nonfinite == b->nonfinite &&
           a->nonfinite_step == b->nonfinite_step && a->every == b->every &&
           a->count == b->count && a->ghost_count == b->ghost_count &&
           a->tail_step == b->tail_step && a->tail_same == b->tail_same &&
           same_numbers(a->step, b->step, all) &&
           same_numbers(a->value, b->value, all) &&
           same_numbers(a->time_s, b->time_s, all) &&
           memcmp(a->attempt, b->attempt, all * sizeof *a->attempt) == 0;
}

static bool same_view(const struct km_run_view *a, const struct km_run_view *b)
{
    bool same = a->attempt_count == b->attempt_count &&
                a->last_time_ns == b->last_time_ns &&
                a->series_count == b->series_count;
    for (size_t k = 0; same && k < a->attempt_count; k++) {
        same = a->attempts[k].restart_step == b->attempts[k].restart_step &&
               a->attempts[k].superseded == b->attempts[k].superseded;
    }
    for (int role = 0; same && role < KM_ROLE_COUNT; role++) {
        same = same_track(a->tracks[role], b->tracks[role]);
    }
    return same;
}

static bool same_timeline(const struct km_timeline *a,
                          const struct km_timeline *b)
{
    bool sourced = a->source && b->source;
    return (sourced ? strcmp(a->source, b->source) == 0
                    : !a->source && !b->source) &&
           a->count == b->count && same_numbers(a->at, b->at, a->count) &&
           same_numbers(a->steps, b->steps, a->count) &&
           same_numbers(a->seconds, b->seconds, a->count);
}

/* A trainer that logs, forgets, logs late, restarts and evaluates. */
struct trainer {
    struct km_rng rng;
    int64_t step;
    uint32_t part;
    bool orderly; /* goes on and does nothing else */
};

static void train(struct world *w, struct trainer *t)
{
    size_t steps = (size_t)km_rng_below(&t->rng, 40);
    size_t fate = t->orderly ? 99 : (size_t)km_rng_below(&t->rng, 12);
    if (fate == 0 && t->step > 60) {
        t->step -= 50;
        t->part++;
    }
    attempt(w, t->part, KM_STEP_ABSENT);
    if (fate == 1 && t->step > 20) { /* late */
        point(w, "loss", t->step - 10, 1, 2);
    }
    for (size_t i = 0; i < steps; i++) {
        double at = (double)t->step;
        double value =
            km_rng_below(&t->rng, 30) ? 3 + 1 / (at + 1) : (double)NAN;
        point(w, "loss", t->step, at, value);
        if (km_rng_below(&t->rng, 20) == 0) { /* the same step again */
            point(w, "loss", t->step, at + 0.1, 3);
        }
        if (t->step > 100) {
            point(w, "lr", t->step, at, 1e-3);
        }
        if (t->step % 50 == 49) {
            point(w, "eval/loss", t->step, at + 0.5, 3);
        }
        t->step += 1 + (int64_t)km_rng_below(&t->rng, 2);
    }
}

/* Returns how often the view did grow. */
static int follow(uint64_t seed, bool orderly, bool *same)
{
    struct world w;
    struct trainer t = {.orderly = orderly};
    struct km_arena kept, scratch;
    struct km_run_view view = {0};
    struct km_timeline line = {.count = 0};
    bool known = false, grown = false;
    int grew = 0;
    km_rng_seed(&t.rng, seed);
    km_arena_init(&kept, KM_ARENA_COMMAND_BYTES_MAX);
    km_arena_init(&scratch, KM_ARENA_COMMAND_BYTES_MAX);
    begin(&w);
    for (int look = 0; look < 60; look++) {
        struct km_err err = {0};
        train(&w, &t);
        uint64_t id = w.batch.runs[w.run].id;
        km_arena_reset(&w.arena);
        km_arena_reset(&scratch);
        load(&w);
        open_batch(&w);
        if (known) {
            CHECK_INT(km_run_view_grow(w.store, NULL, &kept, &scratch, &view,
                                       &grown, &err),
                      KM_OK);
        }
        if (!known || !grown) {
            km_arena_reset(&kept);
            line = (struct km_timeline){.count = 0};
            CHECK_INT(km_run_view_load(w.store, id, NULL, &kept, &view, &err),
                      KM_OK);
        } else {
            grew++;
        }
        known = true;
        struct km_timeline whole;
        CHECK_INT(km_timeline_build(&w.view, &w.arena, &whole, &err), KM_OK);
        CHECK_INT(km_timeline_more(&view, &kept, &line, &err), KM_OK);
        *same =
            *same && same_view(&view, &w.view) && same_timeline(&line, &whole);
    }
    km_arena_finish(&scratch);
    km_arena_finish(&kept);
    end(&w);
    return grew;
}

static void a_view_that_grows_is_the_view_that_is_loaded(void)
{
    bool same = true;
    int grew = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        grew += follow(seed, false, &same);
    }
    CHECK(same);
    CHECK(grew > 800);
}

static void a_run_that_only_goes_on_is_never_loaded_again(void)
{
    bool same = true;
    /* but for the first look, and where the rate and evaluations appear */
    CHECK(follow(99, true, &same) >= 56);
    CHECK(same);
}

static void fill(void)
{
    struct km_rng rng;
    km_rng_seed(&rng, 5);
    for (int i = 0; i < MANY; i++) {
        x[i] = i + 1;
        y[i] = floor(40 * km_rng_unit(&rng)) / 8; /* many are equal */
    }
}

static void sums_go_on(void)
{
    fill();
    struct km_bin_sums whole = {.sum_x = sum_x, .sum_y = sum_y};
    struct km_bin_sums more = {.sum_x = more_x, .sum_y = more_y};
    size_t before = 0;
    bool same = true;
    for (size_t n = 0; n <= MANY; n += n / 3 + 1) {
        km_bin_sums_fill(&whole, x, y, n);
        /* of those at the end some may have been others */
        km_bin_sums_more(&more, x, y, before > 7 ? before - 7 : 0, n);
        same = same && same_numbers(sum_x, more_x, n + 1) &&
               same_numbers(sum_y, more_y, n + 1);
        before = n;
    }
    CHECK(same);
}

static void extremes_are_those_of_the_points(void)
{
    fill();
    struct km_arena arena;
    struct km_extremes e = {0}, none = {.y = y};
    struct km_rng rng;
    size_t kept = 0;
    bool same = true;
    km_rng_seed(&rng, 6);
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    for (size_t n = 1; n < MANY; n += 1 + (size_t)km_rng_below(&rng, 500)) {
        CHECK(km_extremes_more(&e, y, kept, n, &arena));
        kept = n;
        for (int i = 0; i < 50; i++) {
            size_t from = (size_t)km_rng_below(&rng, n);
            size_t to = from + 1 + (size_t)km_rng_below(&rng, n - from);
            size_t found[4];
            km_extremes_find(&e, from, to, &found[0], &found[1]);
            km_extremes_find(&none, from, to, &found[2], &found[3]);
            same = same && found[0] == found[2] && found[1] == found[3];
        }
        size_t a = km_reduce(x, y, n, out[0], out[1], 40);
        size_t b = km_reduce_known(x, &e, n, out[2], out[3], 40);
        same = same && a == b && same_numbers(out[0], out[2], a) &&
               same_numbers(out[1], out[3], a);
    }
    CHECK(same);
    km_arena_finish(&arena);
}

static size_t find_slowly(size_t count, double bound)
{
    size_t at = 0;
    while (at < count && x[at] < bound) {
        at++;
    }
    return at;
}

static void a_place_is_found_however_steps_are_spaced(void)
{
    struct km_rng rng;
    bool same = true;
    km_rng_seed(&rng, 7);
    for (int spacing = 0; spacing < 5; spacing++) {
        for (int i = 0; i < MANY; i++) {
            x[i] = spacing == 0   ? i
                   : spacing == 1 ? floor(i / 40.0)
                   : spacing == 2 ? exp(i * 0.1)
                   : spacing == 3 ? 7
                                  : log(1.0 + i);
        }
        for (int i = 0; i < 3000; i++) {
            size_t n = (size_t)km_rng_below(&rng, MANY);
            double near = n ? x[km_rng_below(&rng, n)] : 1;
            double bound = i % 3 == 0   ? near
                           : i % 3 == 1 ? nextafter(near, INFINITY)
                                        : near * 2 * km_rng_unit(&rng) - 1;
            same = same && km_bins_find(x, n, bound) == find_slowly(n, bound);
        }
        same = same && km_bins_find(x, MANY, NAN) == 0 &&
               km_bins_find(x, MANY, INFINITY) == MANY &&
               km_bins_find(x, MANY, -(double)INFINITY) == 0;
    }
    CHECK(same);
}

int main(void)
{
    RUN(a_view_that_grows_is_the_view_that_is_loaded);
    RUN(a_run_that_only_goes_on_is_never_loaded_again);
    RUN(sums_go_on);
    RUN(a_place_is_found_however_steps_are_spaced);
    RUN(extremes_are_those_of_the_points);
    return tap_end();
}
