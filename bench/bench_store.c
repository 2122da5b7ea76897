/* bench_store.c - the store against its disk: append, read, list, size.
 *
 *     bench_store [FOLDER]
 *
 * One JSON line per figure (tools/bench.py shows them). Commits are held
 * against a bare append and fdatasync of the same number of bytes, taken in
 * turns with them on the same disk. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "store/chunk.h"

enum {
    SERIES = 32,
    BATCHES = 40,
    POINTS = 4096, /* of each series in a batch */
    LONG_POINTS = 1 << 20,
    RUNS = 10000,
    REPEATS = 11,
};

static char folder[512];
static struct km_batch batch;
static uint64_t state = 88172645463325252u;

static int64_t clock_ns(clockid_t which)
{
    struct timespec now;
    (void)clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void need(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_store: %s failed\n", what);
        exit(1);
    }
}

static double uniform(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

static double normal(void)
{
    double radius = sqrt(-2 * log(uniform() + 1e-300));
    return radius * cos(6.283185307179586 * uniform());
}

/* A loss with single-precision noise, a step a second with a jitter of 0.2 ms,
 * known to the microsecond. */
static struct km_point point_at(int64_t i)
{
    double loss = 2 + 8 * pow((double)(i + 1), -0.2) + 0.05 * normal();
    int64_t jitter_ns = (int64_t)(normal() * 200) * 1000;
    return (struct km_point){i,
                             1700000000000000000 + i * 1000000000 + jitter_ns,
                             (double)(float)loss};
}

static int compare_times(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int64_t median(int64_t *times, size_t count)
{
    qsort(times, count, sizeof *times, compare_times);
    return times[count / 2];
}

static void say(const char *name, double value, const char *unit,
                const char *better, double goal)
{
    printf("{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", "
           "\"better\": \"%s\", \"goal\": %g}\n",
           name, value, unit, better, goal);
    (void)fflush(stdout);
}

static void say_peer(const char *name, double value, const char *unit,
                     double goal, const char *peer, double peer_value)
{
    printf("{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", "
           "\"better\": \"lower\", \"goal\": %g, \"peer\": \"%s\", "
           "\"peer_value\": %.6g}\n",
           name, value, unit, goal, peer, peer_value);
    (void)fflush(stdout);
}

static struct km_store *open_in(const char *name)
{
    static char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    const struct km_store_options options = {.path = path, .create = true};
    struct km_err err;
    struct km_store *store = km_store_open_sqlite(&options, &err);
    if (!store) {
        fprintf(stderr, "bench_store: %s\n", err.message);
        exit(1);
    }
    return store;
}

static void start_batch(uint64_t origin, const char *run)
{
    const struct km_run_meta meta = {.project = KM_STR("bench"),
                                     .external_id = km_str_of(run),
                                     .source = KM_STR("bench"),
                                     .created_ns = KM_TIME_ABSENT,
                                     .ended_ns = KM_TIME_ABSENT};
    km_batch_reset(&batch, origin);
    uint32_t index = km_batch_run(&batch, &meta);
    need(km_batch_attempt(&batch, index, 0) == 0, "attempt");
}

static uint32_t add_series(const char *metric)
{
    uint32_t series =
        km_batch_series(&batch, 0, 0, km_str_of(metric), KM_STR(""));
    need(series != KM_BATCH_FULL, "series");
    return series;
}

/* Encoding and decoding alone, in processor time. */
static void bench_chunk(void)
{
    static struct km_point points[KM_CHUNK_POINTS_MAX];
    static unsigned char blob[KM_CHUNK_BYTES_MAX];
    int64_t encode[REPEATS], decode[REPEATS];
    struct km_columns columns;
    struct km_chunk_codec *codec = km_chunk_codec_create();
    size_t len = 0;
    for (int64_t i = 0; i < KM_CHUNK_POINTS_MAX; i++) {
        points[i] = point_at(i + 100000);
    }
    for (int r = 0; r < REPEATS; r++) {
        int64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < 50; i++) {
            len = km_chunk_encode(codec, points, KM_CHUNK_POINTS_MAX, blob);
        }
        int64_t middle = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < 50; i++) {
            need(km_chunk_decode(codec, blob, len, &columns, NULL) == KM_OK,
                 "decode");
        }
        encode[r] = middle - start;
        decode[r] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - middle;
    }
    double total = 50.0 * KM_CHUNK_POINTS_MAX;
    say("chunk: encode", (double)median(encode, REPEATS) / total, "ns/point",
        "lower", 30);
    say("chunk: decode", (double)median(decode, REPEATS) / total, "ns/point",
        "lower", 10);
    say("chunk: size", (double)len / KM_CHUNK_POINTS_MAX, "B/point", "lower",
        4);
    km_chunk_codec_destroy(codec);
}

