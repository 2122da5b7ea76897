/* test_tfevents.c - event files of both generations, whole, cut and damaged. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tfevents.h"

#include "tap.h"
#include "tf_build.h"
#include "transcript.h"

static struct km_str str_of(const struct km_buf *buf)
{
    return (struct km_str){buf->bytes, buf->len};
}

static struct km_buf new_buf(void)
{
    struct km_buf buf;
    km_buf_init(&buf, 64 * KM_MIB);
    return buf;
}

static struct km_buf from_hex(const char *hex)
{
    struct km_buf out = new_buf();
    for (; hex[0] && hex[1]; hex += 2) {
        unsigned byte = 0;
        (void)sscanf(hex, "%2x", &byte);
        km_buf_append_char(&out, (char)byte);
    }
    return out;
}

static struct feed_result feed_whole(const struct km_buf *file)
{
    return feed_source(&km_source_tfevents, str_of(file),
                       (struct feed_options){0});
}

/* The transcript's lines about points; they stand next to each other. */
static const char *points_of(struct feed_result *result)
{
    char *at = strstr(result->text.bytes, "point ");
    char *end = at ? strstr(at, "\nrun ") : NULL;
    if (end) {
        end[1] = '\0';
    }
    return at ? at : "";
}

static void masks_checksums_as_the_format_says(void)
{
    static const char event[] = "\x1a\x11"
                                "CRC test, one two";
    const uint64_t length = 24;
    CHECK_INT(km_crc32c(0, "123456789", 9), 0xe3069283);
    CHECK_INT(tf_masked(&length, 8), 0x224b7fa3);
    CHECK_INT(tf_masked(event, sizeof event - 1), 0x5794d08a);
}

static void both_generations_of_a_scalar_give_the_same_point(void)
{
    static const char *const vectors[] = {
        "1b000000000000001a0d9e1309000000000000f83f10ac022a0d0a0b0a046c6f737315"
        "0000803e9908deed",
        "31000000000000009d8383e909000000000000f83f10ac022a230a210a046c6f73734a"
        "0d0a090a077363616c6172732001420a080112002a040000803eb8fb30c7"};
    for (size_t i = 0; i < 2; i++) {
        struct km_buf file = from_hex(vectors[i]);
        struct feed_result result = feed_whole(&file);
        CHECK_INT(result.code, KM_OK);
        CHECK_INT(result.status, KM_SOURCE_COMPLETE);
        CHECK_INT(result.consumed, file.len);
        CHECK_TEXT(points_of(&result), "point loss{}0\t 300 1500000000 0.25\n");
        feed_finish(&result);
        km_buf_finish(&file);
    }
}

static struct km_buf scratch[4];

static void put_scalar(struct km_buf *file, double wall, int64_t step,
                       const char *tag, float value)
{
    struct km_buf *event = &scratch[0], *summary = &scratch[1],
                  *item = &scratch[2];
    put_event(event, wall, step);
    put_text(item, 1, tag);
    put_float(item, 2, value);
    put_message(summary, 1, item);
    put_message(event, 5, summary);
    put_record(file, event);
}

/* A value with a tensor (moved from `tensor`) and, when named, a plugin. */
static void put_tensor(struct km_buf *file, int64_t step, const char *tag,
                       const char *plugin, struct km_buf *tensor)
{
    struct km_buf *event = &scratch[0], *summary = &scratch[1],
                  *item = &scratch[2];
    put_event(event, 100, step);
    put_text(item, 1, tag);
    if (plugin) {
        struct km_buf metadata = new_buf(), named = new_buf();
        put_text(&named, 1, plugin);
        put_message(&metadata, 1, &named);
        put_message(item, 9, &metadata);
        km_buf_finish(&metadata);
        km_buf_finish(&named);
    }
    put_message(item, 8, tensor);
    put_message(summary, 1, item);
    put_message(event, 5, summary);
    put_record(file, event);
}

static void put_version(struct km_buf *file)
{
    put_event(&scratch[0], 99.5, 0);
    put_text(&scratch[0], 3, "brain.Event:2");
    put_record(file, &scratch[0]);
}

