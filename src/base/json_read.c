/* json_read.c - a pull tokenizer for JSON that survives any cut of its input.
 *
 * A token that lies whole in the piece at hand is read in place; one that is
 * cut is gathered in `carry` and then read from there, by the same code. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_read.h"

#include <assert.h>
#include <math.h>

#include "base/number.h"

/* What may come next. The zero state is the start of a stream. */
enum expect {
    EXPECT_DOCUMENT, /* a value, or the end of the stream */
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END, /* after '[' */
    EXPECT_KEY,
    EXPECT_KEY_OR_END, /* after '{' */
    EXPECT_COLON,
    EXPECT_COMMA_OR_END,
    EXPECT_NOTHING, /* a failure was reported */
};

static const char *const expect_words[] = {
    [EXPECT_DOCUMENT] = "a JSON value",
    [EXPECT_VALUE] = "a value",
    [EXPECT_VALUE_OR_END] = "a value or ']'",
    [EXPECT_KEY] = "a key in double quotes",
    [EXPECT_KEY_OR_END] = "a key in double quotes or '}'",
    [EXPECT_COLON] = "':'",
    [EXPECT_COMMA_OR_END] = "',' or the closing bracket",
    [EXPECT_NOTHING] = "nothing more",
};

enum partial { PARTIAL_NONE, PARTIAL_STRING, PARTIAL_ESCAPE, PARTIAL_WORD };

enum seen { SEEN_ESCAPE = 1, SEEN_HIGH = 2, SEEN_CONTROL = 4 };

/* Letters, digits and signs: what numbers and bare words are made of. */
static bool is_word_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '+';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

void km_json_reader_init(struct km_json_reader *reader)
{
    *reader = (struct km_json_reader){.input = {"", 0}};
    km_buf_init(&reader->carry, KM_JSON_TOKEN_BYTES_MAX);
    km_buf_init(&reader->text, KM_JSON_TOKEN_BYTES_MAX);
}

void km_json_reader_reset(struct km_json_reader *reader)
{
    struct km_buf carry = reader->carry, text = reader->text;
    *reader =
        (struct km_json_reader){.input = {"", 0}, .carry = carry, .text = text};
    km_buf_reset(&reader->carry);
    km_buf_reset(&reader->text);
}

void km_json_reader_finish(struct km_json_reader *reader)
{
    km_buf_finish(&reader->carry);
    km_buf_finish(&reader->text);
}

void km_json_reader_feed(struct km_json_reader *reader, const char *bytes,
                         size_t len, bool last)
{
    reader->input = (struct km_str){len ? bytes : "", len};
    reader->last = last;
}

static void advance(struct km_json_reader *r, size_t len)
{
    r->input.ptr += len;
    r->input.len -= len;
    r->offset += len;
}

static enum km_code fail_at(struct km_json_reader *r, uint64_t offset,
                            enum km_code code, const char *what,
                            struct km_err *err)
{
    r->expect = EXPECT_NOTHING;
    return km_fail(err, code, "JSON, byte %llu: %s", (unsigned long long)offset,
                   what);
}

static enum km_code fail_unexpected(struct km_json_reader *r,
                                    struct km_err *err)
{
    unsigned char c = (unsigned char)r->input.ptr[0];
    const char *wanted = expect_words[r->expect];
    unsigned long long offset = r->offset;
    r->expect = EXPECT_NOTHING;
    if (c > 0x20 && c < 0x7f) {
        return km_fail(err, KM_EINPUT, "JSON, byte %llu: expected %s, not '%c'",
                       offset, wanted, c);
    }
    return km_fail(err, KM_EINPUT,
                   "JSON, byte %llu: expected %s, not byte 0x%02x", offset,
                   wanted, c);
}

/* Eight bytes at a time: true when none of them is a quote, a backslash, a
 * control character or part of a multi-byte character. */
static bool all_plain(const char *bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = UINT64_C(0x8080808080808080);
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t quote = word ^ (ones * '"');
    uint64_t slash = word ^ (ones * '\\');
    uint64_t hit = (word - ones * 0x20) | (quote - ones) | (slash - ones);
    return ((hit | word) & tops) == 0;
}

