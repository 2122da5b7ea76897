/* test_clock.c - times are read and written the same in every zone. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "tap.h"

static void reads_what_logs_write(void)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-23T01:02:03Z", 1795395723000000000},
        {"2026-11-23 01:02:03.250", 1795395723250000000},
        {"2026-11-23T03:02:03+02:00", 1795395723000000000},
        {"2026-11-23T03:02:03+0200", 1795395723000000000},
        {"1969-12-31T23:59:59Z", -1000000000},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t ns = -1;
        CHECK(km_time_parse(good[i].text, strlen(good[i].text), &ns));
        CHECK_INT(ns, good[i].ns);
    }
}

static void refuses_what_is_not_a_time(void)
{
    static const char *const bad[] = {"",
                                      "2026-11-23",
                                      "2026-13-01T00:00:00Z",
                                      "2026-11-23T25:00:00Z",
                                      "2026-11-23T01:02:03X",
                                      "9999-11-23T01:02:03Z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ns = 7;
        CHECK(!km_time_parse(bad[i], strlen(bad[i]), &ns));
        CHECK_INT(ns, 7);
    }
}

static void writes_utc(void)
{
    char text[32];
    km_time_format(1795395723999999999, text, sizeof text);
    CHECK_TEXT(text, "2026-11-23T01:02:03Z");
    km_time_format(-1, text, sizeof text);
    CHECK_TEXT(text, "1969-12-31T23:59:59Z");
}

int main(void)
{
    RUN(reads_what_logs_write);
    RUN(refuses_what_is_not_a_time);
    RUN(writes_utc);
    return tap_end();
}
