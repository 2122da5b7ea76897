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

/* The rest of km_wire_next(): long keys, numbers and lengths, what is cut. */
bool km_wire_next_slow(struct km_wire *wire, struct km_wire_field *field);

/* The next field; false at the end of the message and when it is malformed.
 * In line for what nearly all fields are: a key and a length of one byte. */
static inline bool km_wire_next(struct km_wire *wire,
                                struct km_wire_field *field)
{
    const unsigned char *at = wire->at;
    size_t left = (size_t)(wire->end - at);
    if (left == 0) {
        return false;
    }
    if (left >= 2 && at[0] >= 8 && at[0] < 0x80) {
        field->number = at[0] >> 3;
        field->type = at[0] & 7;
        field->bytes = (struct km_str){0};
        if (field->type == KM_WIRE_BYTES && at[1] < 0x80 && at[1] <= left - 2) {
            field->integer = at[1];
            field->bytes = (struct km_str){(const char *)at + 2, at[1]};
            wire->at = at + 2 + at[1];
            return true;
        }
        if (field->type == KM_WIRE_VARINT && at[1] < 0x80) {
            field->integer = at[1];
            wire->at = at + 2;
            return true;
        }
        if (field->type == KM_WIRE_VARINT && left >= 4 && at[3] < 0x80) {
            bool longer = at[2] >= 0x80; /* two or three bytes: steps */
            field->integer = (at[1] & 0x7fu) | (at[2] & 0x7fu) << 7 |
                             (longer ? (uint64_t)at[3] << 14 : 0);
            wire->at = at + (longer ? 4 : 3);
            return true;
        }
        if (field->type == KM_WIRE_FIXED64 && left >= 9) {
            field->integer = km_load_u64(at + 1);
            wire->at = at + 9;
            return true;
        }
        if (field->type == KM_WIRE_FIXED32 && left >= 5) {
            field->integer = km_load_u32(at + 1);
            wire->at = at + 5;
            return true;
        }
    }
    struct km_wire rest = *wire; /* copies: the caller's stay in registers */
    struct km_wire_field found = {0};
    bool more = km_wire_next_slow(&rest, &found);
    *wire = rest;
    *field = found;
    return more;
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
