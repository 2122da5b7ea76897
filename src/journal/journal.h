/* journal.h - the append-only record format that a client writes.
 *
 *     segment = header (128 bytes) slot slot slot ... zero slots not yet used
 *     slot    = 32 bytes: a point, or one piece of a longer record
 *
 * Every slot says for itself what it is and carries check bits bound to its
 * place, so that a reader never loses step: an empty slot was not published
 * (yet), a broken one costs one record. A record is published by one release
 * store of the first word of its first slot.
 * The client library compiles crc.c and encode.c and nothing else of the house.
 * Ownership: borrows all memory.   Threads: any, on memory of their own.
 * Document: docs/formats/journal.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_JOURNAL_JOURNAL_H
#define KM_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "journal/crc.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the journal is written as the processor stores it: little-endian only"
#endif

enum {
    KM_JOURNAL_VERSION = 1,
    KM_JOURNAL_HEADER_BYTES = 128,
    KM_JOURNAL_SLOT_BYTES = 32,
    KM_JOURNAL_HEAD_PAYLOAD = 20, /* payload bytes in a record's first slot */
    KM_JOURNAL_NEXT_PAYLOAD = 28, /* and in each slot that goes on */
    KM_JOURNAL_WRITER_BYTES = 16,
};

enum km_journal_kind {
    KM_JOURNAL_EMPTY = 0,   /* nothing published here (yet) */
    KM_JOURNAL_POINT = 1,   /* metric, step, time, value */
    KM_JOURNAL_CLOCK = 2,   /* wall ns in step, counter in time, ns per tick */
    KM_JOURNAL_RESTART = 3, /* restored: steps >= step are superseded */
    KM_JOURNAL_METRIC = 16, /* from here on: records with a payload of fields */
    KM_JOURNAL_RUN = 17,
    KM_JOURNAL_CONFIG = 18,
    KM_JOURNAL_TAG = 19,
    KM_JOURNAL_EVENT = 20,
    KM_JOURNAL_EVALUATION = 21,
    KM_JOURNAL_FINISH = 22,
    KM_JOURNAL_NEXT = 30, /* goes on with the record before */
    KM_JOURNAL_PAD = 31,  /* left free at the end of a segment */
};

enum km_journal_flag {
    KM_JOURNAL_WALL_TIME = 1 << 8, /* time is ns since 1970, not a counter */
};

/* Fields of payloads; numbers are part of the format, texts have no NUL. */
enum km_journal_field_id {
    KM_FIELD_ID = 1, /* of a metric; integer */
    KM_FIELD_NAME = 2,
    KM_FIELD_LABELS = 3,
    KM_FIELD_KEY = 4,
    KM_FIELD_VALUE_JSON = 5,
    KM_FIELD_KIND = 6,
    KM_FIELD_DETAIL_JSON = 7,
    KM_FIELD_STEP = 8,
    KM_FIELD_TIME_NS = 9,
    KM_FIELD_PROJECT = 10,
    KM_FIELD_RUN = 11,
    KM_FIELD_GROUP = 12,
    KM_FIELD_PARENT = 13,
    KM_FIELD_NOTES = 14,
    KM_FIELD_STATE = 15, /* 2 finished, 3 failed, 4 killed */
    KM_FIELD_VALUE = 16, /* a double, as are stderr and cost */
    KM_FIELD_STDERR = 17,
    KM_FIELD_COUNT = 18,
    KM_FIELD_SHOTS = 19,
    KM_FIELD_TASK = 20,
    KM_FIELD_VERSION = 21,
    KM_FIELD_METRIC = 22,
    KM_FIELD_FILTER = 23,
    KM_FIELD_SUBSET = 24,
    KM_FIELD_MODEL = 25,
    KM_FIELD_TASK_HASH = 26,
    KM_FIELD_STAGE = 27,
    KM_FIELD_STAGE_INDEX = 28,
    KM_FIELD_COST_SECONDS = 29,
    KM_FIELD_HIGHER_IS_BETTER = 30,
    KM_FIELD_POINTS = 31, /* what the writer counted about itself */
    KM_FIELD_DROPPED = 32,
    KM_FIELD_BYTES = 33,
    KM_FIELD_LOG_NS = 34, /* time of the log calls that were sampled */
    KM_FIELD_LOG_SAMPLES = 35,
    KM_FIELD_RANK = 36,    /* -1: a child that was forked */
    KM_FIELD_RESUMED = 37, /* 1: the run had a journal before this one */
};

struct km_journal_header {
    uint32_t segment;       /* 0-based, counted by the writer */
    uint64_t segment_bytes; /* header and all slots, when it was made */
    int64_t start_ns;       /* wall time when the writer started */
    unsigned char writer[KM_JOURNAL_WRITER_BYTES]; /* random */
    uint32_t salt; /* CRC of the header; part of every slot's check */
};

/* --- encode.c: libc only -------------------------------------------------- */

/* Writes the header and sets `header->salt`. */
void km_journal_header_encode(struct km_journal_header *header,
                              unsigned char out[KM_JOURNAL_HEADER_BYTES]);

/* The first word of a slot, without its check. */
static inline uint64_t km_journal_word(unsigned kind_flags, uint32_t low)
{
    return (uint64_t)kind_flags | (uint64_t)low << 32;
}

