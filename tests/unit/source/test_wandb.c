/* test_wandb.c - W&B logs: records, blocks, cuts, damage. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/wandb.h"

#include <zlib.h>

#include "tap.h"
#include "tf_build.h"
#include "transcript.h"

enum { BLOCK = 32768 };

static struct km_buf new_buf(void)
{
    struct km_buf buf;
    km_buf_init(&buf, 64 * KM_MIB);
    return buf;
}

static struct km_buf new_log(void)
{
    struct km_buf log = new_buf();
    km_buf_append(&log, ":W&B\xe1\xbe\0", 7);
    return log;
}

static void put_chunk(struct km_buf *log, int type, const char *bytes,
                      size_t len)
{
    struct km_buf checked = new_buf();
    km_buf_append_char(&checked, (char)type);
    km_buf_append(&checked, bytes, len);
    uint32_t crc = (uint32_t)crc32(0, (unsigned char *)checked.bytes,
                                   (unsigned)checked.len);
    uint16_t size = (uint16_t)len;
    km_buf_append(log, &crc, 4);
    km_buf_append(log, &size, 2);
    km_buf_append(log, checked.bytes, checked.len);
    km_buf_finish(&checked);
}

/* Writes `record` as the logger does, cut at blocks, and empties it. */
static void put_log(struct km_buf *log, struct km_buf *record)
{
    size_t at = 0;
    bool first = true;
    do {
        size_t room = BLOCK - log->len % BLOCK;
        for (; room < 7; room--) {
            km_buf_append_char(log, 0);
            if (room == 1) {
                room = BLOCK + 1;
            }
        }
        size_t left = record->len - at;
        size_t len = left < room - 7 ? left : room - 7;
        bool last = len == left;
        put_chunk(log, first ? (last ? 1 : 2) : (last ? 4 : 3),
                  record->bytes + at, len);
        at += len;
        first = false;
    } while (at < record->len);
    km_buf_reset(record);
}

static struct km_buf part[3];

static void put_item(struct km_buf *row, unsigned field, const char *key,
                     const char *json)
{
    put_text(&part[2], 1, key);
    put_text(&part[2], 16, json);
    put_message(row, field, &part[2]);
}

/* A row of one metric. */
static void put_row(struct km_buf *log, int step, const char *key,
                    const char *json)
{
    char text[32];
    struct km_buf *row = &part[1];
    put_item(row, 1, key, json);
    (void)snprintf(text, sizeof text, "%d", step);
    put_item(row, 1, "_step", text);
    (void)snprintf(text, sizeof text, "%d.5", 1000 + step);
    put_item(row, 1, "_timestamp", text);
    put_message(&part[0], 2, row);
    put_log(log, &part[0]);
}

static void put_run(struct km_buf *log, bool resumed)
{
    struct km_buf *run = &part[1];
    put_text(run, 1, "abc123");
    put_text(run, 3, "proj");
    put_item(&part[0], 1, "lr", "0.1");
    put_item(&part[0], 1, "model", "{\"depth\": 3, \"sizes\": [1, NaN]}");
    put_item(&part[0], 1, "_wandb", "{\"t\": 1}");
    put_message(run, 4, &part[0]);
    put_text(run, 6, "group");
    put_text(run, 8, "bright-sun");
    put_text(run, 10, "a");
    put_text(run, 10, "b");
    put_text(run, 13, "node7");
    put_integer(&part[2], 1, 900);
    put_integer(&part[2], 2, 250000000);
    put_message(run, 17, &part[2]);
    if (resumed) {
        put_integer(run, 14, 40);
        put_integer(run, 18, 1);
    }
    put_text(&part[2], 1, "https://me:secret@host.example/x.git");
    put_text(&part[2], 2, "c0ffee");
    put_message(run, 21, &part[2]);
    put_message(&part[0], 17, run);
    put_log(log, &part[0]);
}

static void put_stats(struct km_buf *log, const char *json)
{
    put_integer(&part[2], 1, 950);
    put_message(&part[1], 2, &part[2]);
    put_item(&part[1], 3, "gpu.0.gpu", json);
    put_message(&part[0], 7, &part[1]);
    put_log(log, &part[0]);
}

static void put_end(struct km_buf *log)
{
    put_item(&part[1], 1, "loss", "0.5");
    put_message(&part[0], 3, &part[1]);
    put_log(log, &part[0]);
    put_text(&part[1], 1, "diverged");
    put_text(&part[1], 2, "loss is NaN");
    put_text(&part[1], 3, "WARN");
    put_message(&part[0], 9, &part[1]);
    put_log(log, &part[0]);
    put_integer(&part[1], 1, 1);
    put_integer(&part[1], 2, 60);
    put_message(&part[0], 18, &part[1]);
    put_log(log, &part[0]);
}

