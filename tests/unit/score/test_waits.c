/* test_waits.c - waits that a run logs are booked for what they are. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score_run.h"
#include "tap.h"

static struct km_arena arena;
static struct km_scorecard card;

/* A second a step. */
enum { STEPS = 1000, SAVE_EVERY = 100 };

static void note_event(struct score_run *r, const char *kind, int64_t step,
                       double seconds, const char *detail)
{
    const struct km_event event = {.time_ns = score_run_start_ns +
                                              (int64_t)(seconds * 1e9),
                                   .step = step,
                                   .kind = km_str_of(kind),
                                   .detail_json = km_str_of(detail)};
    (void)km_batch_event(&r->batch, r->run, r->attempt, &event);
}

static double share(const char *variant)
{
    const struct km_figure_result *f =
        score_run_find(&card, "speed.goodput", variant);
    return f ? f->value : 0;
}

static void close_run(struct score_run *r)
{
    CHECK_INT(score_run_card(r, NULL, &arena, &card), KM_OK);
    double sum = 0;
    for (size_t i = 0; i < card.count; i++) {
        bool mine = strcmp(card.results[i].figure->id, "speed.goodput") == 0;
        sum += mine ? card.results[i].value : 0;
    }
    CHECK_NEAR(sum, 1, 1e-9);
}

/* 0.3 of each second is waited; said each step, of the mean of ten, as a sum,
 * and of steps whose loss is logged more seldom. */
static void waits_for_data_are_lost(void)
{
    static const struct {
        const char *name;
        int every, loss_every;
        double scale; /* of the value said */
    } ways[] = {
        {"data_time", 1, 1, 1},
        {"time_metrics/data_loading(s)", 10, 10, 1},
        {"data_time_ms", 1, 10, 1e3},
        {"data_time", 10, 1, 1},
        {"accumulated_data_time", 5, 5, NAN},
        {"time_metrics/data_loading(%)", 1, 1, 100},
    };
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        struct score_run r;
        score_run_begin(&r);
        for (int step = 1; step <= STEPS; step++) {
            double said =
                isnan(ways[w].scale) ? 0.3 * step : 0.3 * ways[w].scale;
            if (step % ways[w].loss_every == 0) {
                score_run_point(&r, "train/loss", step, step, 4);
            }
            if (step % ways[w].every == 0) {
                score_run_point(&r, ways[w].name, step, step, said);
            }
        }
        close_run(&r);
        bool percent = ways[w].scale > 99 && ways[w].scale < 101;
        CHECK_NEAR(share("lost to waiting for data"), percent ? 0 : 0.3, 3e-3);
        score_run_end(&r, &arena);
    }
}

/* Saves of 12 s each 100 steps, known from a series, an event or both; first
 * held against the run that says nothing. */
static void saves_are_lost_once(void)
{
    for (int said = 0; said < 4; said++) {
        struct score_run r;
        double time_s = 0;
        int saves = 0;
        score_run_begin(&r);
        for (int step = 1; step <= STEPS; step++) {
            time_s += 1;
            score_run_point(&r, "train/loss", step, time_s, 4);
            if (step % SAVE_EVERY == 0 && step < STEPS) {
                time_s += 12;
                saves++;
                if (said & 1) {
                    score_run_point(&r, "checkpoint_time", step, time_s, 12);
                }
                if (said & 2) {
                    note_event(&r, "checkpoint", step, time_s,
                               "{\"path\": \"a\", \"duration_ms\": 12000}");
                }
            }
        }
        close_run(&r);
        double expected = 12.0 * saves / (time_s - 1);
        CHECK_NEAR(share("lost to checkpoint"), said ? expected : 0, 1e-9);
        CHECK_NEAR(share("lost to stall"), 0, 1e-9);
        score_run_end(&r, &arena);
    }
}

/* Saves in the background: the time they take is no time lost, but for what
 * steps take longer beside them. */
static void a_save_beside_the_steps_costs_what_steps_take_longer(void)
{
    for (int slower = 0; slower < 2; slower++) {
        struct score_run r;
        double time_s = 0, lost = 0;
        score_run_begin(&r);
        for (int step = 1; step <= STEPS; step++) {
            bool saving = step % SAVE_EVERY > 0 && step % SAVE_EVERY <= 20 &&
                          step > SAVE_EVERY;
            time_s += saving && slower ? 1.5 : 1;
            lost += saving && slower ? 0.5 : 0;
            score_run_point(&r, "train/loss", step, time_s, 4);
            if (step % SAVE_EVERY == 20 && step > SAVE_EVERY) {
                score_run_point(&r, "checkpoint_time", step, time_s,
                                slower ? 30 : 20);
            }
        }
        close_run(&r);
        CHECK_NEAR(share("lost to checkpoint"), lost / (time_s - 1), 1e-9);
        score_run_end(&r, &arena);
    }
}

/* One point an epoch, and a save in each: the usual step is without it. */
static void a_save_in_every_stretch_is_still_a_save(void)
{
    struct score_run r;
    score_run_begin(&r);
    for (int epoch = 1; epoch <= 50; epoch++) {
        double end = 130.0 * epoch;
        score_run_point(&r, "train/loss", 100 * epoch, end, 4);
        score_run_point(&r, "ckpt_time", 100 * epoch, end, 30);
    }
    close_run(&r);
    CHECK_NEAR(share("lost to checkpoint"), 30.0 / 130, 1e-9);
    score_run_end(&r, &arena);
}