/* Appends and syncs `len` bytes at the end of a file; returns how long. */
static int64_t sync_bytes(int fd, size_t len)
{
    char *bytes = malloc(len);
    need(bytes != NULL, "malloc");
    memset(bytes, 0x5a, len);
    int64_t start = clock_ns(CLOCK_MONOTONIC);
    need(write(fd, bytes, len) == (ssize_t)len && fdatasync(fd) == 0, "sync");
    int64_t elapsed = clock_ns(CLOCK_MONOTONIC) - start;
    free(bytes);
    return elapsed;
}

/* Small batches: what a live job commits. */
static void bench_commit(void)
{
    enum { COMMITS = 300, EACH = 1000 };
    static int64_t ours[COMMITS], bare[COMMITS];
    char path[600];
    int64_t step = 0;
    struct km_store *store = open_in("commit");
    (void)snprintf(path, sizeof path, "%s/bare", folder);
    int fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0666);
    need(fd >= 0, "open");
    for (int i = 0; i < COMMITS; i++) {
        start_batch(1, "run");
        uint32_t series = add_series("loss");
        for (int j = 0; j < EACH; j++) {
            (void)km_batch_point(&batch, series, point_at(step++));
        }
        int64_t start = clock_ns(CLOCK_MONOTONIC);
        need(km_store_append(store, &batch, NULL) == KM_OK, "append");
        ours[i] = clock_ns(CLOCK_MONOTONIC) - start;
        bare[i] = sync_bytes(fd, (size_t)EACH * 4);
    }
    (void)close(fd);
    km_store_close(store);
    double commit_us = (double)median(ours, COMMITS) / 1e3;
    double bare_us = (double)median(bare, COMMITS) / 1e3;
    say_peer("store: append and commit of 1,000 points, p50", commit_us, "us",
             1.5 * bare_us, "bare append and fdatasync of as many bytes",
             bare_us);
}

static void bench_append(const char *what, bool timed)
{
    int64_t spent = 0, cpu = 0;
    struct km_store_usage usage;
    bool more = true;
    struct km_store *store = open_in(what);
    for (int b = 0; b < BATCHES; b++) {
        start_batch(1, "run");
        for (int s = 0; s < SERIES; s++) {
            char metric[32];
            (void)snprintf(metric, sizeof metric, "layer/%d/norm", s);
            uint32_t series = add_series(metric);
            for (int64_t i = 0; i < POINTS; i++) {
                struct km_point point = point_at((int64_t)b * POINTS + i);
                point.time_ns = timed ? point.time_ns : KM_TIME_ABSENT;
                (void)km_batch_point(&batch, series, point);
            }
        }
        int64_t start = clock_ns(CLOCK_MONOTONIC);
        int64_t start_cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        need(km_store_append(store, &batch, NULL) == KM_OK, "append");
        cpu += clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_cpu;
        spent += clock_ns(CLOCK_MONOTONIC) - start;
    }
    while (more) {
        need(km_store_maintain(store, 1000000000, &more, NULL) == KM_OK,
             "maintain");
    }
    km_store_close(store); /* what the log held goes into the database */
    store = open_in(what);
    need(km_store_usage(store, &usage, NULL) == KM_OK, "usage");
    km_store_close(store);
    double points = (double)usage.points;
    if (!timed) {
        say("store: overhead over the blobs, no times",
            100 * ((double)usage.bytes_total / (double)usage.bytes_points - 1),
            "%", "lower", 10);
        return;
    }
    say("store: append durable, 32 series x 4,096",
        points / (double)spent * 1e3, "M point/s", "higher", 5);
    say("store: append, processor time", (double)cpu / points, "ns/point",
        "lower", 60);
    say("store: bytes on disk", (double)usage.bytes_total / points, "B/point",
        "lower", 4);
    say("store: overhead over the blobs",
        100 * ((double)usage.bytes_total / (double)usage.bytes_points - 1), "%",
        "lower", 10);
}

static bool sum_columns(void *user, const struct km_columns *columns)
{
    double *sum = user;
    for (size_t i = 0; i < columns->count; i++) {
        *sum += columns->values[i];
    }
    return true;
}

