/* test_speed_figures.c - utilisation by hand, and every second booked once. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_speed.h"
#include "score_run.h"
#include "tap.h"

static struct km_arena arena;
static struct km_scorecard card;

static double value(const char *id, const char *variant)
{
    const struct km_figure_result *f = score_run_find(&card, id, variant);
    return f ? f->value : (double)NAN;
}

static void utilisation_is_that_of_the_hand_calculation(void)
{
    known_speed_make(&arena, &card);
    double flop = 6 * 124e6 + 6.0 * 12 * 12 * (64 + 64) * 1024;
    CHECK_NEAR(value("speed.mfu", ""), 491520 / 0.3 * flop / (8 * 989e12),
               1e-6);
    CHECK(value("speed.hfu", "") > value("speed.mfu", ""));
    km_arena_finish(&arena);
}

/* How many devices there are, by what is said of them. */
static void devices_are_counted_where_they_are_named(void)
{
    static const struct {
        const char *device, *key, *count;
        double devices;
    } rows[] = {
        {"\"8 x H100\"", "n_threads", "2", 8},
        {"\"8 x H100\"", "world_size", "1", 8},
        {"\"8 x H100\"", "world_size", "16", 16},
        {"\"8 x H100\"", "num_gpus", "4", 4},
        {"\"H100\"", "world_size", "2", 2},
        {"\"1e99 x H100\"", "world_size", "2", 2},
        {"\"2.5 x H100\"", "world_size", "2", 2},
        {"\"x x H100\"", "world_size", "2", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct score_run r;
        score_run_begin(&r);
        score_run_config(&r, "device", rows[i].device);
        score_run_config(&r, rows[i].key, rows[i].count);
        score_run_config(&r, "model.params", "1e9");
        score_run_config(&r, "model.layers", "10");
        score_run_config(&r, "model.heads", "16");
        score_run_config(&r, "model.head_dim", "64");
        score_run_config(&r, "model.seq_len", "1000");
        score_run_config(&r, "tokens_per_step", "1000");
        for (int step = 1; step <= 100; step++) {
            score_run_point(&r, "train/loss", step, step, 4);
        }
        CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
        double flop = 6 * 1e9 + 12.0 * 10 * 16 * 64 * 1000;
        double mfu = 1000 * flop / (rows[i].devices * 989e12);
        CHECK_NEAR(value("speed.mfu", "") / mfu, 1, 1e-6);
        score_run_end(&r, &arena);
    }
}

static void every_second_is_booked_once(void)
{
    known_speed_make(&arena, &card);
    double sum = 0;
    size_t rows = 0, stacked = 0;
    for (size_t i = 0; i < card.count; i++) {
        if (strcmp(card.results[i].figure->id, "speed.goodput") == 0) {
            sum += card.results[i].value;
            rows++;
        }
    }
    CHECK_NEAR(sum, 1, 1e-9);
    CHECK_INT(rows, 4);
    CHECK_NEAR(value("speed.goodput", "productive"), 599.4 / 809.7, 1e-6);
    CHECK_NEAR(value("speed.goodput", "lost to redone steps"), 30 / 809.7,
               1e-6);
    CHECK_NEAR(value("speed.goodput", "lost to restart"), 60.3 / 809.7, 1e-6);
    CHECK_NEAR(value("speed.goodput", "lost to stall"), 120 / 809.7, 1e-6);
    for (size_t i = 0; i < card.curve_count; i++) {
        stacked += strcmp(card.curves[i].id, "goodput") == 0;
    }
    CHECK_INT(stacked, 4);
    CHECK_NEAR(value("speed.ettr", ""), 1 - (60.3 + 30) / 809.7, 1e-6);
    km_arena_finish(&arena);
}

/* 1,000 steps of 1 s; after every 250th a checkpoint takes 40 s, a restart at
 * 800 goes back to 750; of every step 0.2 s wait for data, logged each 5th. */
static void checkpoints_and_waits_for_data_have_rows_of_their_own(void)
{
    struct score_run r;
    double time_s = 0;
    score_run_begin(&r);
    for (int part = 0; part < 2; part++) {
        int from = part ? 751 : 1, to = part ? 1000 : 800;
        if (part) {
            score_run_attempt(&r, 1);
            time_s += 99;
        }
        for (int step = from; step <= to; step++) {
            time_s += (step - 1) % 250 == 0 && step > from ? 41 : 1;
            score_run_point(&r, "train/loss", step, time_s, 4);
            if (step % 5 == 0) {
                score_run_point(&r, "data_time", step, time_s, 0.2);
            }
            if (step % 250 == 0) {
                const struct km_event saved = {.step = step,
                                               .time_ns = KM_TIME_ABSENT,
                                               .kind = KM_STR("checkpoint")};
                km_batch_event(&r.batch, r.run, r.attempt, &saved);
            }
        }
    }
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    double sum = 0, all = 799 + 3 * 40 + 100 + 249;
    for (size_t i = 0; i < card.count; i++) {
        bool one = strcmp(card.results[i].figure->id, "speed.goodput") == 0;
        sum += one ? card.results[i].value : 0;
    }
    CHECK_NEAR(sum, 1, 1e-9);
    CHECK_NEAR(value("speed.goodput", "lost to checkpoint"), 3 * 40 / all,
               1e-3);
    CHECK_NEAR(value("speed.goodput", "lost to waiting for data"),
               0.2 * 1000 / all, 0.01);
    CHECK(!score_run_find(&card, "speed.goodput", "lost to stall"));
    const struct km_figure_result *stalled =
        score_run_find(&card, "verdict.stalled", NULL);
    CHECK(stalled && !(stalled->value > 0)); /* a known pause */
    const struct km_figure_result *best =
        score_run_find(&card, "speed.ettr", "best checkpoint interval");
    CHECK_NEAR(best ? best->value : 0, sqrt(2 * 40 * all) / 60, 0.01);
    score_run_end(&r, &arena);
}

static void a_lasting_change_of_speed_is_found_and_marked(void)
{
    for (int slower = 0; slower < 2; slower++) {
        struct score_run r;
        uint64_t state = 3;
        double time_s = 0;
        score_run_begin(&r);
        for (int step = 1; step <= 2400; step++) {
            double pace = slower && step > 1500 ? 1.25 : 1;
            time_s += pace * (1 + 0.05 * score_run_noise(&state));
            time_s += step == 700 ? 90 : 0; /* a stall is no level */
            score_run_point(&r, "train/loss", step, time_s, 4);
        }
        CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
        const struct km_figure_result *f =
            score_run_find(&card, "speed.change", "");
        size_t marks = 0;
        for (size_t i = 0; i < card.mark_count; i++) {
            marks += strcmp(card.marks[i].kind, "speed") == 0;
        }
        CHECK_INT(marks, slower);
        CHECK_NEAR(f ? f->value : (double)NAN, slower ? -0.2 : 0, 0.01);
        CHECK(f && (!slower || strstr(f->reason, "from step 15")));
        km_batch_finish(&r.batch);
        km_store_close(r.store);
        km_arena_finish(&arena);
    }
}

/* Of 100 runs with noise, or with one step in ten that takes half as long
 * again, whose last 40 steps of 3,000 take `pace`: how many say so. */
static int find_latest(double pace, bool bursts, double *value)
{
    int found = 0;
    for (uint64_t run = 0; run < 100; run++) {
        struct score_run r;
        uint64_t state = 1000 + run;
        double time_s = 0;
        score_run_begin(&r);
        for (int step = 1; step <= 3000; step++) {
            double noise = 0.1 * score_run_noise(&state);
            noise += bursts && step % 10 == 0 ? 0.5 : 0;
            time_s += (step > 2960 ? pace : 1) * (1 + noise);
            score_run_point(&r, "train/loss", step, time_s, 4);
        }
        CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
        const struct km_figure_result *f =
            score_run_find(&card, "speed.change", "latest");
        found += f != NULL;
        *value = f ? f->value : *value;
        km_batch_finish(&r.batch);
        km_store_close(r.store);
        km_arena_finish(&arena);
    }
    return found;
}

static void a_change_too_new_to_last_is_seen_live(void)
{
    double value = NAN;
    CHECK(find_latest(1, false, &value) <= 2);
    CHECK(find_latest(1, true, &value) <= 2);
    CHECK(find_latest(1.3, false, &value) >= 95);
    CHECK_NEAR(value, 1 / 1.3 - 1, 0.06);
    CHECK(find_latest(1 / 1.3, true, &value) >= 95);
    CHECK(value > 0.1);
}

/* A run of `points` points a second apart, with this config. */
static void short_run(int points, const char *key, const char *json)
{
    struct score_run r;
    score_run_begin(&r);
    if (key) {
        score_run_config(&r, key, json);
    }
    for (int step = 1; step <= points; step++) {
        score_run_point(&r, "train/loss", step, step, 4);
    }
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    km_batch_finish(&r.batch);
    km_store_close(r.store);
}

static void what_is_missing_is_named(void)
{
    static const struct {
        int points;
        const char *key, *json, *id, *part;
    } rows[] = {
        {200, NULL, NULL, "speed.mfu", "tokens per step"},
        {200, "tokens_per_step", "512", "speed.mfu", "parameters"},
        {1, NULL, NULL, "speed.mfu", "times"},
        {1, NULL, NULL, "speed.goodput", "no times of points"},
        {200, NULL, NULL, "speed.ettr", "no restart"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        short_run(rows[i].points, rows[i].key, rows[i].json);
        const struct km_figure_result *f =
            score_run_find(&card, rows[i].id, NULL);
        CHECK(f && isnan(f->value) && strstr(f->reason, rows[i].part));
        if (f && !strstr(f->reason, rows[i].part)) {
            printf("# %s: %s\n", rows[i].id, f->reason);
        }
        km_arena_finish(&arena);
    }
}

int main(void)
{
    RUN(utilisation_is_that_of_the_hand_calculation);
    RUN(devices_are_counted_where_they_are_named);
    RUN(every_second_is_booked_once);
    RUN(checkpoints_and_waits_for_data_have_rows_of_their_own);
    RUN(a_lasting_change_of_speed_is_found_and_marked);
    RUN(a_change_too_new_to_last_is_seen_live);
    RUN(what_is_missing_is_named);
    return tap_end();
}
