/* fuzz_journal.c - hostile segments: the codec reads within bounds, ends, and
 * gives only records whose check bits hold. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"

static struct km_journal_decoder decoder;

/* Gives a broken header its checksum, so that the slots are reached too. */
static void mend_header(unsigned char *bytes, size_t len)
{
    static const unsigned char start[12] = {0x89, 'K',  'M', 'J', '\r', '\n',
                                            0x1a, '\n', 1,   0,   128,  0};
    if (len >= KM_JOURNAL_HEADER_BYTES) {
        memcpy(bytes, start, sizeof start);
        uint32_t crc = km_journal_crc32c(0, bytes, KM_JOURNAL_HEADER_BYTES - 4);
        memcpy(bytes + KM_JOURNAL_HEADER_BYTES - 4, &crc, 4);
    }
}

/* The same for the check bits of every slot: fields of records are reached. */
static void mend_slots(unsigned char *bytes, size_t len)
{
    uint32_t salt, slot = 0;
    if (len < KM_JOURNAL_HEADER_BYTES) {
        return;
    }
    memcpy(&salt, bytes + KM_JOURNAL_HEADER_BYTES - 4, 4);
    for (size_t at = KM_JOURNAL_HEADER_BYTES; len - at >= 32; at += 32) {
        uint64_t words[4];
        memcpy(words, bytes + at, 32);
        words[0] &= ~((uint64_t)0xffff << 16);
        words[0] = km_journal_seal(salt, slot++, words);
        memcpy(bytes + at, words, 8);
    }
}

static void read_all(const unsigned char *bytes, size_t len)
{
    struct km_journal_header header;
    struct km_journal_census census;
    struct km_err err;
    if (km_journal_verify(bytes, len, &decoder, &census, &err) ||
        km_journal_header_decode(bytes, len, &header, &err)) {
        return;
    }
    km_journal_decoder_init(&decoder, &header);
    uint64_t points = 0;
    uint32_t slot = 0;
    for (size_t at = KM_JOURNAL_HEADER_BYTES; at < len;) {
        struct km_journal_record record;
        struct km_journal_field field;
        enum km_journal_found found =
            km_journal_next(&decoder, bytes + at, len - at, slot, &record);
        if (found == KM_JOURNAL_CUT) {
            break;
        }
        if (found == KM_JOURNAL_FOUND && record.kind >= KM_JOURNAL_METRIC) {
            while (km_journal_field_next(&record.payload, &field)) {
                points += field.text.len > len;
            }
        }
        points += found == KM_JOURNAL_FOUND && record.kind == KM_JOURNAL_POINT;
        slot += record.slot_count;
        at += (size_t)record.slot_count * KM_JOURNAL_SLOT_BYTES;
    }
    if (points != census.points) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 20) {
        return 0;
    }
    unsigned char *bytes = malloc(size ? size : 1);
    if (!bytes) {
        return 0;
    }
    memcpy(bytes, data, size);
    read_all(bytes, size);
    mend_header(bytes, size);
    read_all(bytes, size);
    mend_slots(bytes, size);
    read_all(bytes, size);
    free(bytes);
    return 0;
}
