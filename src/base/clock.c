/* clock.c - the system's clocks, and the civil calendar without locale. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/clock.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    int failed = clock_gettime(id, &now);
    assert(!failed);
    (void)failed;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t system_wall(void *user)
{
    (void)user;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic(void *user)
{
    (void)user;
    return read_clock(CLOCK_MONOTONIC);
}

const struct km_clock km_clock_system = {system_wall, system_monotonic, NULL};

int64_t km_clock_wall_ns(const struct km_clock *clock)
{
    return clock->wall_ns(clock->user);
}

int64_t km_clock_monotonic_ns(const struct km_clock *clock)
{
    return clock->monotonic_ns(clock->user);
}

void km_time_format(int64_t wall_ns, char *out, size_t out_size)
{
    int64_t seconds = wall_ns / 1000000000;
    if (wall_ns % 1000000000 < 0) {
        seconds--;
    }
    time_t when = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&when, &tm)) {
        (void)snprintf(out, out_size, "out of range");
        return;
    }
    (void)snprintf(out, out_size, "%04d-%02d-%02dT%02d:%02d:%02dZ",
                   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                   tm.tm_min, tm.tm_sec);
}

/* Reads exactly `digits` digits; -1 when they are not there. */
static int read_digits(const char *text, size_t len, size_t at, size_t digits)
{
    int value = 0;
    if (at + digits > len) {
        return -1;
    }
    for (size_t i = at; i < at + digits; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* Zone at `at`: nothing or Z is UTC, else +hh:mm, +hhmm or +hh. */
static int parse_zone(const char *text, size_t len, size_t at,
                      int64_t *offset_s)
{
    *offset_s = 0;
    if (at == len || (text[at] == 'Z' && at + 1 == len)) {
        return 1;
    }
    if (text[at] != '+' && text[at] != '-') {
        return 0;
    }
    int hours = read_digits(text, len, at + 1, 2);
    size_t next = at + 3;
    if (next < len && text[next] == ':') {
        next++;
    }
    int minutes = next == len ? 0 : read_digits(text, len, next, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 ||
        (next != len && next + 2 != len)) {
        return 0;
    }
    *offset_s = (text[at] == '-' ? -60 : 60) * (int64_t)(hours * 60 + minutes);
    return 1;
}

int km_time_parse(const char *text, size_t len, int64_t *wall_ns)
{
    if (len < 19 || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != ' ') || text[13] != ':' ||
        text[16] != ':') {
        return 0;
    }
    struct tm tm = {0};
    int year = read_digits(text, len, 0, 4);
    int month = read_digits(text, len, 5, 2);
    tm.tm_mday = read_digits(text, len, 8, 2);
    tm.tm_hour = read_digits(text, len, 11, 2);
    tm.tm_min = read_digits(text, len, 14, 2);
    tm.tm_sec = read_digits(text, len, 17, 2);
    if (year < 1678 || year > 2261 || month < 1 || month > 12 ||
        tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour < 0 ||
        tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 ||
        tm.tm_sec > 60) {
        return 0;
    }
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    int64_t fraction_ns = 0, unit_ns = 100000000;
    size_t at = 19;
    if (at < len && (text[at] == '.' || text[at] == ',')) {
        for (at++; at < len && text[at] >= '0' && text[at] <= '9'; at++) {
            fraction_ns += (text[at] - '0') * unit_ns;
            unit_ns /= 10;
        }
    }
    int64_t zone_s;
    if (!parse_zone(text, len, at, &zone_s)) {
        return 0;
    }
    struct tm day = {
        .tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday};
    (void)timegm(&day); /* 30 February becomes 1 or 2 March */
    if (day.tm_mday != tm.tm_mday) {
        return 0;
    }
    *wall_ns = ((int64_t)timegm(&tm) - zone_s) * 1000000000 + fraction_ns;
    return 1;
}

int64_t km_time_of_seconds(double seconds)
{
    const int64_t ns_per_second = 1000000000;
    if (!(fabs(seconds) < 9.2e9) || seconds == 0) {
        return INT64_MIN;
    }
    double whole = floor(seconds); /* apart: the product would round */
    return (int64_t)whole * ns_per_second + llround((seconds - whole) * 1e9);
}
