/* json_read.h - JSON from a stream of bytes, one token at a time.
 *
 * Bytes are fed as they arrive; tokens come out as they complete, whatever the
 * cuts between pieces. 64-bit integers stay exact, bare NaN, Infinity and
 * -Infinity are numbers, depth and token size are bounded, and every token
 * knows its byte offset. Several documents may follow each other (JSON Lines).
 *
 *     km_json_reader_feed(&r, bytes, len, false);
 *     while ((code = km_json_next(&r, &token, err)) == KM_OK &&
 *            token.kind != KM_JSON_MORE) { ... }
 *
 * Strings come out as valid UTF-8: bad bytes and lone surrogates, which logs do
 * hold, become U+FFFD. Everything else follows RFC 8259 to the letter.
 *
 * Ownership: the reader owns its carry buffer; a token's text is valid until
 * the next call. The bytes fed must stay valid until MORE comes back.
 * Errors: KM_EINPUT with the byte offset and what was expected, KM_ELIMIT; a
 * failure stays until reset.
 * Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_JSON_READ_H
#define KM_BASE_JSON_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

enum km_json_kind {
    KM_JSON_MORE, /* feed more bytes (or the end was reached) */
    KM_JSON_NULL,
    KM_JSON_BOOL,    /* .integer is 0 or 1 */
    KM_JSON_INTEGER, /* .integer exact, .number the same as a double */
    KM_JSON_NUMBER,  /* .number; also NaN and the infinities */
    KM_JSON_STRING,  /* .text, unescaped UTF-8 */
    KM_JSON_KEY,     /* .text, unescaped; its value comes next */
    KM_JSON_OBJECT_BEGIN,
    KM_JSON_OBJECT_END,
    KM_JSON_ARRAY_BEGIN,
    KM_JSON_ARRAY_END,
};

struct km_json_token {
    enum km_json_kind kind;
    int depth;       /* open objects and arrays around this token */
    uint64_t offset; /* of its first byte in the stream */
    int64_t integer;
    double number;
    struct km_str text; /* of strings and keys; raw digits of numbers */
};

struct km_json_reader {
    struct km_str input; /* what was fed and not yet read */
    bool last;           /* no more bytes will come */
    uint64_t offset;     /* of input.ptr in the stream */
    struct km_buf carry; /* a token that was cut between two pieces */
    struct km_buf text;  /* an unescaped string */
    int depth;
    unsigned char scope[KM_JSON_DEPTH_MAX]; /* '{' or '[' */
    unsigned char expect;  /* what may come next, see json_read.c */
    unsigned char partial; /* what `carry` holds the beginning of, or 0 */
    unsigned char seen;    /* what the string at hand contains */
    uint64_t token_offset; /* of the token at hand */
};

void km_json_reader_init(struct km_json_reader *reader);
void km_json_reader_reset(struct km_json_reader *reader); /* new stream */

/* The bytes that stand at reader->offset in the stream. What was fed before and
 * not read is dropped: a caller that stops early feeds it again. */
void km_json_reader_feed(struct km_json_reader *reader, const char *bytes,
                         size_t len, bool last);
enum km_code km_json_next(struct km_json_reader *reader,
                          struct km_json_token *token, struct km_err *err);

/* Reads past the value that begins with `token` (an object, array or scalar
 * already read); needs the whole value to have been fed. */
enum km_code km_json_skip(struct km_json_reader *reader,
                          const struct km_json_token *token,
                          struct km_err *err);
void km_json_reader_finish(struct km_json_reader *reader);

#endif