static void bench_read(void)
{
    int64_t read[REPEATS], reduced[REPEATS], cpu[REPEATS];
    struct km_bucket buckets[2000];
    struct km_store *store = open_in("read");
    for (int64_t i = 0; i < LONG_POINTS;) {
        start_batch(1, "run");
        uint32_t series = add_series("loss");
        for (int64_t end = i + KM_BATCH_POINTS_MAX; i < end; i++) {
            (void)km_batch_point(&batch, series, point_at(i));
        }
        need(km_store_append(store, &batch, NULL) == KM_OK, "append");
    }
    uint64_t series_id = batch.series[0].id;
    const struct km_point_range range = {0, LONG_POINTS};
    for (int r = 0; r < REPEATS; r++) {
        double sum = 0;
        int64_t start = clock_ns(CLOCK_MONOTONIC);
        int64_t start_cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        need(km_store_read_points(store, series_id, NULL, sum_columns, &sum,
                                  NULL) == KM_OK,
             "read");
        int64_t middle = clock_ns(CLOCK_MONOTONIC);
        cpu[r] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_cpu;
        read[r] = middle - start;
        start_cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        need(km_store_reduce(store, series_id, &range, buckets, 100, NULL) ==
                 KM_OK,
             "reduce");
        reduced[r] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_cpu;
    }
    km_store_close(store);
    say("store: read and decode 1 M points",
        (double)median(read, REPEATS) / 1e6, "ms", "lower", 15);
    say("store: the same, processor time", (double)median(cpu, REPEATS) / 1e6,
        "ms", "lower", 15);
    say("store: reduce 1 M points to 100 buckets",
        (double)median(reduced, REPEATS) / 1e6, "ms", "lower", 15);
}

static bool count_run(void *user, const struct km_run_row *row)
{
    *(uint64_t *)user += row->meta.external_id.len > 0;
    return true;
}

static void bench_list(void)
{
    int64_t by_name[REPEATS], newest[REPEATS];
    struct km_store *store = open_in("list");
    const struct km_run_filter filters[] = {{.order = KM_ORDER_NAME},
                                            {.order = KM_ORDER_NEWEST}};
    for (int i = 0; i < RUNS; i += 100) {
        km_batch_reset(&batch, (uint64_t)i + 1);
        for (int j = i; j < i + 100; j++) {
            char name[64];
            (void)snprintf(name, sizeof name, "sweep/lr-%d/seed-%05d", j % 7,
                           j);
            const struct km_run_meta meta = {.project = KM_STR("bench"),
                                             .external_id = km_str_of(name),
                                             .group = KM_STR("sweep"),
                                             .source = KM_STR("tfevents"),
                                             .created_ns = (j * 7919) % 10007,
                                             .ended_ns = KM_TIME_ABSENT};
            uint32_t run = km_batch_run(&batch, &meta);
            uint32_t attempt = km_batch_attempt(&batch, run, 0);
            uint32_t series = km_batch_series(&batch, run, attempt,
                                              KM_STR("loss"), KM_STR(""));
            (void)km_batch_point(&batch, series, point_at(j));
        }
        need(km_store_append(store, &batch, NULL) == KM_OK, "append");
    }
    for (int r = 0; r < REPEATS; r++) {
        for (int k = 0; k < 2; k++) {
            uint64_t count = 0;
            int64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
            need(km_store_list_runs(store, &filters[k], count_run, &count,
                                    NULL) == KM_OK &&
                     count == RUNS,
                 "list");
            (k ? newest : by_name)[r] =
                clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
        }
    }
    km_store_close(store);
    say("store: list 10,000 runs by name",
        (double)median(by_name, REPEATS) / 1e6, "ms", "lower", 5);
    say("store: list 10,000 runs, newest first",
        (double)median(newest, REPEATS) / 1e6, "ms", "lower", 5);
}

static void remove_below(const char *path)
{
    DIR *entries = opendir(path);
    const struct dirent *entry;
    while (entries && (entry = readdir(entries)) != NULL) {
        char name[1024];
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && unlink(name) != 0) {
            remove_below(name);
        }
    }
    if (entries) {
        (void)closedir(entries);
    }
    (void)rmdir(path);
}

int main(int argc, char **argv)
{
    (void)snprintf(folder, sizeof folder, "%s/km-bench-store-XXXXXX",
                   argc > 1 ? argv[1] : ".");
    need(mkdtemp(folder) != NULL, "mkdtemp");
    km_batch_init(&batch);
    bench_chunk();
    bench_commit();
    bench_append("append", true);
    bench_append("untimed", false);
    bench_read();
    bench_list();
    km_batch_finish(&batch);
    remove_below(folder);
    return 0;
}
