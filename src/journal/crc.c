/* crc.c - CRC-32C (Castagnoli, reflected polynomial 0x82f63b78). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/crc.h"

#include <string.h>

/* The register after one more half byte: small, and fast enough for the few
 * processors without the instruction. Row n is the remainder of n. */
static const uint32_t nibble_table[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
    0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
    0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t feed_byte(uint32_t reg, unsigned char byte)
{
    reg ^= byte;
    reg = nibble_table[reg & 15] ^ (reg >> 4);
    return nibble_table[reg & 15] ^ (reg >> 4);
}

uint32_t km_journal_crc_words_table(uint32_t reg, const uint64_t words[4])
{
    for (int i = 0; i < 4; i++) {
        for (int shift = 0; shift < 64; shift += 8) {
            reg = feed_byte(reg, (unsigned char)(words[i] >> shift));
        }
    }
    return reg;
}

uint32_t km_journal_crc32c(uint32_t crc, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    uint32_t reg = ~crc;
    for (; len >= 32; len -= 32, at += 32) {
        uint64_t words[4];
        memcpy(words, at, sizeof words);
        reg = km_journal_crc_words(reg, words);
    }
    for (; len > 0; len--, at++) {
        reg = feed_byte(reg, *at);
    }
    return ~reg;
}
