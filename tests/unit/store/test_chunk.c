/* test_chunk.c - every bit comes back, regular columns are nearly free, and a
 * blob that was not made by the encoder is refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chunk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tap.h"

static struct km_chunk_codec *codec;
static struct km_point points[KM_CHUNK_POINTS_MAX];
static unsigned char blob[KM_CHUNK_BYTES_MAX];
static uint64_t state = 88172645463325252u;

static uint64_t random_next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* About normal, mean 0, deviation 1. */
static double noise(void)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += (double)(random_next() >> 11) * 0x1p-53;
    }
    return sum - 6;
}

/* Encodes and decodes the first `count` points; returns the size, 0 when any
 * bit differs. */
static size_t round_trip(size_t count)
{
    struct km_columns columns;
    size_t len = km_chunk_encode(codec, points, count, blob);
    if (km_chunk_decode(codec, blob, len, &columns, NULL) != KM_OK ||
        columns.count != count) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (columns.steps[i] != points[i].step ||
            columns.times_ns[i] != points[i].time_ns ||
            memcmp(&columns.values[i], &points[i].value, 8) != 0) {
            printf("# point %zu of %zu differs\n", i, count);
            return 0;
        }
    }
    return len;
}

static int64_t step_of(int kind, int64_t i)
{
    switch (kind) {
    case 0:
        return i;
    case 1:
        return 7;
    case 2:
        return (int64_t)random_next();
    case 3:
        return i % 2 ? INT64_MAX : INT64_MIN;
    case 4:
        return i * 10 - (i > 900 ? 5000 : 0);
    default:
        return -i * i * 1000;
    }
}

static int64_t time_of(int kind, int64_t i)
{
    switch (kind) {
    case 0:
        return KM_TIME_ABSENT;
    case 1:
        return 1700000000000000000 + i * 1000000000;
    case 2:
        return i % 9 ? 1700000000000000000 + i * 1234567 : KM_TIME_ABSENT;
    default:
        return (int64_t)random_next();
    }
}

static double value_of(int kind, int64_t i)
{
    static const double specials[] = {
        0.0,    -0.0,    (double)NAN,      1.5, (double)INFINITY,
        5e-324, 1.7e308, -(double)INFINITY};
    uint64_t bits = random_next();
    double value;
    switch (kind) {
    case 0:
        return specials[i % 8];
    case 1:
        return (double)(float)(3 + 0.1 * noise());
    case 2:
        return round((3 + 0.1 * noise()) * 1e4) / 1e4;
    case 3:
        return 3e-4 * cos((double)i / 3000);
    case 4:
        return (double)i;
    case 5:
        return -9007199254740993.0 + (double)i;
    default:
        memcpy(&value, &bits, sizeof value);
        return value;
    }
}

static void every_bit_comes_back(void)
{
    static const size_t counts[] = {1, 2, 3, 63, 64, 255, 1000, 4096};
    for (int kind = 0; kind < 6 * 4 * 7; kind++) {
        size_t count = counts[kind % 8];
        for (size_t i = 0; i < count; i++) {
            points[i] = (struct km_point){step_of(kind % 6, (int64_t)i),
                                          time_of(kind / 6 % 4, (int64_t)i),
                                          value_of(kind / 24, (int64_t)i)};
        }
        CHECK(round_trip(count) > 0);
    }
}

static void fill(int step_kind, int time_kind, int value_kind)
{
    for (int64_t i = 0; i < KM_CHUNK_POINTS_MAX; i++) {
        points[i] =
            (struct km_point){step_of(step_kind, i), time_of(time_kind, i),
                              value_of(value_kind, i)};
    }
}

/* Bytes per point. */
static double cost(int step_kind, int time_kind, int value_kind)
{
    fill(step_kind, time_kind, value_kind);
    size_t len = round_trip(KM_CHUNK_POINTS_MAX);
    CHECK(len > 0);
    return (double)len / KM_CHUNK_POINTS_MAX;
}

static void regular_columns_cost_almost_nothing(void)
{
    CHECK(cost(0, 0, 4) < 0.02);
    CHECK(cost(1, 1, 4) < 0.02);
    CHECK(cost(0, 1, 4) < 0.02);
}

static void noise_costs_what_it_must(void)
{
    CHECK(cost(0, 1, 1) < 2.8); /* single precision */
    CHECK(cost(0, 1, 2) < 1.9); /* four decimals */
    CHECK(cost(0, 1, 3) < 4.0); /* a cosine in full precision */
    CHECK(cost(2, 3, 6) < 24.1);
}

static void one_point_is_small(void)
{
    points[0] = (struct km_point){1000, 1700000000000000000, 2.5};
    CHECK(round_trip(1) <= 40);
}

