/* bench_log.c - what a log call costs: in a tight loop, and paced like a
 * training beside a writer that syncs.
 *
 *     bench_log                     measures, prints JSON lines for bench.py
 *     bench_log --fill DIR POINTS   only writes a journal (bench_journal.py)
 *
 * Times are of single calls, by the processor's counter, with the reading of
 * it inside. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <ftw.h>
#include <knotmeter.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TIGHT = 1000000, ROUNDS = 4000, PER_ROUND = 10, MANY = 10 };

static uint32_t latency_ns[TIGHT];
static char scratch[256];
static atomic_bool stop;

static int64_t now_ns(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

/* Of this thread: what others take from the processor is not counted. */
static double cpu_ns(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
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
    int64_t from_ns = now_ns();
    uint64_t from = ticks();
    while (now_ns() - from_ns < 50000000) {
    }
    return (double)(now_ns() - from_ns) / (double)(ticks() - from);
}

static int compare(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void say(const char *name, double value, const char *unit, double goal,
                const char *peer, double peer_value)
{
    printf("{\"name\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",\"better\":"
           "\"lower\"",
           name, value, unit);
    if (goal > 0) {
        printf(",\"goal\":%g", goal);
    }
    if (peer) {
        printf(",\"peer\":\"%s\",\"peer_value\":%.4g", peer, peer_value);
    }
    printf("}\n");
    (void)fflush(stdout);
}

static void say_quantiles(const char *what, size_t count, double goal_p50,
                          double goal_p999)
{
    static const struct {
        const char *word;
        double at;
    } rows[] = {
        {"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};
    qsort(latency_ns, count, sizeof latency_ns[0], compare);
    for (int i = 0; i < 4; i++) {
        char name[64];
        double goal = i == 0 ? goal_p50 : i == 2 ? goal_p999 : 0;
        (void)snprintf(name, sizeof name, "log call, %s, %s", what,
                       rows[i].word);
        say(name, latency_ns[(size_t)(rows[i].at * (double)count)], "ns", goal,
            NULL, 0);
    }
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

/* The least that a log call could do: clock and 32 bytes into a ring. */
static double bench_push(void)
{
    enum { RING = 1 << 16 };
    static struct {
        uint64_t word;
        int64_t step;
        uint64_t time;
        double value;
    } ring[RING];
    double best = 1e9;
    for (int round = 0; round < 5; round++) {
        double from = cpu_ns();
        for (int i = 0; i < TIGHT; i++) {
            volatile __typeof__(ring[0]) *at = &ring[i & (RING - 1)];
            at->step = i;
            at->time = ticks();
            at->value = i;
            at->word = 1;
        }
        double ns = (cpu_ns() - from) / TIGHT;
        best = ns < best ? ns : best;
    }
    return best;
}

static void bench_tight(double rate, double push_ns)
{
    struct km_run *run = open_run();
    uint32_t metric = km_run_metric(run, "loss");
    settle(run);
    for (int i = 0; i < TIGHT; i++) {
        uint64_t from = ticks();
        km_run_log(run, i, metric, i);
        latency_ns[i] = (uint32_t)((double)(ticks() - from) * rate);
    }
    say_quantiles("tight loop", TIGHT, 25, 100);
    double from = cpu_ns();
    for (int i = 0; i < TIGHT / 2; i++) {
        km_run_log(run, i, metric, i);
    }
    double mean = (cpu_ns() - from) / (TIGHT / 2);
    say("log call, tight loop, mean CPU", mean, "ns", 0, "clock + ring push",
        push_ns);
    struct km_run_counters counters;
    km_run_count(run, &counters);
    say("points dropped in the tight loop", (double)counters.dropped, "points",
        0.5, NULL, 0);
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
    double from = cpu_ns();
    for (int i = 0; i < TIGHT / MANY; i++) {
        km_run_log_many(run, i, metrics, values, MANY);
    }
    say("log call of 10 metrics, mean CPU", (cpu_ns() - from) / (TIGHT / MANY),
        "ns", 0, NULL, 0);
    from = cpu_ns();
    for (int i = 0; i < TIGHT / 2; i++) {
        km_run_log_name(run, i, "train/metric 7", i);
    }
    say("log call by name, mean CPU", (cpu_ns() - from) / (TIGHT / 2), "ns", 0,
        NULL, 0);
    km_run_close(run);
}

/* Appends and syncs as long as it may: the disk is busy. */
static void *sync_on(void *user)
{
    static char block[1 << 16];
    char path[300];
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
    pthread_t writer;
    struct km_run *run = km_run_open(&(struct km_run_options){.dir = scratch});
    uint32_t metric = km_run_metric(run, "loss");
    size_t count = 0;
    bool beside = pthread_create(&writer, NULL, sync_on, NULL) == 0;
    for (int round = 0; round < ROUNDS; round++) {
        const struct timespec pause = {.tv_nsec = 500000};
        (void)nanosleep(&pause, NULL);
        for (int i = 0; i < PER_ROUND; i++) {
            uint64_t from = ticks();
            km_run_log(run, round, metric, i);
            latency_ns[count++] = (uint32_t)((double)(ticks() - from) * rate);
        }
    }
    atomic_store(&stop, true);
    if (beside) {
        (void)pthread_join(writer, NULL);
    }
    say_quantiles("paced beside fdatasync", count, 0, 2000);
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

static int remove_one(const char *path, const struct stat *about, int kind,
                      struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--fill") == 0) {
        return fill(argv[2], strtol(argv[3], NULL, 10));
    }
    const char *base = getenv("TMPDIR");
    (void)snprintf(scratch, sizeof scratch, "%.200s/km-bench-XXXXXX",
                   base ? base : "/var/tmp");
    if (!mkdtemp(scratch)) {
        perror(scratch);
        return 1;
    }
    double rate = ns_per_tick();
    double push_ns = bench_push();
    say("clock + ring push, mean CPU", push_ns, "ns", 0, NULL, 0);
    bench_tight(rate, push_ns);
    bench_many();
    bench_paced(rate);
    (void)nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
