/* tf_build.h - writes protobuf fields and TensorBoard records for tests. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_SOURCE_TF_BUILD_H
#define KM_TESTS_SOURCE_TF_BUILD_H

#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"

static inline void put_varint(struct km_buf *out, uint64_t value)
{
    while (value >= 0x80) {
        km_buf_append_char(out, (char)(value | 0x80));
        value >>= 7;
    }
    km_buf_append_char(out, (char)value);
}

static inline void put_integer(struct km_buf *out, unsigned field,
                               uint64_t value)
{
    put_varint(out, (uint64_t)field << 3);
    put_varint(out, value);
}

static inline void put_double(struct km_buf *out, unsigned field, double value)
{
    put_varint(out, (uint64_t)field << 3 | 1);
    km_buf_append(out, &value, sizeof value);
}

static inline void put_float(struct km_buf *out, unsigned field, float value)
{
    put_varint(out, (uint64_t)field << 3 | 5);
    km_buf_append(out, &value, sizeof value);
}

static inline void put_bytes(struct km_buf *out, unsigned field,
                             const void *bytes, size_t len)
{
    put_varint(out, (uint64_t)field << 3 | 2);
    put_varint(out, len);
    km_buf_append(out, bytes, len);
}

static inline void put_text(struct km_buf *out, unsigned field,
                            const char *text)
{
    put_bytes(out, field, text, strlen(text));
}

/* A nested message: moves `inner` into `out` and empties it. */
static inline void put_message(struct km_buf *out, unsigned field,
                               struct km_buf *inner)
{
    put_bytes(out, field, inner->bytes, inner->len);
    km_buf_reset(inner);
}

static inline uint32_t tf_masked(const void *bytes, size_t len)
{
    uint32_t crc = km_crc32c(0, bytes, len);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

/* Frames `payload` as a record and empties it. */
static inline void put_record(struct km_buf *file, struct km_buf *payload)
{
    uint64_t len = payload->len;
    uint32_t crc = tf_masked(&len, sizeof len);
    km_buf_append(file, &len, sizeof len);
    km_buf_append(file, &crc, sizeof crc);
    km_buf_append(file, payload->bytes, payload->len);
    crc = tf_masked(payload->bytes, payload->len);
    km_buf_append(file, &crc, sizeof crc);
    km_buf_reset(payload);
}

/* The start of an event. */
static inline void put_event(struct km_buf *event, double wall, int64_t step)
{
    put_double(event, 1, wall);
    put_integer(event, 2, (uint64_t)step);
}

#endif
