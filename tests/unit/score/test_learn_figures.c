/* test_learn_figures.c - half-life, area, marginal cost, bands learnt from
 * history, and runs that saw the same batches. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "known_run.h"
#include "score/history.h"
#include "tap.h"

static struct score_run run;
static struct km_arena arena;
static struct km_scorecard card;
static struct km_score_options options;

static void begin(void)
{
    score_run_begin(&run);
    km_score_options_init(&options);
}

static void compute(void)
{
    CHECK_INT(score_run_card(&run, &options, &arena, &card), KM_OK);
}

static const struct km_figure_result *find(const char *id, const char *variant)
{
    const struct km_figure_result *found = score_run_find(&card, id, variant);
    CHECK(found != NULL);
    return found;
}

static void check_state(const char *id, const char *variant,
                        enum km_figure_state state, const char *part)
{
    const struct km_figure_result *found = find(id, variant);
    CHECK(found && found->state == state);
    CHECK(found && strstr(found->reason, part) != NULL);
    if (found && (found->state != state || !strstr(found->reason, part))) {
        printf("# %s is %s: %s\n", id, km_figure_state_name(found->state),
               found->reason);
    }
}

static void a_constant_loss_has_no_half_life_and_no_marginal_cost(void)
{
    begin();
    for (int64_t step = 1; step <= 300; step++) {
        score_run_point(&run, "train/loss", step, NAN, 3.5);
    }
    compute();
    check_state("learn.half_life", "", KM_FIGURE_INSUFFICIENT,
                "no improvement");
    check_state("learn.marginal_cost", "steps", KM_FIGURE_INSUFFICIENT,
                "no improvement");
    const struct km_figure_result *area = find("learn.aulc", "");
    CHECK(area && fabs(area->value - 3.5) < 1e-12);
    score_run_end(&run, &arena);
}

static void a_flat_tail_says_that_the_next_percent_never_comes(void)
{
    begin();
    for (int64_t step = 1; step <= 1000; step++) {
        double x = (double)step / 1000;
        score_run_point(&run, "train/loss", step, NAN,
                        2 + 0.002 * pow(x, -0.9));
    }
    compute();
    check_state("learn.marginal_cost", "steps", KM_FIGURE_CENSORED,
                "never under this model");
    check_state("learn.marginal_cost", "next over last", KM_FIGURE_INSUFFICIENT,
                "");
    score_run_end(&run, &arena);
}

static void noise_that_hides_the_floor_is_said(void)
{
    begin();
    uint64_t state = 5;
    for (int64_t step = 1; step <= 60; step++) {
        double x = (double)step / 60;
        score_run_point(&run, "train/loss", step, NAN,
                        2 + pow(x, -0.3) + 0.2 * score_run_noise(&state));
    }
    compute();
    check_state("learn.half_life", "", KM_FIGURE_INSUFFICIENT, "");
    score_run_end(&run, &arena);
}

static void empty_two_points_and_nothing_finite_are_states(void)
{
    for (int kind = 0; kind < 3; kind++) {
        begin();
        for (int64_t step = 1; step <= 40 * (kind == 2) + 2 * (kind == 1);
             step++) {
            score_run_point(&run, "train/loss", step, NAN,
                            kind == 2 ? (double)NAN : 3.0);
        }
        score_run_point(&run, "other", 1, NAN, 1);
        compute();
        static const char *const ids[] = {"learn.half_life",
                                          "learn.marginal_cost", "learn.aulc"};
        for (size_t i = 0; i < 3; i++) {
            const struct km_figure_result *f = find(ids[i], "");
            if (f && !(kind == 1 && i == 2)) {
                CHECK(isnan(f->value) && *f->reason);
            }
        }
        score_run_end(&run, &arena);
    }
}

static void a_reward_has_its_area_turned_the_right_way(void)
{
    begin();
    for (int64_t step = 1; step <= 400; step++) {
        score_run_point(&run, "episode_reward", step, NAN,
                        -50 * pow((double)step / 400, -0.4));
    }
    compute();
    const struct km_figure_result *area = find("learn.aulc", "");
    CHECK(area && area->value < -50 && area->lo <= area->value &&
          area->value <= area->hi);
    CHECK(area && area->better == KM_BETTER_HIGHER);
    const struct km_figure_result *cost = find("learn.marginal_cost", "steps");
    CHECK(cost && cost->value > 0);
    score_run_end(&run, &arena);
}

/* A run at a constant rate, planned for 2,000 steps, at step `last`. What it
 * gains is `pace` of the power law from step 800 on. */
