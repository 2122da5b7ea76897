/* test_json_read.c - the same tokens whatever the cuts, and one sentence with
 * the byte for everything that is not JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_read.h"

#include <stdlib.h>

#include "tap.h"

/* One line a token: "kind depth offset text". */
static void describe(struct km_buf *out, const struct km_json_token *token)
{
    km_buf_printf(out, "%d %d %llu ", (int)token->kind, token->depth,
                  (unsigned long long)token->offset);
    if (token->kind == KM_JSON_INTEGER) {
        km_buf_printf(out, "%lld ", (long long)token->integer);
    }
    if (token->kind == KM_JSON_INTEGER || token->kind == KM_JSON_NUMBER) {
        km_buf_printf(out, "%a ", token->number);
    }
    km_buf_append(out, token->text.ptr, token->text.len);
    km_buf_append_char(out, '\n');
}

/* Reads `text` in pieces of `piece` bytes; a failure is described too. */
static void read_in_pieces(struct km_json_reader *reader, struct km_str text,
                           size_t piece, struct km_buf *out)
{
    km_json_reader_reset(reader);
    for (size_t at = 0; at <= text.len;) {
        size_t len = text.len - at < piece ? text.len - at : piece;
        bool last = at + len == text.len;
        char *exact = malloc(len ? len : 1); /* so that ASan sees the end */
        CHECK(exact);
        memcpy(exact, text.ptr + at, len);
        km_json_reader_feed(reader, exact, len, last);
        struct km_json_token token;
        struct km_err err = {0};
        enum km_code code;
        while ((code = km_json_next(reader, &token, &err)) == KM_OK &&
               token.kind != KM_JSON_MORE) {
            describe(out, &token);
        }
        free(exact);
        if (code) {
            km_buf_printf(out, "%s: %s\n", km_code_name(code), err.message);
            return;
        }
        at += len;
        if (last) {
            return;
        }
    }
}

static const char *read_all(const char *text)
{
    static struct km_buf out;
    static struct km_json_reader reader;
    km_json_reader_init(&reader);
    km_buf_finish(&out);
    km_buf_init(&out, KM_MIB);
    read_in_pieces(&reader, km_str_of(text), strlen(text) + 1, &out);
    km_json_reader_finish(&reader);
    return out.bytes ? out.bytes : "";
}

static void any_cut_gives_the_same_tokens(void)
{
    static const char *const texts[] = {
        ("{\"loss\": 0.25, \"step\":9223372036854775807, \"a\\\"b\\\\\": "
         "[NaN,-Infinity, Infinity,true,false,null , -1e-3]}\n{\"next\":\"\"}"),
        "\"\\ud83d\\ude00 \\u00e9 \xc3\xa9 \xff \\ud800 \\\\\\\" end\" 12 3.5",
        "[[[]],{},{\"k\":{\"\":\"\"}}]",
        "\"a plain string that is longer than eight bytes, twice over\"",
        "{\"a\":1,}",
        "[1 2]",
        "\"torn \\",
        "[-",
        "12",
    };
    struct km_json_reader reader;
    struct km_buf whole, cut;
    km_json_reader_init(&reader);
    km_buf_init(&whole, KM_MIB);
    km_buf_init(&cut, KM_MIB);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct km_str text = km_str_of(texts[i]);
        km_buf_reset(&whole);
        read_in_pieces(&reader, text, text.len + 1, &whole);
        CHECK(whole.len > 0);
        for (size_t piece = 1; piece <= text.len; piece++) {
            km_buf_reset(&cut);
            read_in_pieces(&reader, text, piece, &cut);
            CHECK_TEXT(cut.bytes, whole.bytes);
        }
    }
    km_buf_finish(&cut);
    km_buf_finish(&whole);
    km_json_reader_finish(&reader);
}

static void every_token_knows_its_place_and_depth(void)
{
    CHECK_TEXT(read_all("{\"a\": [1, \"x\"]}"), "7 0 0 \n"
                                                "6 1 1 a\n"
                                                "9 1 6 \n"
                                                "3 2 7 1 0x1p+0 1\n"
                                                "5 2 10 x\n"
                                                "10 1 13 \n"
                                                "8 0 14 \n");
    CHECK_TEXT(read_all("  \n\t "), "");
}

static void integers_stay_exact_and_others_become_doubles(void)
{
    CHECK_TEXT(read_all("9223372036854775807"),
               "3 0 0 9223372036854775807 0x1p+63 9223372036854775807\n");
    CHECK_TEXT(read_all("-9223372036854775808"),
               "3 0 0 -9223372036854775808 -0x1p+63 -9223372036854775808\n");
    CHECK_TEXT(read_all("9223372036854775808"),
               "4 0 0 0x1p+63 9223372036854775808\n");
    CHECK_TEXT(read_all("-0.0"), "4 0 0 -0x0p+0 -0.0\n");
    CHECK_TEXT(read_all("1e999"), "4 0 0 inf 1e999\n");
    CHECK_TEXT(read_all("0.1"), "4 0 0 0x1.999999999999ap-4 0.1\n");
}

