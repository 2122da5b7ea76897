/* test_verdict.c - detectors find what is planted, know nothing of what comes,
 * do not care about the unit of steps, and survive odd curves. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "measure/distribution.h"
#include "measure/rng.h"
#include "measure/trend.h"
#include "measure/verdict.h"
#define ORACLE_ROWS_MAX 1000
#include "oracle_file.h"
#include "tap.h"

enum { N = 4000, DETECTORS = 6 };

static double x[N], y[N], epoch[N], scratch[4 * KM_LOCAL_POINTS_MAX];
static uint64_t seed = 1;
static const char *path;

static double laplace(struct km_rng *rng)
{
    double u = km_rng_unit(rng) - 0.5;
    return copysign(log1p(-2 * fabs(u)), -u);
}

static void learn(double noise)
{
    struct km_rng rng;
    km_rng_seed(&rng, seed);
    for (int i = 0; i < N; i++) {
        x[i] = i + 1;
        y[i] = 3 + 20 * pow(i + 10, -0.5) + noise * laplace(&rng);
        epoch[i] = i / 400.0;
    }
}

/* All detectors that take points, over the first `count`; what each found. */
struct found {
    struct km_episodes of[DETECTORS];
};
static struct found found, others;

static void plateau_and_regime(size_t count, struct found *out)
{
    static struct km_plateau plateau;
    static struct km_regime regime;
    km_plateau_init(&plateau);
    km_regime_init(&regime);
    for (size_t n = km_look_next(0); n <= count; n = km_look_next(n)) {
        struct km_look looks[2] = {{.n = 0}, {.n = 0}};
        struct km_local_velocity local;
        for (int i = 0; i < 2; i++) {
            km_look_at(x, y, n, km_plateau_windows[i], scratch, &looks[i]);
        }
        km_plateau_add(&plateau, looks, km_negligible(y[n - 1], false), false);
        if (km_velocity_local(x, y, n, 20, 0.8, scratch, &local)) {
            km_regime_add(&regime, 1 / x[n - 1], &local);
        }
    }
    out->of[2] = plateau.episodes;
    out->of[3] = regime.episodes;
}

static void watch(size_t count, struct found *out)
{
    static struct km_spike spike;
    static struct km_divergence divergence;
    static struct km_overfit overfit;
    static struct km_memorise memorise;
    static double valid_x[N], valid_y[N];
    size_t valid = 0;
    km_spike_init(&spike);
    km_divergence_init(&divergence);
    km_overfit_init(&overfit);
    for (size_t i = 0; i < count; i++) {
        km_spike_add(&spike, x[i], y[i]);
        km_divergence_add(&divergence, x[i], y[i]);
        if (i % 50 == 49) {
            valid_x[valid] = x[i];
            valid_y[valid++] = 1; /* memorising: nothing for validation */
            km_overfit_add(&overfit, x[i], y[i], (double)NAN,
                           km_negligible(y[i], false), scratch);
        }
    }
    const struct km_epoch_curve curve = {.x = x,
                                         .y = y,
                                         .epoch = epoch,
                                         .count = count,
                                         .valid_x = valid_x,
                                         .valid_y = valid_y,
                                         .valid_count = valid};
    km_memorise_find(&curve, scratch, &memorise);
    out->of[0] = spike.episodes;
    out->of[1] = divergence.episodes;
    plateau_and_regime(count, out);
    out->of[4] = overfit.episodes;
    out->of[5] = memorise.episodes;
}

static void a_healthy_curve_is_quiet(void)
{
    for (seed = 1; seed <= 20; seed++) {
        learn(0.04);
        watch(N, &found);
        for (int d = 0; d < DETECTORS; d++) {
            CHECK_INT(found.of[d].count, 0);
        }
    }
}

static void a_spike_is_found_with_its_ends(void)
{
    seed = 3;
    learn(0.04);
    for (int i = 2000; i < 2025; i++) {
        y[i] += 0.8;
    }
    watch(N, &found);
    CHECK_INT(found.of[0].count, 1);
    const struct km_episode *e = found.of[0].list;
    CHECK_NEAR(e->onset, 2001, 1);
    CHECK_NEAR(e->seen, 2003, 2);
    CHECK_NEAR(e->until, 2026, 4);
    CHECK_NEAR(e->size, 0.8, 0.1);
    CHECK_NEAR(e->area, 20, 3);
    CHECK(!e->lasting);
    for (int d = 1; d < DETECTORS; d++) {
        CHECK_INT(found.of[d].count, 0);
    }
}

