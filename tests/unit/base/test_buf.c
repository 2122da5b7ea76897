/* test_buf.c - a buffer grows to its cap and remembers that it failed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "tap.h"

static void keeps_a_closing_nul_through_growth(void)
{
    struct km_buf buf;
    km_buf_init(&buf, 1 << 20);
    for (int i = 0; i < 1000; i++) {
        km_buf_printf(&buf, "%d,", i);
    }
    CHECK(!buf.failed && strlen(buf.bytes) == buf.len);
    km_buf_consume(&buf, 4);
    CHECK(strncmp(buf.bytes, "2,3,", 4) == 0);
    km_buf_finish(&buf);
}

static void failure_is_sticky_until_reset(void)
{
    struct km_buf buf;
    km_buf_init(&buf, 5);
    km_buf_append_text(&buf, "12345");
    CHECK(!buf.failed);
    km_buf_append_char(&buf, '6');
    CHECK(buf.failed);
    km_buf_append_text(&buf, "");
    CHECK(buf.failed && buf.len == 5);
    km_buf_reset(&buf);
    km_buf_append_text(&buf, "ok");
    CHECK(!buf.failed);
    CHECK_TEXT(buf.bytes, "ok");
    km_buf_finish(&buf);
}

int main(void)
{
    RUN(keeps_a_closing_nul_through_growth);
    RUN(failure_is_sticky_until_reset);
    return tap_end();
}
