/* encode.c - headers, records with payloads, fields; used by the client. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/journal.h"

#include <assert.h>
#include <string.h>

const unsigned char km_journal_magic[8] = {0x89, 'K',  'M',  'J',
                                           '\r', '\n', 0x1a, '\n'};

void km_journal_header_encode(struct km_journal_header *header,
                              unsigned char out[KM_JOURNAL_HEADER_BYTES])
{
    const uint16_t version = KM_JOURNAL_VERSION;
    const uint16_t header_bytes = KM_JOURNAL_HEADER_BYTES;
    memset(out, 0, KM_JOURNAL_HEADER_BYTES);
    memcpy(out, km_journal_magic, 8);
    memcpy(out + 8, &version, 2);
    memcpy(out + 10, &header_bytes, 2);
    memcpy(out + 12, &header->segment, 4);
    memcpy(out + 16, &header->segment_bytes, 8);
    memcpy(out + 24, &header->start_ns, 8);
    memcpy(out + 32, header->writer, KM_JOURNAL_WRITER_BYTES);
    header->salt = km_journal_crc32c(0, out, KM_JOURNAL_HEADER_BYTES - 4);
    memcpy(out + KM_JOURNAL_HEADER_BYTES - 4, &header->salt, 4);
}

void km_journal_record_publish(unsigned char *base, uint32_t slot,
                               uint32_t salt, enum km_journal_kind kind,
                               const unsigned char *payload, size_t len)
{
    assert(len <= KM_JOURNAL_PAYLOAD_BYTES_MAX);
    uint32_t head[8] = {0}, next[8];
    uint64_t words[4];
    uint32_t crc = km_journal_crc32c(0, payload, len);
    size_t first =
        len < KM_JOURNAL_HEAD_PAYLOAD ? len : KM_JOURNAL_HEAD_PAYLOAD;
    size_t at = first;
    for (uint32_t i = 1; at < len; i++) {
        size_t take = len - at < KM_JOURNAL_NEXT_PAYLOAD
                          ? len - at
                          : KM_JOURNAL_NEXT_PAYLOAD;
        memset(next, 0, sizeof next);
        next[0] = KM_JOURNAL_NEXT;
        memcpy(next + 1, payload + at, take);
        memcpy(words, next, sizeof words);
        km_journal_publish(base, slot + i, salt, words);
        at += take;
    }
    head[0] = (uint32_t)kind;
    head[1] = (uint32_t)len;
    head[2] = crc;
    if (first) {
        memcpy(head + 3, payload, first);
    }
    memcpy(words, head, sizeof words);
    km_journal_publish(base, slot, salt, words);
}

void km_journal_pad(unsigned char *base, uint32_t slot, uint32_t count,
                    uint32_t salt)
{
    const uint64_t words[4] = {KM_JOURNAL_PAD, 0, 0, 0};
    for (uint32_t i = 0; i < count; i++) {
        km_journal_publish(base, slot + i, salt, words);
    }
}

void km_journal_put_text(struct km_journal_payload *payload,
                         enum km_journal_field_id id, const char *text,
                         size_t len)
{
    if (payload->failed || len > payload->cap ||
        payload->cap - payload->len < len + 6) {
        payload->failed = true;
        return;
    }
    unsigned char *at = payload->bytes + payload->len;
    uint16_t short_id = (uint16_t)id;
    uint32_t short_len = (uint32_t)len;
    memcpy(at, &short_id, 2);
    memcpy(at + 2, &short_len, 4);
    if (len) {
        memcpy(at + 6, text, len);
    }
    payload->len += len + 6;
}

void km_journal_put_integer(struct km_journal_payload *payload,
                            enum km_journal_field_id id, int64_t value)
{
    char bytes[8];
    memcpy(bytes, &value, 8);
    km_journal_put_text(payload, id, bytes, 8);
}

void km_journal_put_double(struct km_journal_payload *payload,
                           enum km_journal_field_id id, double value)
{
    char bytes[8];
    memcpy(bytes, &value, 8);
    km_journal_put_text(payload, id, bytes, 8);
}