static void huge_losses_are_no_reason_to_read_on(void)
{
    struct km_spike spike;
    km_spike_init(&spike);
    for (int i = 0; i < 300; i++) {
        km_spike_add(&spike, i, i % 100 < 4 ? 1.7e308 : 5e307 + i * 1e300);
    }
    CHECK(spike.held < KM_MASK_BLOCK);
}

static void one_hard_batch_is_no_spike(void)
{
    seed = 4;
    learn(0.04);
    y[2000] += 30;
    watch(N, &found);
    CHECK_INT(found.of[0].count, 0);
}

static void another_level_lasts(void)
{
    seed = 5;
    learn(0.04);
    for (int i = 2000; i < N; i++) {
        y[i] += 1;
    }
    watch(N, &found);
    CHECK_INT(found.of[0].count, 1);
    CHECK(found.of[0].list[0].lasting);
    CHECK_NEAR(found.of[0].list[0].lasted, 2102, 10);
    CHECK_INT(found.of[1].count, 0); /* less than half of the gain */
}

static void what_is_lost_for_good_is_divergence(void)
{
    seed = 6;
    learn(0.04);
    for (int i = 2000; i < 3000; i++) {
        y[i] += 4;
    }
    watch(N, &found);
    CHECK_INT(found.of[1].count, 1);
    const struct km_episode *e = found.of[1].list;
    CHECK_NEAR(e->onset, 2005, 5);
    CHECK_NEAR(e->seen, 2045, 10);
    CHECK_NEAR(e->until, 3045, 35);
}

static void plateau_turn_and_memory(void)
{
    seed = 7;
    learn(0.02);
    for (int i = 1000; i < N; i++) {
        y[i] += 20 * pow(1010, -0.5) - 20 * pow(i + 10, -0.5);
    }
    watch(N, &found);
    CHECK_INT(found.of[2].count, 1);
    CHECK(found.of[2].list[0].onset >= 850);
    learn(0.02);
    for (int i = 1000; i < N; i++) {
        y[i] += log((i + 1) / 1000.0);
    }
    watch(N, &found);
    CHECK_INT(found.of[3].count, 1);
    CHECK_INT(found.of[4].count, 1);
    CHECK_NEAR(found.of[4].list[0].onset, 1000, 150);
    CHECK_INT(found.of[2].count, 0); /* what gets worse is no plateau */
    struct km_rng rng;
    km_rng_seed(&rng, 8);
    for (int i = 0; i < N; i++) { /* lower with each epoch, for the training */
        y[i] = 5 - 0.3 * (i / 400) + 0.02 * laplace(&rng);
    }
    static const double valid_x[] = {350, 450, 850, 1250, 1650};
    static const double valid_y[] = {5, 4.99, 5, 5.1, 5.2};
    const struct km_epoch_curve curve = {.x = x,
                                         .y = y,
                                         .epoch = epoch,
                                         .count = N,
                                         .valid_x = valid_x,
                                         .valid_y = valid_y,
                                         .valid_count = 5};
    struct km_memorise memorise;
    km_memorise_find(&curve, scratch, &memorise);
    CHECK_INT(memorise.episodes.count, 1);
    CHECK_NEAR(memorise.episodes.list[0].onset, 401, 0);
    CHECK_NEAR(memorise.episodes.list[0].size, 0.3, 0.03);
}

/* Onsets and when they were seen do not depend on what came later. */
static void check_same_past(const struct km_episodes *before,
                            const struct km_episodes *after, double now)
{
    size_t known = 0;
    for (size_t i = 0; i < km_episodes_held(after); i++) {
        known += after->list[i].seen <= now ? 1 : 0;
    }
    CHECK_INT(before->count, known);
    for (size_t i = 0; i < known && i < before->count; i++) {
        CHECK_NEAR(before->list[i].onset, after->list[i].onset, 0);
        CHECK_NEAR(before->list[i].seen, after->list[i].seen, 0);
    }
}

