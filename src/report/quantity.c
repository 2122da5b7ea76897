/* quantity.c - rounding and grouping. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/quantity.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define SECOND_NS INT64_C(1000000000)

/* Copies `digits`, a blank before each group of three of its whole part when
 * that has five digits or more. */
static struct km_short group_digits(const char *digits)
{
    struct km_short out = {""};
    size_t start = strspn(digits, "-");
    size_t whole = strspn(digits + start, "0123456789");
    size_t used = 0;
    for (size_t i = 0; digits[i] && used + 2 < sizeof out.text; i++) {
        bool inside = i > start && i < start + whole;
        if (inside && whole >= 5 && (start + whole - i) % 3 == 0) {
            out.text[used++] = ' ';
        }
        out.text[used++] = digits[i];
    }
    out.text[used] = '\0';
    return out;
}

struct km_short km_show_count(uint64_t count)
{
    char digits[32];
    (void)snprintf(digits, sizeof digits, "%" PRIu64, count);
    return group_digits(digits);
}

struct km_short km_show_integer(int64_t value)
{
    char digits[32];
    (void)snprintf(digits, sizeof digits, "%" PRId64, value);
    return group_digits(digits);
}

/* "1.2", "12", "120": three digits at most, one decimal below 10. */
static struct km_short scale(double value, const char *const *units,
                             size_t unit_count, const char *tail)
{
    struct km_short out;
    size_t unit = 0;
    while (fabs(value) >= 999.5 && unit + 1 < unit_count) {
        value /= 1000;
        unit++;
    }
    int decimals = unit && fabs(value) < 9.95 ? 1 : 0;
    (void)snprintf(out.text, sizeof out.text, "%.*f%s%s%s", decimals, value,
                   *units[unit] || *tail ? " " : "", units[unit], tail);
    return out;
}

struct km_short km_show_bytes(uint64_t bytes)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
    return scale((double)bytes, units, 7, "B");
}

struct km_short km_show_scaled(double value)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
    if (!isfinite(value)) {
        return (struct km_short){"--"};
    }
    return scale(value, units, 7, "");
}

struct km_short km_show_span_ns(int64_t ns)
{
    struct km_short out;
    double seconds = (double)ns / (double)SECOND_NS;
    int64_t whole = ns / SECOND_NS;
    if (seconds < 0.9995) {
        (void)snprintf(out.text, sizeof out.text, "%.0f ms", seconds * 1e3);
    } else if (seconds < 9.95) {
        (void)snprintf(out.text, sizeof out.text, "%.1f s", seconds);
    } else if (seconds < 99.5) {
        (void)snprintf(out.text, sizeof out.text, "%.0f s", seconds);
    } else if (whole < 100 * 60) {
        (void)snprintf(out.text, sizeof out.text, "%.0f min", seconds / 60);
    } else if (whole < 48 * 3600) {
        int64_t minutes = (whole + 30) / 60;
        (void)snprintf(out.text, sizeof out.text,
                       "%" PRId64 " h %" PRId64 " min", minutes / 60,
                       minutes % 60);
    } else {
        (void)snprintf(out.text, sizeof out.text, "%.1f d", seconds / 86400);
    }
    return out;
}

struct km_short km_show_ago(int64_t wall_ns, int64_t now_ns)
{
    struct km_short out;
    int64_t days_60 = 60 * INT64_C(86400) * SECOND_NS;
    if (wall_ns > now_ns || now_ns - wall_ns > days_60) {
        km_time_format(wall_ns, out.text, sizeof out.text);
        out.text[strcspn(out.text, "T")] = '\0';
        return out;
    }
    int64_t seconds = (now_ns - wall_ns) / SECOND_NS;
    static const struct {
        int64_t below, unit;
        const char *word;
    } rows[] = {{60, 1, "s"},
                {3600, 60, "min"},
                {86400 * 2, 3600, "h"},
                {INT64_MAX, 86400, "d"}};
    size_t row = 0;
    while (seconds >= rows[row].below) {
        row++;
    }
    (void)snprintf(out.text, sizeof out.text, "%" PRId64 " %s ago",
                   seconds / rows[row].unit, rows[row].word);
    return out;
}

struct km_short km_show_decimals(double value, int decimals)
{
    char digits[40];
    if (!isfinite(value)) {
        return (struct km_short){"--"};
    }
    if (decimals < 0 || fabs(value) >= 1e15) {
        struct km_short out;
        (void)snprintf(out.text, sizeof out.text, "%.3g", value);
        return out;
    }
    if (value == 0 || fabs(value) < 0.5 * pow(10, -decimals)) {
        value = 0; /* no "-0.00" */
    }
    (void)snprintf(digits, sizeof digits, "%.*f", decimals, value);
    return group_digits(digits);
}

struct km_short km_show_value(double value)
{
    if (value == floor(value) && fabs(value) < 1e15) {
        return km_show_decimals(value, 0);
    }
    return km_show_decimals(value, km_decimals_for(value, NAN, NAN));
}

struct km_short km_show_plain(double value)
{
    if (!isfinite(value) || fabs(value) >= 1e15 ||
        (value != 0 && fabs(value) < 1e-4)) {
        return km_show_decimals(value, -1);
    }
    int decimals = 0;
    double scaled = value;
    while (decimals < 6 && fabs(scaled - round(scaled)) > 1e-9 * fabs(scaled)) {
        decimals++;
        scaled = value * pow(10, decimals);
    }
    return km_show_decimals(value, decimals);
}
