/* test_text.c - hostile names, and the places where they must be harmless. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/text.h"

#include "report/quantity.h"
#include "tap.h"

typedef void (*write_fn)(struct km_buf *out, struct km_str text);

static const struct {
    write_fn write;
    const char *text, *expected;
} rows[] = {
    {km_text_plain, "a\033[31mb\nc", "a?[31mb?c"},
    {km_text_plain, "caf\xc3\xa9 \xe6\xbc\xa2", "caf\xc3\xa9 \xe6\xbc\xa2"},
    {km_text_plain, "\xe2\x80\xaegpj.exe", "?gpj.exe"},
    {km_text_plain,
     "x\xc2\x9b"
     "31m",
     "x?31m"},
    {km_text_plain, "\xff\xfe", "??"},
    {km_text_plain, "\xe2\x81\xa6x\xe2\x81\xa9", "?x?"},
    {km_text_html, "<script>alert('x&\"')</script>",
     "&lt;script&gt;alert(&#39;x&amp;&quot;&#39;)&lt;/script&gt;"},
    {km_text_html, "a\nb\001\xe2\x80\xae", "a b\xef\xbf\xbd\xef\xbf\xbd"},
    {km_text_csv, "plain", "plain"},
    {km_text_csv, "a,b", "\"a,b\""},
    {km_text_csv, "say \"x\"", "\"say \"\"x\"\"\""},
    {km_text_csv, "=1+1", "\"'=1+1\""},
    {km_text_csv, "+1", "\"'+1\""},
    {km_text_csv, "-1", "\"'-1\""},
    {km_text_csv, "@SUM(A1)", "\"'@SUM(A1)\""},
    {km_text_csv, "\tx", "\"'\tx\""},
    {km_text_csv, "a\nb", "\"a\nb\""},
    {km_text_markdown, "a|b`c*d_e", "a\\|b\\`c\\*d\\_e"},
    {km_text_markdown, "<b>&[x](y)\n", "&lt;b\\>&amp;\\[x\\](y) "},
};

static void hostile_text_is_harmless_where_it_is_shown(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct km_buf out;
        km_buf_init(&out, 1024);
        rows[i].write(&out, km_str_of(rows[i].text));
        CHECK_TEXT(out.bytes, rows[i].expected);
        km_buf_finish(&out);
    }
}

static void text_is_fitted_to_columns(void)
{
    static const struct {
        const char *text;
        size_t width;
        enum km_align align;
        const char *expected;
    } fits[] = {
        {"ab", 4, KM_ALIGN_LEFT, "ab  "},
        {"ab", 4, KM_ALIGN_RIGHT, "  ab"},
        {"abcdef", 4, KM_ALIGN_LEFT, "abc~"},
        {"\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2", 4, KM_ALIGN_LEFT,
         "\xe6\xbc\xa2~ "},
        {"abc", 0, KM_ALIGN_LEFT, ""},
    };
    for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++) {
        struct km_buf out;
        km_buf_init(&out, 1024);
        km_buf_append_text(&out, "");
        km_text_fit(&out, km_str_of(fits[i].text), fits[i].width, fits[i].align,
                    "~");
        CHECK_TEXT(out.bytes, fits[i].expected);
        km_buf_finish(&out);
    }
}

static void quantities_are_grouped_and_rounded(void)
{
    CHECK_TEXT(km_show_count(1240).text, "1240");
    CHECK_TEXT(km_show_count(12400).text, "12 400");
    CHECK_TEXT(km_show_count(UINT64_MAX).text, "18 446 744 073 709 551 615");
    CHECK_TEXT(km_show_integer(-12400).text, "-12 400");
    CHECK_TEXT(km_show_integer(INT64_MIN).text, "-9 223 372 036 854 775 808");
    CHECK_TEXT(km_show_bytes(999).text, "999 B");
    CHECK_TEXT(km_show_bytes(1234).text, "1.2 kB");
    CHECK_TEXT(km_show_bytes(12400000).text, "12 MB");
    CHECK_TEXT(km_show_span_ns(820000000).text, "820 ms");
    CHECK_TEXT(km_show_span_ns(7500000000000).text, "2 h 5 min");
    CHECK_TEXT(km_show_value(0.0184).text, "0.01840");
    CHECK_TEXT(km_show_value(12400).text, "12 400");
    CHECK_TEXT(km_show_value(NAN).text, "--");
    CHECK_TEXT(km_show_value(-0.0).text, "0");
    CHECK_TEXT(km_show_value(1e-7).text, "1e-07");
}

static void digits_follow_the_interval(void)
{
    CHECK_INT(km_decimals_for(3.2779, 3.2712, 3.2861), 3);
    CHECK_INT(km_decimals_for(0.0184, 0.0158, 0.0236), 4);
    CHECK_INT(km_decimals_for(1240, 1180, 1335), 0);
    CHECK_INT(km_decimals_for(1e-7, NAN, NAN), -1);
    CHECK_INT(km_decimals_for(0, NAN, NAN), 0);
}

static void time_is_told_from_now(void)
{
    const int64_t s = 1000000000, now = 1700000000 * s;
    CHECK_TEXT(km_show_ago(now - 5 * s, now).text, "5 s ago");
    CHECK_TEXT(km_show_ago(now - 7300 * s, now).text, "2 h ago");
    CHECK_TEXT(km_show_ago(now - 86400 * 3 * s, now).text, "3 d ago");
    CHECK_TEXT(km_show_ago(now + s, now).text, "2023-11-14");
    CHECK_TEXT(km_show_ago(0, now).text, "1970-01-01");
}

/* What tells names apart stands at their ends. */
static void long_names_keep_their_ends(void)
{
    static const struct {
        const char *name;
        size_t width;
        const char *shown;
    } names[] = {
        {"lab/val/seed_1", 14, "lab/val/seed_1"},
        {"lab/old/speedrun/val/seed_1", 20, "lab/~/val/seed_1"},
        {"laboratory/old/val/seed_1", 14, "~/val/seed_1"},
        {"laboratory/seed_1", 12, "~/seed_1"},
        {"lab/old/value-embedding/seed_1", 20, "~ue-embedding/seed_1"},
        {"lab/8384493d-dba9-4991-b16b-8696953f5e6d", 16, "lab/8384493d~"},
        {"a-name-without-parts", 13, "a-n~out-parts"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct km_buf out;
        km_buf_init(&out, 1024);
        km_text_name(&out, km_str_of(names[i].name), names[i].width, "~");
        CHECK_TEXT(out.bytes, names[i].shown);
        km_buf_finish(&out);
    }
}

int main(void)
{
    RUN(hostile_text_is_harmless_where_it_is_shown);
    RUN(text_is_fitted_to_columns);
    RUN(long_names_keep_their_ends);
    RUN(quantities_are_grouped_and_rounded);
    RUN(digits_follow_the_interval);
    RUN(time_is_told_from_now);
    return tap_end();
}
