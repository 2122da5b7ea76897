/* test_pauses.c - a union of intervals, held against a grid of seconds. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/pauses.h"
#include "measure/rng.h"
#include "tap.h"

enum { GRID = 400, PAUSES = 40 };

/* Whole seconds, so that a grid of them is exact. */
static void joined_pauses_cover_what_the_grid_covers(void)
{
    struct km_rng rng;
    km_rng_seed(&rng, 11);
    for (int round = 0; round < 200; round++) {
        struct km_pause pauses[PAUSES];
        bool covered[GRID] = {false};
        for (size_t i = 0; i < PAUSES; i++) {
            size_t from = (size_t)km_rng_below(&rng, GRID);
            size_t to = from + (size_t)km_rng_below(&rng, 9);
            to = to < GRID ? to : (size_t)GRID;
            pauses[i] = (struct km_pause){(double)from, (double)to};
            for (size_t s = from; s < to; s++) {
                covered[s] = true;
            }
        }
        size_t n = km_pauses_join(pauses, PAUSES);
        for (size_t i = 1; i < n; i++) {
            CHECK(pauses[i - 1].to < pauses[i].from);
        }
        for (int look = 0; look < 50; look++) {
            size_t from = (size_t)km_rng_below(&rng, GRID);
            size_t to = from + (size_t)km_rng_below(&rng, 30);
            to = to < GRID ? to : (size_t)GRID;
            double seconds = 0;
            for (size_t s = from; s < to; s++) {
                seconds += covered[s];
            }
            CHECK_NEAR(km_pauses_within(pauses, n, (double)from, (double)to),
                       seconds, 1e-9);
        }
    }
}

static void what_is_no_pause_is_left_out(void)
{
    struct km_pause pauses[] = {
        {NAN, 3}, {1, NAN}, {5, 5}, {7, 6}, {-INFINITY, 2}, {10, 14},
    };
    CHECK_INT(km_pauses_join(pauses, 6), 1);
    CHECK_NEAR(pauses[0].from, 10, 0);
    CHECK_INT(km_pauses_join(pauses, 0), 0);
    CHECK_NEAR(km_pauses_within(pauses, 0, 0, 100), 0, 0);
    CHECK_NEAR(km_pauses_within(pauses, 1, NAN, 100), 0, 0);
    CHECK_NEAR(km_pauses_within(pauses, 1, 13, 11), 0, 0);
}

static void a_stretch_is_surrounded_from_both_sides(void)
{
    const struct km_pause pauses[] = {{10, 20}, {30, 40}};
    CHECK(km_pauses_surround(pauses, 2, 12, 18));
    CHECK(!km_pauses_surround(pauses, 2, 10, 20));
    CHECK(!km_pauses_surround(pauses, 2, 18, 32));
    CHECK(!km_pauses_surround(pauses, 2, 22, 28));
}

int main(void)
{
    RUN(joined_pauses_cover_what_the_grid_covers);
    RUN(what_is_no_pause_is_left_out);
    RUN(a_stretch_is_surrounded_from_both_sides);
    return tap_end();
}
