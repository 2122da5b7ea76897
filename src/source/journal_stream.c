/* journal_stream.c - ranges of a segment, taken where they join. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/journal_stream.h"

#include <string.h>

enum { SAVED_VERSION = 1, SAVED_WORDS = 3 };

enum km_code
km_journal_stream_begin(struct km_journal_stream *stream,
                        const unsigned char writer[KM_JOURNAL_WRITER_BYTES],
                        struct km_str saved, struct km_err *err)
{
    uint32_t words[SAVED_WORDS] = {SAVED_VERSION, 0, 0};
    stream->place = (struct km_journal_place){0, 0};
    stream->entered = false;
    stream->at = 0;
    stream->damaged = 0;
    memcpy(stream->writer, writer, KM_JOURNAL_WRITER_BYTES);
    km_journal_intake_init(&stream->intake);
    stream->intake.is_fresh = saved.len == 0;
    if (saved.len >= sizeof words) { /* gaps may follow: they stay empty */
        memcpy(words, saved.ptr, sizeof words);
    }
    if ((saved.len && saved.len < sizeof words) || words[0] != SAVED_VERSION) {
        return km_fail(err, KM_ECORRUPT,
                       "the saved place of a journal has %zu bytes that are "
                       "not of version %d",
                       saved.len, SAVED_VERSION);
    }
    stream->place = (struct km_journal_place){words[1], words[2]};
    return KM_OK;
}

void km_journal_stream_save(const struct km_journal_stream *stream,
                            struct km_buf *out)
{
    const uint32_t words[SAVED_WORDS] = {SAVED_VERSION, stream->place.segment,
                                         stream->place.slot};
    km_buf_append(out, words, sizeof words);
}

void km_journal_stream_finish(struct km_journal_stream *stream)
{
    km_journal_intake_finish(&stream->intake);
}

uint32_t km_journal_stream_segment(const struct km_journal_stream *stream)
{
    return stream->place.segment;
}

uint64_t km_journal_stream_offset(const struct km_journal_stream *stream)
{
    return stream->entered ? km_journal_offset(stream->at) : 0;
}

/* Reads the header at the start of `range`. A journal of which nothing is known
 * begins with its first segment; the next one follows when nothing more is to
 * come of this one. */
static enum km_code enter(struct km_journal_stream *stream,
                          struct km_emit *emit,
                          const struct km_journal_range *range,
                          struct km_err *err)
{
    struct km_journal_header header;
    enum km_code code =
        km_journal_header_decode((const unsigned char *)range->bytes.ptr,
                                 range->bytes.len, &header, err);
    if (code) {
        return code;
    }
    if (header.segment != range->segment ||
        memcmp(header.writer, stream->writer, sizeof header.writer) != 0) {
        return km_fail(err, KM_ECORRUPT,
                       "byte 0: the header is that of segment %u of another "
                       "place than segment %u of this journal",
                       (unsigned)header.segment, (unsigned)range->segment);
    }
    if (range->segment != stream->place.segment) {
        stream->place = (struct km_journal_place){range->segment, 0};
    }
    km_journal_intake_enter(&stream->intake, emit, &header);
    stream->entered = true;
    stream->at = 0;
    return KM_OK;
}

bool km_journal_stream_joins(const struct km_journal_stream *stream,
                             const struct km_journal_range *range)
{
    uint32_t segment = stream->place.segment;
    if (range->offset == 0) {
        return range->segment == segment || range->segment == segment + 1 ||
               (range->gone && range->segment > segment);
    }
    return stream->entered && range->segment == segment &&
           range->offset == km_journal_offset(stream->at);
}

static enum km_code take_slots(struct km_journal_stream *stream,
                               struct km_emit *emit, struct km_str bytes,
                               struct km_err *err)
{
    while (bytes.len >= KM_JOURNAL_SLOT_BYTES) {
        struct km_journal_record record;
        enum km_journal_found found = km_journal_next(
            &stream->intake.decoder, (const unsigned char *)bytes.ptr,
            bytes.len, stream->at, &record);
        if (found == KM_JOURNAL_CUT) {
            break;
        }
        bool is_new = stream->at >= stream->place.slot;
        if (found == KM_JOURNAL_FOUND) {
            km_journal_intake_take(&stream->intake, emit, &record, is_new);
        }
        stream->damaged += found == KM_JOURNAL_DAMAGED && is_new;
        size_t used = (size_t)record.slot_count * KM_JOURNAL_SLOT_BYTES;
        bytes.ptr += used;
        bytes.len -= used;
        stream->at += record.slot_count;
        if (is_new) {
            stream->place.slot = stream->at;
        }
        enum km_code code = KM_OK;
        if (km_emit_failed(emit)) {
            return km_emit_error(emit, err);
        }
        if (km_emit_full(emit) &&
            (code = km_emit_checkpoint(emit, err)) != KM_OK) {
            return code;
        }
    }
    return KM_OK;
}

enum km_code km_journal_stream_take(struct km_journal_stream *stream,
                                    struct km_emit *emit,
                                    const struct km_journal_range *range,
                                    struct km_err *err)
{
    struct km_str bytes = range->bytes;
    if (!km_journal_stream_joins(stream, range)) {
        return km_fail(err, KM_ECONFLICT,
                       "the range begins at byte %llu of segment %u, expected "
                       "byte %llu of segment %u",
                       (unsigned long long)range->offset,
                       (unsigned)range->segment,
                       (unsigned long long)km_journal_stream_offset(stream),
                       (unsigned)stream->place.segment);
    }
    if (range->offset == 0) {
        enum km_code code = enter(stream, emit, range, err);
        if (code) {
            return code;
        }
        bytes.ptr += KM_JOURNAL_HEADER_BYTES;
        bytes.len -= KM_JOURNAL_HEADER_BYTES;
    }
    return take_slots(stream, emit, bytes, err);
}