/* The closing quote at or after `from`, or input.len; notes what is between.
 * `escaped` says that the byte before was an open backslash. */
static size_t find_quote(struct km_str input, size_t from, bool *escaped,
                         unsigned char *seen)
{
    size_t at = from;
    while (at < input.len) {
        if (!*escaped) {
            while (at + 8 <= input.len && all_plain(input.ptr + at)) {
                at += 8;
            }
            if (at >= input.len) {
                break;
            }
        }
        unsigned char c = (unsigned char)input.ptr[at];
        if (c < 0x20) {
            *seen |= SEEN_CONTROL;
        } else if (c >= 0x80) {
            *seen |= SEEN_HIGH;
        }
        if (*escaped) {
            *escaped = false;
        } else if (c == '"') {
            return at;
        } else if (c == '\\') {
            *seen |= SEEN_ESCAPE;
            *escaped = true;
        }
        at++;
    }
    return input.len;
}

static size_t find_word_end(struct km_str input)
{
    size_t at = 0;
    while (at < input.len && is_word_byte((unsigned char)input.ptr[at])) {
        at++;
    }
    return at;
}

/* Gathers the token that begins or goes on at the input. `span` gets its bytes
 * (of a string: what stands between the quotes) when `*complete`. */
static enum km_code gather(struct km_json_reader *r, struct km_str *span,
                           bool *complete, struct km_err *err)
{
    bool is_string = r->partial != PARTIAL_WORD;
    bool escaped = r->partial == PARTIAL_ESCAPE;
    size_t end = is_string ? find_quote(r->input, 0, &escaped, &r->seen)
                           : find_word_end(r->input);
    *complete = end < r->input.len || (!is_string && r->last);
    if (end > KM_JSON_TOKEN_BYTES_MAX ||
        r->carry.len > KM_JSON_TOKEN_BYTES_MAX - end) {
        return fail_at(r, r->token_offset, KM_ELIMIT,
                       "a string or number is longer than 16 MiB", err);
    }
    if (*complete && r->carry.len == 0) {
        *span = (struct km_str){r->input.ptr, end};
    } else {
        km_buf_append(&r->carry, r->input.ptr, end);
        if (r->carry.failed) {
            return fail_at(r, r->token_offset, KM_EMEMORY,
                           "no memory for a cut token", err);
        }
        *span = (struct km_str){r->carry.bytes, r->carry.len};
    }
    advance(r, *complete && is_string ? end + 1 : end);
    if (*complete) {
        r->partial = PARTIAL_NONE;
    } else if (is_string) {
        r->partial = escaped ? PARTIAL_ESCAPE : PARTIAL_STRING;
    }
    return KM_OK;
}

static void append_utf8(struct km_buf *out, uint32_t code)
{
    char bytes[4];
    size_t len;
    if (code < 0x80) {
        bytes[0] = (char)code;
        len = 1;
    } else if (code < 0x800) {
        bytes[0] = (char)(0xc0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3f));
        len = 2;
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xe0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (code & 0x3f));
        len = 3;
    } else {
        bytes[0] = (char)(0xf0 | code >> 18);
        bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
        bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[3] = (char)(0x80 | (code & 0x3f));
        len = 4;
    }
    km_buf_append(out, bytes, len);
}

