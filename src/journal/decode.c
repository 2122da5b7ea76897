/* decode.c - headers and slots back into records; trusts no byte. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/journal.h"

#include <math.h>
#include <string.h>

extern const unsigned char km_journal_magic[8];

bool km_journal_is_header(struct km_str head)
{
    return head.len >= 8 && memcmp(head.ptr, km_journal_magic, 8) == 0;
}

enum km_code km_journal_header_decode(const unsigned char *bytes, size_t len,
                                      struct km_journal_header *header,
                                      struct km_err *err)
{
    if (!km_journal_is_header((struct km_str){(const char *)bytes, len})) {
        return km_fail(err, KM_EFORMAT,
                       "no journal segment: byte 0: the magic "
                       "number is not there");
    }
    if (len < KM_JOURNAL_HEADER_BYTES) {
        return km_fail(err, KM_EINPUT,
                       "the segment header has %zu bytes, expected %d", len,
                       KM_JOURNAL_HEADER_BYTES);
    }
    uint16_t version, header_bytes;
    uint32_t stored;
    memcpy(&version, bytes + 8, 2);
    memcpy(&header_bytes, bytes + 10, 2);
    memcpy(&stored, bytes + KM_JOURNAL_HEADER_BYTES - 4, 4);
    if (version != KM_JOURNAL_VERSION) {
        return km_fail(err, KM_EFORMAT,
                       "byte 8: journal version %u, this program reads %d",
                       version, KM_JOURNAL_VERSION);
    }
    uint32_t crc = km_journal_crc32c(0, bytes, KM_JOURNAL_HEADER_BYTES - 4);
    if (header_bytes != KM_JOURNAL_HEADER_BYTES || crc != stored) {
        return km_fail(err, KM_ECORRUPT,
                       "byte 0: the checksum of the segment header fails");
    }
    memcpy(&header->segment, bytes + 12, 4);
    memcpy(&header->segment_bytes, bytes + 16, 8);
    memcpy(&header->start_ns, bytes + 24, 8);
    memcpy(header->writer, bytes + 32, KM_JOURNAL_WRITER_BYTES);
    header->salt = stored;
    return KM_OK;
}

void km_journal_decoder_init(struct km_journal_decoder *decoder,
                             const struct km_journal_header *header)
{
    decoder->header = *header;
    decoder->has_clock = false;
    decoder->clock_wall_ns = 0;
    decoder->clock_counter = 0;
    decoder->clock_ns_per_tick = 0;
}

/* Counter to wall time by the newest clock record before it. */
static int64_t time_of(const struct km_journal_decoder *decoder, uint64_t word,
                       uint64_t counter)
{
    if (word & KM_JOURNAL_WALL_TIME) {
        return (int64_t)counter;
    }
    if (!decoder->has_clock) {
        return INT64_MIN;
    }
    int64_t ticks = (int64_t)(counter - decoder->clock_counter);
    double ns = (double)ticks * decoder->clock_ns_per_tick;
    if (!(fabs(ns) < 4e18)) {
        return INT64_MIN;
    }
    int64_t sum;
    bool over =
        __builtin_add_overflow(decoder->clock_wall_ns, (int64_t)ns, &sum);
    return over ? INT64_MIN : sum;
}

/* A slot whose check bits hold; the word comes without them. */
static bool slot_holds(const struct km_journal_decoder *decoder, uint32_t slot,
                       uint64_t words[4])
{
    const uint64_t sealed = words[0];
    words[0] &= ~((uint64_t)0xffff << 16);
    return km_journal_seal(decoder->header.salt, slot, words) == sealed;
}

static void take_clock(struct km_journal_decoder *decoder,
                       const uint64_t words[4])
{
    double ns_per_tick;
    memcpy(&ns_per_tick, &words[3], 8);
    if (isfinite(ns_per_tick) && ns_per_tick > 0) {
        decoder->has_clock = true;
        decoder->clock_wall_ns = (int64_t)words[1];
        decoder->clock_counter = words[2];
        decoder->clock_ns_per_tick = ns_per_tick;
    }
}

/* Gathers a payload out of its slots. A slot of it that is empty or broken
 * makes the record DAMAGED: its head was published after all of them. */
