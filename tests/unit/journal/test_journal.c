/* test_journal.c - what is published comes back, what is not never does. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/journal.h"

#include <stdlib.h>

#include "base/hash.h"
#include "tap.h"

enum { SLOTS = 64, SEGMENT = KM_JOURNAL_HEADER_BYTES + 32 * SLOTS };

static union {
    unsigned char bytes[SEGMENT];
    uint64_t align;
} segment;
static struct km_journal_decoder decoder;
static uint32_t salt;

static void start_segment(void)
{
    struct km_journal_header header = {.segment = 3,
                                       .segment_bytes = SEGMENT,
                                       .start_ns = 1700000000000000000,
                                       .writer = "0123456789abcde"};
    memset(&segment, 0, sizeof segment);
    km_journal_header_encode(&header, segment.bytes);
    salt = header.salt;
}

static void put_point(uint32_t slot, int64_t step, uint64_t counter,
                      uint64_t value_bits)
{
    uint64_t words[4] = {km_journal_word(KM_JOURNAL_POINT, 7), (uint64_t)step,
                         counter, value_bits};
    km_journal_publish(segment.bytes, slot, salt, words);
}

static enum km_journal_found look(uint32_t slot,
                                  struct km_journal_record *record)
{
    size_t at = KM_JOURNAL_HEADER_BYTES + 32 * (size_t)slot;
    return km_journal_next(&decoder, segment.bytes + at, SEGMENT - at, slot,
                           record);
}

static void begin_reading(void)
{
    struct km_journal_header header = {0};
    CHECK_INT(km_journal_header_decode(segment.bytes, SEGMENT, &header, NULL),
              KM_OK);
    km_journal_decoder_init(&decoder, &header);
}

static void the_checksum_is_crc32c_by_instruction_and_by_table(void)
{
    unsigned char bytes[32];
    uint64_t words[4];
    CHECK(km_journal_crc32c(0, "123456789", 9) == 0xe3069283u);
    for (int i = 0; i < 32; i++) {
        bytes[i] = (unsigned char)(i * 37 + 11);
    }
    memcpy(words, bytes, 32);
    CHECK(~km_journal_crc_words_table(~0u, words) == km_crc32c(0, bytes, 32));
    CHECK(~km_journal_crc_words(~0u, words) == km_crc32c(0, bytes, 32));
    CHECK(km_journal_crc32c(km_journal_crc32c(0, bytes, 5), bytes + 5, 27) ==
          km_crc32c(0, bytes, 32));
}

static void a_header_comes_back_and_a_changed_one_is_refused(void)
{
    struct km_journal_header header;
    struct km_err err;
    start_segment();
    CHECK_INT(km_journal_header_decode(segment.bytes, SEGMENT, &header, &err),
              KM_OK);
    CHECK_INT(header.segment, 3);
    CHECK_INT(header.segment_bytes, SEGMENT);
    CHECK_INT(header.start_ns, 1700000000000000000);
    CHECK(memcmp(header.writer, "0123456789abcde", 16) == 0);
    for (size_t i = 0; i < KM_JOURNAL_HEADER_BYTES; i++) {
        segment.bytes[i] ^= 0x10;
        CHECK(km_journal_header_decode(segment.bytes, SEGMENT, &header, &err) !=
              KM_OK);
        segment.bytes[i] ^= 0x10;
    }
    CHECK_INT(km_journal_header_decode(segment.bytes, 60, &header, &err),
              KM_EINPUT);
    CHECK_INT(km_journal_header_decode(segment.bytes, 0, &header, &err),
              KM_EFORMAT);
}

static void every_bit_of_a_value_survives(void)
{
    static const uint64_t bits[] = {
        0x7ff8000000000001, 0xfff8dead00000000, 0x8000000000000000, 1,
        0x7ff0000000000000, 0xfff0000000000000, 0x3fb999999999999a, 0};
    struct km_journal_record record;
    start_segment();
    for (uint32_t i = 0; i < 8; i++) {
        put_point(i, INT64_MIN + (int64_t)i, i, bits[i]);
    }
    begin_reading();
    for (uint32_t i = 0; i < 8; i++) {
        uint64_t got;
        CHECK_INT(look(i, &record), KM_JOURNAL_FOUND);
        memcpy(&got, &record.value, 8);
        CHECK(got == bits[i] && record.step == INT64_MIN + (int64_t)i);
        CHECK_INT(record.metric, 7);
        CHECK(record.time_ns == INT64_MIN);
    }
    CHECK_INT(look(8, &record), KM_JOURNAL_GAP);
}

static void times_follow_the_newest_clock_before_them(void)
{
    struct km_journal_record record;
    double ns_per_tick = 0.5;
    uint64_t words[4] = {km_journal_word(KM_JOURNAL_CLOCK, 0), 1000000, 400, 0};
    memcpy(&words[3], &ns_per_tick, 8);
    start_segment();
    km_journal_publish(segment.bytes, 0, salt, words);
    put_point(1, 0, 500, 0);
    put_point(2, 0, 300, 0);
    words[0] = km_journal_word(KM_JOURNAL_POINT | KM_JOURNAL_WALL_TIME, 7);
    words[2] = 77;
    km_journal_publish(segment.bytes, 3, salt, words);
    begin_reading();
    CHECK_INT(look(0, &record), KM_JOURNAL_PASSED);
    CHECK_INT(look(1, &record), KM_JOURNAL_FOUND);
    CHECK_INT(record.time_ns, 1000050);
    CHECK_INT(look(2, &record), KM_JOURNAL_FOUND);
    CHECK_INT(record.time_ns, 999950);
    CHECK_INT(look(3, &record), KM_JOURNAL_FOUND);
    CHECK_INT(record.time_ns, 77);
}

static void a_payload_of_any_length_comes_back_with_its_fields(void)
{
    static unsigned char room[1400];
    static char text[1300];
    memset(text, 'x', sizeof text);
    for (size_t len = 0; len < 1300; len += 7) {
        struct km_journal_payload payload = {.bytes = room, .cap = sizeof room};
        struct km_journal_record record;
        struct km_journal_field field;
        km_journal_put_text(&payload, KM_FIELD_NAME, text, len);
        km_journal_put_integer(&payload, KM_FIELD_ID, -5);
        km_journal_put_double(&payload, KM_FIELD_VALUE, 0.25);
        CHECK(!payload.failed);
        start_segment();
        km_journal_record_publish(segment.bytes, 2, salt, KM_JOURNAL_METRIC,
                                  payload.bytes, payload.len);
        begin_reading();
        CHECK_INT(look(2, &record), KM_JOURNAL_FOUND);
        CHECK_INT(record.slot_count, km_journal_slots_of(payload.len));
        CHECK(km_journal_field_next(&record.payload, &field) &&
              field.id == KM_FIELD_NAME && field.text.len == len);
        CHECK(km_journal_field_next(&record.payload, &field) &&
              field.integer == -5);
        CHECK(km_journal_field_next(&record.payload, &field) &&
              field.number == 0.25);
        CHECK(!km_journal_field_next(&record.payload, &field));
        CHECK(record.payload.len == 0);
    }
}

static void a_record_without_its_first_word_does_not_exist(void)
{
    struct km_journal_record record;
    start_segment();
    unsigned char payload[200] = {1};
    km_journal_record_publish(segment.bytes, 0, salt, KM_JOURNAL_TAG, payload,
                              sizeof payload);
    memset(segment.bytes + KM_JOURNAL_HEADER_BYTES, 0, 8);
    begin_reading();
    CHECK_INT(look(0, &record), KM_JOURNAL_GAP);
    CHECK_INT(look(1, &record), KM_JOURNAL_PASSED);
}

static void any_prefix_gives_a_prefix_of_the_records(void)
{
    struct km_journal_census whole, part;
    start_segment();
    unsigned char payload[100] = {9};
    put_point(0, 1, 1, 1);
    km_journal_record_publish(segment.bytes, 1, salt, KM_JOURNAL_TAG, payload,
                              sizeof payload);
    for (uint32_t i = 5; i < SLOTS; i++) {
        put_point(i, i, i, i);
    }
    CHECK_INT(km_journal_verify(segment.bytes, SEGMENT, &decoder, &whole, NULL),
              KM_OK);
    CHECK_INT(whole.points, SLOTS - 4);
    CHECK_INT(whole.records, SLOTS - 3);
    uint64_t before = 0;
    for (size_t len = KM_JOURNAL_HEADER_BYTES; len <= SEGMENT; len++) {
        CHECK_INT(km_journal_verify(segment.bytes, len, &decoder, &part, NULL),
                  KM_OK);
        CHECK(part.damaged == 0 && part.records >= before);
        before = part.records;
    }
    CHECK_INT(before, whole.records);
}

static void flipped_bits_and_moved_slots_never_make_a_record(void)
{
    struct km_journal_record record;
    start_segment();
    put_point(4, 12345, 678, 0x3ff0000000000000);
    begin_reading();
    unsigned char *slot = segment.bytes + KM_JOURNAL_HEADER_BYTES + 4 * 32;
    for (int bit = 0; bit < 256; bit++) {
        slot[bit / 8] ^= (unsigned char)(1 << bit % 8);
        CHECK_INT(look(4, &record), KM_JOURNAL_DAMAGED);
        slot[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    memcpy(slot + 32, slot, 32);
    CHECK_INT(look(5, &record), KM_JOURNAL_DAMAGED);
    CHECK_INT(look(4, &record), KM_JOURNAL_FOUND);
}

static void random_bytes_never_give_a_payload_or_many_points(void)
{
    struct km_journal_census census;
    uint64_t state = 88172645463325252u, points = 0;
    for (int round = 0; round < 400; round++) {
        start_segment();
        for (size_t i = KM_JOURNAL_HEADER_BYTES; i < SEGMENT; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            segment.bytes[i] = (unsigned char)(state >> 32);
        }
        CHECK_INT(
            km_journal_verify(segment.bytes, SEGMENT, &decoder, &census, NULL),
            KM_OK);
        points += census.points;
    }
    CHECK_INT(points, 0);
}

int main(void)
{
    RUN(the_checksum_is_crc32c_by_instruction_and_by_table);
    RUN(a_header_comes_back_and_a_changed_one_is_refused);
    RUN(every_bit_of_a_value_survives);
    RUN(times_follow_the_newest_clock_before_them);
    RUN(a_payload_of_any_length_comes_back_with_its_fields);
    RUN(a_record_without_its_first_word_does_not_exist);
    RUN(any_prefix_gives_a_prefix_of_the_records);
    RUN(flipped_bits_and_moved_slots_never_make_a_record);
    RUN(random_bytes_never_give_a_payload_or_many_points);
    return tap_end();
}
