/* test_scorecard.c - figures of runs whose curve is known in closed form. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_run.h"
#include "score/align.h"
#include "score/input.h"
#include "tap.h"

static void a_known_power_law_gives_its_own_velocity(void)
{
    struct score_run r;
    struct km_arena arena;
    struct km_scorecard card;
    score_run_begin(&r);
    known_run_log(&r, 1, KNOWN_STEPS, 0);
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
    known_run_log(&r, 1, KNOWN_STEPS, 0.05);
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
    size_t of_runs = 0; /* but for what has to be asked for */
    for (size_t i = 0; i < km_figure_count(); i++) {
        of_runs += km_figure_at(i)->scope == KM_SCOPE_RUN &&
                   strcmp(km_figure_at(i)->id, "forecast.at") != 0;
    }
    CHECK(card.count >= of_runs);
    for (size_t i = 0; i < card.count; i++) {
        CHECK(isnan(card.results[i].value));
        CHECK(*card.results[i].reason != '\0');
    }
    CHECK(strncmp(card.headline, "Not enough data", 15) == 0);
    score_run_end(&r, &arena);
}

static void a_restart_supersedes_and_leaves_a_ghost(void)
{
    struct score_run r;
    struct km_arena arena;
    struct km_scorecard card;
    score_run_begin(&r);
    known_run_log(&r, 1, 1500, 0);
    for (int64_t step = 1501; step <= 1600; step++) {
        score_run_point(&r, "train/loss", step, 0.1 * (double)step, 9.0);
    }
    score_run_attempt(&r, 1);
    known_run_log(&r, 1401, KNOWN_STEPS, 0);
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    CHECK_INT(card.mark_count, 1);
    CHECK_NEAR(card.marks[0].x, 1401, 0);
    CHECK_TEXT(card.marks[0].text, "attempt 2 from step 1401");
    size_t ghosts = 0;
    for (size_t i = 0; i < card.curve_count; i++) {
        if (strcmp(card.curves[i].kind, "ghost") == 0 &&
            strcmp(card.curves[i].id, "loss") == 0) {
            ghosts++;
            CHECK_INT(card.curves[i].count, 200);
            CHECK_NEAR(card.curves[i].x[0], 1401, 0);
        }
    }
    CHECK_INT(ghosts, 1);
    CHECK_TEXT(card.curves[0].kind, "data"); /* charts take their title there */
    CHECK_TEXT(card.curves[0].title, "train/loss");
    const struct km_figure_result *f =
        score_run_find(&card, "learn.relative_velocity", "exponent");
    CHECK_NEAR(f->value, 0.5, 0.02); /* the ghost is not learned from */
    score_run_end(&r, &arena);
}

static void a_rising_reward_is_learning(void)
{
    struct score_run r;
    struct km_arena arena;
    struct km_scorecard card;
    score_run_begin(&r);
    for (int64_t step = 1; step <= 500; step++) {
        score_run_point(&r, "rollout/ep_rew_mean", step, NAN,
                        -known_loss((double)step));
    }
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    const struct km_figure_result *f =
        score_run_find(&card, "learn.velocity", "per step");
    CHECK(f->value > 0 && f->lo > 0);
    CHECK_TEXT(f->unit, "reward/kstep");
    f = score_run_find(&card, "forecast.final", "training");
    CHECK(f->lo < f->value && f->value < f->hi);
    CHECK_NEAR(f->value, -known_loss(1000), 0.05);
    /* cool-downs are known of losses: here both ways are as likely */
    CHECK_NEAR(f->hi - f->value, f->value - f->lo, 1e-9);
    score_run_end(&r, &arena);
}

