/* chunk.c - the layout of a chunk blob, see docs/formats/chunk.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chunk.h"

#include <assert.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/hash.h"
#include "store/chunk_column.h"

enum {
    HEADER_BYTES = 8,
    COLUMNS = 3, /* steps, times, values */
    WORD_BYTES = 8,
    VARINT_BYTES_MAX = 10,
    COLUMN_HEADER_BYTES = 4,
    ZSTD_POINTS_MIN = 64, /* below, a frame costs more than it saves */
    ZSTD_LEVEL = 1,
};

/* How a byte plane is stored: two bits of the column's header each. */
enum plane_mode { PLANE_ZERO, PLANE_SAME, PLANE_RAW, PLANE_ZSTD };

_Static_assert(HEADER_BYTES +
                       COLUMNS * (COLUMN_HEADER_BYTES + 2 * VARINT_BYTES_MAX +
                                  WORD_BYTES * KM_CHUNK_POINTS_MAX) <=
                   KM_CHUNK_BYTES_MAX,
               "a chunk of incompressible planes fits");

struct km_chunk_codec {
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
    int64_t steps[KM_CHUNK_POINTS_MAX], times_ns[KM_CHUNK_POINTS_MAX];
    double values[KM_CHUNK_POINTS_MAX];
    uint64_t words[KM_CHUNK_POINTS_MAX], residuals[KM_CHUNK_POINTS_MAX];
    unsigned char plane[KM_CHUNK_POINTS_MAX];
};

struct km_chunk_codec *km_chunk_codec_create(void)
{
    struct km_chunk_codec *codec = malloc(sizeof *codec);
    if (!codec) {
        return NULL;
    }
    codec->compressor = ZSTD_createCCtx();
    codec->decompressor = ZSTD_createDCtx();
    if (!codec->compressor || !codec->decompressor) {
        km_chunk_codec_destroy(codec);
        return NULL;
    }
    (void)ZSTD_CCtx_setParameter(codec->compressor, ZSTD_c_compressionLevel,
                                 ZSTD_LEVEL);
    (void)ZSTD_CCtx_setParameter(codec->compressor, ZSTD_c_contentSizeFlag, 0);
    return codec;
}

void km_chunk_codec_destroy(struct km_chunk_codec *codec)
{
    if (codec) {
        (void)ZSTD_freeCCtx(codec->compressor);
        (void)ZSTD_freeDCtx(codec->decompressor);
        free(codec);
    }
}

static void put_little(unsigned char *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (unsigned char)(value >> 8 * i);
    }
}

static uint64_t get_little(const unsigned char *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value |= (uint64_t)bytes[i] << 8 * i;
    }
    return value;
}

