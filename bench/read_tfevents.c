/* read_tfevents.c - how fast event files are decoded, checksums verified.
 *
 *     read_tfevents FILE [REPEATS]
 *
 * Feeds the file from memory in pieces of 1 MiB to the source alone; batches
 * are dropped. Prints the processor seconds of a reading, the median of the
 * repeats, for bench_tfevents.py. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "source/tfevents.h"

#include "lines.h"

enum { REPEATS_MAX = 101 };

static double decode(struct km_str bytes)
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
    uint64_t points = 0;
    double start = km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
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
            points += km_emit_batch(emit)->point_count;
            km_emit_batch_done(emit);
        }
        if (used == 0) {
            break;
        }
    }
    double taken = km_bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - start;
    ops->finish(&source);
    km_arena_finish(&source.arena);
    km_emit_destroy(emit);
    if (points == 0) {
        fprintf(stderr, "no points in the file\n");
        exit(1);
    }
    return taken * 1e-9;
}

int main(int argc, char **argv)
{
    FILE *in = argc > 1 ? fopen(argv[1], "rb") : NULL;
    int repeats = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5;
    if (!in || repeats < 1 || repeats > REPEATS_MAX) {
        fprintf(stderr, "read_tfevents FILE [REPEATS]\n");
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
    double seconds[REPEATS_MAX];
    for (int i = 0; i < repeats; i++) {
        seconds[i] = decode((struct km_str){bytes, len});
    }
    printf("%.9f\n", km_bench_median(seconds, (size_t)repeats));
    free(bytes);
    return 0;
}
