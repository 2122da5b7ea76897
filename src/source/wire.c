/* wire.c - varints and the four wire types, every length checked. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/wire.h"

#include <assert.h>
#include <math.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the loads of wire.h are little-endian");

static bool fail(struct km_wire *wire)
{
    wire->failed = true;
    wire->end = wire->at; /* nothing more comes out */
    return false;
}

bool km_wire_varint(struct km_wire *wire, uint64_t *value)
{
    const unsigned char *at = wire->at;
    uint64_t bits = 0;
    for (unsigned shift = 0; shift < 64 && at < wire->end; shift += 7) {
        unsigned char byte = *at++;
        if (shift == 63 && byte > 1) {
            return fail(wire);
        }
        bits |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            wire->at = at;
            *value = bits;
            return true;
        }
    }
    return fail(wire);
}

/* The value behind a key; `at` is moved past it. */
static bool read_value(struct km_wire *wire, struct km_wire_field *field)
{
    size_t left = (size_t)(wire->end - wire->at);
    switch (field->type) {
    case KM_WIRE_VARINT:
        return km_wire_varint(wire, &field->integer);
    case KM_WIRE_FIXED64:
        if (left < 8) {
            return fail(wire);
        }
        field->integer = km_load_u64(wire->at);
        wire->at += 8;
        return true;
    case KM_WIRE_FIXED32:
        if (left < 4) {
            return fail(wire);
        }
        field->integer = km_load_u32(wire->at);
        wire->at += 4;
        return true;
    case KM_WIRE_BYTES:
        if (!km_wire_varint(wire, &field->integer)) {
            return false;
        }
        left = (size_t)(wire->end - wire->at);
        if (field->integer > left) {
            return fail(wire);
        }
        field->bytes.ptr = (const char *)wire->at;
        field->bytes.len = (size_t)field->integer;
        wire->at += field->bytes.len;
        return true;
    default:
        return fail(wire);
    }
}

bool km_wire_next_slow(struct km_wire *wire, struct km_wire_field *field)
{
    assert(wire->at < wire->end && !wire->failed);
    uint64_t key = *wire->at;
    if (key < 0x80) {
        wire->at++;
    } else if (!km_wire_varint(wire, &key)) {
        return false;
    }
    if (key < 8 || key > UINT32_MAX) {
        return fail(wire);
    }
    field->number = (uint32_t)(key >> 3);
    field->type = (uint32_t)(key & 7);
    field->bytes = (struct km_str){0};
    return read_value(wire, field);
}

struct km_wire_field km_wire_find(struct km_str message, uint32_t number)
{
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field;
    while (km_wire_next(&wire, &field)) {
        if (field.number == number) {
            return field;
        }
    }
    return (struct km_wire_field){.type = KM_WIRE_BYTES};
}

double km_half_of(uint16_t bits)
{
    unsigned exponent = (bits >> 10) & 31, fraction = bits & 1023;
    double value;
    if (exponent == 31) {
        value = fraction ? (double)NAN : (double)INFINITY;
    } else if (exponent == 0) {
        value = ldexp((double)fraction, -24);
    } else {
        value = ldexp((double)(fraction | 1024), (int)exponent - 25);
    }
    return bits >> 15 ? -value : value;
}