static unsigned char *put_varint(unsigned char *out, uint64_t value)
{
    value = (value << 1) ^ (0 - (value >> 63)); /* small when near zero */
    while (value >= 0x80) {
        *out++ = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    *out++ = (unsigned char)value;
    return out;
}

/* Writes the bytes at `plane` of all residuals. */
static unsigned char *put_plane(struct km_chunk_codec *codec, size_t count,
                                size_t plane, enum plane_mode *mode,
                                unsigned char *out)
{
    for (size_t i = 0; i < count; i++) {
        codec->plane[i] = (unsigned char)(codec->residuals[i] >> 8 * plane);
    }
    if (count >= ZSTD_POINTS_MIN) {
        /* two bytes of length, and it must save a little to be worth it */
        size_t room = count - count / 64 - 2;
        size_t len = ZSTD_compress2(codec->compressor, out + 2, room,
                                    codec->plane, count);
        if (!ZSTD_isError(len)) {
            put_little(out, len, 2);
            *mode = PLANE_ZSTD;
            return out + 2 + len;
        }
    }
    memcpy(out, codec->plane, count);
    *mode = PLANE_RAW;
    return out + count;
}

static unsigned char *put_column(struct km_chunk_codec *codec, size_t count,
                                 struct km_column_form *form,
                                 unsigned char *out)
{
    uint64_t same, any;
    unsigned modes = 0;
    km_column_choose_filter(codec->words, count, form);
    km_column_filter(codec->words, count, form, codec->residuals, &same, &any);
    unsigned char *header = out;
    out += COLUMN_HEADER_BYTES;
    if (form->filter != KM_FILTER_NONE) {
        out = put_varint(out, form->seeds[0]);
    }
    if (form->filter == KM_FILTER_DELTA2) {
        out = put_varint(out, form->seeds[1]);
    }
    for (size_t plane = 0; plane < km_column_width(form->kind); plane++) {
        enum plane_mode mode = PLANE_ZERO;
        unsigned low = same >> 8 * plane & 0xff, high = any >> 8 * plane & 0xff;
        if (low != high) {
            out = put_plane(codec, count, plane, &mode, out);
        } else if (high != 0) {
            mode = PLANE_SAME;
            *out++ = (unsigned char)high;
        }
        modes |= (unsigned)mode << 2 * plane;
    }
    header[0] =
        (unsigned char)((unsigned)form->kind | (unsigned)form->filter << 4);
    header[1] = (unsigned char)form->exponent;
    put_little(header + 2, modes, 2);
    return out;
}

size_t km_chunk_encode(struct km_chunk_codec *codec,
                       const struct km_point *points, size_t count,
                       unsigned char *out)
{
    struct km_column_form form;
    assert(count > 0 && count <= KM_CHUNK_POINTS_MAX);
    for (size_t i = 0; i < count; i++) {
        codec->steps[i] = points[i].step;
        codec->times_ns[i] = points[i].time_ns;
        codec->values[i] = points[i].value;
    }
    unsigned char *end = out + HEADER_BYTES;
    km_column_from_integers(codec->steps, count, &form, codec->words);
    end = put_column(codec, count, &form, end);
    km_column_from_integers(codec->times_ns, count, &form, codec->words);
    end = put_column(codec, count, &form, end);
    km_column_from_doubles(codec->values, count, &form, codec->words);
    end = put_column(codec, count, &form, end);

    size_t len = (size_t)(end - out);
    assert(len <= KM_CHUNK_BYTES_MAX);
    out[0] = KM_CHUNK_VERSION;
    out[1] = 0;
    put_little(out + 2, count, 2);
    uint32_t crc = km_crc32c(0, out, 4);
    crc = km_crc32c(crc, out + HEADER_BYTES, len - HEADER_BYTES);
    put_little(out + 4, crc, 4);
    return len;
}

/* The bytes still to be read of a blob. */
struct reader {
    const unsigned char *at, *end;
    const unsigned char *start;
};

static size_t bytes_left(const struct reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

static enum km_code short_chunk(const struct reader *reader, const char *what,
                                struct km_err *err)
{
    return km_fail(err, KM_ECORRUPT,
                   "chunk: at byte %zu of %zu %s does not fit",
                   (size_t)(reader->at - reader->start),
                   (size_t)(reader->end - reader->start), what);
}

static enum km_code get_varint(struct reader *reader, uint64_t *value,
                               struct km_err *err)
{
    uint64_t zigzag = 0;
    for (unsigned shift = 0; shift < 7 * VARINT_BYTES_MAX; shift += 7) {
        if (reader->at == reader->end) {
            break;
        }
        unsigned char byte = *reader->at++;
        zigzag |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = (zigzag >> 1) ^ (0 - (zigzag & 1));
            return KM_OK;
        }
    }
    return short_chunk(reader, "a seed", err);
}

/* Points `*plane` at the `count` bytes of a plane that is not constant. */
static enum km_code get_plane(struct km_chunk_codec *codec,
                              struct reader *reader, enum plane_mode mode,
                              size_t count, const unsigned char **plane,
                              struct km_err *err)
{
    size_t len = count;
    if (mode == PLANE_ZSTD) {
        if (bytes_left(reader) < 2) {
            return short_chunk(reader, "a plane's length", err);
        }
        len = (size_t)get_little(reader->at, 2);
        reader->at += 2;
    }
    if (bytes_left(reader) < len) {
        return short_chunk(reader, "a plane", err);
    }
    *plane = reader->at;
    if (mode == PLANE_ZSTD) {
        size_t got = ZSTD_decompressDCtx(codec->decompressor, codec->plane,
                                         count, reader->at, len);
        if (got != count) { /* an error code is no count either */
            return short_chunk(reader, "a plane, decompressed,", err);
        }
        *plane = codec->plane;
    }
    reader->at += len;
    return KM_OK;
}

static void add_plane(uint64_t *words, const unsigned char *plane, size_t count,
                      unsigned shift)
{
    for (size_t i = 0; i < count; i++) {
        words[i] |= (uint64_t)plane[i] << shift;
    }
}

/* Reads the planes of a column into codec->words. */
static enum km_code get_planes(struct km_chunk_codec *codec,
                               struct reader *reader, unsigned modes,
                               size_t width, size_t count, struct km_err *err)
{
    uint64_t same = 0;
    const unsigned char *plane = NULL;
    if (width < WORD_BYTES && modes >> 2 * width != 0) {
        return short_chunk(reader, "a plane beyond the column's width", err);
    }
    memset(codec->words, 0, count * sizeof codec->words[0]);
    for (unsigned i = 0; i < width; i++) {
        enum plane_mode mode = (enum plane_mode)(modes >> 2 * i & 3);
        if (mode == PLANE_SAME) {
            if (bytes_left(reader) < 1) {
                return short_chunk(reader, "a plane", err);
            }
            same |= (uint64_t)*reader->at++ << 8 * i;
        } else if (mode != PLANE_ZERO) {
            enum km_code code =
                get_plane(codec, reader, mode, count, &plane, err);
            if (code) {
                return code;
            }
            add_plane(codec->words, plane, count, 8 * i);
        }
    }
    for (size_t i = 0; same && i < count; i++) {
        codec->words[i] |= same;
    }
    return KM_OK;
}

/* Reads one column into codec->words. */
static enum km_code get_column(struct km_chunk_codec *codec,
                               struct reader *reader, size_t count,
                               bool of_values, struct km_column_form *form,
                               struct km_err *err)
{
    enum km_code code = KM_OK;
    if (bytes_left(reader) < COLUMN_HEADER_BYTES) {
        return short_chunk(reader, "a column's header", err);
    }
    unsigned kind = reader->at[0] & 15, filter = reader->at[0] >> 4;
    unsigned modes = (unsigned)get_little(reader->at + 2, 2);
    *form = (struct km_column_form){.kind = (enum km_column_kind)kind,
                                    .filter = (enum km_column_filter)filter,
                                    .exponent = reader->at[1]};
    if (kind >= KM_COLUMN_KINDS || filter >= KM_FILTERS ||
        (kind == KM_COLUMN_INTEGER) == of_values ||
        form->exponent > KM_COLUMN_EXPONENT_MAX) {
        return short_chunk(reader, "a column's kind", err);
    }
    reader->at += COLUMN_HEADER_BYTES;
    if (filter != KM_FILTER_NONE) {
        code = get_varint(reader, &form->seeds[0], err);
    }
    if (code == KM_OK && filter == KM_FILTER_DELTA2) {
        code = get_varint(reader, &form->seeds[1], err);
    }
    if (code == KM_OK) {
        code = get_planes(codec, reader, modes, km_column_width(form->kind),
                          count, err);
    }
    if (code == KM_OK) {
        km_column_unfilter(codec->words, count, form);
    }
    return code;
}

static enum km_code get_header(const struct reader *reader, size_t *count,
                               struct km_err *err)
{
    size_t len = bytes_left(reader);
    if (len < HEADER_BYTES || len > KM_CHUNK_BYTES_MAX) {
        return km_fail(err, KM_ECORRUPT, "chunk: %zu bytes, expected %d to %d",
                       len, HEADER_BYTES, KM_CHUNK_BYTES_MAX);
    }
    const unsigned char *bytes = reader->at;
    if (bytes[0] != KM_CHUNK_VERSION || bytes[1] != 0) {
        return km_fail(err, KM_ECORRUPT, "chunk: version %d.%d, expected %d.0",
                       bytes[0], bytes[1], KM_CHUNK_VERSION);
    }
    uint32_t crc = km_crc32c(0, bytes, 4);
    crc = km_crc32c(crc, bytes + HEADER_BYTES, len - HEADER_BYTES);
    if (crc != get_little(bytes + 4, 4)) {
        return km_fail(err, KM_ECORRUPT, "chunk: its checksum fails");
    }
    *count = (size_t)get_little(bytes + 2, 2);
    if (*count == 0 || *count > KM_CHUNK_POINTS_MAX) {
        return km_fail(err, KM_ECORRUPT, "chunk: %zu points, expected 1 to %d",
                       *count, KM_CHUNK_POINTS_MAX);
    }
    return KM_OK;
}

enum km_code km_chunk_decode(struct km_chunk_codec *codec,
                             const unsigned char *bytes, size_t len,
                             struct km_columns *columns, struct km_err *err)
{
    struct reader reader = {bytes, bytes + len, bytes};
    struct km_column_form form;
    size_t count = 0;
    enum km_code code = get_header(&reader, &count, err);
    if (code) {
        return code;
    }
    reader.at += HEADER_BYTES;
    int64_t *const integers[] = {codec->steps, codec->times_ns};
    for (size_t i = 0; i < 2; i++) {
        code = get_column(codec, &reader, count, false, &form, err);
        if (code) {
            return code;
        }
        km_column_to_integers(codec->words, count, &form, integers[i]);
    }
    code = get_column(codec, &reader, count, true, &form, err);
    if (code) {
        return code;
    }
    km_column_to_doubles(codec->words, count, &form, codec->values);
    if (reader.at != reader.end) {
        return short_chunk(&reader, "what follows the columns", err);
    }
    columns->count = count;
    columns->steps = codec->steps;
    columns->times_ns = codec->times_ns;
    columns->values = codec->values;
    return KM_OK;
}

void km_chunk_move(struct km_chunk_codec *codec, size_t to, size_t from)
{
    assert(to <= from && from < KM_CHUNK_POINTS_MAX);
    codec->steps[to] = codec->steps[from];
    codec->times_ns[to] = codec->times_ns[from];
    codec->values[to] = codec->values[from];
}
