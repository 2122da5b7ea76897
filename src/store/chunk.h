/* chunk.h - up to 4,096 points of one series and attempt as one small blob.
 *
 *     points -> three columns -> number kind and filter chosen by a sample
 *            -> residuals -> byte planes -> zstd where it pays -> CRC-32C
 *
 * Lossless to the last bit: NaN payloads, -0.0 and the full range of 64-bit
 * steps come back as they went in.
 * Ownership: a codec owns its contexts and scratch; decoded columns live in it
 * until its next use.   Threads: one codec per thread.
 * Errors: KM_ECORRUPT.   Document: docs/formats/chunk.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_STORE_CHUNK_H
#define KM_STORE_CHUNK_H

#include "base/limits.h"
#include "store/store.h"

enum { KM_CHUNK_VERSION = 1 };

struct km_chunk_codec;
struct km_chunk_codec *km_chunk_codec_create(void); /* NULL: no memory */
void km_chunk_codec_destroy(struct km_chunk_codec *codec);

/* Writes 1 to KM_CHUNK_POINTS_MAX points to `out`, which has room for
 * KM_CHUNK_BYTES_MAX. Returns how many bytes it took. */
size_t km_chunk_encode(struct km_chunk_codec *codec,
                       const struct km_point *points, size_t count,
                       unsigned char *out);

/* Reads `len` bytes that nobody vouches for. `columns->attempt` is left. */
enum km_code km_chunk_decode(struct km_chunk_codec *codec,
                             const unsigned char *bytes, size_t len,
                             struct km_columns *columns, struct km_err *err);

/* In the columns decoded last, copies the point at `from` to place `to`. */
void km_chunk_move(struct km_chunk_codec *codec, size_t to, size_t from);

#endif