static void escapes_and_bad_bytes_become_valid_text(void)
{
    CHECK_TEXT(read_all("\"\\b\\f\\n\\r\\t\\/\""), "5 0 0 \b\f\n\r\t/\n");
    CHECK_TEXT(read_all("\"\\uD83D\\uDE00\""), "5 0 0 \xf0\x9f\x98\x80\n");
    CHECK_TEXT(read_all("\"\\ud800x\""), "5 0 0 \xef\xbf\xbdx\n");
    CHECK_TEXT(read_all("\"\\ud800\\u0041\""), "5 0 0 \xef\xbf\xbd"
                                               "A\n");
    CHECK_TEXT(read_all("\"a\xffz\""), "5 0 0 a\xef\xbf\xbdz\n");
    CHECK_TEXT(read_all("\"\xc0\xaf\""), "5 0 0 \xef\xbf\xbd\xef\xbf\xbd\n");
    CHECK_TEXT(read_all("\"\xe2\x82\""), "5 0 0 \xef\xbf\xbd\xef\xbf\xbd\n");
}

static void what_is_not_json_is_refused_with_its_byte(void)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"{\"a\" 1}", "byte 5: expected ':', not '1'"},
        {"{a:1}", "byte 1: expected a key in double quotes or '}', not 'a'"},
        {"{\"a\":1,}", "byte 7: expected a key in double quotes, not '}'"},
        {"{\"a\":}", "byte 5: expected a value, not '}'"},
        {"[1,]", "byte 3: expected a value, not ']'"},
        {"[1}", "byte 2: expected ',' or the closing bracket, not '}'"},
        {"]", "byte 0: expected a JSON value, not ']'"},
        {"'a'", "byte 0: expected a JSON value, not '''"},
        {"\xef\xbb\xbf{}", "byte 0: expected a JSON value, not byte 0xef"},
        {"01", "byte 0: expected a number, true"},
        {"+1", "byte 0: expected a number, true"},
        {"1.", "byte 0: expected a number, true"},
        {".5", "byte 0: expected a number, true"},
        {"1e", "byte 0: expected a number, true"},
        {"-", "byte 0: expected a number, true"},
        {"[nan]", "byte 1: expected a number, true"},
        {"[tru]", "byte 1: expected a number, true"},
        {"[truex]", "byte 1: expected a number, true"},
        {"\"a\nb\"", "byte 2: a control character in a string"},
        {"\"a\\x\"", "byte 2: expected one of the escapes"},
        {"\"\\u12g4\"", "byte 1: expected one of the escapes"},
        {"\"\\u12\"", "byte 1: expected one of the escapes"},
        {"{\"a", "byte 3: the text ends inside a string"},
        {"[1,", "ends at byte 3, where a value was expected"},
        {"{\"a\":1", "ends at byte 6, where ',' or the closing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *said = read_all(rows[i].text);
        if (!strstr(said, "EINPUT: JSON") || !strstr(said, rows[i].message)) {
            printf("# %s gave %s\n", rows[i].text, said);
            CHECK(false);
        }
    }
}

static void depth_and_token_size_are_bounded(void)
{
    char text[2 * KM_JSON_DEPTH_MAX + 3];
    memset(text, '[', KM_JSON_DEPTH_MAX);
    memset(text + KM_JSON_DEPTH_MAX, ']', KM_JSON_DEPTH_MAX);
    text[2 * KM_JSON_DEPTH_MAX] = '\0';
    CHECK(!strstr(read_all(text), "ELIMIT"));
    text[KM_JSON_DEPTH_MAX] = '[';
    CHECK(strstr(read_all(text), "ELIMIT: JSON, byte 32: nested deeper"));

    struct km_json_reader reader;
    km_json_reader_init(&reader);
    struct km_json_token token;
    struct km_err err;
    char *piece = malloc(KM_MIB);
    CHECK(piece);
    memset(piece, 'x', KM_MIB);
    piece[0] = '"';
    enum km_code code = KM_OK;
    int fed = 0;
    for (; fed < 20 && code == KM_OK; fed++) {
        km_json_reader_feed(&reader, piece, KM_MIB, false);
        code = km_json_next(&reader, &token, &err);
        piece[0] = 'x';
    }
    CHECK_INT(code, KM_ELIMIT);
    CHECK_INT(fed, 17);
    free(piece);
    km_json_reader_finish(&reader);
}

static void skip_passes_over_a_whole_value(void)
{
    static const char text[] = "{\"a\":{\"b\":[1,{}]},\"c\":2,\"d\":[]}";
    struct km_json_reader reader;
    struct km_json_token token;
    struct km_err err;
    km_json_reader_init(&reader);
    km_json_reader_feed(&reader, text, sizeof text - 1, true);
    CHECK_INT(km_json_next(&reader, &token, &err), KM_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(km_json_next(&reader, &token, &err), KM_OK);
        CHECK_INT(token.kind, KM_JSON_KEY);
        CHECK_INT(token.text.ptr[0], 'a' + (i ? i + 1 : 0));
        CHECK_INT(km_json_skip(&reader, &token, &err), KM_OK);
    }
    CHECK_INT(km_json_next(&reader, &token, &err), KM_OK);
    CHECK_INT(token.kind, KM_JSON_OBJECT_END);
    km_json_reader_reset(&reader);
    km_json_reader_feed(&reader, "[1,", 3, false);
    CHECK_INT(km_json_next(&reader, &token, &err), KM_OK);
    CHECK_INT(km_json_skip(&reader, &token, &err), KM_EINPUT);
    CHECK_INT(km_json_next(&reader, &token, &err), KM_EINPUT);
    km_json_reader_finish(&reader);
}

int main(void)
{
    RUN(any_cut_gives_the_same_tokens);
    RUN(every_token_knows_its_place_and_depth);
    RUN(integers_stay_exact_and_others_become_doubles);
    RUN(escapes_and_bad_bytes_become_valid_text);
    RUN(what_is_not_json_is_refused_with_its_byte);
    RUN(depth_and_token_size_are_bounded);
    RUN(skip_passes_over_a_whole_value);
    return tap_end();
}