static bool parse_hex4(struct km_str raw, size_t at, uint32_t *code)
{
    if (raw.len - at < 4) {
        return false;
    }
    uint32_t sum = 0;
    for (size_t i = at; i < at + 4; i++) {
        char c = raw.ptr[i];
        uint32_t digit;
        if (is_digit(c)) {
            digit = (uint32_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = (uint32_t)(c - 'a') + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = (uint32_t)(c - 'A') + 10;
        } else {
            return false;
        }
        sum = sum << 4 | digit;
    }
    *code = sum;
    return true;
}

/* The character of "\uXXXX" whose digits start at `at`; a high surrogate takes
 * the low one behind it. Returns the bytes used, 0 when digits are missing. */
static size_t read_unicode(struct km_str raw, size_t at, uint32_t *code)
{
    if (!parse_hex4(raw, at, code)) {
        return 0;
    }
    if (*code < 0xd800 || *code > 0xdfff) {
        return 4;
    }
    uint32_t low;
    if (*code < 0xdc00 && raw.len - at >= 10 && raw.ptr[at + 4] == '\\' &&
        raw.ptr[at + 5] == 'u' && parse_hex4(raw, at + 6, &low) &&
        low >= 0xdc00 && low <= 0xdfff) {
        *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
        return 10;
    }
    *code = 0xfffd;
    return 4;
}

/* The escape whose backslash stands at `at`. Returns its length, 0 when it is
 * none of JSON's. */
static size_t append_escape(struct km_buf *out, struct km_str raw, size_t at)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    char c = raw.ptr[at + 1]; /* a closing quote is never behind a backslash */
    if (c == 'u') {
        uint32_t code;
        size_t used = read_unicode(raw, at + 2, &code);
        if (used) {
            append_utf8(out, code);
        }
        return used ? used + 2 : 0;
    }
    const char *hit = c ? strchr(from, c) : NULL;
    if (!hit) {
        return 0;
    }
    km_buf_append_char(out, to[hit - from]);
    return 2;
}

/* Bytes of the valid character at `at`, or 0. */
static size_t character_len(struct km_str raw, size_t at)
{
    for (size_t len = 2; len <= 4 && at + len <= raw.len; len++) {
        if (km_utf8_is_valid((struct km_str){raw.ptr + at, len})) {
            return len;
        }
    }
    return 0;
}

/* Resolves escapes and replaces bad bytes, into reader->text. Returns the
 * offset of a bad escape within `raw`, or SIZE_MAX. */
static size_t unescape(struct km_json_reader *r, struct km_str raw)
{
    km_buf_reset(&r->text);
    size_t at = 0;
    while (at < raw.len) {
        size_t start = at;
        while (at < raw.len && raw.ptr[at] != '\\' &&
               (unsigned char)raw.ptr[at] < 0x80) {
            at++;
        }
        km_buf_append(&r->text, raw.ptr + start, at - start);
        if (at == raw.len) {
            break;
        }
        if (raw.ptr[at] == '\\') {
            size_t used = append_escape(&r->text, raw, at);
            if (used == 0) {
                return at;
            }
            at += used;
            continue;
        }
        size_t len = character_len(raw, at);
        if (len) {
            km_buf_append(&r->text, raw.ptr + at, len);
        } else {
            append_utf8(&r->text, 0xfffd);
        }
        at += len ? len : 1;
    }
    return SIZE_MAX;
}

static enum km_code read_string(struct km_json_reader *r, struct km_str raw,
                                struct km_json_token *token, struct km_err *err)
{
    if (r->seen & SEEN_CONTROL) {
        size_t at = 0;
        while ((unsigned char)raw.ptr[at] >= 0x20) {
            at++;
        }
        return fail_at(r, r->token_offset + 1 + at, KM_EINPUT,
                       "a control character in a string must be escaped", err);
    }
    bool copy = (r->seen & SEEN_ESCAPE) ||
                ((r->seen & SEEN_HIGH) && !km_utf8_is_valid(raw));
    token->text = raw;
    if (copy) {
        size_t bad = unescape(r, raw);
        if (bad != SIZE_MAX) {
            return fail_at(r, r->token_offset + 1 + bad, KM_EINPUT,
                           "expected one of the escapes \\\" \\\\ \\/ \\b \\f "
                           "\\n \\r \\t \\uXXXX",
                           err);
        }
        if (r->text.failed) {
            return fail_at(r, r->token_offset, KM_ELIMIT,
                           "a string is longer than 16 MiB", err);
        }
        token->text =
            (struct km_str){r->text.len ? r->text.bytes : "", r->text.len};
    }
    bool is_key = r->expect == EXPECT_KEY || r->expect == EXPECT_KEY_OR_END;
    token->kind = is_key ? KM_JSON_KEY : KM_JSON_STRING;
    return KM_OK;
}

static size_t skip_digits(struct km_str raw, size_t at)
{
    while (at < raw.len && is_digit(raw.ptr[at])) {
        at++;
    }
    return at;
}

