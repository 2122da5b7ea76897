/* test_scorecard.c - figures of runs whose curve is known in closed form. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score_run.h"
#include "tap.h"

enum { STEPS = 2000 };

/* loss = 2 + 3 (x/1000)^-0.5, 0.1 s and 1024 tokens a step */
static double known_loss(double x)
{
    return 2 + 3 * pow(x / 1000, -0.5);
}

static void log_known_run(struct score_run *r, double noise)
{
    uint64_t state = 7;
    for (int64_t step = 1; step <= STEPS; step++) {
        double x = (double)step;
        double value = known_loss(x) + noise * score_run_noise(&state);
        score_run_point(r, "train/loss", step, 0.1 * x, value);
        if (step % 10 == 0) {
            score_run_point(r, "tokens", step, NAN, 1024 * x);
        }
        if (step % 100 == 0) {
            score_run_point(r, "val/loss", step, 0.1 * x, known_loss(x) + 0.05);
        }
    }
}

static void a_known_power_law_gives_its_own_velocity(void)
{
    struct score_run r;
    struct km_arena arena;
    struct km_scorecard card;
    score_run_begin(&r);
    log_known_run(&r, 0);
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    score_run_print(&card);
    double v = 0.5 * 3 * pow(2, -0.5) / 2000; /* a A u^-a / x */
    const struct km_figure_result *f =
        score_run_find(&card, "learn.velocity", "per step");
    CHECK_NEAR(f->value, v * 1000, v * 1000 * 0.02);
    CHECK(f->lo < f->value && f->value < f->hi);
    f = score_run_find(&card, "learn.velocity", "per token");
    CHECK_NEAR(f->value, v / 1024 * 1e6, v / 1024 * 1e6 * 0.02);
    f = score_run_find(&card, "learn.relative_velocity", "exponent");
    CHECK_NEAR(f->value, 0.5, 0.02);
    f = score_run_find(&card, "speed.throughput", "tokens");
    CHECK_NEAR(f->value, 10.24, 1e-6);
    CHECK_TEXT(f->unit, "ktok/s");
    f = score_run_find(&card, "speed.step_time", "median");
    CHECK_NEAR(f->value, 100, 1e-3);
    f = score_run_find(&card, "valid.best", NULL);
    CHECK_NEAR(f->value, known_loss(2000) + 0.05, 1e-12);
    f = score_run_find(&card, "valid.gap", NULL);
    CHECK_NEAR(f->value, 0.05, 0.01);
    score_run_end(&r, &arena);
}

static void noise_widens_the_interval_and_keeps_the_sign(void)
{
    struct score_run r;
    struct km_arena arena;
    struct km_scorecard card;
    score_run_begin(&r);
    log_known_run(&r, 0.05);
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    score_run_print(&card);
    const struct km_figure_result *f =
        score_run_find(&card, "learn.velocity", "per step");
    double v = 1000 * 0.5 * 3 * pow(2, -0.5) / 2000;
    CHECK(f->lo < v && v < f->hi);
    CHECK_TEXT(km_figure_state_name(f->state), "OK");
    score_run_end(&r, &arena);
}

static void a_run_without_metrics_is_a_card_of_reasons(void)
{
    struct score_run r;
    struct km_arena arena;
    struct km_scorecard card;
    score_run_begin(&r);
    score_run_point(&r, "gpu_temperature", 1, NAN, 60);
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    CHECK(card.count >= km_figure_count);
    for (size_t i = 0; i < card.count; i++) {
        CHECK(isnan(card.results[i].value));
        CHECK(*card.results[i].reason != '\0');
    }
    CHECK(strncmp(card.headline, "Not enough data", 15) == 0);
    score_run_end(&r, &arena);
}

int main(void)
{
    RUN(a_known_power_law_gives_its_own_velocity);
    RUN(noise_widens_the_interval_and_keeps_the_sign);
    RUN(a_run_without_metrics_is_a_card_of_reasons);
    return tap_end();
}
