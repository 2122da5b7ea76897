/* bench_score.c - how long a fit and a scorecard take.
 *
 *     bench_score [STEPS]   the card of a run of so many steps (1,000,000)
 *     bench_score --fit     a fit of 200 points (bench_fit.py)
 *     bench_score --points  prints these points
 *
 * The run has a loss, its times and a token counter every 100 steps in an
 * SQLite store in a fresh folder; its card is made from a store opened anew
 * each time ("cold" for the program; the page cache is warm). Processor time,
 * medians. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "measure/fit.h"
#include "score/input.h"
#include "score/memory.h"
#include "score/scorecard.h"
#include "series/bins.h"
#include "series/view.h"

#include "lines.h"

enum { ROUNDS = 11, FITS = 50, FIT_POINTS = 200, STEPS_DEFAULT = 1000000 };

static double cpu_ns(void)
{
    return km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* A loss that falls and is noisy, the same every time. */
static double loss_at(double x, uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    double noise = (double)(*state >> 11) * 0x1p-53 - 0.5;
    return 2 + 3 * pow(x + 10, -0.2) + 0.2 * noise;
}

static void fit_points(double *x, double *y)
{
    uint64_t state = 1;
    for (int i = 0; i < FIT_POINTS; i++) {
        x[i] = 400 + 3 * i;
        y[i] = loss_at(x[i], &state);
    }
}

static void bench_fit(void)
{
    static struct km_fit_scratch scratch;
    static struct km_fit fit;
    double x[FIT_POINTS], y[FIT_POINTS], times[ROUNDS];
    struct km_bins bins;
    fit_points(x, y);
    for (int r = 0; r < ROUNDS; r++) {
        double start = cpu_ns();
        for (int i = 0; i < FITS; i++) {
            km_bins_fill(&bins, x, y, FIT_POINTS);
            const struct km_fit_problem problem = {
                bins.x, bins.y, bins.n, bins.count, x[FIT_POINTS - 1], 0};
            if (!km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch,
                            &fit)) {
                exit(1);
            }
        }
        times[r] = (cpu_ns() - start) / 1e3 / FITS;
    }
    km_bench_say(&(struct km_bench_line){
        .name = "fit of 200 points, power law, processor time",
        .value = km_bench_median(times, ROUNDS),
        .unit = "us",
        .goal = 60});
}

static void print_points(void)
{
    double x[FIT_POINTS], y[FIT_POINTS];
    fit_points(x, y);
    for (int i = 0; i < FIT_POINTS; i++) {
        printf("%.17g %.17g\n", x[i], y[i]);
    }
}

static struct km_store *open_store(const char *path)
{
    const struct km_store_options options = {
        .path = path, .create = true, .durability = KM_DURABILITY_FAST};
    struct km_err err;
    struct km_store *store = km_store_open_sqlite(&options, &err);
    if (!store) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return store;
}

/* Appends steps [from, to) of the run. */
static uint64_t append(struct km_store *store, struct km_batch *batch,
                       int64_t from, int64_t to, uint64_t *state)
{
    km_batch_reset(batch, 1);
    const struct km_run_meta meta = {.project = KM_STR("bench"),
                                     .external_id = KM_STR("run"),
                                     .created_ns = KM_TIME_ABSENT,
                                     .ended_ns = KM_TIME_ABSENT};
    uint32_t run = km_batch_run(batch, &meta);
    uint32_t attempt = km_batch_attempt(batch, run, 0);
    batch->attempts[attempt].origin_start_ns = 1;
    batch->attempts[attempt].restart_step = KM_STEP_ABSENT;
    uint32_t loss =
        km_batch_series(batch, run, attempt, KM_STR("train/loss"), KM_STR(""));
    uint32_t tokens =
        km_batch_series(batch, run, attempt, KM_STR("tokens"), KM_STR(""));
    for (int64_t step = from; step < to; step++) {
        int64_t time_ns = 1700000000000000000 + step * 250000000;
        double value = loss_at((double)step, state);
        km_batch_point(batch, loss,
                       (struct km_point){step, time_ns, (double)(float)value});
        if (step % 100 == 0) {
            km_batch_point(
                batch, tokens,
                (struct km_point){step, time_ns, 524288.0 * (double)step});
        }
    }
    struct km_err err;
    if (km_store_append(store, batch, &err)) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return batch->runs[run].id;
}

/* Of a card of the whole run: what fits and forecasts take after its points are
 * loaded, and what verdicts. */
