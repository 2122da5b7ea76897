/* test_str.c - names are judged byte by byte, widths column by column. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include "tap.h"

static void names_are_utf8_without_control_characters(void)
{
    CHECK(km_utf8_is_name(KM_STR("loss/\xc3\xa9t\xc3\xa9")));
    CHECK(!km_utf8_is_name(KM_STR("a\nb")));
    CHECK(!km_utf8_is_name(KM_STR("a\x7f")));
    CHECK(!km_utf8_is_name(KM_STR("\xff")));
    CHECK(!km_utf8_is_name(KM_STR("\xc0\x80")));
    CHECK(!km_utf8_is_name(KM_STR("\xed\xa0\x80")));
    CHECK(!km_utf8_is_name(KM_STR("\xc2\x85")));
    CHECK(!km_utf8_is_valid(KM_STR("\xe2\x82")));
    CHECK(km_utf8_is_valid(KM_STR("\xf0\x9f\x98\x80")));
}

static void finds_trims_and_measures(void)
{
    struct km_str text = KM_STR("  a b\r\n");
    CHECK(km_str_is(km_str_trim(text), "a b"));
    CHECK_INT(km_str_search(KM_STR("step:10"), KM_STR(":1")), 4);
    CHECK_INT(km_str_search(KM_STR("abc"), KM_STR("x")), 3);
    CHECK_INT(km_str_find(KM_STR("a,b"), ',', 2), 3);
    CHECK_INT(km_utf8_width(KM_STR("\xe6\xbc\xa2x\xc3\xa9")), 4);
    CHECK(km_str_starts(KM_STR("abc"), KM_STR("ab")));
    CHECK(!km_str_ends(KM_STR("abc"), KM_STR("ab")));
}

int main(void)
{
    RUN(names_are_utf8_without_control_characters);
    RUN(finds_trims_and_measures);
    return tap_end();
}