/* JSON's grammar of numbers. `whole`: no fraction and no exponent. */
static bool is_number(struct km_str raw, bool *whole)
{
    size_t start = raw.len && raw.ptr[0] == '-' ? 1 : 0;
    size_t at = skip_digits(raw, start);
    if (at == start || (raw.ptr[start] == '0' && at > start + 1)) {
        return false;
    }
    *whole = at == raw.len;
    if (at < raw.len && raw.ptr[at] == '.') {
        size_t end = skip_digits(raw, at + 1);
        if (end == at + 1) {
            return false;
        }
        at = end;
    }
    if (at < raw.len && (raw.ptr[at] == 'e' || raw.ptr[at] == 'E')) {
        at++;
        at += at < raw.len && (raw.ptr[at] == '+' || raw.ptr[at] == '-');
        size_t end = skip_digits(raw, at);
        if (end == at) {
            return false;
        }
        at = end;
    }
    return at == raw.len;
}

static bool read_literal(struct km_str raw, struct km_json_token *token)
{
    token->kind = KM_JSON_NUMBER;
    if (km_str_is(raw, "NaN")) {
        token->number = NAN;
    } else if (km_str_is(raw, "Infinity")) {
        token->number = (double)INFINITY;
    } else if (km_str_is(raw, "-Infinity")) {
        token->number = -(double)INFINITY;
    } else if (km_str_is(raw, "null")) {
        token->kind = KM_JSON_NULL;
    } else if (km_str_is(raw, "true") || km_str_is(raw, "false")) {
        token->kind = KM_JSON_BOOL;
        token->integer = raw.ptr[0] == 't';
    } else {
        return false;
    }
    return true;
}

static enum km_code read_word(struct km_json_reader *r, struct km_str raw,
                              struct km_json_token *token, struct km_err *err)
{
    bool whole;
    token->text = raw;
    if (is_number(raw, &whole)) {
        if (whole && km_integer_parse(raw, &token->integer)) {
            token->kind = KM_JSON_INTEGER;
            token->number = (double)token->integer;
            return KM_OK;
        }
        token->kind = KM_JSON_NUMBER;
        size_t used = km_number_scan(raw, &token->number);
        assert(used == raw.len);
        (void)used;
        return KM_OK;
    }
    if (!read_literal(raw, token)) {
        return fail_at(r, r->token_offset, KM_EINPUT,
                       "expected a number, true, false, null, NaN or Infinity",
                       err);
    }
    return KM_OK;
}

/* A string or a bare word begins or goes on here. */
static enum km_code read_scalar(struct km_json_reader *r,
                                struct km_json_token *token, struct km_err *err)
{
    bool is_string = r->partial != PARTIAL_WORD;
    struct km_str span = {"", 0};
    bool complete;
    enum km_code code = gather(r, &span, &complete, err);
    if (code == KM_OK && !complete && r->last) {
        return fail_at(r, r->offset, KM_EINPUT, "the text ends inside a string",
                       err);
    }
    if (code || !complete) {
        return code;
    }
    token->offset = r->token_offset;
    token->depth = r->depth;
    code = is_string ? read_string(r, span, token, err)
                     : read_word(r, span, token, err);
    if (code) {
        return code;
    }
    if (token->kind == KM_JSON_KEY) {
        r->expect = EXPECT_COLON;
    } else {
        r->expect = r->depth ? EXPECT_COMMA_OR_END : EXPECT_DOCUMENT;
    }
    return KM_OK;
}

static bool may_start_value(const struct km_json_reader *r)
{
    return r->expect <= EXPECT_VALUE_OR_END;
}

static enum km_code open_scope(struct km_json_reader *r, char c,
                               struct km_json_token *token, struct km_err *err)
{
    if (!may_start_value(r)) {
        return fail_unexpected(r, err);
    }
    if (r->depth == KM_JSON_DEPTH_MAX) {
        return fail_at(r, r->offset, KM_ELIMIT,
                       "nested deeper than 32 objects and arrays", err);
    }
    token->kind = c == '{' ? KM_JSON_OBJECT_BEGIN : KM_JSON_ARRAY_BEGIN;
    token->depth = r->depth;
    token->offset = r->offset;
    r->scope[r->depth++] = (unsigned char)c;
    r->expect = c == '{' ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
    advance(r, 1);
    return KM_OK;
}