static void put_session(struct km_buf *file, int64_t step, unsigned status)
{
    put_event(&scratch[0], 200, step);
    put_integer(&scratch[1], 1, status);
    put_message(&scratch[0], 7, &scratch[1]);
    put_record(file, &scratch[0]);
}

/* `rows` x 3 doubles as tensor_content. */
static void put_histogram(struct km_buf *file, int64_t step, const char *plugin,
                          const double *rows, size_t count)
{
    struct km_buf *tensor = &scratch[3];
    struct km_buf shape = new_buf(), dim = new_buf();
    put_integer(tensor, 1, 2);
    put_integer(&dim, 1, count);
    put_message(&shape, 2, &dim);
    put_integer(&dim, 1, 3);
    put_message(&shape, 2, &dim);
    put_message(tensor, 2, &shape);
    put_bytes(tensor, 4, rows, count * 3 * sizeof *rows);
    put_tensor(file, step, "weights", plugin, tensor);
    km_buf_finish(&shape);
    km_buf_finish(&dim);
}

static void put_text_summary(struct km_buf *file, int64_t step,
                             const char *plugin, const char *text)
{
    put_integer(&scratch[3], 1, 7);
    put_text(&scratch[3], 8, text);
    put_tensor(file, step, "notes", plugin, &scratch[3]);
}

/* A log with one of everything. */
static struct km_buf build_log(void)
{
    static const double rows[] = {-1, 0, 2, 0, 1, 2};
    struct km_buf file = new_buf();
    put_version(&file);
    for (int i = 0; i < 20; i++) {
        put_scalar(&file, 100 + i, i, "loss", 2.0f / (float)(i + 1));
        put_scalar(&file, 100.25 + i, i, "lr", 0.5f);
    }
    put_histogram(&file, 1, "histograms", rows, 2);
    put_histogram(&file, 2, NULL, rows, 2);
    put_text_summary(&file, 3, "text", "# note \"1\"");
    put_text_summary(&file, 4, NULL, "two");
    put_session(&file, 10, 1);
    for (int i = 10; i < 14; i++) {
        put_scalar(&file, 300 + i, i, "loss", (float)i);
    }
    put_session(&file, 14, 2);
    return file;
}

static void any_cutting_gives_the_same_records(void)
{
    struct km_buf file = build_log();
    struct feed_result whole = feed_whole(&file);
    CHECK_INT(whole.code, KM_OK);
    CHECK_INT(whole.status, KM_SOURCE_COMPLETE);
    CHECK_INT(whole.points, 44 + 12);
    CHECK_INT(whole.warnings, 0);
    static const size_t pieces[] = {1, 7, 64, 1000};
    for (size_t i = 0; i < 8; i++) {
        struct feed_result cut = feed_source(
            &km_source_tfevents, str_of(&file),
            (struct feed_options){.piece = pieces[i / 2], .resume = i & 1});
        CHECK_INT(cut.code, KM_OK);
        CHECK_TEXT(cut.text.bytes, whole.text.bytes);
        feed_finish(&cut);
    }
    feed_finish(&whole);
    km_buf_finish(&file);
}

static void a_torn_tail_keeps_what_is_whole_and_waits(void)
{
    struct km_buf file = build_log();
    uint64_t last = 0, records = 0;
    for (size_t len = 0; len <= file.len; len++) {
        struct feed_result result =
            feed_source(&km_source_tfevents, (struct km_str){file.bytes, len},
                        (struct feed_options){0});
        CHECK_INT(result.code, KM_OK);
        CHECK(result.consumed >= last);
        CHECK_INT(result.status, result.consumed == len ? KM_SOURCE_COMPLETE
                                                        : KM_SOURCE_PARTIAL);
        records += result.consumed > last;
        last = result.consumed;
        feed_finish(&result);
    }
    CHECK_INT(last, file.len);
    CHECK_INT(records, 1 + 40 + 4 + 1 + 4 + 1);
    km_buf_finish(&file);
}