static void add_constant(int width, int64_t last, double pace)
{
    char name[16], json[16];
    (void)snprintf(name, sizeof name, "w-%d", width);
    (void)snprintf(json, sizeof json, "%d", width);
    const struct km_run_meta meta = {.project = KM_STR("lab"),
                                     .name = km_str_of(name),
                                     .external_id = km_str_of(name),
                                     .state = last < 2000 ? KM_RUN_RUNNING
                                                          : KM_RUN_FINISHED,
                                     .created_ns = 1000 + width,
                                     .ended_ns = KM_TIME_ABSENT};
    run.run = km_batch_run(&run.batch, &meta);
    run.id = run.batch.runs[run.run].id;
    score_run_attempt(&run, 0);
    score_run_config(&run, "planned_steps", "2000");
    score_run_config(&run, "lr_scheduler_type", "\"constant\"");
    score_run_config(&run, "width", json);
    for (int64_t step = 5; step <= last; step += 5) {
        double x = (double)step, loss = known_loss(x);
        double at = known_loss(800);
        loss = step <= 800 ? loss : at + pace * (loss - at);
        score_run_point(&run, "train/loss", step, NAN, loss);
    }
}

static void a_band_of_history_is_used_and_named(void)
{
    struct km_histories histories;
    begin();
    for (int width = 1; width <= 12; width++) {
        add_constant(width, 2000, 0.9 + 0.01 * width);
    }
    add_constant(13, 800, 1);
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    struct km_arena kept;
    km_arena_init(&kept, KM_ARENA_COMMAND_BYTES_MAX);
    km_histories_init(&histories, run.store, NULL, &kept);
    options.histories = &histories;
    compute();
    const struct km_figure_result *v = find("learn.velocity", "per step");
    CHECK(v && fabs(v->lo / v->value - 0.91) < 1e-3);
    CHECK(v && fabs(v->hi / v->value - 1.02) < 1e-3);
    CHECK_TEXT(v ? v->rung : "", "cross-run conformal");
    bool named = false;
    for (size_t i = 0; v && i < v->evidence_count; i++) {
        named |= strstr(v->evidence[i], "12 finished configurations") != NULL;
    }
    CHECK(named);
    km_arena_finish(&kept);
    score_run_end(&run, &arena);
}

/* A second run of the same store with the same batches. */
static void add_reference(double own, const char *order, int64_t steps)
{
    const struct km_run_meta meta = {.project = KM_STR("lab"),
                                     .external_id = KM_STR("other"),
                                     .state = KM_RUN_FINISHED,
                                     .created_ns = KM_TIME_ABSENT,
                                     .ended_ns = KM_TIME_ABSENT};
    uint32_t first = run.run, attempt = run.attempt;
    run.run = km_batch_run(&run.batch, &meta);
    score_run_attempt(&run, 0);
    uint64_t state = 7, mine = 99;
    for (int64_t step = 1; step <= steps; step++) {
        double noise = 0.05 * score_run_noise(&state);
        score_run_point(&run, "train/loss", step, NAN,
                        known_loss((double)step) + noise +
                            own * score_run_noise(&mine));
    }
    score_run_config(&run, "data_order_id", order);
    run.run = first;
    run.attempt = attempt;
}

static double local_width(double own, const char *order, int64_t steps,
                          const char *word)
{
    begin();
    known_run_log(&run, 1, KNOWN_STEPS, 0.05);
    score_run_config(&run, "data_order_id", "17");
    if (order) {
        add_reference(own, order, steps);
    }
    compute();
    const struct km_figure_result *v = find("learn.velocity_local", "per step");
    bool named = !word;
    for (size_t i = 0; v && word && i < v->evidence_count; i++) {
        named |= strstr(v->evidence[i], word) != NULL;
    }
    CHECK(named);
    double width = v ? v->hi - v->lo : (double)NAN;
    score_run_end(&run, &arena);
    return width;
}

static void the_same_batches_narrow_the_local_velocity(void)
{
    double alone = local_width(0, NULL, 0, NULL);
    double quiet = local_width(0.001, "17", 4000,
                               "reference: lab/other (data_order_id 17)");
    CHECK(quiet < alone / 4);
    CHECK_NEAR(local_width(0.001, "18", 4000, NULL), alone, 1e-12);
    CHECK_NEAR(local_width(5, "17", 4000, "not used: residual correlation"),
               alone, 1e-12);
    CHECK_NEAR(local_width(0.001, "17", 30, "not used"), alone, 1e-12);
}