static struct km_buf build_log(void)
{
    struct km_buf log = new_log();
    put_run(&log, false);
    for (int i = 0; i < 4; i++) {
        put_row(&log, i, "loss", "0.25");
    }
    put_stats(&log, "55");
    put_stats(&log, "60.5");
    put_end(&log);
    return log;
}

static struct feed_result feed_log(const struct km_buf *log)
{
    return feed_source(&km_source_wandb, (struct km_str){log->bytes, log->len},
                       (struct feed_options){0});
}

static bool says(const struct feed_result *result, const char *line)
{
    bool found = strstr(result->text.bytes, line) != NULL;
    if (!found) {
        printf("# not found: %s\n", line);
    }
    return found;
}

static void reads_the_vector_of_the_reference(void)
{
    static const char hex[] =
        "3a572642e1be00b85351052000010801121c0a0d0a046c6f7373820104302e32350a"
        "0b0a055f7374657082010130";
    struct km_buf log = new_buf();
    for (size_t i = 0; hex[i]; i += 2) {
        unsigned byte = 0;
        (void)sscanf(hex + i, "%2x", &byte);
        km_buf_append_char(&log, (char)byte);
    }
    struct feed_result result = feed_log(&log);
    CHECK_INT(result.code, KM_OK);
    CHECK_INT(result.points, 1);
    CHECK(says(&result, "point loss{}0\t 0 - 0.25\n"));
    feed_finish(&result);
    km_buf_finish(&log);
}

static void keeps_what_a_run_says_about_itself(void)
{
    struct km_buf log = build_log();
    struct feed_result result = feed_log(&log);
    static const char *const lines[] = {
        "run proj/abc123 name=bright-sun group=group parent= failed "
        "900250000000 960250000000\n",
        "attribute 0 lr\t0.1\n",
        "attribute 0 model.depth\t3\n",
        "attribute 0 model.sizes\t[1,\"NaN\"]\n",
        "attribute 1 git_commit\t\"c0ffee\"\n",
        "attribute 1 git_remote\t\"host.example/x.git\"\n",
        "attribute 1 host\t\"node7\"\n",
        "attribute 1 tags\t[\"a\",\"b\"]\n",
        "attribute 1 exit_code\t1\n",
        "attribute 2 loss\t0.5\n",
        "event alert diverged\t 3 - {\"level\":\"WARN\",\"text\":\"loss is "
        "NaN\"}\n",
        "point system/gpu.0.gpu{}s0\t 0 950000000000 55\n",
        "point system/gpu.0.gpu{}s0\t 1 950000000000 60.5\n",
        "point loss{}0\t 3 1003500000000 0.25\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        CHECK(says(&result, lines[i]));
    }
    CHECK(strstr(result.text.bytes, "_wandb") == NULL);
    CHECK(strstr(result.text.bytes, "secret") == NULL);
    CHECK_INT(result.points, 6);
    feed_finish(&result);
    km_buf_finish(&log);
}

/* A row as newer loggers write it: members of objects are items. */
static void put_nested(struct km_buf *log)
{
    static const char *const items[][4] = {
        {"w", "a", "values", "[1, 3]"},
        {"w", "a", "bins", "[0, 2, 4]"},
        {"w", "a", "_type", "\"histogram\""},
        {"img", "a", "size", "77"},
        {"img", "a", "_type", "\"image-file\""}};
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        for (size_t k = 0; k < 3; k++) {
            put_text(&part[2], 2, items[i][k]);
        }
        put_text(&part[2], 16, items[i][3]);
        put_message(&part[1], 1, &part[2]);
    }
    put_text(&part[2], 2, "w");
    put_text(&part[2], 2, "b");
    put_text(&part[2], 16, "3");
    put_message(&part[1], 1, &part[2]);
    put_item(&part[1], 1, "_step", "0");
    put_message(&part[0], 2, &part[1]);
    put_log(log, &part[0]);
}

