/* bench_log.c - what a log call costs: in a tight loop, and paced like a
 * training beside a writer that syncs.
 *
 *     bench_log                     measures, prints JSON lines for bench.py
 *     bench_log --tight             only the tight loop (bench_writer.py)
 *     bench_log --fill DIR POINTS   only writes a journal (bench_journal.py)
 *
 * Times are of single calls, by the processor's counter, with the reading of
 * it inside; the least that a call could do, a clock and a push of 32 bytes
 * into a ring, is timed in the same way in turns with them. A quantile is the
 * median of that quantile over the rounds. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <knotmeter.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"

enum {
    ROUNDS = 7,
    TIGHT = 200000, /* calls of a round */
    PACED = 1500,   /* steps of a round */
    PER_STEP = 10,
    MANY = 10,
    RING = 1 << 16,
    QUANTILES = 4,
};

/* Quantiles of every round. */
struct latencies {
    double ns[QUANTILES][ROUNDS];
};

static const struct {
    const char *word;
    double at;
} quantiles[QUANTILES] = {
    {"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

static struct {
    uint64_t word;
    int64_t step;
    uint64_t time;
    double value;
} ring[RING];
static uint32_t log_ns[TIGHT], push_ns[TIGHT];
static char scratch[KM_BENCH_PATH_BYTES];
static atomic_bool stop;

/* Of this thread: what others take from the processor is not counted. */
static double cpu_ns(void)
{
    return km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
}

static double now_ns(void)
{
    return km_bench_now_ns(CLOCK_MONOTONIC);
}

static inline uint64_t ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return (uint64_t)now_ns();
#endif
}

static double ns_per_tick(void)
{
    double from_ns = now_ns();
    uint64_t from = ticks();
    while (now_ns() - from_ns < 50000000) {
    }
    return (now_ns() - from_ns) / (double)(ticks() - from);
}

static int compare(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void keep_round(struct latencies *all, int round, uint32_t *ns,
                       size_t count)
{
    qsort(ns, count, sizeof *ns, compare);
    for (int q = 0; q < QUANTILES; q++) {
        all->ns[q][round] = ns[(size_t)(quantiles[q].at * (double)count)];
    }
}

static void say(const char *name, double value, const char *unit, double goal)
{
    km_bench_say(&(struct km_bench_line){
        .name = name, .value = value, .unit = unit, .goal = goal});
}

static void say_quantiles(const char *what, struct latencies *ours,
                          struct latencies *bare, double goal_p50,
                          double goal_p999)
{
    for (int q = 0; q < QUANTILES; q++) {
        char name[64];
        (void)snprintf(name, sizeof name, "log call, %s, %s", what,
                       quantiles[q].word);
        km_bench_say(&(struct km_bench_line){
            .name = name,
            .value = km_bench_median(ours->ns[q], ROUNDS),
            .unit = "ns",
            .goal = q == 0   ? goal_p50
                    : q == 2 ? goal_p999
                             : 0,
            .peer = "bare clock + ring push",
            .peer_value = km_bench_median(bare->ns[q], ROUNDS)});
    }
}

/* The least that a log call could do. */
static inline void push(int64_t i)
{
    volatile __typeof__(ring[0]) *at = &ring[i & (RING - 1)];
    at->step = i;
    at->time = ticks();
    at->value = (double)i;
    at->word = 1;
}

static struct km_run *open_run(void)
{
    return km_run_open(
        &(struct km_run_options){.dir = scratch,
                                 .segment_bytes = (uint64_t)64 << 20,
                                 .disk_bytes_max = (uint64_t)1 << 30});
}

/* Until the helper has the next segment ready. */
static void settle(struct km_run *run)
{
    struct km_run_counters counters;
    for (int i = 0; i < 500; i++) {
        const struct timespec pause = {.tv_nsec = 10000000};
        (void)nanosleep(&pause, NULL);
        km_run_count(run, &counters);
        if (counters.disk_bytes >= (uint64_t)128 << 20) {
            return;
        }
    }
}

static void bench_tight(double rate)
{
    static struct latencies ours, bare;
    double ours_ns[ROUNDS], bare_ns[ROUNDS];
    struct km_run *run = open_run();
    uint32_t metric = km_run_metric(run, "loss");
    settle(run);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < TIGHT; i++) {
            uint64_t from = ticks();
            km_run_log(run, i, metric, i);
            log_ns[i] = (uint32_t)((double)(ticks() - from) * rate);
        }
        for (int i = 0; i < TIGHT; i++) {
            uint64_t from = ticks();
            push(i);
            push_ns[i] = (uint32_t)((double)(ticks() - from) * rate);
        }
        keep_round(&ours, round, log_ns, TIGHT);
        keep_round(&bare, round, push_ns, TIGHT);
    }
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_ns();
        for (int i = 0; i < TIGHT; i++) {
            km_run_log(run, i, metric, i);
        }
        double middle = cpu_ns();
        for (int i = 0; i < TIGHT; i++) {
            push(i);
        }
        ours_ns[round] = (middle - start) / TIGHT;
        bare_ns[round] = (cpu_ns() - middle) / TIGHT;
    }
    say_quantiles("tight loop", &ours, &bare, 25, 100);
    km_bench_say(&(struct km_bench_line){
        .name = "log call, tight loop, mean, processor time",
        .value = km_bench_median(ours_ns, ROUNDS),
        .unit = "ns",
        .peer = "bare clock + ring push",
        .peer_value = km_bench_median(bare_ns, ROUNDS)});
    struct km_run_counters counters;
    km_run_count(run, &counters);
    say("log call, tight loop, points dropped", (double)counters.dropped,
        "points", 0.5);
    km_run_close(run);
}