/* A linear cool-down from step 2400 to 3000, seen up to 2900. */
static double cooled(double x)
{
    double drop = x > 2400 ? (x - 2400) / 600 : 0;
    return 2 + 2 * pow(x / 1000, -0.3) - 0.25 * drop;
}

static void a_moving_rate_is_part_of_the_velocity(void)
{
    uint64_t state = 11;
    begin();
    for (int64_t step = 1; step <= 2900; step++) {
        double x = (double)step;
        score_run_point(&run, "train/loss", step, NAN,
                        cooled(x) + 0.01 * score_run_noise(&state));
        score_run_point(&run, "lr", step, NAN,
                        1e-3 * (x > 2400 ? (3000 - x) / 600 : 1));
    }
    score_run_config(&run, "max_steps", "3000");
    compute();
    double truth = (cooled(2871) - cooled(2900)) / 0.029; /* a kstep */
    const struct km_figure_result *v = find("learn.velocity", "per step");
    CHECK(v && v->state == KM_FIGURE_WEAK && isnan(v->lo));
    /* what is not calibrated does not lead */
    CHECK(strstr(card.headline, "nat/kstep [") != NULL &&
          strstr(card.headline, "] of late") != NULL);
    CHECK(v && fabs(v->value - truth) < 0.2 * truth);
    check_state("learn.marginal_cost", NULL, KM_FIGURE_INSUFFICIENT,
                "the learning rate moved");
    check_state("learn.relative_velocity", "exponent", KM_FIGURE_INSUFFICIENT,
                "the learning rate moved");
    score_run_end(&run, &arena);
}

/* An AR(1) around a power law: 20 runs, the local slope's interval holds the
 * truth about as often as it says. */
static void noise_that_lasts_is_in_the_interval(void)
{
    int held = 0, runs = 60;
    uint64_t state = 3;
    for (int i = 0; i < runs; i++) {
        double noise = 0;
        begin();
        for (int64_t step = 1; step <= 1000; step++) {
            double x = (double)step;
            noise = 0.9 * noise + 0.02 * score_run_noise(&state);
            score_run_point(&run, "train/loss", step, NAN,
                            2 + pow(x / 1000, -0.5) + noise);
        }
        compute();
        const struct km_figure_result *v =
            find("learn.velocity_local", "per step");
        double at = v ? sqrt(v->window_from * v->window_to) : (double)NAN;
        double truth = 0.5 * pow(at / 1000, -1.5);
        held += v && v->lo <= truth && truth <= v->hi;
        score_run_end(&run, &arena);
    }
    CHECK(held >= 0.7 * runs); /* 0.41 of them without prewhitening */
}

static void the_end_is_what_was_logged(void)
{
    begin();
    for (int64_t step = 1; step <= 3000; step++) {
        double x = (double)step; /* broken from 2700 on */
        score_run_point(&run, "train/loss", step, NAN,
                        step > 2700 ? 6.44 : 2 + 2 * pow(x / 1000, -0.3));
    }
    score_run_config(&run, "max_steps", "3000");
    compute();
    CHECK(strstr(card.headline, "train/loss is 6.44") != NULL);
    printf("# %s\n", card.headline);
    score_run_end(&run, &arena);
}

static void values_too_large_to_square_are_left_out_and_said(void)
{
    begin();
    for (int64_t step = 1; step <= 300; step++) {
        double x = (double)step;
        score_run_point(&run, "train/loss", step, NAN,
                        step < 5 ? 1.7e308 : 2.5e307 * (2 + pow(x, -0.5)));
    }
    compute();
    const struct km_figure_result *v = find("verdict.nonfinite", NULL);
    CHECK(v && isfinite(v->value));
    CHECK(strstr(card.headline, "nan") == NULL);
    score_run_end(&run, &arena);
}

int main(void)
{
    RUN(a_constant_loss_has_no_half_life_and_no_marginal_cost);
    RUN(a_flat_tail_says_that_the_next_percent_never_comes);
    RUN(noise_that_hides_the_floor_is_said);
    RUN(empty_two_points_and_nothing_finite_are_states);
    RUN(a_reward_has_its_area_turned_the_right_way);
    RUN(a_band_of_history_is_used_and_named);
    RUN(the_same_batches_narrow_the_local_velocity);
    RUN(a_moving_rate_is_part_of_the_velocity);
    RUN(noise_that_lasts_is_in_the_interval);
    RUN(the_end_is_what_was_logged);
    RUN(values_too_large_to_square_are_left_out_and_said);
    return tap_end();
}