/* A curve with a bit of everything. */
static void plant_everything(uint64_t with)
{
    struct km_rng rng;
    seed = with;
    learn(0.03);
    km_rng_seed(&rng, with + 99);
    for (int k = 0; k < 6; k++) {
        size_t at = (size_t)(km_rng_unit(&rng) * N);
        size_t length = (size_t)(km_rng_unit(&rng) * 900) + 5;
        double height = 3 * km_rng_unit(&rng) - 0.5;
        double slope = km_rng_unit(&rng) < 0.5 ? 0.002 : 0;
        for (size_t i = at; i < N && i < at + length; i++) {
            y[i] += height + slope * (double)(i - at);
        }
    }
    for (int i = 0; i < N; i++) {
        y[i] -= with % 2 ? 0.2 * (i / 400) : 0;
    }
    if (with % 4 == 0) { /* flat from step 1000 to 3000 */
        learn(0.01);
        double level = 20 * pow(1010, -0.5);
        for (int i = 1000; i < N; i++) {
            y[i] += level - 20 * pow(i + 10, -0.5) -
                    (i < 3000 ? 0 : 0.4 * log(i / 3000.0));
        }
    }
}

static void dropping_the_future_changes_no_past_verdict(void)
{
    size_t checked[DETECTORS] = {0};
    for (uint64_t with = 1; with <= 6; with++) {
        plant_everything(with);
        watch(N, &found);
        for (size_t i = 0; i < DETECTORS * 3 * 4; i++) {
            /* just before and after each of the first three was seen */
            static const double near[] = {-1, 0, 7, 45};
            const struct km_episodes *of = &found.of[i / 12];
            size_t k = i / 4 % 3;
            if (k < km_episodes_held(of) &&
                of->list[k].seen + near[i % 4] < N) {
                size_t count = (size_t)(of->list[k].seen + near[i % 4]);
                watch(count, &others);
                for (int d = 0; d < DETECTORS; d++) {
                    check_same_past(&others.of[d], &found.of[d], x[count - 1]);
                    checked[d] += others.of[d].count;
                }
            }
        }
    }
    for (int d = 0; d < DETECTORS; d++) {
        CHECK(checked[d] >= 2); /* there was something to change */
    }
}

static void the_unit_of_steps_does_not_matter(void)
{
    for (uint64_t with = 1; with <= 3; with++) {
        plant_everything(with);
        watch(N, &found);
        for (int i = 0; i < N; i++) {
            x[i] *= 1024;
        }
        watch(N, &others);
        for (int d = 0; d < DETECTORS; d++) {
            CHECK_INT(others.of[d].count, found.of[d].count);
            for (size_t i = 0; i < km_episodes_held(&found.of[d]); i++) {
                CHECK_NEAR(others.of[d].list[i].onset,
                           1024 * found.of[d].list[i].onset, 0);
                CHECK_NEAR(others.of[d].list[i].seen,
                           1024 * found.of[d].list[i].seen, 0);
            }
        }
    }
}

/* Where 3 % of the level is more than 0.1, the level itself says nothing. */
static void a_constant_more_changes_no_spike_and_no_divergence(void)
{
    for (uint64_t with = 1; with <= 3; with++) {
        plant_everything(with);
        for (int i = 0; i < N; i++) {
            y[i] = round(y[i] * 0x1p20) * 0x1p-20 + 16;
        }
        watch(N, &found);
        for (int i = 0; i < N; i++) {
            y[i] += 1024;
        }
        watch(N, &others);
        for (int d = 0; d < 2; d++) {
            CHECK_INT(others.of[d].count, found.of[d].count);
            CHECK(memcmp(&others.of[d].list[0].onset,
                         &found.of[d].list[0].onset, sizeof(double)) == 0);
        }
    }
}

static void a_scale_changes_nothing_below_three_percent(void)
{
    plant_everything(2);
    for (int i = 0; i < N; i++) {
        y[i] = y[i] / 64 + 0.5;
    }
    watch(N, &found);
    for (int i = 0; i < N; i++) {
        y[i] *= 0x1p-30;
    }
    watch(N, &others);
    for (int d = 0; d < DETECTORS; d++) {
        CHECK_INT(others.of[d].count, found.of[d].count);
    }
}