static void later_points_never_change_an_earlier_figure(void)
{
    struct score_run r, cut;
    struct km_arena arena, cut_arena;
    struct km_scorecard card, cut_card;
    score_run_begin(&r);
    known_run_log(&r, 1, KNOWN_STEPS, 0.05);
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    score_run_begin(&cut);
    known_run_log(&cut, 1, 1152, 0.05); /* where the rolling fit looks */
    CHECK_INT(score_run_card(&cut, NULL, &cut_arena, &cut_card), KM_OK);
    const struct km_figure_result *last =
        score_run_find(&cut_card, "learn.velocity", "per step");
    int compared = 0;
    for (size_t i = 0; i < card.curve_count; i++) {
        const struct km_curve *curve = &card.curves[i];
        for (size_t p = 0;
             strcmp(curve->id, "velocity") == 0 && p < curve->count; p++) {
            if (curve->x[p] >= 1152 && curve->x[p] < 1188) {
                CHECK_NEAR(curve->y[p], last->value, 1e-9);
                compared++;
            }
        }
    }
    CHECK_INT(compared, 1);
    score_run_end(&r, &arena);
    score_run_end(&cut, &cut_arena);
}

static void order_of_arrival_does_not_matter(void)
{
    struct score_run r, mixed;
    struct km_arena arena, mixed_arena;
    struct km_scorecard card, mixed_card;
    score_run_begin(&r);
    score_run_begin(&mixed);
    for (int64_t i = 0; i < 400; i++) {
        int64_t other = (i * 171) % 400; /* 171 and 400 share no factor */
        score_run_point(&r, "loss", i + 1, NAN, known_loss((double)(i + 1)));
        score_run_point(&mixed, "loss", other + 1, NAN,
                        known_loss((double)(other + 1)));
    }
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    CHECK_INT(score_run_card(&mixed, NULL, &mixed_arena, &mixed_card), KM_OK);
    CHECK_INT(card.count, mixed_card.count);
    for (size_t i = 0; i < card.count && i < mixed_card.count; i++) {
        bool same = card.results[i].state == mixed_card.results[i].state;
        CHECK(same);
        if (isfinite(card.results[i].value)) {
            CHECK_NEAR(mixed_card.results[i].value, card.results[i].value, 0);
        }
    }
    score_run_end(&r, &arena);
    score_run_end(&mixed, &mixed_arena);
}

static void hostile_numbers_never_reach_a_figure(void)
{
    static const double values[] = {NAN,   INFINITY, -INFINITY, -0.0,
                                    1e308, -1e308,   5e-324,    0};
    static const int64_t steps[] = {INT64_MAX, INT64_MIN + 1, -5, 0, 1, 2, 2,
                                    1};
    for (size_t shift = 0; shift < 8; shift++) {
        struct score_run r;
        struct km_arena arena;
        struct km_scorecard card;
        score_run_begin(&r);
        for (size_t i = 0; i < 64; i++) {
            score_run_point(&r, "loss",
                            steps[(i + shift) % 8] / (1 + (int64_t)i % 3), NAN,
                            values[i % 8]);
            score_run_point(&r, "val_loss", (int64_t)i, 1e9,
                            values[(i + shift) % 8]);
            score_run_point(&r, "lr", (int64_t)i, NAN, values[i % 8]);
        }
        CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
        for (size_t i = 0; i < card.count; i++) {
            const struct km_figure_result *f = &card.results[i];
            bool stands = f->state == KM_FIGURE_OK ||
                          f->state == KM_FIGURE_WEAK ||
                          f->state == KM_FIGURE_CENSORED;
            CHECK(stands ? isfinite(f->value) : isnan(f->value));
            CHECK(!isinf(f->lo) && !isinf(f->hi));
        }
        score_run_end(&r, &arena);
    }
}

static void seconds_are_tokens_times_speed(void)
{
    struct score_run r;
    struct km_arena arena;
    struct km_scorecard card;
    score_run_begin(&r);
    known_run_log(&r, 1, KNOWN_STEPS, 0.05);
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    double per_token =
        score_run_find(&card, "learn.velocity", "per token")->value / 1e6;
    double per_second =
        score_run_find(&card, "learn.velocity", "per active second")->value /
        3600;
    double speed = score_run_find(&card, "speed.throughput", "tokens")->value;
    CHECK_NEAR(per_second / (per_token * speed * 1000), 1, 1e-12);
    score_run_end(&r, &arena);
}