static void bench_many(void)
{
    struct km_run *run = open_run();
    uint32_t metrics[MANY];
    double values[MANY];
    for (int i = 0; i < MANY; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "train/metric %d", i);
        metrics[i] = km_run_metric(run, name);
        values[i] = i;
    }
    settle(run);
    double many_ns[ROUNDS], name_ns[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_ns();
        for (int i = 0; i < TIGHT / MANY; i++) {
            km_run_log_many(run, i, metrics, values, MANY);
        }
        double middle = cpu_ns();
        for (int i = 0; i < TIGHT / 2; i++) {
            km_run_log_name(run, i, "train/metric 7", i);
        }
        many_ns[round] = (middle - start) / (TIGHT / (double)MANY);
        name_ns[round] = (cpu_ns() - middle) / (TIGHT / 2.0);
    }
    say("log call of 10 metrics, mean, processor time",
        km_bench_median(many_ns, ROUNDS), "ns", 0);
    say("log call by name, mean, processor time",
        km_bench_median(name_ns, ROUNDS), "ns", 0);
    km_run_close(run);
}

/* Appends and syncs as long as it may: the disk is busy. */
static void *sync_on(void *user)
{
    static char block[1 << 16];
    char path[KM_BENCH_PATH_BYTES + 16];
    (void)user;
    (void)snprintf(path, sizeof path, "%s/beside", scratch);
    int fd = open(path, O_WRONLY | O_CREAT, 0666);
    for (int i = 0; fd >= 0 && !atomic_load(&stop); i++) {
        if (pwrite(fd, block, sizeof block, (off_t)(i % 256) << 16) < 0 ||
            fdatasync(fd) != 0) {
            break;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return NULL;
}

static void bench_paced(double rate)
{
    static struct latencies ours, bare;
    pthread_t writer;
    struct km_run *run = km_run_open(&(struct km_run_options){.dir = scratch});
    uint32_t metric = km_run_metric(run, "loss");
    bool beside = pthread_create(&writer, NULL, sync_on, NULL) == 0;
    for (int round = 0; round < ROUNDS; round++) {
        size_t count = 0;
        for (int step = 0; step < PACED; step++) {
            const struct timespec pause = {.tv_nsec = 500000};
            (void)nanosleep(&pause, NULL);
            for (int i = 0; i < PER_STEP; i++, count++) {
                uint64_t from = ticks();
                km_run_log(run, step, metric, i);
                log_ns[count] = (uint32_t)((double)(ticks() - from) * rate);
            }
            (void)nanosleep(&pause, NULL);
            for (int i = 0; i < PER_STEP; i++) {
                uint64_t from = ticks();
                push(i);
                push_ns[count - PER_STEP + (size_t)i] =
                    (uint32_t)((double)(ticks() - from) * rate);
            }
        }
        keep_round(&ours, round, log_ns, count);
        keep_round(&bare, round, push_ns, count);
    }
    atomic_store(&stop, true);
    if (beside) {
        (void)pthread_join(writer, NULL);
    }
    say_quantiles("paced beside fdatasync", &ours, &bare, 0, 2000);
    km_run_close(run);
}

static int fill(const char *dir, long points)
{
    enum { METRICS = 8 };
    uint32_t metrics[METRICS];
    double values[METRICS];
    struct km_run *run = km_run_open(
        &(struct km_run_options){.dir = dir,
                                 .id = "filled",
                                 .patient = 1,
                                 .disk_bytes_max = (uint64_t)8 << 30});
    for (int i = 0; i < METRICS; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "metric %d", i);
        metrics[i] = km_run_metric(run, name);
    }
    uint64_t noise = 1;
    for (long step = 0; step < points / METRICS; step++) {
        for (int i = 0; i < METRICS; i++) {
            noise = noise * 6364136223846793005u + 1442695040888963407u;
            values[i] = (double)((float)(noise >> 40) / 16777216.0F);
        }
        km_run_log_many(run, step, metrics, values, METRICS);
    }
    struct km_run_counters counters;
    km_run_count(run, &counters);
    km_run_close(run);
    return counters.dropped > 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--fill") == 0) {
        return fill(argv[2], strtol(argv[3], NULL, 10));
    }
    km_bench_folder_make(scratch);
    double rate = ns_per_tick();
    bench_tight(rate);
    if (argc == 1) {
        bench_many();
        bench_paced(rate);
    }
    km_bench_folder_remove(scratch);
    return 0;
}
