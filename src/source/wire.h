/* wire.h - reads the fields of a protobuf message, one after the other.
 *
 *     struct km_wire wire = km_wire_of(message);
 *     struct km_wire_field field;
 *     while (km_wire_next(&wire, &field)) { switch (field.number) ... }
 *     if (wire.failed) ...
 *
 * Every length is checked against the bytes that are left; nothing is
 * allocated or copied. Groups, which no log uses, count as malformed.
 * Ownership: fields point into the message.   Threads: one at a time.
 * Document: docs/formats/tfevents.md#wire */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_WIRE_H
#define KM_SOURCE_WIRE_H

#include <stdint.h>

#include "base/str.h"

enum km_wire_type {
    KM_WIRE_VARINT = 0,
    KM_WIRE_FIXED64 = 1,
    KM_WIRE_BYTES = 2,
    KM_WIRE_FIXED32 = 5,
};

struct km_wire {
    const unsigned char *at, *end;
    bool failed; /* the message is malformed from `at` on */
};

struct km_wire_field {
    uint32_t number;
    uint32_t type;       /* enum km_wire_type */
    uint64_t integer;    /* of a varint, or the bits of a fixed field */
    struct km_str bytes; /* of KM_WIRE_BYTES, else empty */
};

/* The next field; false at the end of the message and when it is malformed. */
bool km_wire_next(struct km_wire *wire, struct km_wire_field *field);

/* One varint, as in a packed field; false, with `failed` set, when it is cut
 * or longer than 64 bits. */
bool km_wire_varint(struct km_wire *wire, uint64_t *value);

/* The first field of that number, or one of type KM_WIRE_BYTES with no bytes
 * when there is none. For messages where speed does not matter. */
struct km_wire_field km_wire_find(struct km_str message, uint32_t number);

static inline struct km_wire km_wire_of(struct km_str message)
{
    const unsigned char *at = (const unsigned char *)message.ptr;
    return (struct km_wire){.at = at, .end = at ? at + message.len : at};
}

/* Little-endian loads; bounds are the caller's. */
static inline uint64_t km_load_u64(const void *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline uint32_t km_load_u32(const void *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline uint16_t km_load_u16(const void *bytes)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

/* Bits as the floating-point numbers they stand for. */
static inline double km_double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline double km_float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

double km_half_of(uint16_t bits); /* IEEE binary16 */

#endif