static void a_run_at_its_planned_end_is_not_forecast(void)
{
    struct score_run r;
    struct km_arena arena;
    struct km_scorecard card;
    score_run_begin(&r);
    known_run_log(&r, 1, KNOWN_STEPS, 0);
    score_run_config(&r, "trainer.max-steps", "2010");
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    const struct km_figure_result *f =
        score_run_find(&card, "forecast.final", "training");
    CHECK_TEXT(km_figure_state_name(f->state), "NOT_APPLICABLE");
    CHECK(strstr(f->reason, "at its end") != NULL);
    CHECK(strstr(card.headline, "expected") == NULL);
    CHECK(strstr(card.headline, "the last one; the run is at its end"));
    for (size_t i = 0; i < card.curve_count; i++) {
        CHECK(strcmp(card.curves[i].kind, "forecast") != 0);
    }
    km_arena_finish(&arena);
    struct km_score_options options;
    km_score_options_init(&options);
    options.horizon = 3000;
    CHECK_INT(score_run_card(&r, &options, &arena, &card), KM_OK);
    f = score_run_find(&card, "forecast.final", "training");
    CHECK_NEAR(f->value, known_loss(3000), 0.02);
    score_run_end(&r, &arena);
}

static void a_plan_that_counts_something_else_is_left_out(void)
{
    struct score_run r;
    struct km_arena arena;
    struct km_scorecard card;
    score_run_begin(&r);
    known_run_log(&r, 1, KNOWN_STEPS, 0);
    score_run_config(&r, "max_steps", "500");
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    const struct km_figure_result *f =
        score_run_find(&card, "forecast.final", "training");
    CHECK(strstr(f->reason, "at step 4000") != NULL);
    score_run_end(&r, &arena);
}

static void batch_sizes_are_multiplied_out_and_never_guessed(void)
{
    static const struct {
        const char *config[4][2];
        double samples, tokens; /* NaN: not known */
    } rows[] = {
        {{{"batch_size", "16"}}, 16, NAN},
        {{{"batch_size", "12"},
          {"gradient_accumulation_steps", "40"},
          {"block_size", "1024"}},
         480,
         491520},
        {{{"batch_size", "16"}, {"world_size", "8"}}, NAN, NAN},
        {{{"per_device_train_batch_size", "4"},
          {"num_gpus", "8"},
          {"gradient_accumulation_steps", "2"},
          {"max_seq_length", "512"}},
         64,
         32768},
        {{{"batch_size", "4"}, {"global_batch_size", "32"}}, 32, NAN},
        {{{"total_batch_size", "524288"}, {"sequence_length", "1024"}},
         512,
         524288},
        {{{"total_batch_size", "524288"}}, NAN, NAN},
        {{{"total_batch_size", "256"}, {"seq_len", "1024"}}, 256, 262144},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct score_run r;
        struct km_arena arena;
        struct km_run_facts facts;
        struct km_scorecard card;
        score_run_begin(&r);
        score_run_point(&r, "loss", 1, NAN, 2);
        for (size_t k = 0; k < 4 && rows[i].config[k][0]; k++) {
            score_run_config(&r, rows[i].config[k][0], rows[i].config[k][1]);
        }
        CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
        CHECK_INT(km_run_facts_load(r.store, r.id, &arena, &facts, NULL),
                  KM_OK);
        CHECK(isnan(rows[i].samples)
                  ? isnan(facts.samples_per_step)
                  : facts.samples_per_step == rows[i].samples);
        CHECK(isnan(rows[i].tokens) ? isnan(facts.tokens_per_step)
                                    : facts.tokens_per_step == rows[i].tokens);
        score_run_end(&r, &arena);
    }
}

