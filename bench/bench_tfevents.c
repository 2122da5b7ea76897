/* bench_tfevents.c - how fast event files are decoded, checksums verified.
 *
 *     bench_tfevents FILE [REPEATS]
 *
 * Feeds the file from memory in pieces of 1 MiB to the source alone; batches
 * are dropped. Prints the best and the median of the repeats, in processor
 * time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "source/tfevents.h"

enum { REPEATS_MAX = 101 };

struct outcome {
    int64_t ns;
    uint64_t points;
};

/* Processor time: what others do on the machine does not count. */
static int64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct outcome decode(struct km_str bytes)
{
    const struct km_emit_options emit_options = {
        .origin_id = 1,
        .run = {.project = KM_STR("bench"),
                .external_id = KM_STR("run"),
                .created_ns = KM_TIME_ABSENT,
                .ended_ns = KM_TIME_ABSENT}};
    const struct km_source_options options = {.salvage = false};
    const struct km_place place = {.name = KM_STR("events.out.tfevents.1")};
    const struct km_source_ops *ops = &km_source_tfevents;
    struct km_emit *emit = km_emit_create(&emit_options, NULL);
    struct km_source source = {
        .ops = ops, .place = &place, .options = &options, .emit = emit};
    km_arena_init(&source.arena, 64 * KM_MIB);
    source.state = km_arena_calloc(&source.arena, 1, ops->state_bytes);
    struct outcome outcome = {0};
    int64_t start = cpu_ns();
    if (ops->begin(&source, KM_STR(""), NULL)) {
        exit(1);
    }
    while (source.offset < bytes.len) {
        size_t left = bytes.len - (size_t)source.offset, used = 0;
        struct km_str piece = {bytes.ptr + source.offset,
                               left < KM_FEED_BYTES ? left : KM_FEED_BYTES};
        struct km_err err;
        if (ops->feed(&source, piece, piece.len == left, &used, &err)) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
        source.offset += used;
        if (km_emit_full(emit) || used == 0 || source.offset == bytes.len) {
            outcome.points += km_emit_batch(emit)->point_count;
            km_emit_batch_done(emit);
        }
        if (used == 0) {
            break;
        }
    }
    outcome.ns = cpu_ns() - start;
    ops->finish(&source);
    km_arena_finish(&source.arena);
    km_emit_destroy(emit);
    return outcome;
}

static int compare_ns(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
    FILE *in = argc > 1 ? fopen(argv[1], "rb") : NULL;
    int repeats = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5;
    if (!in || repeats < 1 || repeats > REPEATS_MAX) {
        fprintf(stderr, "bench_tfevents FILE [REPEATS]\n");
        return 2;
    }
    (void)fseek(in, 0, SEEK_END);
    size_t len = (size_t)ftell(in);
    rewind(in);
    char *bytes = malloc(len + 1);
    if (!bytes || fread(bytes, 1, len, in) != len) {
        return 1;
    }
    (void)fclose(in);
    int64_t times[REPEATS_MAX];
    struct outcome outcome = {0};
    for (int i = 0; i < repeats; i++) {
        outcome = decode((struct km_str){bytes, len});
        times[i] = outcome.ns;
    }
    qsort(times, (size_t)repeats, sizeof times[0], compare_ns);
    const struct {
        const char *name;
        int64_t ns;
    } rows[] = {{"best", times[0]}, {"median", times[repeats / 2]}};
    for (size_t i = 0; i < 2; i++) {
        double seconds = (double)rows[i].ns * 1e-9;
        printf("%-6s %9.1f MB/s  %6.1f ns/event  %8.2f M points/s\n",
               rows[i].name, (double)len / seconds * 1e-6,
               (double)rows[i].ns / (double)outcome.points,
               (double)outcome.points / seconds * 1e-6);
    }
    free(bytes);
    return 0;
}
