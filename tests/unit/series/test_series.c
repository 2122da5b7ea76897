/* test_series.c - attempts resolved, bins merged, drawings faithful, rates
 * measured and never guessed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/limits.h"
#include "series/axis.h"
#include "series/bins.h"
#include "series/reduce.h"
#include "series/timeline.h"
#include "series/view.h"
#include "tap.h"
#include "world.h"

/* Live steps of a role as text: "1 2 3". */
static const char *steps_of(const struct world *w, enum km_role role)
{
    static char text[256];
    const struct km_track *track = w->view.tracks[role];
    text[0] = '\0';
    for (size_t i = 0, len = 0; track && i < track->count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%.0f",
                                i ? " " : "", track->step[i]);
    }
    return text;
}

static void an_attempt_supersedes_from_its_first_shared_step(void)
{
    struct world w;
    begin(&w);
    for (int64_t s = 1; s <= 5; s++) {
        point(&w, "loss", s, NAN, 1);
        point(&w, "val_loss", s, NAN, 1);
    }
    attempt(&w, 1, KM_STEP_ABSENT);
    point(&w, "loss", 4, NAN, 2);
    point(&w, "loss", 6, NAN, 2);
    load(&w);
    const struct km_track *loss = w.view.tracks[KM_ROLE_TRAIN_LOSS];
    CHECK_TEXT(steps_of(&w, KM_ROLE_TRAIN_LOSS), "1 2 3 4 6");
    CHECK_NEAR(loss->value[3], 2, 0);
    CHECK_INT(loss->ghost_count, 2);
    CHECK_NEAR(loss->step[loss->count], 4, 0); /* ghosts 4 and 5 */
    /* the second attempt has no validation: the first one's stands */
    CHECK_TEXT(steps_of(&w, KM_ROLE_VALID_LOSS), "1 2 3 4 5");
    CHECK_INT(w.view.attempts[1].restart_step, 4);
    CHECK_INT(w.view.attempts[1].superseded, 2);
    end(&w);
}

static void a_stated_restart_step_wins(void)
{
    struct world w;
    begin(&w);
    for (int64_t s = 1; s <= 5; s++) {
        point(&w, "loss", s, NAN, 1);
    }
    attempt(&w, 1, 3);
    point(&w, "loss", 5, NAN, 2);
    load(&w);
    CHECK_TEXT(steps_of(&w, KM_ROLE_TRAIN_LOSS), "1 2 5");
    end(&w);
}

static void attempts_that_share_nothing_supersede_nothing(void)
{
    struct world w;
    begin(&w);
    point(&w, "loss", 1, NAN, 1);
    point(&w, "loss", 2, NAN, 1);
    attempt(&w, 1, KM_STEP_ABSENT); /* a second writer: validation only */
    point(&w, "val_loss", 1, NAN, 3);
    load(&w);
    CHECK_TEXT(steps_of(&w, KM_ROLE_TRAIN_LOSS), "1 2");
    CHECK_TEXT(steps_of(&w, KM_ROLE_VALID_LOSS), "1");
    CHECK_INT(w.view.attempts[1].restart_step, KM_STEP_ABSENT);
    end(&w);
}

static void three_attempts_nest(void)
{
    struct world w;
    begin(&w);
    for (int64_t s = 1; s <= 9; s++) {
        point(&w, "loss", s, NAN, 1);
    }
    attempt(&w, 1, KM_STEP_ABSENT);
    for (int64_t s = 7; s <= 12; s++) {
        point(&w, "loss", s, NAN, 2);
    }
    attempt(&w, 2, KM_STEP_ABSENT);
    for (int64_t s = 5; s <= 6; s++) {
        point(&w, "loss", s, NAN, 3);
    }
    load(&w);
    CHECK_TEXT(steps_of(&w, KM_ROLE_TRAIN_LOSS), "1 2 3 4 5 6");
    CHECK_INT(w.view.tracks[KM_ROLE_TRAIN_LOSS]->ghost_count, 11);
    end(&w);
}