static void values_are_flattened_and_only_numbers_are_points(void)
{
    struct km_buf log = new_log();
    put_row(&log, 0, "a", "{\"b\": {\"c\": 1}, \"d\": true, \"e\": \"no\"}");
    put_row(&log, 1, "n", "NaN");
    put_row(&log, 2, "n", "\"-Infinity\"");
    put_row(&log, 3, "n", "-Infinity");
    put_row(&log, 4, "n", "null");
    put_row(&log, 5, "n", "[1, 2]");
    put_row(&log, 6, "img",
            "{\"path\": \"x\", \"size\": 5, \"_type\": \"image-file\"}");
    put_row(&log, 7, "n", "{\"x\": ");
    put_row(&log, 8, "h",
            "{\"_type\": \"histogram\", \"values\": [1, 3], \"bins\": [0, 2, "
            "4]}");
    put_row(&log, 9, "in",
            "{\"side\": 7, \"h\": {\"packedBins\": {\"min\": 0, \"size\": 2, "
            "\"count\": 2}, \"values\": [1, 3], \"_type\": \"histogram\"}}");
    put_nested(&log);
    struct feed_result result = feed_log(&log);
    static const char *const lines[] = {
        "point a.b.c{}0\t 0 1000500000000 1\n",
        "point a.d{}0\t 0 1000500000000 1\n",
        "point n{}0\t 1 1001500000000 NaN\n",
        "point n{}0\t 2 1002500000000 -Infinity\n",
        "point n{}0\t 3 1003500000000 -Infinity\n",
        "point h{stat=count}h0\t 8 1008500000000 4\n",
        "point h{stat=mean}h0\t 8 1008500000000 2.5\n",
        "point in.h{stat=mean}h0\t 9 1009500000000 2.5\n",
        "point in.side{}0\t 9 1009500000000 7\n",
        "point w.a{stat=mean}h0\t 0 - 2.5\n",
        "point w.b{}0\t 0 - 3\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        CHECK(says(&result, lines[i]));
    }
    CHECK_INT(result.points, 2 + 3 + 6 + 7 + 7);
    CHECK_INT(result.warnings, 1);
    feed_finish(&result);
    km_buf_finish(&log);
}

static void a_resumed_run_opens_an_attempt_at_its_starting_step(void)
{
    struct km_buf log = new_log();
    put_run(&log, true);
    put_row(&log, 40, "loss", "1");
    struct feed_result result = feed_log(&log);
    CHECK(says(&result, "attempt 0 resumed 40\n"));
    feed_finish(&result);
    km_buf_finish(&log);
}

/* A log of several blocks whose records cross their borders. */
static struct km_buf build_blocks(size_t *third)
{
    struct km_buf log = new_log();
    char *wide = malloc(70000);
    memset(wide, 'x', 70000);
    wide[0] = wide[69998] = '"';
    wide[69999] = '\0';
    put_run(&log, false);
    put_row(&log, 0, "loss", "1");
    put_row(&log, 1, "text", wide); /* first, middle, last */
    *third = log.len;
    put_row(&log, 2, "loss", "2");
    /* leave 3 bytes of the block: padding */
    size_t room = BLOCK - log.len % BLOCK;
    struct km_buf record = new_buf();
    put_varint(&record, 4 << 3 | 2);
    put_varint(&record, room - 7 - 3 - 4);
    while (record.len < room - 7 - 3) {
        km_buf_append_char(&record, 'o');
    }
    put_log(&log, &record);
    CHECK_INT(log.len % BLOCK, BLOCK - 3);
    put_row(&log, 3, "loss", "3");
    km_buf_finish(&record);
    free(wide);
    return log;
}

static void any_cutting_gives_the_same_records(void)
{
    size_t third;
    struct km_buf logs[] = {build_log(), build_blocks(&third)};
    static const size_t pieces[] = {1, 100, 5000};
    for (size_t i = 0; i < 2; i++) {
        struct km_str bytes = {logs[i].bytes, logs[i].len};
        struct feed_result whole = feed_log(&logs[i]);
        CHECK_INT(whole.code, KM_OK);
        CHECK_INT(whole.consumed, bytes.len);
        CHECK_INT(whole.points, i ? 3 : 6);
        for (size_t k = i; k < 3; k++) {
            for (int resume = 0; resume < 2; resume++) {
                struct feed_result cut =
                    feed_source(&km_source_wandb, bytes,
                                (struct feed_options){.piece = pieces[k],
                                                      .resume = resume != 0});
                CHECK_INT(cut.points, whole.points);
                CHECK_INT(cut.consumed, whole.consumed);
                if (!resume) {
                    CHECK_TEXT(cut.text.bytes, whole.text.bytes);
                }
                feed_finish(&cut);
            }
        }
        feed_finish(&whole);
        km_buf_finish(&logs[i]);
    }
}

