/* test_json_write.c - commas, escapes and numbers that no reader stumbles on.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_write.h"

#include "tap.h"

static void writes_nested_values_with_commas(void)
{
    struct km_buf buf;
    struct km_json_writer w;
    km_buf_init(&buf, 4096);
    km_json_writer_init(&w, &buf);
    km_json_object_begin(&w);
    km_json_key(&w, "a");
    km_json_array_begin(&w);
    km_json_int(&w, INT64_MIN);
    km_json_double(&w, 0.1);
    km_json_double(&w, (double)NAN);
    km_json_double(&w, -(double)INFINITY);
    km_json_null(&w);
    km_json_array_end(&w);
    km_json_key(&w, "b");
    km_json_bool(&w, true);
    km_json_key(&w, "c");
    km_json_object_begin(&w);
    km_json_object_end(&w);
    km_json_object_end(&w);
    CHECK_TEXT(buf.bytes, "{\"a\":[-9223372036854775808,0.1,\"NaN\","
                          "\"-Infinity\",null],\"b\":true,\"c\":{}}");
    km_buf_finish(&buf);
}

static void escapes_what_json_and_terminals_mind(void)
{
    struct km_buf buf;
    struct km_json_writer w;
    km_buf_init(&buf, 4096);
    km_json_writer_init(&w, &buf);
    km_json_str(&w, (struct km_str){"q\"\\\n\x01\x7f\xff\xc3\xa9", 9});
    CHECK_TEXT(buf.bytes, "\"q\\\"\\\\\\n\\u0001\\u007f\xef\xbf\xbd\xc3\xa9\"");
    km_buf_finish(&buf);
}

int main(void)
{
    RUN(writes_nested_values_with_commas);
    RUN(escapes_what_json_and_terminals_mind);
    return tap_end();
}
