/* test_json_oracle.c - our reader and jansson agree on random documents. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdint.h>

#include "base/json_read.h"
#include "base/json_write.h"
#include "tap.h"

static uint64_t seed = 11;

static uint32_t roll(uint32_t sides)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % sides;
}

/* Appends a random value; mostly valid, now and then with one odd byte. */
static void append_value(struct km_buf *out, int depth)
{
    static const char *const scalars[] = {"null",
                                          "true",
                                          "false",
                                          "-12",
                                          "1.5e-7",
                                          "0.30000000000000004",
                                          "1E+5",
                                          "\"\"",
                                          "\"x\"",
                                          "\"\\u00e9\\n\\\\\"",
                                          "\"\xc3\xa9 \xe2\x82\xac\"",
                                          "\"\\ud83d\\ude00\"",
                                          "123456789012345678",
                                          "-0.0",
                                          "5e-324",
                                          "1.7976931348623157e308"};
    uint32_t kind = roll(depth < 5 ? 4 : 2);
    if (kind < 2) {
        km_buf_append_text(out,
                           scalars[roll(sizeof scalars / sizeof *scalars)]);
        return;
    }
    uint32_t count = roll(5);
    km_buf_append_char(out, kind == 2 ? '[' : '{');
    for (uint32_t i = 0; i < count; i++) {
        km_buf_append_text(out, i ? (roll(2) ? "," : " ,\n") : "");
        if (kind == 3) {
            km_buf_printf(out, "\"k%u\":", i);
        }
        append_value(out, depth + 1);
    }
    km_buf_append_char(out, kind == 2 ? ']' : '}');
}

/* The value of our tokens as canonical text, in order of appearance. */
static enum km_code write_ours(struct km_str text, struct km_buf *out)
{
    struct km_json_reader reader;
    struct km_json_token token;
    km_json_reader_init(&reader);
    km_json_reader_feed(&reader, text.ptr, text.len, true);
    enum km_code code;
    while ((code = km_json_next(&reader, &token, NULL)) == KM_OK &&
           token.kind != KM_JSON_MORE) {
        km_buf_printf(out, "%d:%d:", token.kind, token.depth);
        if (token.kind == KM_JSON_STRING || token.kind == KM_JSON_KEY) {
            km_buf_append(out, token.text.ptr, token.text.len);
        } else if (token.kind == KM_JSON_INTEGER ||
                   token.kind == KM_JSON_BOOL) {
            km_buf_printf(out, "%lld", (long long)token.integer);
        } else if (token.kind == KM_JSON_NUMBER) {
            km_buf_printf(out, "%a", token.number);
        }
        km_buf_append_char(out, '\n');
    }
    km_json_reader_finish(&reader);
    return code;
}

static void write_theirs(const json_t *value, int depth, struct km_buf *out);

static void write_inside(json_t *value, int depth, struct km_buf *out)
{
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            write_theirs(json_array_get(value, i), depth + 1, out);
        }
        return;
    }
    for (void *at = json_object_iter(value); at;
         at = json_object_iter_next(value, at)) {
        km_buf_printf(out, "%d:%d:%s\n", KM_JSON_KEY, depth + 1,
                      json_object_iter_key(at));
        write_theirs(json_object_iter_value(at), depth + 1, out);
    }
}

static void write_theirs(const json_t *value, int depth, struct km_buf *out)
{
    json_t *inner = json_incref((json_t *)(uintptr_t)value);
    switch (json_typeof(value)) {
    case JSON_NULL:
        km_buf_printf(out, "%d:%d:\n", KM_JSON_NULL, depth);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        km_buf_printf(out, "%d:%d:%d\n", KM_JSON_BOOL, depth,
                      json_is_true(value));
        break;
    case JSON_INTEGER:
        km_buf_printf(out, "%d:%d:%lld\n", KM_JSON_INTEGER, depth,
                      (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        km_buf_printf(out, "%d:%d:%a\n", KM_JSON_NUMBER, depth,
                      json_real_value(value));
        break;
    case JSON_STRING:
        km_buf_printf(out, "%d:%d:%s\n", KM_JSON_STRING, depth,
                      json_string_value(value));
        break;
    case JSON_ARRAY:
    case JSON_OBJECT: {
        bool array = json_is_array(value);
        km_buf_printf(out, "%d:%d:\n",
                      array ? KM_JSON_ARRAY_BEGIN : KM_JSON_OBJECT_BEGIN,
                      depth);
        write_inside(inner, depth, out);
        km_buf_printf(out, "%d:%d:\n",
                      array ? KM_JSON_ARRAY_END : KM_JSON_OBJECT_END, depth);
        break;
    }
    }
    json_decref(inner);
}

static void agree(struct km_str text, struct km_buf *ours,
                  struct km_buf *theirs, int *valid)
{
    json_error_t error;
    json_t *value = json_loadb(
        text.ptr, text.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    km_buf_reset(ours);
    km_buf_reset(theirs);
    enum km_code code = write_ours(text, ours);
    if (!value) {
        return; /* what only we accept is listed in test_json_read.c */
    }
    ++*valid;
    write_theirs(value, 0, theirs);
    CHECK_INT(code, KM_OK);
    CHECK_TEXT(ours->bytes, theirs->bytes);
    json_decref(value);
}

static void random_documents_read_the_same(void)
{
    struct km_buf text, ours, theirs;
    km_buf_init(&text, KM_MIB);
    km_buf_init(&ours, KM_MIB);
    km_buf_init(&theirs, KM_MIB);
    int valid = 0;
    for (int i = 0; i < 5000; i++) {
        km_buf_reset(&text);
        append_value(&text, 0);
        agree((struct km_str){text.bytes, text.len}, &ours, &theirs, &valid);
        /* one byte changed: still the same wherever jansson accepts it */
        static const char odd[] = "{}[],:\"0 e.-\\un";
        text.bytes[roll((uint32_t)text.len)] = odd[roll(sizeof odd - 1)];
        agree((struct km_str){text.bytes, text.len}, &ours, &theirs, &valid);
    }
    printf("# %d of 10000 documents were valid\n", valid);
    CHECK(valid > 5000);
    km_buf_finish(&text);
    km_buf_finish(&ours);
    km_buf_finish(&theirs);
}

/* What jansson refuses in one document, we refuse too, but for the liberties
 * that the header names. */
static void damaged_documents_are_refused_by_both(void)
{
    struct km_buf text, ours;
    km_buf_init(&text, KM_MIB);
    km_buf_init(&ours, KM_MIB);
    for (int i = 0; i < 5000; i++) {
        km_buf_reset(&text);
        km_buf_append_char(&text, '[');
        append_value(&text, 1);
        km_buf_append_char(&text, ']');
        size_t len = 1 + roll((uint32_t)text.len - 1);
        json_t *value = json_loadb(text.bytes, len, JSON_DECODE_ANY, NULL);
        CHECK(!value);
        km_buf_reset(&ours);
        CHECK_INT(write_ours((struct km_str){text.bytes, len}, &ours),
                  KM_EINPUT);
    }
    km_buf_finish(&text);
    km_buf_finish(&ours);
}

int main(void)
{
    RUN(random_documents_read_the_same);
    RUN(damaged_documents_are_refused_by_both);
    return tap_end();
}
