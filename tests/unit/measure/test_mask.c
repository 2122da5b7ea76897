/* test_mask.c - bursts are masked, batches and level shifts are not. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/mask.h"
#include "measure/rng.h"
#include "tap.h"

enum { N = 4000 };

static double y[N];
static bool keep[N];

/* A falling loss with heavy-tailed batch noise: a Laplace variable. */
static void learn(uint64_t seed)
{
    struct km_rng rng;
    km_rng_seed(&rng, seed);
    for (int i = 0; i < N; i++) {
        double u = km_rng_unit(&rng) - 0.5;
        double tail = copysign(log1p(-2 * fabs(u)), -u);
        y[i] = 3 + 20 * pow(i + 10, -0.5) + 0.04 * tail;
    }
}

static void masks_a_burst_from_its_start_to_its_end(void)
{
    learn(1);
    for (int i = 2000; i < 2025; i++) {
        y[i] += 0.8;
    }
    size_t masked = km_mask_spikes(y, N, keep);
    CHECK(masked >= 25 && masked <= 33);
    for (int i = 2000; i < 2025; i++) {
        CHECK(!keep[i]);
    }
    CHECK(keep[1990] && keep[2035]);
}

static void leaves_healthy_curves_alone(void)
{
    size_t masked = 0;
    for (uint64_t seed = 2; seed < 12; seed++) {
        learn(seed);
        masked += km_mask_spikes(y, N, keep);
    }
    CHECK(masked <= 10 * N / 1000); /* one in a thousand */
}

static void single_points_stay(void)
{
    learn(3);
    y[1500] += 0.3;
    y[2500] += 0.3;
    km_mask_spikes(y, N, keep);
    CHECK(keep[1500] && keep[2500]);
}

static void another_level_is_no_spike(void)
{
    learn(4);
    for (int i = 2000; i < N; i++) {
        y[i] += 1;
    }
    CHECK(km_mask_spikes(y, N, keep) < 20);
}

static void knows_nothing_of_what_comes(void)
{
    static bool before[N];
    learn(5);
    for (int i = 2990; i < N; i++) {
        y[i] += i < 3010 ? 0.8 : 0;
    }
    km_mask_spikes(y, 3000, before);
    y[3005] = 100;
    km_mask_spikes(y, 3000, keep);
    CHECK(memcmp(before, keep, 3000 * sizeof *keep) == 0);
}

static void odd_curves_are_kept_whole(void)
{
    CHECK_INT(km_mask_spikes(y, 0, keep), 0);
    learn(6);
    CHECK_INT(km_mask_spikes(y, 50, keep), 0);
    for (int i = 0; i < N; i++) {
        y[i] = 2;
    }
    CHECK_INT(km_mask_spikes(y, N, keep), 0);
    for (int i = 0; i < N; i++) {
        y[i] = i * 1e300;
    }
    CHECK(km_mask_spikes(y, N, keep) <= N);
}

enum { LONG = 3 * KM_MASK_POINTS_MAX };
static double long_y[LONG];
static bool long_keep[LONG], grown[LONG];

/* Bursts of all lengths, some of which do not end. */
static void learn_long(uint64_t seed, size_t count)
{
    struct km_rng rng;
    size_t left = 0;
    double up = 0;
    km_rng_seed(&rng, seed);
    for (size_t i = 0; i < count; i++) {
        if (!left && km_rng_below(&rng, 300) == 0) {
            left = 1 + (size_t)km_rng_below(&rng, 120);
            up = 1;
        }
        up = left ? up : 0;
        left -= left > 0;
        long_y[i] = 3 + up + 0.02 * km_rng_unit(&rng) +
                    ((double)i > 0.9 * (double)count ? 1 : 0);
    }
}

static void goes_on_where_it_was(void)
{
    bool same = true, settled = true;
    struct km_rng rng;
    km_rng_seed(&rng, 8);
    for (uint64_t seed = 20; seed < 26; seed++) {
        bool last = seed == 25;
        size_t most = last ? (size_t)LONG : (size_t)N;
        struct km_mask mask;
        learn_long(seed, most);
        km_mask_begin(&mask);
        for (size_t n = 0, before = 0; n <= most;
             n += 1 + (size_t)km_rng_below(&rng, last ? 60000 : 70)) {
            size_t masked = km_mask_more(&mask, long_y, n, grown);
            same = same && masked == km_mask_spikes(long_y, n, long_keep) &&
                   memcmp(grown, long_keep, n * sizeof *grown) == 0;
            before = km_mask_settled(&mask) > before ? km_mask_settled(&mask)
                                                     : before;
            settled = settled && before <= n;
        }
        CHECK(km_mask_settled(&mask) > most / 2);
    }
    CHECK(same && settled);
}

int main(void)
{
    RUN(masks_a_burst_from_its_start_to_its_end);
    RUN(leaves_healthy_curves_alone);
    RUN(single_points_stay);
    RUN(another_level_is_no_spike);
    RUN(knows_nothing_of_what_comes);
    RUN(odd_curves_are_kept_whole);
    RUN(goes_on_where_it_was);
    return tap_end();
}