static enum km_journal_found gather(struct km_journal_decoder *decoder,
                                    const unsigned char *bytes, size_t len,
                                    struct km_journal_record *record)
{
    uint32_t payload_len, stored;
    memcpy(&payload_len, bytes + 4, 4);
    memcpy(&stored, bytes + 8, 4);
    if (payload_len > KM_JOURNAL_PAYLOAD_BYTES_MAX) {
        return KM_JOURNAL_DAMAGED;
    }
    uint32_t count = km_journal_slots_of(payload_len);
    if (len / KM_JOURNAL_SLOT_BYTES < count) {
        return KM_JOURNAL_CUT;
    }
    size_t have = payload_len < KM_JOURNAL_HEAD_PAYLOAD
                      ? payload_len
                      : KM_JOURNAL_HEAD_PAYLOAD;
    memcpy(decoder->scratch, bytes + 12, have);
    for (uint32_t i = 1; i < count; i++) {
        const unsigned char *at = bytes + (size_t)i * KM_JOURNAL_SLOT_BYTES;
        uint64_t words[4];
        memcpy(words, at, sizeof words);
        if (!slot_holds(decoder, record->slot + i, words) ||
            (words[0] & 0xffff) != KM_JOURNAL_NEXT) {
            return KM_JOURNAL_DAMAGED;
        }
        size_t take = payload_len - have < KM_JOURNAL_NEXT_PAYLOAD
                          ? payload_len - have
                          : KM_JOURNAL_NEXT_PAYLOAD;
        memcpy(decoder->scratch + have, at + 4, take);
        have += take;
    }
    if (km_journal_crc32c(0, decoder->scratch, payload_len) != stored) {
        return KM_JOURNAL_DAMAGED;
    }
    record->payload =
        (struct km_str){(const char *)decoder->scratch, payload_len};
    record->slot_count = count;
    return KM_JOURNAL_FOUND;
}

enum km_journal_found km_journal_next(struct km_journal_decoder *decoder,
                                      const unsigned char *bytes, size_t len,
                                      uint32_t slot,
                                      struct km_journal_record *record)
{
    record->slot = slot;
    record->slot_count = 1;
    if (len < KM_JOURNAL_SLOT_BYTES) {
        return KM_JOURNAL_CUT;
    }
    uint64_t words[4];
    memcpy(words, bytes, sizeof words);
    if (words[0] == 0) {
        return KM_JOURNAL_GAP;
    }
    if (!slot_holds(decoder, slot, words)) {
        return KM_JOURNAL_DAMAGED;
    }
    unsigned kind = (unsigned)(words[0] & 0xff);
    record->kind = (enum km_journal_kind)kind;
    switch (kind) {
    case KM_JOURNAL_POINT:
    case KM_JOURNAL_RESTART:
        record->metric = (uint32_t)(words[0] >> 32);
        record->step = (int64_t)words[1];
        record->time_ns = time_of(decoder, words[0], words[2]);
        memcpy(&record->value, &words[3], 8);
        return KM_JOURNAL_FOUND;
    case KM_JOURNAL_CLOCK:
        take_clock(decoder, words);
        return KM_JOURNAL_PASSED;
    case KM_JOURNAL_NEXT:
    case KM_JOURNAL_PAD:
        return KM_JOURNAL_PASSED;
    default:
        break;
    }
    if (kind < KM_JOURNAL_METRIC || kind > KM_JOURNAL_FINISH) {
        return KM_JOURNAL_PASSED; /* sound, but of a later minor kind */
    }
    return gather(decoder, bytes, len, record);
}

bool km_journal_field_next(struct km_str *rest, struct km_journal_field *field)
{
    uint32_t len;
    if (rest->len < 6) {
        return false;
    }
    memcpy(&field->id, rest->ptr, 2);
    memcpy(&len, rest->ptr + 2, 4);
    if (len > rest->len - 6) {
        return false;
    }
    field->text = (struct km_str){rest->ptr + 6, len};
    field->integer = 0;
    field->number = NAN;
    if (len == 8) {
        memcpy(&field->integer, field->text.ptr, 8);
        memcpy(&field->number, field->text.ptr, 8);
    }
    rest->ptr += 6 + len;
    rest->len -= 6 + (size_t)len;
    return true;
}