/* The first word with its check bits: 16 bits folded from the CRC-32C register
 * that starts with salt xor slot index. */
static inline uint64_t km_journal_seal(uint32_t salt, uint32_t slot,
                                       const uint64_t words[4])
{
    uint32_t reg = km_journal_crc_words(salt ^ slot, words);
    return words[0] | (uint64_t)((reg ^ reg >> 16) & 0xffff) << 16;
}

/* Fills a slot that the caller owns and publishes it. `base` is the start of
 * the segment, aligned to 8. */
static inline void km_journal_publish(unsigned char *base, uint32_t slot,
                                      uint32_t salt, const uint64_t words[4])
{
    uint64_t *at = (uint64_t *)(void *)(base + KM_JOURNAL_HEADER_BYTES +
                                        (size_t)slot * KM_JOURNAL_SLOT_BYTES);
    at[1] = words[1];
    at[2] = words[2];
    at[3] = words[3];
    __atomic_store_n(at, km_journal_seal(salt, slot, words), __ATOMIC_RELEASE);
}

/* Slots that a payload of `len` bytes takes. */
static inline uint32_t km_journal_slots_of(size_t len)
{
    if (len <= KM_JOURNAL_HEAD_PAYLOAD) {
        return 1;
    }
    size_t rest = len - KM_JOURNAL_HEAD_PAYLOAD;
    return (uint32_t)(1 + (rest + KM_JOURNAL_NEXT_PAYLOAD - 1) /
                              KM_JOURNAL_NEXT_PAYLOAD);
}

/* Writes a record with a payload into slots that the caller owns; the first
 * slot is published last. */
void km_journal_record_publish(unsigned char *base, uint32_t slot,
                               uint32_t salt, enum km_journal_kind kind,
                               const unsigned char *payload, size_t len);

/* Marks `count` slots as left free. */
void km_journal_pad(unsigned char *base, uint32_t slot, uint32_t count,
                    uint32_t salt);

/* A payload under construction; failure (no room) is sticky. */
struct km_journal_payload {
    unsigned char *bytes;
    size_t len, cap;
    bool failed;
};
void km_journal_put_text(struct km_journal_payload *payload,
                         enum km_journal_field_id id, const char *text,
                         size_t len);
void km_journal_put_integer(struct km_journal_payload *payload,
                            enum km_journal_field_id id, int64_t value);
void km_journal_put_double(struct km_journal_payload *payload,
                           enum km_journal_field_id id, double value);

/* --- decode.c, verify.c: for readers -------------------------------------- */

/* Fails with KM_EFORMAT (no journal, or a newer version), KM_ECORRUPT (its
 * checksum), KM_EINPUT (shorter than a header). */
enum km_code km_journal_header_decode(const unsigned char *bytes, size_t len,
                                      struct km_journal_header *header,
                                      struct km_err *err);
bool km_journal_is_header(struct km_str head); /* by its magic only */

struct km_journal_record {
    enum km_journal_kind kind;
    uint32_t slot, slot_count;
    uint32_t metric; /* POINT */
    int64_t step;    /* POINT, RESTART */
    int64_t time_ns; /* POINT, RESTART; INT64_MIN without a clock before it */
    double value;    /* POINT */
    struct km_str payload; /* in the decoder's scratch */
};

enum km_journal_found {
    KM_JOURNAL_FOUND,   /* `record` is filled */
    KM_JOURNAL_GAP,     /* an empty slot: not published (yet) */
    KM_JOURNAL_PASSED,  /* a slot without meaning of its own */
    KM_JOURNAL_DAMAGED, /* check bits or CRC fail */
    KM_JOURNAL_CUT,     /* the record goes on behind the bytes given */
};

struct km_journal_decoder {
    struct km_journal_header header;
    bool has_clock; /* a CLOCK was seen; the newest one rules */
    int64_t clock_wall_ns;
    uint64_t clock_counter;
    double clock_ns_per_tick;
    unsigned char scratch[KM_JOURNAL_PAYLOAD_BYTES_MAX];
};

void km_journal_decoder_init(struct km_journal_decoder *decoder,
                             const struct km_journal_header *header);

/* Looks at the slot at the start of `bytes`, whose index in the segment is
 * `slot`. `record->slot_count` is always set: how many slots to go on by (1
 * after anything that is not a record). Less than one slot is CUT. */
enum km_journal_found km_journal_next(struct km_journal_decoder *decoder,
                                      const unsigned char *bytes, size_t len,
                                      uint32_t slot,
                                      struct km_journal_record *record);

struct km_journal_field {
    uint16_t id;
    struct km_str text;
    int64_t integer; /* when 8 bytes long, else 0 */
    double number;   /* the same bits; NaN when not 8 bytes long */
};

/* Takes the next field off `rest`. False at the end, or when what is left is
 * no field (`rest->len` is then not 0). */
bool km_journal_field_next(struct km_str *rest, struct km_journal_field *field);

/* What a whole segment holds. */
struct km_journal_census {
    uint64_t points, records, gaps, damaged;
    uint32_t slots_used; /* up to and with the last slot that is not empty */
    uint32_t first_damaged_slot;
};
enum km_code km_journal_verify(const unsigned char *bytes, size_t len,
                               struct km_journal_decoder *decoder,
                               struct km_journal_census *census,
                               struct km_err *err);

#endif
