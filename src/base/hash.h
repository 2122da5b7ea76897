/* hash.h - identity (63-bit ids, content fingerprints) and damage detection.
 *
 * Ids are XXH3 (libxxhash), stable across machines and versions; checksums are
 * CRC-32C (ISA-L), one polynomial for files, wire and store.
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_HASH_H
#define KM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

uint64_t km_hash(const void *bytes, size_t len, uint64_t seed);

/* A 63-bit id, never 0, of one or more texts; ("a","bc") differs from
 * ("ab","c"). Fits SQLite's signed 64-bit integers. */
uint64_t km_id(const struct km_str *parts, size_t count);

/* CRC-32C of `bytes`; continue with the earlier result as `crc` (0 to start).
 * km_crc32c("123456789") is 0xe3069283. */
uint32_t km_crc32c(uint32_t crc, const void *bytes, size_t len);

/* A fingerprint of a byte stream fed piece by piece. */
struct km_fingerprint;
struct km_fingerprint *km_fingerprint_create(void); /* NULL: no memory */
void km_fingerprint_reset(struct km_fingerprint *print);
void km_fingerprint_add(struct km_fingerprint *print, const void *bytes,
                        size_t len);
uint64_t km_fingerprint_value(const struct km_fingerprint *print);
void km_fingerprint_destroy(struct km_fingerprint *print);

#endif