static void a_torn_or_zero_filled_tail_waits(void)
{
    struct km_buf log = build_log();
    uint64_t before = 0;
    for (size_t len = 0; len <= log.len; len++) {
        struct feed_result result =
            feed_source(&km_source_wandb, (struct km_str){log.bytes, len},
                        (struct feed_options){0});
        CHECK_INT(result.code, KM_OK);
        CHECK(result.consumed >= before);
        CHECK_INT(result.status, result.consumed == len ? KM_SOURCE_COMPLETE
                                                        : KM_SOURCE_PARTIAL);
        before = result.consumed;
        feed_finish(&result);
    }
    CHECK_INT(before, log.len);
    struct km_buf zeros = build_log();
    for (int i = 0; i < 40000; i++) {
        km_buf_append_char(&zeros, 0);
    }
    struct feed_result result = feed_log(&zeros);
    CHECK_INT(result.code, KM_OK);
    CHECK_INT(result.status, KM_SOURCE_PARTIAL);
    CHECK_INT(result.consumed, log.len);
    feed_finish(&result);
    km_buf_finish(&zeros);
    km_buf_finish(&log);
}

static void damage_stops_with_its_offset_and_salvage_goes_on(void)
{
    size_t third;
    struct km_buf log = build_blocks(&third);
    static const struct {
        size_t at;         /* flipped byte, behind `third` */
        uint64_t salvaged; /* points */
    } rows[] = {{0, 2}, {4, 2}, {6, 2}, {20, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        log.bytes[third + rows[i].at] ^= 0x55;
        struct feed_result result = feed_log(&log);
        CHECK_INT(result.code, KM_ECORRUPT);
        CHECK_INT(result.status, KM_SOURCE_DAMAGED);
        CHECK_INT(result.damage_offset, third);
        CHECK_INT(result.points, 1);
        feed_finish(&result);
        for (size_t piece = 0; piece < 5000; piece += 1200) {
            result = feed_source(
                &km_source_wandb, (struct km_str){log.bytes, log.len},
                (struct feed_options){
                    .salvage = true, .piece = piece, .resume = piece > 0});
            CHECK_INT(result.code, KM_OK);
            CHECK_INT(result.points, rows[i].salvaged);
            CHECK_INT(result.skipped_bytes, BLOCK - third % BLOCK);
            CHECK_INT(result.warnings, 1);
            CHECK_INT(result.consumed, log.len);
            feed_finish(&result);
        }
        log.bytes[third + rows[i].at] ^= 0x55;
    }
    km_buf_finish(&log);
}

static void chunks_out_of_order_are_damage(void)
{
    static const int orders[][2] = {{3, 1}, {4, 1}, {2, 1}, {2, 2}};
    for (size_t i = 0; i < 4; i++) {
        struct km_buf log = new_log();
        put_row(&log, 0, "loss", "1");
        size_t at = log.len;
        put_chunk(&log, orders[i][0], "\x08\x01", 2);
        size_t second = log.len;
        put_chunk(&log, orders[i][1], "\x08\x01", 2);
        put_row(&log, 1, "loss", "2");
        struct feed_result result = feed_log(&log);
        CHECK_INT(result.code, KM_ECORRUPT);
        CHECK_INT(result.damage_offset, orders[i][0] == 2 ? second : at);
        feed_finish(&result);
        result =
            feed_source(&km_source_wandb, (struct km_str){log.bytes, log.len},
                        (struct feed_options){.salvage = true});
        CHECK_INT(result.code, KM_OK);
        CHECK_INT(result.points, 2);
        CHECK_INT(result.consumed, log.len);
        feed_finish(&result);
        km_buf_finish(&log);
    }
}

static void another_version_is_refused(void)
{
    struct km_buf log = build_log();
    log.bytes[6] = 1;
    struct feed_result result = feed_log(&log);
    CHECK_INT(result.code, KM_EFORMAT);
    feed_finish(&result);
    km_buf_finish(&log);
}

int main(void)
{
    for (size_t i = 0; i < 3; i++) {
        part[i] = new_buf();
    }
    RUN(reads_the_vector_of_the_reference);
    RUN(keeps_what_a_run_says_about_itself);
    RUN(values_are_flattened_and_only_numbers_are_points);
    RUN(a_resumed_run_opens_an_attempt_at_its_starting_step);
    RUN(any_cutting_gives_the_same_records);
    RUN(a_torn_or_zero_filled_tail_waits);
    RUN(damage_stops_with_its_offset_and_salvage_goes_on);
    RUN(chunks_out_of_order_are_damage);
    RUN(another_version_is_refused);
    for (size_t i = 0; i < 3; i++) {
        km_buf_finish(&part[i]);
    }
    return tap_end();
}