static void values_that_are_not_finite_are_counted(void)
{
    struct world w;
    begin(&w);
    point(&w, "loss", 1, NAN, 1);
    point(&w, "loss", 2, NAN, NAN);
    point(&w, "loss", 3, NAN, INFINITY);
    point(&w, "loss", 3, NAN, 2);
    point(&w, "loss", 2, NAN, 3);
    load(&w);
    const struct km_track *loss = w.view.tracks[KM_ROLE_TRAIN_LOSS];
    CHECK_TEXT(steps_of(&w, KM_ROLE_TRAIN_LOSS), "1 2 3");
    CHECK_INT(loss->nonfinite, 2);
    CHECK_INT(loss->nonfinite_step, 2);
    CHECK_INT(loss->stored, 5);
    end(&w);
}

static void a_role_takes_the_longest_plain_series(void)
{
    struct world w;
    begin(&w);
    for (int64_t s = 1; s <= 20; s++) {
        point(&w, "loss", s, NAN, 1);
        point(&w, "some/long/name/of/another_loss", s, NAN, 2);
        point(&w, "test/accuracy", s, NAN, 0.5);
        point(&w, "validation/accuracy", s, NAN, 0.5);
    }
    point(&w, "train_loss", 20, NAN, 1.5); /* the mean that a trainer adds */
    load(&w);
    CHECK_TEXT(w.view.tracks[KM_ROLE_TRAIN_LOSS]->name, "loss");
    CHECK_TEXT(w.view.tracks[KM_ROLE_VALID_SCORE]->name, "validation/accuracy");
    end(&w);
}

static void rates_are_measured_or_unknown(void)
{
    struct world w;
    begin(&w);
    for (int64_t s = 1; s <= 100; s++) {
        point(&w, "loss", s, 0.5 * (double)s, 1);
        point(&w, "tokens", s, NAN, 2048 * (double)s);
    }
    load(&w);
    struct km_timeline timeline;
    CHECK_INT(km_timeline_build(&w.view, &w.arena, &timeline, NULL), KM_OK);
    CHECK_TEXT(timeline.source, "times of the points of loss");
    CHECK_INT(timeline.count, 89); /* without the first ten steps */
    struct km_axes axes;
    const struct km_axis_facts facts = {
        .tokens_per_step = NAN,
        .samples_per_step = NAN,
        .accelerators = 8,
        .accelerators_source = "test",
        .flop_per_token = NAN,
        .price_per_accelerator_hour = 3,
        .price_per_step = NAN,
        .active_s_per_step = 0.5,
        .active_source = timeline.source,
    };
    CHECK_INT(km_axes_measure(&w.view, &timeline, &facts, 40, 100, &w.arena,
                              &axes, NULL),
              KM_OK);
    CHECK_NEAR(axes.rate[KM_AXIS_TOKEN].per_step, 2048, 1e-9);
    CHECK_NEAR(axes.rate[KM_AXIS_SECOND].per_step, 0.5, 1e-9);
    CHECK_NEAR(axes.rate[KM_AXIS_ACCELERATOR].per_step, 0.5 * 8 / 3600, 1e-12);
    CHECK_NEAR(axes.rate[KM_AXIS_CURRENCY].per_step, 0.5 * 8 / 3600 * 3, 1e-12);
    CHECK(!axes.rate[KM_AXIS_SAMPLE].known);
    CHECK(!axes.rate[KM_AXIS_EPOCH].known);
    CHECK(!axes.rate[KM_AXIS_FLOP].known);
    for (int axis = 0; axis < KM_AXIS_COUNT; axis++) {
        CHECK(*axes.rate[axis].source != '\0');
        CHECK(axes.rate[axis].known == isfinite(axes.rate[axis].per_step));
    }
    end(&w);
}

static void a_clock_that_restarts_gives_no_negative_stretch(void)
{
    struct world w;
    begin(&w);
    for (int64_t s = 1; s <= 40; s++) { /* reset after compilation */
        double ms = s <= 20 ? 1000.0 * (double)s : 100.0 * (double)(s - 20);
        point(&w, "train_time (ms)", s, NAN, ms);
    }
    load(&w);
    struct km_timeline timeline;
    CHECK_INT(km_timeline_build(&w.view, &w.arena, &timeline, NULL), KM_OK);
    for (size_t i = 0; i < timeline.count; i++) {
        CHECK(timeline.seconds[i] > 0 && timeline.steps[i] > 0);
    }
    CHECK_INT(timeline.count, 28);
    end(&w);
}