/* A checksum that fits, so that what is behind it is reached. */
static void sign(size_t len)
{
    uint32_t crc = km_crc32c(km_crc32c(0, blob, 4), blob + 8, len - 8);
    for (int i = 0; i < 4; i++) {
        blob[4 + i] = (unsigned char)(crc >> 8 * i);
    }
}

static const char *refusal(size_t len)
{
    static struct km_err err;
    struct km_columns columns;
    return km_chunk_decode(codec, blob, len, &columns, &err) ? err.message
                                                             : "accepted";
}

static void each_damage_has_its_sentence(void)
{
    fill(0, 1, 4);
    size_t len = km_chunk_encode(codec, points, 100, blob);
    blob[10] ^= 1;
    CHECK_TEXT(refusal(len), "chunk: its checksum fails");
    blob[10] ^= 1;
    CHECK_TEXT(refusal(7), "chunk: 7 bytes, expected 8 to 131072");
    blob[0] = 2;
    CHECK_TEXT(refusal(len), "chunk: version 2.0, expected 1.0");
    blob[0] = KM_CHUNK_VERSION;
    blob[2] = blob[3] = 0;
    sign(len);
    CHECK_TEXT(refusal(len), "chunk: 0 points, expected 1 to 4096");
    blob[2] = 1;
    blob[3] = 16;
    sign(len);
    CHECK_TEXT(refusal(len), "chunk: 4097 points, expected 1 to 4096");
    blob[2] = 100;
    blob[3] = 0;
    blob[8] = 9;
    sign(len);
    CHECK(strstr(refusal(len), "a column's kind does not fit"));
    len = km_chunk_encode(codec, points, 100, blob);
    blob[len] = 0;
    sign(len + 1);
    CHECK(strstr(refusal(len + 1), "what follows the columns"));
}

/* With a checksum that fits, a changed byte may still decode, but never reads
 * or writes outside (sanitizers watch). */
static void cut_and_changed_blobs_are_harmless(void)
{
    fill(4, 2, 2);
    size_t len = km_chunk_encode(codec, points, 300, blob);
    for (size_t cut = 8; cut < len; cut++) {
        sign(cut);
        CHECK(strcmp(refusal(cut), "accepted") != 0);
    }
    for (size_t at = 8; at < len; at++) {
        len = km_chunk_encode(codec, points, 300, blob);
        blob[at] ^= (unsigned char)(1 << at % 8);
        sign(len);
        (void)refusal(len);
    }
}

/* What version 1 wrote must be read for ever. */
static void golden_points(int kind)
{
    for (int64_t i = 0; i < 500; i++) {
        points[i].step = i < 300 ? i * 10 : i * 10 - 1000;
        points[i].time_ns =
            kind == 1 ? KM_TIME_ABSENT : 1700000000123000000 + i * i * 1000;
        points[i].value = kind == 0   ? (double)((i * 7919) % 1000) / 1000
                          : kind == 1 ? (double)(1.0F / (float)(i + 3))
                                      : 1.0 / (double)(i + 3);
    }
    points[17].value = kind == 0 ? 0.5 : (double)NAN;
    points[18].value = kind == 0 ? 0.5 : -0.0;
}

static void golden_files_are_read_as_they_were_written(void)
{
    static const char *const names[] = {"decimal", "float", "double"};
    for (int kind = 0; kind < 3; kind++) {
        char path[512];
        struct km_columns columns = {.count = 0};
        (void)snprintf(path, sizeof path, "%s/chunk-1-%s.bin", KM_GOLDEN_DIR,
                       names[kind]);
        golden_points(kind);
        if (getenv("KM_WRITE_GOLDEN")) {
            FILE *out = fopen(path, "wb");
            (void)fwrite(blob, 1, km_chunk_encode(codec, points, 500, blob),
                         out);
            (void)fclose(out);
        }
        FILE *in = fopen(path, "rb");
        CHECK(in != NULL);
        size_t len = in ? fread(blob, 1, sizeof blob, in) : 0;
        if (in) {
            (void)fclose(in);
        }
        CHECK_INT(km_chunk_decode(codec, blob, len, &columns, NULL), KM_OK);
        CHECK_INT(columns.count, 500);
        for (size_t i = 0; i < columns.count; i++) {
            CHECK(columns.steps[i] == points[i].step &&
                  columns.times_ns[i] == points[i].time_ns);
            CHECK(memcmp(&columns.values[i], &points[i].value, 8) == 0);
        }
    }
}

int main(void)
{
    codec = km_chunk_codec_create();
    RUN(every_bit_comes_back);
    RUN(regular_columns_cost_almost_nothing);
    RUN(noise_costs_what_it_must);
    RUN(one_point_is_small);
    RUN(each_damage_has_its_sentence);
    RUN(cut_and_changed_blobs_are_harmless);
    RUN(golden_files_are_read_as_they_were_written);
    km_chunk_codec_destroy(codec);
    return tap_end();
}
