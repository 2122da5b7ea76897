/* bench_store.c - the store against its disk: append, read, list, size.
 *
 * Medians of rounds, on the disk of TMPDIR, else of /var/tmp. Commits are held
 * against a bare append and fdatasync of the same number of bytes, taken in
 * turns with them on the same disk. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "store/chunk.h"

#include "lines.h"

enum {
    SERIES = 32,
    BATCHES = 40,
    POINTS = 4096, /* of each series in a batch */
    LONG_POINTS = 1 << 20,
    RUNS = 10000,
    REPEATS = 11,
};

static char folder[KM_BENCH_PATH_BYTES];
static struct km_batch batch;
static uint64_t state = 88172645463325252u;

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

static void say(const char *name, double value, const char *unit, double goal)
{
    km_bench_say(&(struct km_bench_line){
        .name = name, .value = value, .unit = unit, .goal = goal});
}

static struct km_store *open_in(const char *name)
{
    static char path[KM_BENCH_PATH_BYTES + 32];
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
    double encode[REPEATS], decode[REPEATS];
    struct km_columns columns;
    struct km_chunk_codec *codec = km_chunk_codec_create();
    size_t len = 0;
    for (int64_t i = 0; i < KM_CHUNK_POINTS_MAX; i++) {
        points[i] = point_at(i + 100000);
    }
    for (int r = 0; r < REPEATS; r++) {
        double start = km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < 50; i++) {
            len = km_chunk_encode(codec, points, KM_CHUNK_POINTS_MAX, blob);
        }
        double middle = km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < 50; i++) {
            need(km_chunk_decode(codec, blob, len, &columns, NULL) == KM_OK,
                 "decode");
        }
        encode[r] = middle - start;
        decode[r] = km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - middle;
    }
    double total = 50.0 * KM_CHUNK_POINTS_MAX;
    say("chunk: encode", km_bench_median(encode, REPEATS) / total, "ns/point",
        30);
    say("chunk: decode", km_bench_median(decode, REPEATS) / total, "ns/point",
        10);
    say("chunk: size", (double)len / KM_CHUNK_POINTS_MAX, "B/point", 4);
    km_chunk_codec_destroy(codec);
}

/* Appends and syncs `len` bytes at the end of a file; returns how long. */
static double sync_bytes(int fd, size_t len)
{
    char *bytes = malloc(len);
    need(bytes != NULL, "malloc");
    memset(bytes, 0x5a, len);
    double start = km_bench_now_ns(CLOCK_MONOTONIC);
    need(write(fd, bytes, len) == (ssize_t)len && fdatasync(fd) == 0, "sync");
    double elapsed = km_bench_now_ns(CLOCK_MONOTONIC) - start;
    free(bytes);
    return elapsed;
}

/* Small batches: what a live job commits. */
static void bench_commit(void)
{
    enum { COMMITS = 300, EACH = 1000 };
    static double ours[COMMITS], bare[COMMITS];
    char path[KM_BENCH_PATH_BYTES + 32];
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
        double start = km_bench_now_ns(CLOCK_MONOTONIC);
        need(km_store_append(store, &batch, NULL) == KM_OK, "append");
        ours[i] = km_bench_now_ns(CLOCK_MONOTONIC) - start;
        bare[i] = sync_bytes(fd, (size_t)EACH * 4);
    }
    (void)close(fd);
    km_store_close(store);
    double bare_us = km_bench_median(bare, COMMITS) / 1e3;
    km_bench_say(&(struct km_bench_line){
        .name = "store: append and commit of 1,000 points, p50",
        .value = km_bench_median(ours, COMMITS) / 1e3,
        .unit = "us",
        .goal = 1.5 * bare_us,
        .peer = "bare append and fdatasync",
        .peer_value = bare_us});
}

static void bench_append(const char *what, bool timed)
{
    double spent = 0, cpu = 0;
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
        double start = km_bench_now_ns(CLOCK_MONOTONIC);
        double start_cpu = km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
        need(km_store_append(store, &batch, NULL) == KM_OK, "append");
        cpu += km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - start_cpu;
        spent += km_bench_now_ns(CLOCK_MONOTONIC) - start;
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
    double disk = (double)usage.bytes_total / points;
    double overhead =
        100 * ((double)usage.bytes_total / (double)usage.bytes_points - 1);
    if (!timed) {
        say("store: noise without times, on disk", disk, "B/point", 4);
        say("store: noise without times, over the blobs", overhead, "%", 10);
        return;
    }
    km_bench_say(&(struct km_bench_line){
        .name = "store: append durable, 32 series x 4,096",
        .value = points / spent * 1e3,
        .unit = "M points/s",
        .goal = 5,
        .higher_is_better = 1});
    say("store: append, processor time", cpu / points, "ns/point", 60);
    say("store: noise with times to the us, on disk", disk, "B/point", 4);
    say("store: noise with times, over the blobs", overhead, "%", 10);
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
    double read[REPEATS], reduced[REPEATS], cpu[REPEATS];
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
        double start = km_bench_now_ns(CLOCK_MONOTONIC);
        double start_cpu = km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
        need(km_store_read_points(store, series_id, NULL, sum_columns, &sum,
                                  NULL) == KM_OK,
             "read");
        double middle = km_bench_now_ns(CLOCK_MONOTONIC);
        cpu[r] = km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - start_cpu;
        read[r] = middle - start;
        start_cpu = km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
        need(km_store_reduce(store, series_id, &range, buckets, 100, NULL) ==
                 KM_OK,
             "reduce");
        reduced[r] = km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - start_cpu;
    }
    km_store_close(store);
    say("store: read and decode 1 M points",
        km_bench_median(read, REPEATS) / 1e6, "ms", 15);
    say("store: the same, processor time", km_bench_median(cpu, REPEATS) / 1e6,
        "ms", 15);
    say("store: reduce 1 M points to 100 buckets",
        km_bench_median(reduced, REPEATS) / 1e6, "ms", 15);
}

static bool count_run(void *user, const struct km_run_row *row)
{
    *(uint64_t *)user += row->meta.external_id.len > 0;
    return true;
}

static void bench_list(void)
{
    double by_name[REPEATS], newest[REPEATS];
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
            double start = km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
            need(km_store_list_runs(store, &filters[k], count_run, &count,
                                    NULL) == KM_OK &&
                     count == RUNS,
                 "list");
            (k ? newest : by_name)[r] =
                km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - start;
        }
    }
    km_store_close(store);
    say("store: list 10,000 runs by name",
        km_bench_median(by_name, REPEATS) / 1e6, "ms", 5);
    say("store: list 10,000 runs, newest first",
        km_bench_median(newest, REPEATS) / 1e6, "ms", 5);
}

int main(void)
{
    km_bench_folder_make(folder);
    km_batch_init(&batch);
    bench_chunk();
    bench_commit();
    bench_append("append", true);
    bench_append("untimed", false);
    bench_read();
    bench_list();
    km_batch_finish(&batch);
    km_bench_folder_remove(folder);
    return 0;
}