static void bench_parts(const char *path, uint64_t id, double load_ms)
{
    struct km_store *store = open_store(path);
    double input_ms[ROUNDS], verdict_ms[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        struct km_score_options options;
        struct km_arena arena;
        struct km_scorecard card;
        struct km_err err;
        km_score_options_init(&options);
        options.family = "verdict";
        km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
        struct km_score_input *input = km_new(&arena, struct km_score_input, 1);
        double start = cpu_ns();
        if (!input ||
            km_score_input_load(store, id, &options, &arena, input, &err)) {
            exit(1);
        }
        input_ms[r] = (cpu_ns() - start) / 1e6 - load_ms;
        start = cpu_ns();
        if (km_scorecard_of(input, &card, &err)) {
            exit(1);
        }
        verdict_ms[r] = (cpu_ns() - start) / 1e6;
        km_arena_finish(&arena);
    }
    km_store_close(store);
    km_bench_say(
        &(struct km_bench_line){.name = "scorecard: of it fits and forecasts",
                                .value = km_bench_median(input_ms, ROUNDS),
                                .unit = "ms"});
    km_bench_say(
        &(struct km_bench_line){.name = "scorecard: of it verdicts",
                                .value = km_bench_median(verdict_ms, ROUNDS),
                                .unit = "ms"});
}

static void bench_card(const char *path, int64_t steps)
{
    struct km_store *store = open_store(path);
    static struct km_batch batch;
    km_batch_init(&batch);
    uint64_t id = 0, state = 1;
    for (int64_t from = 1; from <= steps; from += 1 << 18) {
        int64_t to = from + (1 << 18) <= steps ? from + (1 << 18) : steps + 1;
        id = append(store, &batch, from, to, &state);
    }
    km_batch_finish(&batch);
    km_store_close(store);
    double whole[ROUNDS], load[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        struct km_arena arena;
        struct km_scorecard card;
        struct km_run_view view;
        struct km_err err;
        km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
        double start = cpu_ns();
        store = open_store(path);
        if (km_scorecard_compute(store, id, NULL, &arena, &card, &err)) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
        whole[r] = (cpu_ns() - start) / 1e6;
        km_arena_finish(&arena);
        start = cpu_ns();
        if (km_run_view_load(store, id, NULL, &arena, &view, &err)) {
            exit(1);
        }
        load[r] = (cpu_ns() - start) / 1e6;
        km_arena_finish(&arena);
        km_store_close(store);
    }
    char name[64];
    (void)snprintf(name, sizeof name, "scorecard of a run of %lld points, cold",
                   (long long)steps);
    km_bench_say(
        &(struct km_bench_line){.name = name,
                                .value = km_bench_median(whole, ROUNDS),
                                .unit = "ms",
                                .goal = 100});
    double load_ms = km_bench_median(load, ROUNDS);
    km_bench_say(&(struct km_bench_line){
        .name = "scorecard: of it loading", .value = load_ms, .unit = "ms"});
    bench_parts(path, id, load_ms);
}

/* The same run when MORE points have come since the last look. */
static void bench_next_card(const char *path, int64_t steps)
{
    enum { MORE = 1000 };
    struct km_store *store = open_store(path);
    static struct km_batch batch;
    struct km_memory memory;
    double times[ROUNDS];
    uint64_t state = 2;
    km_batch_init(&batch);
    km_memory_init(&memory);
    for (int r = -1; r < ROUNDS; r++) {
        struct km_score_options options;
        struct km_arena arena;
        struct km_scorecard card;
        struct km_err err;
        int64_t from = steps + 1 + (r + 1) * MORE;
        uint64_t id = append(store, &batch, from, from + MORE, &state);
        km_score_options_init(&options);
        options.memory = &memory;
        km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
        double start = cpu_ns();
        if (km_scorecard_compute(store, id, &options, &arena, &card, &err)) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
        if (r >= 0) { /* the first look reads all of it */
            times[r] = (cpu_ns() - start) / 1e6;
        }
        km_arena_finish(&arena);
    }
    km_memory_finish(&memory);
    km_batch_finish(&batch);
    km_store_close(store);
    km_bench_say(
        &(struct km_bench_line){.name = "scorecard when 1,000 points are new",
                                .value = km_bench_median(times, ROUNDS),
                                .unit = "ms",
                                .goal = 5});
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--fit") == 0) {
        bench_fit();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "--points") == 0) {
        print_points();
        return 0;
    }
    int64_t steps = argc > 1 ? strtoll(argv[1], NULL, 10) : STEPS_DEFAULT;
    char folder[KM_BENCH_PATH_BYTES];
    if (steps < 100) {
        fprintf(stderr, "bench_score [STEPS | --fit | --points]\n");
        return 2;
    }
    km_bench_folder_make(folder);
    bench_card(folder, steps);
    bench_next_card(folder, steps);
    km_bench_folder_remove(folder);
    return 0;
}