enum { MANY = 10000 };
static double x[MANY], y[MANY], sum_x[MANY + 1], sum_y[MANY + 1];
static double x_out[MANY], y_out[MANY];

static void fill_many(void)
{
    for (int i = 0; i < MANY; i++) {
        x[i] = 100 + i;
        y[i] = 5 + sin(i * 0.01) + (i % 7) * 0.1;
    }
}

static void bins_keep_count_mean_and_spread(void)
{
    fill_many();
    struct km_bins bins;
    km_bins_fill(&bins, x, y, MANY);
    CHECK(bins.count <= KM_BINS_MAX && bins.count > 80);
    double n = 0, mean = 0, real = 0, m2 = 0;
    for (int i = 0; i < MANY; i++) {
        real += y[i] / MANY;
    }
    for (int i = 0; i < MANY; i++) {
        m2 += (y[i] - real) * (y[i] - real);
    }
    struct km_bins all = {.count = 1};
    for (size_t b = 0; b < bins.count; b++) {
        n += bins.n[b];
        mean += bins.n[b] * bins.y[b] / MANY;
        CHECK(b == 0 || bins.x[b] > bins.x[b - 1]);
        km_bin_merge(&all, 0, &bins, b);
    }
    CHECK_NEAR(n, MANY, 0);
    CHECK_NEAR(mean, real, 1e-12);
    CHECK_NEAR(all.y[0], real, 1e-12);
    CHECK_NEAR(all.m2[0], m2, 1e-8);
}

static void bins_of_sums_are_the_bins_of_points(void)
{
    fill_many();
    struct km_bin_sums sums = {.sum_x = sum_x, .sum_y = sum_y};
    km_bin_sums_fill(&sums, x, y, MANY);
    static const size_t ranges[][2] = {
        {0, MANY}, {17, 9000}, {9000, 9090}, {5000, 5000}};
    for (size_t r = 0; r < 4; r++) {
        struct km_bins a, b;
        km_bins_fill(&a, x + ranges[r][0], y + ranges[r][0],
                     ranges[r][1] - ranges[r][0]);
        km_bins_of_sums(&b, &sums, ranges[r][0], ranges[r][1]);
        CHECK_INT(a.count, b.count);
        for (size_t i = 0; i < a.count; i++) {
            CHECK_NEAR(b.n[i], a.n[i], 0);
            CHECK_NEAR(b.x[i], a.x[i], 1e-9);
            CHECK_NEAR(b.y[i], a.y[i], 1e-11);
        }
    }
}

static void a_drawing_keeps_every_extreme(void)
{
    fill_many();
    y[4321] = 99;
    y[7777] = -99;
    size_t n = km_reduce(x, y, MANY, x_out, y_out, 400);
    CHECK(n <= 400);
    double high = -1000, low = 1000;
    for (size_t i = 0; i < n; i++) {
        high = fmax(high, y_out[i]);
        low = fmin(low, y_out[i]);
        CHECK(i == 0 || x_out[i] > x_out[i - 1]);
    }
    CHECK_NEAR(high, 99, 0);
    CHECK_NEAR(low, -99, 0);
    CHECK_NEAR(x_out[0], x[0], 0);
    CHECK_NEAR(x_out[n - 1], x[MANY - 1], 0);
    CHECK_INT(km_reduce(x, y, 3, x_out, y_out, 4), 3);
    CHECK_INT(km_reduce(x, y, 0, x_out, y_out, 4), 0);
    for (int i = 0; i < MANY; i++) {
        x[i] = 5; /* everything at one step */
    }
    n = km_reduce(x, y, MANY, x_out, y_out, 400);
    CHECK(n >= 2 && n <= 400);
}

int main(void)
{
    RUN(an_attempt_supersedes_from_its_first_shared_step);
    RUN(a_stated_restart_step_wins);
    RUN(attempts_that_share_nothing_supersede_nothing);
    RUN(three_attempts_nest);
    RUN(values_that_are_not_finite_are_counted);
    RUN(a_role_takes_the_longest_plain_series);
    RUN(rates_are_measured_or_unknown);
    RUN(a_clock_that_restarts_gives_no_negative_stretch);
    RUN(bins_keep_count_mean_and_spread);
    RUN(bins_of_sums_are_the_bins_of_points);
    RUN(a_drawing_keeps_every_extreme);
    return tap_end();
}