static void odd_curves_are_survived(void)
{
    static const double scales[] = {0, 1, -1, 1e-300, 1e300, -1e18};
    static const size_t counts[] = {0, 1, 2, 5, 33, 300, N};
    for (size_t s = 0; s < 6; s++) {
        for (int shape = 0; shape < 3; shape++) {
            seed = 9;
            learn(0.04);
            for (int i = 0; i < N; i++) {
                y[i] = scales[s] * (shape == 0   ? 1
                                    : shape == 1 ? y[i]
                                                 : (i % 2 ? 1 : -1));
            }
            for (size_t c = 0; c < 7; c++) {
                watch(counts[c], &found);
                CHECK(shape || !found.of[0].count);
                CHECK(shape || !found.of[1].count);
                CHECK(shape || !found.of[3].count);
            }
        }
    }
}

static void stalls_are_told_from_pauses_and_slow_phases(void)
{
    static struct km_stall stall;
    km_stall_init(&stall);
    CHECK(isnan(km_stall_patience(&stall)));
    for (int i = 0; i < 1000; i++) {
        bool evaluated = i % 50 == 49;
        double seconds = i == 500 ? 400 : evaluated ? 45 : 0.5;
        km_stall_add(&stall, i, i + 1, 1, seconds, evaluated);
    }
    CHECK_INT(stall.episodes.count, 1);
    CHECK_NEAR(stall.episodes.list[0].onset, 500, 0);
    CHECK_NEAR(stall.episodes.list[0].size, 399.5, 1e-9);
    CHECK_NEAR(km_stall_patience(&stall), 30, 0);
    for (int i = 0; i < 1000; i++) { /* slow from here on */
        km_stall_add(&stall, 1000 + i, 1001 + i, 1, 60, false);
    }
    CHECK_INT(stall.episodes.count, 1 + KM_STALL_ROW_MAX);
}

static void mann_kendall_by_hand(void)
{
    /* S = 15 of 6 rising values: z = 14 / sqrt(6 5 17 / 18) */
    const double rising[] = {1, 2, 3, 4, 5, 6}, ties[] = {1, 1, 2, 2, 3, 3};
    double p = 1 - km_normal_cdf(14 / sqrt(6 * 5 * 17 / 18.0));
    CHECK_NEAR(km_trend_rise_p(rising, 6, (double)NAN), p, 1e-12);
    /* S = 12; three pairs of ties take 3 x 2 x 9 off */
    double variance = (6 * 5 * 17 - 3 * 2 * 1 * 9) / 18.0;
    CHECK_NEAR(km_trend_rise_p(ties, 6, (double)NAN),
               1 - km_normal_cdf(11 / sqrt(variance)), 1e-12);
    CHECK_NEAR(km_trend_rise_p(ties, 6, 3),
               1 - km_normal_cdf(11 / sqrt(2 * variance)), 1e-12);
    const double same[] = {2, 2, 2};
    CHECK_NEAR(km_trend_rise_p(same, 3, (double)NAN), 1, 0);
    CHECK_NEAR(km_trend_rise_p(same, 0, (double)NAN), 1, 0);
}

static void fieller_by_hand(void)
{
    struct km_estimate r = km_ratio_fieller(2, 0.1, 4, 0, 2);
    CHECK_NEAR(r.value, 0.5, 1e-15);
    CHECK_NEAR(r.lo, 0.45, 1e-15);
    CHECK_NEAR(r.hi, 0.55, 1e-15);
    /* bounds are where |a - rho b| = z sqrt(se_a^2 + rho^2 se_b^2) */
    r = km_ratio_fieller(1, 0.2, 3, 0.5, 1.5);
    const double bounds[] = {r.lo, r.hi};
    for (int i = 0; i < 2; i++) {
        double rho = bounds[i];
        CHECK_NEAR(fabs(1 - rho * 3), 1.5 * sqrt(0.04 + rho * rho * 0.25),
                   1e-12);
    }
    CHECK(isnan(km_ratio_fieller(1, 0.2, 1, 1, 1.5).lo));
}