/* Where the run says how long evaluations took, what else is slow there is a
 * stall. */
static void an_evaluation_is_as_long_as_it_says(void)
{
    for (int said = 0; said < 2; said++) {
        struct score_run r;
        double time_s = 0;
        score_run_begin(&r);
        for (int step = 1; step <= STEPS; step++) {
            time_s += step == 501 ? 101 : 1;
            score_run_point(&r, "train/loss", step, time_s, 4);
            if (step == 500) {
                score_run_point(&r, "eval/loss", step, time_s + 20, 4);
            }
            if (step == 500 && said) {
                score_run_point(&r, "eval/runtime", step, time_s + 20, 20);
            }
        }
        close_run(&r);
        double all = time_s - 1;
        CHECK_NEAR(share("lost to evaluation"), (said ? 20 : 100) / all, 1e-9);
        CHECK_NEAR(share("lost to stall"), (said ? 80 : 0) / all, 1e-9);
        score_run_end(&r, &arena);
    }
}

/* Milliseconds that are said to be seconds, and other nonsense. */
static void what_cannot_be_is_not_believed(void)
{
    static const double values[] = {300, 1e300, -1, 0};
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
        struct score_run r;
        score_run_begin(&r);
        for (int step = 1; step <= STEPS; step++) {
            score_run_point(&r, "train/loss", step, step, 4);
            score_run_point(&r, "data_time", step, step, values[v]);
            score_run_point(&r, "checkpoint_time", step, step, values[v]);
            if (step % 10 == 0) {
                note_event(&r, "checkpoint", step, step, "{\"seconds\": -3}");
                note_event(&r, "checkpoint", step, step, "[\"seconds\", 5]");
                note_event(&r, "checkpoint", step, step,
                           "{\"seconds\": \"x\"}");
            }
        }
        close_run(&r);
        CHECK_NEAR(share("productive"), 1, 1e-9);
        const struct km_figure_result *f =
            score_run_find(&card, "speed.goodput", "productive");
        bool doubted = false;
        for (size_t i = 0; f && i < f->evidence_count; i++) {
            doubted |= strstr(f->evidence[i], "more seconds") != NULL;
        }
        CHECK_INT(doubted, v == 0);
        score_run_end(&r, &arena);
    }
}

/* Two attempts, 60 s apart, 50 steps done again; a save of 5 s each 100 steps
 * at a second a step. */
static void expected_time_counts_the_saves(void)
{
    struct score_run r;
    double time_s = 0, saved = 0;
    int saves = 0;
    score_run_begin(&r);
    for (int part = 0; part < 2; part++) {
        for (int step = part ? 451 : 1; step <= (part ? 901 : 500); step++) {
            time_s += 1;
            score_run_point(&r, "train/loss", step, time_s, 4);
            if (step % SAVE_EVERY == 0 && (part || step < 450)) {
                time_s += 5;
                saved += 5;
                saves++;
                score_run_point(&r, "checkpoint_time", step, time_s, 5);
            }
        }
        if (!part) {
            score_run_attempt(&r, 1);
            time_s += 60;
        }
    }
    close_run(&r);
    double all = time_s - 1, made = all - saved - 61, between = made / saves;
    CHECK_NEAR(share("lost to checkpoint"), saved / all, 1e-9);
    CHECK_NEAR(share("lost to redone steps"), 50 / all, 1e-9);
    const struct km_figure_result *f = score_run_find(&card, "speed.ettr", "");
    CHECK_NEAR(f ? f->value : (double)NAN,
               (1 - (61 + between / 2) / all) / (1 + 5 / between), 1e-9);
    f = score_run_find(&card, "speed.ettr", "best checkpoint interval");
    CHECK_NEAR(f ? f->value : (double)NAN, sqrt(2 * 5 * all) / 60, 1e-9);
    score_run_end(&r, &arena);
}

/* A restart that threw nothing away: only the way back is lost. */
static void a_restart_at_its_checkpoint_costs_the_way_back(void)
{
    struct score_run r;
    score_run_begin(&r);
    for (int step = 1; step <= 400; step++) {
        if (step == 201) {
            score_run_attempt(&r, 1);
        }
        score_run_point(&r, "train/loss", step, step + (step > 200 ? 49 : 0),
                        4);
    }
    close_run(&r);
    const struct km_figure_result *f = score_run_find(&card, "speed.ettr", "");
    CHECK_NEAR(f ? f->value : (double)NAN, 1 - 50.0 / 448, 1e-9);
    score_run_end(&r, &arena);
}

int main(void)
{
    RUN(waits_for_data_are_lost);
    RUN(saves_are_lost_once);
    RUN(a_save_beside_the_steps_costs_what_steps_take_longer);
    RUN(a_save_in_every_stretch_is_still_a_save);
    RUN(an_evaluation_is_as_long_as_it_says);
    RUN(what_cannot_be_is_not_believed);
    RUN(expected_time_counts_the_saves);
    RUN(a_restart_at_its_checkpoint_costs_the_way_back);
    return tap_end();
}