static void a_zero_filled_tail_is_not_written_yet(void)
{
    struct km_buf file = build_log();
    size_t whole = file.len;
    put_scalar(&file, 400, 50, "loss", 1);
    static const size_t cuts[] = {0, 3, 12, 20, 28};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct km_buf torn = new_buf();
        km_buf_append(&torn, file.bytes, whole + cuts[i]);
        for (int zero = 0; zero < 4096; zero++) {
            km_buf_append_char(&torn, 0);
        }
        struct feed_result result = feed_whole(&torn);
        if (cuts[i] == 3) { /* a length that was half written */
            CHECK_INT(result.code, KM_ECORRUPT);
        } else {
            CHECK_INT(result.code, KM_OK);
            CHECK_INT(result.status, KM_SOURCE_PARTIAL);
        }
        CHECK_INT(result.consumed, whole);
        feed_finish(&result);
        km_buf_finish(&torn);
    }
    km_buf_finish(&file);
}

static void damage_stops_with_its_offset_and_salvage_goes_around(void)
{
    struct km_buf file = new_buf();
    put_version(&file);
    put_scalar(&file, 1, 1, "loss", 1);
    size_t second = file.len;
    put_scalar(&file, 2, 2, "loss", 2);
    size_t third = file.len;
    put_scalar(&file, 3, 3, "loss", 3);
    static const struct {
        size_t at;       /* byte that is flipped, behind `second` */
        const char *why; /* in the sentence */
    } rows[] = {{0, "length"},   {7, "length"},   {9, "length"},
                {12, "payload"}, {30, "payload"}, {39, "payload"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        file.bytes[second + rows[i].at] ^= 0x10;
        struct feed_result result = feed_whole(&file);
        CHECK_INT(result.code, KM_ECORRUPT);
        CHECK_INT(result.status, KM_SOURCE_DAMAGED);
        CHECK_INT(result.damage_offset, second);
        CHECK_INT(result.consumed, second);
        CHECK(strstr(result.err.message, rows[i].why) != NULL);
        CHECK_TEXT(points_of(&result), "point loss{}0\t 1 1000000000 1\n");
        feed_finish(&result);
        for (size_t piece = 0; piece < 3; piece++) {
            result = feed_source(&km_source_tfevents, str_of(&file),
                                 (struct feed_options){.salvage = true,
                                                       .piece = piece,
                                                       .resume = piece > 0});
            CHECK_INT(result.code, KM_OK);
            CHECK_INT(result.status, KM_SOURCE_COMPLETE);
            CHECK_INT(result.skipped_bytes, third - second);
            CHECK_INT(result.warnings, 1);
            CHECK_TEXT(points_of(&result), "point loss{}0\t 1 1000000000 1\n"
                                           "point loss{}0\t 3 3000000000 3\n");
            feed_finish(&result);
        }
        file.bytes[second + rows[i].at] ^= 0x10;
    }
    km_buf_finish(&file);
}

static void a_huge_length_is_refused_before_anything_is_allocated(void)
{
    struct km_buf file = new_buf();
    put_version(&file);
    size_t at = file.len;
    uint64_t length = UINT64_C(1) << 40;
    uint32_t crc = tf_masked(&length, sizeof length);
    km_buf_append(&file, &length, sizeof length);
    km_buf_append(&file, &crc, sizeof crc);
    struct feed_result result = feed_whole(&file);
    CHECK_INT(result.code, KM_ECORRUPT);
    CHECK_INT(result.damage_offset, at);
    feed_finish(&result);
    km_buf_finish(&file);
}

/* A scalar tensor of `dtype`, from tensor_content. */
static void check_content(unsigned dtype, const void *bytes, size_t len,
                          const char *value)
{
    struct km_buf file = new_buf();
    put_integer(&scratch[3], 1, dtype);
    put_bytes(&scratch[3], 4, bytes, len);
    put_tensor(&file, 5, "x", "scalars", &scratch[3]);
    struct feed_result result = feed_whole(&file);
    char wanted[128];
    (void)snprintf(wanted, sizeof wanted, "point x{}0\t 5 100000000000 %s\n",
                   value);
    CHECK_TEXT(points_of(&result), wanted);
    feed_finish(&result);
    km_buf_finish(&file);
}

static void reads_every_numeric_type_from_raw_content(void)
{
    check_content(1, &(float){0.1f}, 4, "0.10000000149011612");
    check_content(2, &(double){0.1}, 8, "0.1");
    check_content(3, &(int32_t){-7}, 4, "-7");
    check_content(4, &(uint8_t){200}, 1, "200");
    check_content(5, &(int16_t){-300}, 2, "-300");
    check_content(6, &(int8_t){-5}, 1, "-5");
    check_content(9, &(int64_t){-1234567890123}, 8, "-1234567890123");
    check_content(10, &(uint8_t){1}, 1, "1");
    check_content(14, &(uint16_t){0x3fc0}, 2, "1.5");
    check_content(17, &(uint16_t){65535}, 2, "65535");
    check_content(19, &(uint16_t){0x3e00}, 2, "1.5");
    check_content(22, &(uint32_t){4000000000u}, 4, "4000000000");
    check_content(23, &(uint64_t){UINT64_C(1) << 63}, 8,
                  "9.223372036854776e+18");
}

/* The same from the typed fields, once packed and once not. */
static void check_field(unsigned dtype, unsigned field, int wire, uint64_t bits,
                        const char *value)
{
    for (int packed = 0; packed < 2; packed++) {
        struct km_buf file = new_buf(), raw = new_buf();
        put_integer(&scratch[3], 1, dtype);
        if (wire == 0) {
            put_varint(&raw, bits);
        } else {
            km_buf_append(&raw, &bits, wire == 1 ? 8 : 4);
        }
        if (packed) {
            put_message(&scratch[3], field, &raw);
        } else {
            put_varint(&scratch[3], (uint64_t)field << 3 | (unsigned)wire);
            km_buf_append(&scratch[3], raw.bytes, raw.len);
        }
        put_tensor(&file, 5, "x", packed ? "scalars" : NULL, &scratch[3]);
        struct feed_result result = feed_whole(&file);
        const char *at = strrchr(points_of(&result), ' ');
        CHECK_TEXT(at ? at + 1 : "", value);
        feed_finish(&result);
        km_buf_finish(&file);
        km_buf_finish(&raw);
    }
}

static void reads_every_numeric_type_from_typed_fields(void)
{
    check_field(1, 5, 5, 0x7fc00000, "NaN\n");
    check_field(2, 6, 1, 0xfff0000000000000u, "-Infinity\n");
    check_field(3, 7, 0, (uint64_t)-3, "-3\n");
    check_field(9, 10, 0, (uint64_t)INT64_MIN, "-9.223372036854776e+18\n");
    check_field(10, 11, 0, 1, "1\n");
    check_field(14, 13, 0, 0xbf80, "-1\n");
    check_field(19, 13, 0, 0xc000, "-2\n");
    check_field(22, 16, 0, 4294967295u, "4294967295\n");
    check_field(23, 17, 0, 7, "7\n");
}

static void what_is_no_single_number_is_left_out_with_a_warning(void)
{
    struct km_buf file = new_buf();
    static const float two[] = {1, 2};
    put_integer(&scratch[3], 1, 1);
    put_bytes(&scratch[3], 5, two, sizeof two);
    put_tensor(&file, 1, "two", "scalars", &scratch[3]);
    put_integer(&scratch[3], 1, 1); /* no value at all */
    put_tensor(&file, 2, "none", "scalars", &scratch[3]);
    put_integer(&scratch[3], 1, 8); /* complex */
    put_bytes(&scratch[3], 4, two, sizeof two);
    put_tensor(&file, 3, "complex", "scalars", &scratch[3]);
    struct feed_result result = feed_whole(&file);
    CHECK_INT(result.code, KM_OK);
    CHECK_INT(result.points, 0);
    CHECK_INT(result.warnings, 3);
    feed_finish(&result);
    km_buf_finish(&file);
}

static void histograms_of_both_generations_become_statistics(void)
{
    struct km_buf file = new_buf(), histo = new_buf();
    static const double limits[] = {0, 1, 1e300}, counts[] = {1, 2, 1};
    put_event(&scratch[0], 100, 7);
    put_double(&histo, 1, -1);
    put_double(&histo, 2, 3);
    put_double(&histo, 3, 4);
    put_double(&histo, 4, 4);
    put_double(&histo, 5, 12);
    put_bytes(&histo, 6, limits, sizeof limits);
    put_bytes(&histo, 7, counts, sizeof counts);
    put_text(&scratch[2], 1, "w");
    put_message(&scratch[2], 5, &histo);
    put_message(&scratch[1], 1, &scratch[2]);
    put_message(&scratch[0], 5, &scratch[1]);
    put_record(&file, &scratch[0]);
    static const double rows[] = {-1, 0, 1, 0, 1, 2, 1, 3, 1};
    put_histogram(&file, 8, "histograms", rows, 3);
    struct feed_result result = feed_whole(&file);
    static const struct {
        const char *stat, *old, *new;
    } stats[] = {{"count", "4", "4"},
                 {"max", "3", "3"},
                 {"mean", "1", "0.625"},
                 {"min", "-1", "-1"},
                 {"p50", "0.5", "0.5"}};
    for (size_t i = 0; i < sizeof stats / sizeof stats[0]; i++) {
        char line[128];
        (void)snprintf(line, sizeof line,
                       "point w{stat=%s}h0\t 7 100000000000 %s\n",
                       stats[i].stat, stats[i].old);
        CHECK(strstr(result.text.bytes, line) != NULL);
        (void)snprintf(line, sizeof line,
                       "point weights{stat=%s}h0\t 8 100000000000 %s\n",
                       stats[i].stat, stats[i].new);
        CHECK(strstr(result.text.bytes, line) != NULL);
    }
    CHECK(strstr(result.text.bytes,
                 "{stat=std}h0\t 7 100000000000 1.414213562") != NULL);
    CHECK_INT(result.points, 12);
    feed_finish(&result);
    km_buf_finish(&file);
    km_buf_finish(&histo);
}

static void a_session_start_opens_an_attempt_at_its_step(void)
{
    struct km_buf file = build_log();
    struct feed_result result = feed_whole(&file);
    CHECK(strstr(result.text.bytes, "attempt 1 session start 10\n") != NULL);
    CHECK(strstr(result.text.bytes, "point loss{}1\t 10 310000000000 10\n") !=
          NULL);
    CHECK(strstr(result.text.bytes, "event stop session\t 14") != NULL);
    CHECK(strstr(result.text.bytes,
                 "event text notes\t 3 100000000000 {\"text\":\"# note "
                 "\\\"1\\\"\"}\n") != NULL);
    CHECK(strstr(result.text.bytes, "\t 4 100000000000 {\"text\":\"two\"}") !=
          NULL);
    feed_finish(&result);
    km_buf_finish(&file);
}

static void hyper_parameters_and_the_end_of_a_session_are_kept(void)
{
    struct km_buf file = new_buf(), start = new_buf(), value = new_buf(),
                  entry = new_buf(), content = new_buf();
    put_text(&entry, 1, "lr");
    put_double(&value, 2, 0.001);
    put_message(&entry, 2, &value);
    put_message(&start, 1, &entry);
    put_text(&entry, 1, "optimizer");
    put_text(&value, 3, "adam");
    put_message(&entry, 2, &value);
    put_message(&start, 1, &entry);
    put_text(&entry, 1, "nesterov");
    put_integer(&value, 4, 1);
    put_message(&entry, 2, &value);
    put_message(&start, 1, &entry);
    put_text(&start, 4, "group-a");
    put_double(&start, 5, 50.5);
    put_message(&content, 3, &start);
    put_integer(&start, 1, 1);
    put_double(&start, 2, 60);
    put_message(&content, 4, &start);
    put_event(&scratch[0], 100, 0);
    put_text(&scratch[2], 1, "_hparams_/session_start_info");
    put_text(&value, 1, "hparams");
    put_message(&value, 2, &content);
    put_message(&entry, 1, &value);
    put_message(&scratch[2], 9, &entry);
    put_message(&scratch[1], 1, &scratch[2]);
    put_message(&scratch[0], 5, &scratch[1]);
    put_record(&file, &scratch[0]);
    struct feed_result result = feed_whole(&file);
    CHECK_INT(result.points, 0);
    CHECK(strstr(result.text.bytes, "attribute 0 lr\t0.001\n") != NULL);
    CHECK(strstr(result.text.bytes, "attribute 0 optimizer\t\"adam\"\n") !=
          NULL);
    CHECK(strstr(result.text.bytes, "attribute 0 nesterov\ttrue\n") != NULL);
    CHECK(strstr(result.text.bytes,
                 "group=group-a parent= finished 50500000000 60000000000\n") !=
          NULL);
    feed_finish(&result);
    struct km_buf *const all[] = {&file, &start, &value, &entry, &content};
    for (size_t i = 0; i < 5; i++) {
        km_buf_finish(all[i]);
    }
}

static void odd_events_lose_nothing_but_what_is_odd(void)
{
    struct km_buf file = new_buf();
    put_scalar(&file, (double)NAN, 1, "loss", 1); /* no time */
    put_scalar(&file, 5, -3, "loss", -0.0f);
    put_text(&scratch[0], 1, "not a time"); /* malformed for us: no step */
    put_record(&file, &scratch[0]);
    km_buf_append(&scratch[0], "\x2a\x7f", 2); /* no event at all */
    put_record(&file, &scratch[0]);
    put_record(&file, &scratch[0]); /* empty: an event of step 0 */
    put_scalar(&file, 6, 2, "loss", 2);
    struct feed_result result = feed_whole(&file);
    CHECK_INT(result.code, KM_OK);
    CHECK_INT(result.warnings, 1);
    CHECK_TEXT(points_of(&result), "point loss{}0\t 1 - 1\n"
                                   "point loss{}0\t -3 5000000000 -0.0\n"
                                   "point loss{}0\t 2 6000000000 2\n");
    feed_finish(&result);
    km_buf_finish(&file);
}

static int sniff_of(const char *name, const void *head, size_t len)
{
    struct km_place place = {.name = km_str_of(name), .path = km_str_of(name)};
    struct km_sniff sniff = {.place = &place, .head = {head, len}};
    return km_source_tfevents.sniff(&sniff);
}

static void recognises_files_by_content_first(void)
{
    struct km_buf file = build_log();
    static const char lfs[] = "version https://git-lfs.github.com/spec/v1\n";
    CHECK_INT(sniff_of("events.out.tfevents.1.h", file.bytes, file.len), 100);
    CHECK(sniff_of("renamed", file.bytes, file.len) > 50);
    CHECK_INT(sniff_of("data.bin", "hello, world, hello", 19), 0);
    CHECK_INT(sniff_of("events.out.tfevents.1.h", lfs, sizeof lfs - 1), 0);
    CHECK(sniff_of("events.out.tfevents.1.h", "", 0) > 0);
    CHECK_INT(sniff_of("empty", "", 0), 0);
    file.bytes[0] ^= 1;
    CHECK(sniff_of("events.out.tfevents.1.h", file.bytes, file.len) > 0);
    CHECK_INT(sniff_of("renamed", file.bytes, file.len), 0);
    /* a file of training examples has the same framing */
    km_buf_reset(&file);
    put_text(&scratch[0], 1, "features");
    put_record(&file, &scratch[0]);
    CHECK_INT(sniff_of("train.tfrecord", file.bytes, file.len), 0);
    km_buf_finish(&file);
}

int main(void)
{
    for (size_t i = 0; i < 4; i++) {
        scratch[i] = new_buf();
    }
    RUN(masks_checksums_as_the_format_says);
    RUN(both_generations_of_a_scalar_give_the_same_point);
    RUN(any_cutting_gives_the_same_records);
    RUN(a_torn_tail_keeps_what_is_whole_and_waits);
    RUN(a_zero_filled_tail_is_not_written_yet);
    RUN(damage_stops_with_its_offset_and_salvage_goes_around);
    RUN(a_huge_length_is_refused_before_anything_is_allocated);
    RUN(reads_every_numeric_type_from_raw_content);
    RUN(reads_every_numeric_type_from_typed_fields);
    RUN(what_is_no_single_number_is_left_out_with_a_warning);
    RUN(histograms_of_both_generations_become_statistics);
    RUN(a_session_start_opens_an_attempt_at_its_step);
    RUN(hyper_parameters_and_the_end_of_a_session_are_kept);
    RUN(odd_events_lose_nothing_but_what_is_odd);
    RUN(recognises_files_by_content_first);
    for (size_t i = 0; i < 4; i++) {
        km_buf_finish(&scratch[i]);
    }
    return tap_end();
}
