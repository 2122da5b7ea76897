/* bench_score.c - how long a fit and a scorecard take.
 *
 *     bench_score [STEPS [REPEATS]]
 *
 * A fit of 200 points; then a run of STEPS steps (1,000,000) with a loss, its
 * times and a token counter every 100 steps in an SQLite store in a fresh
 * folder, and its card from a store opened anew each time ("cold" for the
 * program; the page cache is warm). Processor time, best and median. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "measure/fit.h"
#include "score/scorecard.h"
#include "series/bins.h"
#include "series/view.h"

enum { REPEATS_MAX = 101, FITS = 2000, STEPS_DEFAULT = 1000000 };

static int64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *what, const char *unit, double *times,
                        int count)
{
    qsort(times, (size_t)count, sizeof *times, compare);
    printf("%-28s best %8.2f %s  median %8.2f %s\n", what, times[0], unit,
           times[count / 2], unit);
}

/* A loss that falls and is noisy, the same every time. */
static double loss_at(double x, uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    double noise = (double)(*state >> 11) * 0x1p-53 - 0.5;
    return 2 + 3 * pow(x + 10, -0.2) + 0.2 * noise;
}

static void bench_fit(void)
{
    static struct km_fit_scratch scratch;
    static struct km_fit fit;
    double x[200], y[200], times[REPEATS_MAX];
    uint64_t state = 1;
    for (int i = 0; i < 200; i++) {
        x[i] = 400 + 3 * i;
        y[i] = loss_at(x[i], &state);
    }
    struct km_bins bins;
    for (int r = 0; r < REPEATS_MAX; r++) {
        int64_t start = cpu_ns();
        for (int i = 0; i < FITS / REPEATS_MAX; i++) {
            km_bins_fill(&bins, x, y, 200);
            const struct km_fit_problem problem = {bins.x,     bins.y, bins.n,
                                                   bins.count, x[199], 0};
            if (!km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_REFINED, &scratch,
                            &fit)) {
                exit(1);
            }
        }
        times[r] = (double)(cpu_ns() - start) / 1e3 / (FITS / REPEATS_MAX);
    }
    print_times("fit of 200 points, pow3", "us", times, REPEATS_MAX);
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

static void bench_card(const char *path, int64_t steps, int repeats)
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
    double whole[REPEATS_MAX], load[REPEATS_MAX];
    for (int r = 0; r < repeats; r++) {
        struct km_arena arena;
        struct km_scorecard card;
        struct km_run_view view;
        struct km_err err;
        km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
        int64_t start = cpu_ns();
        store = open_store(path);
        if (km_scorecard_compute(store, id, NULL, &arena, &card, &err)) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
        whole[r] = (double)(cpu_ns() - start) / 1e6;
        km_arena_finish(&arena);
        start = cpu_ns();
        if (km_run_view_load(store, id, NULL, &arena, &view, &err)) {
            exit(1);
        }
        load[r] = (double)(cpu_ns() - start) / 1e6;
        km_arena_finish(&arena);
        km_store_close(store);
    }
    print_times("card of the run, cold", "ms", whole, repeats);
    print_times("  of it loading", "ms", load, repeats);
}

int main(int argc, char **argv)
{
    int64_t steps = argc > 1 ? strtoll(argv[1], NULL, 10) : STEPS_DEFAULT;
    long repeats = argc > 2 ? strtol(argv[2], NULL, 10) : 5;
    char folder[] = "/tmp/bench-score-XXXXXX";
    if (steps < 100 || repeats < 1 || repeats > REPEATS_MAX ||
        !mkdtemp(folder)) {
        return 2;
    }
    bench_fit();
    bench_card(folder, steps, (int)repeats);
    printf("the store is left in %s\n", folder);
    return 0;
}
