/* hash.c - thin covers over libxxhash and ISA-L. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <isa-l/crc.h>
#include <stdlib.h>
#include <xxhash.h>

uint64_t km_hash(const void *bytes, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, len, seed);
}

uint64_t km_id(const struct km_str *parts, size_t count)
{
    uint64_t id = count;
    for (size_t i = 0; i < count; i++) {
        id = XXH3_64bits_withSeed(parts[i].ptr, parts[i].len, id);
    }
    id &= INT64_MAX;
    return id ? id : 1;
}

uint32_t km_crc32c(uint32_t crc, const void *bytes, size_t len)
{
    /* ISA-L takes a non-const pointer and an int length, and does not invert.
     */
    union {
        const void *given;
        unsigned char *wanted;
    } at = {.given = bytes};
    uint32_t state = ~crc;
    while (len > 0) {
        int part = len > 1 << 30 ? 1 << 30 : (int)len;
        state = crc32_iscsi(at.wanted, part, state);
        at.wanted += part;
        len -= (size_t)part;
    }
    return ~state;
}

struct km_fingerprint {
    XXH3_state_t *state;
};

struct km_fingerprint *km_fingerprint_create(void)
{
    struct km_fingerprint *print = malloc(sizeof *print);
    if (!print) {
        return NULL;
    }
    print->state = XXH3_createState();
    if (!print->state) {
        free(print);
        return NULL;
    }
    km_fingerprint_reset(print);
    return print;
}

void km_fingerprint_reset(struct km_fingerprint *print)
{
    (void)XXH3_64bits_reset(print->state);
}

void km_fingerprint_add(struct km_fingerprint *print, const void *bytes,
                        size_t len)
{
    (void)XXH3_64bits_update(print->state, bytes, len);
}

uint64_t km_fingerprint_value(const struct km_fingerprint *print)
{
    return XXH3_64bits_digest(print->state) & INT64_MAX;
}

void km_fingerprint_destroy(struct km_fingerprint *print)
{
    if (print) {
        (void)XXH3_freeState(print->state);
        free(print);
    }
}