static enum km_code close_scope(struct km_json_reader *r, char c,
                                struct km_json_token *token, struct km_err *err)
{
    unsigned char opener = c == '}' ? '{' : '[';
    bool empty =
        r->expect == (c == '}' ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END);
    if (r->depth == 0 || r->scope[r->depth - 1] != opener ||
        !(empty || r->expect == EXPECT_COMMA_OR_END)) {
        return fail_unexpected(r, err);
    }
    r->depth--;
    token->kind = c == '}' ? KM_JSON_OBJECT_END : KM_JSON_ARRAY_END;
    token->depth = r->depth;
    token->offset = r->offset;
    r->expect = r->depth ? EXPECT_COMMA_OR_END : EXPECT_DOCUMENT;
    advance(r, 1);
    return KM_OK;
}

/* Blanks, commas and colons, up to what makes a token. */
static enum km_code skip_between(struct km_json_reader *r, struct km_err *err)
{
    const char *at = r->input.ptr, *end = at + r->input.len;
    unsigned char expect = r->expect;
    for (; at < end; at++) {
        if (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') {
            continue;
        }
        if (*at == ':' && expect == EXPECT_COLON) {
            expect = EXPECT_VALUE;
        } else if (*at == ',' && expect == EXPECT_COMMA_OR_END) {
            expect = r->scope[r->depth - 1] == '{' ? EXPECT_KEY : EXPECT_VALUE;
        } else {
            break;
        }
    }
    r->expect = expect;
    advance(r, (size_t)(at - r->input.ptr));
    if (at == end && r->last && expect != EXPECT_DOCUMENT) {
        r->expect = EXPECT_NOTHING;
        return km_fail(err, KM_EINPUT,
                       "JSON ends at byte %llu, where %s was expected",
                       (unsigned long long)r->offset, expect_words[expect]);
    }
    return KM_OK;
}

enum km_code km_json_next(struct km_json_reader *r, struct km_json_token *token,
                          struct km_err *err)
{
    *token = (struct km_json_token){.kind = KM_JSON_MORE, .offset = r->offset};
    if (r->expect == EXPECT_NOTHING) {
        return fail_at(r, r->offset, KM_EINPUT, "not read after a failure",
                       err);
    }
    if (r->partial) {
        return read_scalar(r, token, err);
    }
    km_buf_reset(&r->carry);
    enum km_code code = skip_between(r, err);
    if (code || r->input.len == 0) {
        return code;
    }
    char c = r->input.ptr[0];
    if (c == '{' || c == '[') {
        return open_scope(r, c, token, err);
    }
    if (c == '}' || c == ']') {
        return close_scope(r, c, token, err);
    }
    bool is_key = r->expect == EXPECT_KEY || r->expect == EXPECT_KEY_OR_END;
    bool fits = c == '"' ? is_key || may_start_value(r)
                         : may_start_value(r) && is_word_byte((unsigned char)c);
    if (!fits) {
        return fail_unexpected(r, err);
    }
    r->token_offset = r->offset;
    r->seen = 0;
    r->partial = PARTIAL_WORD;
    if (c == '"') {
        r->partial = PARTIAL_STRING;
        advance(r, 1);
    }
    return read_scalar(r, token, err);
}

enum km_code km_json_skip(struct km_json_reader *reader,
                          const struct km_json_token *token, struct km_err *err)
{
    int depth = token->depth;
    struct km_json_token next = *token;
    if (token->kind == KM_JSON_KEY) {
        enum km_code code = km_json_next(reader, &next, err);
        if (code) {
            return code;
        }
    }
    bool opens =
        next.kind == KM_JSON_OBJECT_BEGIN || next.kind == KM_JSON_ARRAY_BEGIN;
    while (opens) {
        enum km_code code = km_json_next(reader, &next, err);
        if (code) {
            return code;
        }
        if (next.kind == KM_JSON_MORE) {
            return fail_at(reader, reader->offset, KM_EINPUT,
                           "the text ends inside a value", err);
        }
        opens = !(next.depth == depth && (next.kind == KM_JSON_OBJECT_END ||
                                          next.kind == KM_JSON_ARRAY_END));
    }
    return KM_OK;
}
