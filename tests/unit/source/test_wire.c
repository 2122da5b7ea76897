/* test_wire.c - fields come out as written; cut and overlong ones are refused.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/wire.h"

#include "tap.h"

static struct km_wire wire_of(const void *bytes, size_t len)
{
    return km_wire_of((struct km_str){bytes, len});
}

static void reads_every_wire_type(void)
{
    static const char message[] = "\x08\x96\x01"             /* 1: 150 */
                                  "\x11\0\0\0\0\0\0\xf8\x3f" /* 2: 1.5 */
                                  "\x1a\x02hi"               /* 3: "hi" */
                                  "\x25\0\0\x80\x3e"         /* 4: 0.25f */
                                  "\xc8\x06\x01";            /* 105: 1 */
    struct km_wire wire = wire_of(message, sizeof message - 1);
    struct km_wire_field field;
    CHECK(km_wire_next(&wire, &field));
    CHECK_INT(field.number, 1);
    CHECK_INT(field.integer, 150);
    CHECK(km_wire_next(&wire, &field));
    CHECK_NEAR(km_double_of(field.integer), 1.5, 0);
    CHECK(km_wire_next(&wire, &field));
    CHECK(km_str_is(field.bytes, "hi"));
    CHECK(km_wire_next(&wire, &field));
    CHECK_NEAR(km_float_of((uint32_t)field.integer), 0.25, 0);
    CHECK(km_wire_next(&wire, &field));
    CHECK_INT(field.number, 105);
    CHECK(!km_wire_next(&wire, &field));
    CHECK(!wire.failed);
}

static void refuses_what_is_cut_or_overlong(void)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        {"\x08", 1},       /* no value */
        {"\x08\x80", 2},   /* cut varint */
        {"\x80", 1},       /* cut key */
        {"\x11\0\0\0", 4}, /* cut fixed64 */
        {"\x25\0\0", 3},   /* cut fixed32 */
        {"\x1a\x03hi", 4}, /* cut bytes */
        {"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11}, /* 65 bits */
        {"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 12},
        {"\x0b\x0c", 2},                     /* a group */
        {"\x0e\x01", 2},                     /* wire type 6 */
        {"\x02\x00", 2},                     /* field 0 */
        {"\x82\x80\x80\x80\x80\x01\x00", 7}, /* field number beyond 29 bits */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct km_wire wire = wire_of(rows[i].bytes, rows[i].len);
        struct km_wire_field field;
        CHECK(!km_wire_next(&wire, &field));
        CHECK(wire.failed);
        CHECK(!km_wire_next(&wire, &field));
    }
}

static void varints_survive_at_every_length(void)
{
    for (int shift = 0; shift < 64; shift++) {
        for (int less = 0; less < 2; less++) {
            uint64_t wanted = (UINT64_C(1) << shift) - (uint64_t)less;
            unsigned char bytes[10];
            size_t len = 0;
            uint64_t rest = wanted;
            while (rest >= 0x80) {
                bytes[len++] = (unsigned char)(rest | 0x80);
                rest >>= 7;
            }
            bytes[len++] = (unsigned char)rest;
            struct km_wire wire = wire_of(bytes, len);
            uint64_t value = 0;
            CHECK(km_wire_varint(&wire, &value) && value == wanted);
            wire = wire_of(bytes, len - 1);
            CHECK(!km_wire_varint(&wire, &value));
        }
    }
}

static void find_gives_the_first_or_nothing(void)
{
    struct km_str message = {"\x08\x01\x12\x01x\x12\x01y", 8};
    CHECK(km_str_is(km_wire_find(message, 2).bytes, "x"));
    CHECK_INT(km_wire_find(message, 1).integer, 1);
    CHECK_INT(km_wire_find(message, 9).bytes.len, 0);
    CHECK_INT(km_wire_find((struct km_str){0}, 1).integer, 0);
}

static void half_precision_is_exact(void)
{
    static const struct {
        uint16_t bits;
        double value;
    } rows[] = {{0x0000, 0},       {0x3c00, 1},         {0xc000, -2},
                {0x7bff, 65504},   {0x0001, 0x1p-24},   {0x03ff, 0x1.ff8p-15},
                {0x0400, 0x1p-14}, {0x3555, 0x1.554p-2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_NEAR(km_half_of(rows[i].bits), rows[i].value, 0);
    }
    CHECK(isinf(km_half_of(0xfc00)) && km_half_of(0xfc00) < 0);
    CHECK(isnan(km_half_of(0x7e00)));
    CHECK(signbit(km_half_of(0x8000)));
}

int main(void)
{
    RUN(reads_every_wire_type);
    RUN(refuses_what_is_cut_or_overlong);
    RUN(varints_survive_at_every_length);
    RUN(find_gives_the_first_or_nothing);
    RUN(half_precision_is_exact);
    return tap_end();
}