static size_t read_values(void)
{
    size_t n = size();
    for (size_t i = 0; i < n; i++) {
        y[i] = number();
    }
    return n;
}

/* How many episodes the oracle has; that many are held. */
static size_t expect(const struct km_episodes *episodes)
{
    equals();
    double expected = number();
    CHECK_INT(episodes->count, (long long)expected);
    return (size_t)expected;
}

static void check_spikes(void)
{
    static struct km_spike spike;
    km_spike_init(&spike);
    size_t n = read_values();
    for (size_t i = 0; i < n; i++) {
        km_spike_add(&spike, (double)i + 1, y[i]);
    }
    size_t count = expect(&spike.episodes);
    for (size_t i = 0; i < count; i++) {
        const struct km_episode *e = &spike.episodes.list[i];
        check_next(e->onset);
        check_next(e->seen);
        check_next(e->until);
        check_next(e->size);
        check_next(e->area);
        CHECK(e->lasting == (number() > 0));
    }
}

static void check_divergences(void)
{
    static struct km_divergence divergence;
    km_divergence_init(&divergence);
    size_t n = read_values();
    for (size_t i = 0; i < n; i++) {
        km_divergence_add(&divergence, (double)i + 1, y[i]);
    }
    size_t count = expect(&divergence.episodes);
    for (size_t i = 0; i < count; i++) {
        const struct km_episode *e = &divergence.episodes.list[i];
        check_next(e->onset);
        check_next(e->seen);
        check_next(e->until);
        check_next(e->level);
        check_next(e->size);
    }
}

static void check_stalls(void)
{
    static struct km_stall stall;
    km_stall_init(&stall);
    size_t n = read_values();
    for (size_t i = 0; i < n; i++) {
        km_stall_add(&stall, (double)i, (double)i + 1, 1, y[i], false);
    }
    size_t count = expect(&stall.episodes);
    for (size_t i = 0; i < count; i++) {
        check_next(stall.episodes.list[i].onset);
        check_next(stall.episodes.list[i].size);
    }
}

static void check_rise(void)
{
    size_t n = read_values();
    double n_eff = number();
    equals();
    check_next(km_trend_rise_p(y, n, n_eff));
}

static void check_ratio(void)
{
    double a = number(), se_a = number(), b = number(), se_b = number();
    struct km_estimate ratio = km_ratio_fieller(a, se_a, b, se_b, number());
    equals();
    check_next(ratio.value);
    check_next(ratio.lo);
    check_next(ratio.hi);
}

static void equals_the_oracle(void)
{
    static const struct {
        const char *word;
        void (*check)(void);
    } kinds[] = {{"spike", check_spikes},
                 {"diverged", check_divergences},
                 {"stall", check_stalls},
                 {"rise", check_rise},
                 {"ratio", check_ratio}};
    char word[200];
    file = fopen(path, "r");
    CHECK(file != NULL && fgets(word, sizeof word, file) != NULL);
    while (file && fscanf(file, "%15s", word) == 1) {
        size_t k = 0;
        while (k < 5 && strcmp(kinds[k].word, word) != 0) {
            k++;
        }
        CHECK(k < 5);
        if (k == 5) {
            break;
        }
        kinds[k].check();
    }
    CHECK_INT(rows_read, 46);
    if (file) {
        (void)fclose(file);
    }
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "tests/oracle/verdict.txt";
    RUN(equals_the_oracle);
    RUN(a_healthy_curve_is_quiet);
    RUN(a_spike_is_found_with_its_ends);
    RUN(huge_losses_are_no_reason_to_read_on);
    RUN(one_hard_batch_is_no_spike);
    RUN(another_level_lasts);
    RUN(what_is_lost_for_good_is_divergence);
    RUN(plateau_turn_and_memory);
    RUN(dropping_the_future_changes_no_past_verdict);
    RUN(the_unit_of_steps_does_not_matter);
    RUN(a_constant_more_changes_no_spike_and_no_divergence);
    RUN(a_scale_changes_nothing_below_three_percent);
    RUN(odd_curves_are_survived);
    RUN(stalls_are_told_from_pauses_and_slow_phases);
    RUN(mann_kendall_by_hand);
    RUN(fieller_by_hand);
    return tap_end();
}
