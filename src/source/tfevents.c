/* tfevents.c - TensorBoard event files: records, checksums, torn tails. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tfevents.h"

#include <assert.h>

#include "base/hash.h"

enum {
    HEADER_BYTES = 12, /* length and its checksum */
    FOOTER_BYTES = 4,  /* the payload's checksum */
    STATE_VERSION = 1,
};

enum frame_kind {
    FRAME_WHOLE,
    FRAME_TORN,       /* the bytes end inside the record */
    FRAME_ZEROS,      /* a zero-filled tail: not written yet */
    FRAME_BAD_LENGTH, /* nothing behind it can be trusted */
    FRAME_BAD_PAYLOAD,
};

struct frame {
    struct km_str payload;
    size_t size; /* of the whole record */
};

static uint32_t masked_crc(const void *bytes, size_t len)
{
    uint32_t crc = km_crc32c(0, bytes, len);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

static bool all_zero(const char *bytes, size_t len)
{
    return len == 0 ||
           (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* True when `bytes` starts with a length whose checksum holds. */
static bool has_header(struct km_str bytes)
{
    return bytes.len >= HEADER_BYTES &&
           km_load_u64(bytes.ptr) <= KM_RECORD_BYTES_MAX &&
           km_load_u32(bytes.ptr + 8) == masked_crc(bytes.ptr, 8);
}

static enum frame_kind read_frame(struct km_str bytes, struct frame *frame)
{
    if (bytes.len < HEADER_BYTES) {
        return FRAME_TORN;
    }
    if (!has_header(bytes)) {
        return all_zero(bytes.ptr, HEADER_BYTES) ? FRAME_ZEROS
                                                 : FRAME_BAD_LENGTH;
    }
    size_t len = (size_t)km_load_u64(bytes.ptr);
    frame->size = HEADER_BYTES + len + FOOTER_BYTES;
    if (bytes.len < frame->size) {
        return FRAME_TORN;
    }
    frame->payload = (struct km_str){bytes.ptr + HEADER_BYTES, len};
    const char *footer = bytes.ptr + HEADER_BYTES + len;
    if (km_load_u32(footer) != masked_crc(frame->payload.ptr, len)) {
        size_t rest = bytes.len - frame->size + FOOTER_BYTES;
        return all_zero(footer, rest) ? FRAME_ZEROS : FRAME_BAD_PAYLOAD;
    }
    return FRAME_WHOLE;
}

static int sniff(const struct km_sniff *sniff)
{
    bool named = km_str_search(sniff->place->name, KM_STR(".tfevents.")) <
                 sniff->place->name.len;
    if (sniff->is_folder ||
        km_str_starts(sniff->head, KM_STR("version https://git-lfs"))) {
        return 0;
    }
    if (sniff->head.len < HEADER_BYTES) {
        return named ? 60 : 0;
    }
    if (!has_header(sniff->head)) {
        return named ? 40 : 0;
    }
    /* Other files of records (examples for training) start differently: an
     * event begins with its wall time. */
    bool event =
        sniff->head.len > HEADER_BYTES && sniff->head.ptr[HEADER_BYTES] == 0x09;
    return named ? 100 : event ? 90 : 0;
}

static enum km_code load(struct tf_state *state, struct km_str saved,
                         struct km_err *err)
{
    const char *at = saved.ptr, *end = saved.ptr + saved.len;
    if (saved.len < 2 || at[0] != STATE_VERSION) {
        return km_fail(err, KM_ECORRUPT,
                       "the saved state of an event file has an unknown "
                       "version");
    }
    state->started = at[1] & 1;
    state->searching = at[1] & 2;
    for (at += 2; at < end;) {
        size_t left = (size_t)(end - at);
        unsigned kind = (unsigned char)at[0];
        size_t len = left >= 5 ? km_load_u32(at + 1) : 0;
        if (left < 5 || len > left - 5 || kind >= TF_KIND_COUNT) {
            return km_fail(err, KM_ECORRUPT,
                           "the saved state of an event file is cut");
        }
        struct km_tag *tag =
            km_tags_get(&state->tags, (struct km_str){at + 5, len});
        if (!tag) {
            return km_fail(err, KM_ELIMIT,
                           "an event file has more tags than memory allows");
        }
        tag->kind = kind;
        at += 5 + len;
    }
    return KM_OK;
}

static enum km_code begin(struct km_source *source, struct km_str saved,
                          struct km_err *err)
{
    struct tf_state *state = source->state;
    km_tags_init(&state->tags, &source->arena);
    km_buf_init(&state->text, KM_CONFIG_VALUE_BYTES_MAX);
    return saved.len ? load(state, saved, err) : KM_OK;
}

/* What only the metadata of a first value said. */
static void save(const struct km_source *source, struct km_buf *out)
{
    const struct tf_state *state = source->state;
    km_buf_append_char(out, STATE_VERSION);
    km_buf_append_char(
        out, (char)((state->started ? 1 : 0) | (state->searching ? 2 : 0)));
    for (struct km_tag *tag = state->tags.first; tag; tag = tag->added) {
        if (tag->kind != TF_KIND_NEW) {
            uint32_t len = (uint32_t)tag->name.len;
            km_buf_append_char(out, (char)tag->kind);
            km_buf_append(out, &len, sizeof len);
            km_buf_append(out, tag->name.ptr, len);
        }
    }
}

static void finish(struct km_source *source)
{
    struct tf_state *state = source->state;
    km_buf_finish(&state->text);
}

/* Salvage: passes over bytes until a header holds. Returns how many. */
static size_t search(struct km_source *source, struct km_str bytes, bool last)
{
    struct tf_state *state = source->state;
    size_t at = 0;
    for (; at + HEADER_BYTES <= bytes.len; at++) {
        struct km_str rest = {bytes.ptr + at, bytes.len - at};
        if (bytes.ptr[at + 4] == 0 && bytes.ptr[at + 7] == 0 &&
            has_header(rest)) {
            state->searching = false;
            source->skipped_bytes += at;
            return at;
        }
    }
    if (last) {
        source->status = KM_SOURCE_PARTIAL;
    }
    source->skipped_bytes += at;
    return at;
}

/* Stops at damage, or with salvage goes around it. */
static enum km_code meet_damage(struct km_source *source, size_t at,
                                enum frame_kind kind, size_t *size,
                                struct km_err *err)
{
    struct tf_state *state = source->state;
    uint64_t offset = source->offset + at;
    bool bad_length = kind == FRAME_BAD_LENGTH;
    if (!source->options->salvage) {
        source->status = KM_SOURCE_DAMAGED;
        source->damage_offset = offset;
        *size = 0;
        return km_fail(err, KM_ECORRUPT,
                       "the record at byte %llu fails the checksum of its "
                       "%s; what stands before it is kept (--salvage goes on "
                       "behind it)",
                       (unsigned long long)offset,
                       bad_length ? "length" : "payload");
    }
    km_emit_warn(source->emit, offset,
                 "a record fails the checksum of its %s: skipped",
                 bad_length ? "length" : "payload");
    state->searching = bad_length;
    *size = bad_length ? 1 : *size;
    source->skipped_bytes += *size;
    return KM_OK;
}

static enum km_code feed(struct km_source *source, struct km_str bytes,
                         bool last, size_t *used, struct km_err *err)
{
    struct tf_state *state = source->state;
    enum km_code code = KM_OK;
    size_t at = 0;
    source->status = KM_SOURCE_COMPLETE;
    while (at < bytes.len && code == KM_OK && !km_emit_full(source->emit)) {
        struct km_str rest = {bytes.ptr + at, bytes.len - at};
        if (state->searching) {
            at += search(source, rest, last);
            if (state->searching) {
                break;
            }
            continue;
        }
        struct frame frame = {0};
        enum frame_kind kind = read_frame(rest, &frame);
        if (kind == FRAME_TORN || kind == FRAME_ZEROS) {
            source->status = last || kind == FRAME_ZEROS ? KM_SOURCE_PARTIAL
                                                         : KM_SOURCE_COMPLETE;
            break;
        }
        if (kind == FRAME_WHOLE) {
            km_tf_event_read(source, frame.payload, source->offset + at);
        } else {
            code = meet_damage(source, at, kind, &frame.size, err);
        }
        at += frame.size;
    }
    *used = at;
    return code;
}

const struct km_source_ops km_source_tfevents = {
    .name = "tfevents",
    .title = "TensorBoard event file",
    .shape = KM_SHAPE_STREAM,
    .scope = KM_SCOPE_FOLDER,
    .settings_beside = true,
    .state_bytes = sizeof(struct tf_state),
    .sniff = sniff,
    .begin = begin,
    .feed = feed,
    .save = save,
    .finish = finish,
};
