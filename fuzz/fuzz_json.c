/* fuzz_json.c - JSON read whole and read in pieces must give the same. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "base/hash.h"
#include "base/json_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static uint64_t mix(uint64_t hash, const struct km_json_token *token)
{
    hash =
        km_hash(token->text.ptr ? token->text.ptr : "", token->text.len, hash);
    uint64_t words[3] = {(uint64_t)token->kind, (uint64_t)token->depth,
                         token->offset};
    return km_hash(words, sizeof words, hash);
}

static uint64_t read_in_pieces(const char *bytes, size_t len, size_t piece)
{
    struct km_json_reader reader;
    struct km_json_token token;
    struct km_err err = {0};
    uint64_t hash = 0;
    km_json_reader_init(&reader);
    size_t at = 0;
    enum km_code code = KM_OK;
    bool last = false;
    while (code == KM_OK && !last) {
        size_t part = len - at < piece ? len - at : piece;
        last = at + part == len;
        km_json_reader_feed(&reader, bytes + at, part, last);
        at += part;
        while ((code = km_json_next(&reader, &token, &err)) == KM_OK &&
               token.kind != KM_JSON_MORE) {
            assert(km_utf8_is_valid(token.text));
            assert(token.depth >= 0 && token.depth <= KM_JSON_DEPTH_MAX);
            hash = mix(hash, &token);
        }
    }
    km_json_reader_finish(&reader);
    return km_hash(err.message, sizeof err.message, hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0) {
        return 0;
    }
    const char *text = (const char *)bytes;
    uint64_t whole = read_in_pieces(text, len, len + 1);
    assert(read_in_pieces(text, len, 1) == whole);
    assert(read_in_pieces(text, len, 1 + bytes[len / 2] % 13u) == whole);
    return 0;
}