static void units_keep_values_readable_and_cards_comparable(void)
{
    struct score_run r;
    struct km_arena arena;
    struct km_scorecard card;
    score_run_begin(&r);
    known_run_log(&r, 1, KNOWN_STEPS, 0);
    score_run_config(&r, "n_params", "100");
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    const struct km_figure_result *f =
        score_run_find(&card, "learn.velocity", "per FLOP");
    CHECK_TEXT(f->unit, "nat/TFLOP"); /* 863 million nat/EFLOP */
    CHECK_NEAR(f->value, 0.5303e-3 / (6 * 100 * 1024) * 1e12, 10);
    f = score_run_find(&card, "learn.velocity", "per token");
    CHECK_TEXT(f->unit, "nat/Mtok");
    struct km_scorecard pair[2] = {card, card};
    pair[1].results = km_new(&arena, struct km_figure_result, card.count);
    memcpy(pair[1].results, card.results, card.count * sizeof *card.results);
    for (size_t i = 0; i < card.count; i++) {
        if (strcmp(pair[1].results[i].unit, "nat/Mtok") == 0) {
            pair[1].results[i].unit = "nat/ktok";
            pair[1].results[i].value /= 1000;
        }
    }
    km_scorecards_align(pair, 2);
    const struct km_figure_result *g =
        score_run_find(&pair[1], "learn.velocity", "per token");
    CHECK_TEXT(g->unit, "nat/Mtok");
    CHECK_NEAR(g->value, f->value, 1e-12);
    CHECK_NEAR(km_unit_ratio("ktok/s", "Mtok/s"), 1e-3, 1e-15);
    CHECK_NEAR(km_unit_ratio("nat/h", "nat/min"), 1.0 / 60, 1e-15);
    CHECK(isnan(km_unit_ratio("nat/h", "nat/active h")));
    CHECK(isnan(km_unit_ratio("nat/Mtok", "reward/Mtok")));
    CHECK(isnan(km_unit_ratio("EUR", "nat/h")));
    score_run_end(&r, &arena);
}

static void events_become_marks_and_not_too_many(void)
{
    struct score_run r;
    struct km_arena arena;
    struct km_scorecard card;
    score_run_begin(&r);
    known_run_log(&r, 1, KNOWN_STEPS, 0);
    for (int64_t step = 1; step <= KNOWN_STEPS; step++) {
        const struct km_event release = {
            .time_ns = KM_TIME_ABSENT,
            .step = step,
            .kind = KM_STR("release"),
            .name = step == KNOWN_STEPS ? KM_STR("last") : KM_STR("")};
        const struct km_event checkpoint = {.time_ns = KM_TIME_ABSENT,
                                            .step = step,
                                            .kind = KM_STR("checkpoint")};
        const struct km_event epoch = {
            .time_ns = KM_TIME_ABSENT, .step = step, .kind = KM_STR("epoch")};
        km_batch_event(&r.batch, r.run, r.attempt, &release);
        km_batch_event(&r.batch, r.run, r.attempt, &checkpoint);
        km_batch_event(&r.batch, r.run, r.attempt, &epoch);
    }
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    CHECK(card.mark_count >= 10 && card.mark_count <= 24);
    for (size_t i = 0; i < card.mark_count; i++) {
        CHECK_TEXT(card.marks[i].kind, "release"); /* routine ones are not */
        CHECK(i == 0 || card.marks[i].x > card.marks[i - 1].x);
    }
    score_run_end(&r, &arena);
}

int main(void)
{
    RUN(a_known_power_law_gives_its_own_velocity);
    RUN(noise_widens_the_interval_and_keeps_the_sign);
    RUN(a_run_without_metrics_is_a_card_of_reasons);
    RUN(a_restart_supersedes_and_leaves_a_ghost);
    RUN(a_rising_reward_is_learning);
    RUN(later_points_never_change_an_earlier_figure);
    RUN(order_of_arrival_does_not_matter);
    RUN(hostile_numbers_never_reach_a_figure);
    RUN(seconds_are_tokens_times_speed);
    RUN(a_run_at_its_planned_end_is_not_forecast);
    RUN(a_plan_that_counts_something_else_is_left_out);
    RUN(batch_sizes_are_multiplied_out_and_never_guessed);
    RUN(units_keep_values_readable_and_cards_comparable);
    RUN(events_become_marks_and_not_too_many);
    return tap_end();
}
