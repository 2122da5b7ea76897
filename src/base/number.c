/* number.c - exact decimal conversion: a fast path where doubles are exact,
 * strtod for the rest. Programs of this project never call setlocale(). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Powers of ten that a double holds exactly: with a mantissa below 2^53 one
 * multiplication or division is correctly rounded (Clinger 1990). */
static const double exact_powers[] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct decimal {
    uint64_t mantissa;
    int digits;   /* significant digits in `mantissa` */
    int exponent; /* of ten */
    bool negative;
    bool inexact; /* digits were left out of `mantissa` */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t scan_digits(struct km_str text, size_t at, bool fraction,
                          struct decimal *d)
{
    for (; at < text.len && is_digit(text.ptr[at]); at++) {
        if (d->digits < 19) {
            d->mantissa = d->mantissa * 10 + (uint64_t)(text.ptr[at] - '0');
            d->digits += d->mantissa != 0;
            d->exponent -= fraction;
        } else {
            d->inexact |= text.ptr[at] != '0';
            d->exponent += !fraction;
        }
    }
    return at;
}

/* An exponent at `at`, or `at` itself when what follows is not one. */
static size_t scan_exponent(struct km_str text, size_t at, struct decimal *d)
{
    if (at >= text.len || (text.ptr[at] != 'e' && text.ptr[at] != 'E')) {
        return at;
    }
    size_t next = at + 1;
    bool negative = false;
    if (next < text.len && (text.ptr[next] == '+' || text.ptr[next] == '-')) {
        negative = text.ptr[next] == '-';
        next++;
    }
    if (next >= text.len || !is_digit(text.ptr[next])) {
        return at;
    }
    int value = 0;
    for (; next < text.len && is_digit(text.ptr[next]); next++) {
        if (value < 100000) {
            value = value * 10 + (text.ptr[next] - '0');
        }
    }
    d->exponent += negative ? -value : value;
    return next;
}

/* The slow and exact way, on a NUL-terminated copy. */
static double convert_slow(struct km_str text)
{
    char small[128];
    char *copy = text.len < sizeof small ? small : malloc(text.len + 1);
    if (!copy) {
        return NAN;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    double value = strtod(copy, NULL);
    if (copy != small) {
        free(copy);
    }
    return value;
}

size_t km_number_scan(struct km_str text, double *value)
{
    struct decimal d = {0};
    size_t at = 0;
    if (at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+')) {
        d.negative = text.ptr[at] == '-';
        at++;
    }
    size_t whole = at;
    at = scan_digits(text, at, false, &d);
    size_t digits = at - whole;
    if (at < text.len && text.ptr[at] == '.') {
        size_t point = at + 1;
        size_t end = scan_digits(text, point, true, &d);
        digits += end - point;
        at = digits ? end : at;
    }
    if (digits == 0) {
        return 0;
    }
    at = scan_exponent(text, at, &d);
    if (!d.inexact && d.mantissa <= (UINT64_C(1) << 53) && d.exponent >= -22 &&
        d.exponent <= 22) {
        double exact = (double)d.mantissa;
        exact = d.exponent < 0 ? exact / exact_powers[-d.exponent]
                               : exact * exact_powers[d.exponent];
        *value = d.negative ? -exact : exact;
    } else {
        *value = convert_slow((struct km_str){text.ptr, at});
    }
    return at;
}

static bool parse_word(struct km_str text, double *value)
{
    double sign = 1;
    if (text.len && (text.ptr[0] == '-' || text.ptr[0] == '+')) {
        sign = text.ptr[0] == '-' ? -1 : 1;
        text.ptr++;
        text.len--;
    }
    if (text.len == 3 && strncasecmp(text.ptr, "nan", 3) == 0) {
        *value = NAN;
        return true;
    }
    if ((text.len == 3 && strncasecmp(text.ptr, "inf", 3) == 0) ||
        (text.len == 8 && strncasecmp(text.ptr, "infinity", 8) == 0)) {
        *value = sign * (double)INFINITY;
        return true;
    }
    return false;
}

bool km_number_parse(struct km_str text, double *value)
{
    double parsed;
    size_t used = km_number_scan(text, &parsed);
    if (used && used == text.len) {
        *value = parsed;
        return true;
    }
    return used == 0 && parse_word(text, value);
}

bool km_integer_parse(struct km_str text, int64_t *value)
{
    size_t at = 0;
    bool negative = false;
    if (text.len && (text.ptr[0] == '-' || text.ptr[0] == '+')) {
        negative = text.ptr[0] == '-';
        at = 1;
    }
    if (at == text.len) {
        return false;
    }
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t sum = 0;
    for (; at < text.len; at++) {
        if (!is_digit(text.ptr[at])) {
            return false;
        }
        uint64_t digit = (uint64_t)(text.ptr[at] - '0');
        if (sum > (limit - digit) / 10) {
            return false;
        }
        sum = sum * 10 + digit;
    }
    *value = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

size_t km_number_format(double value, char out[KM_NUMBER_BYTES])
{
    if (isnan(value)) {
        memcpy(out, "NaN", 4);
        return 3;
    }
    if (isinf(value)) {
        const char *word = value < 0 ? "-Infinity" : "Infinity";
        memcpy(out, word, strlen(word) + 1);
        return strlen(word);
    }
    int len = 0;
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(out, KM_NUMBER_BYTES, "%.*g", digits, value);
        double back = strtod(out, NULL);
        if (memcmp(&back, &value, sizeof value) == 0) {
            break;
        }
    }
    if (value == 0 && signbit(value)) {
        memcpy(out, "-0.0", 5);
        return 4;
    }
    return (size_t)len;
}

int km_decimals_for(double value, double low, double high)
{
    double size = fabs(value);
    if (!isfinite(size) || size == 0) {
        size = fmax(fabs(low), fabs(high));
    }
    if (!isfinite(size) || size == 0) {
        return 0;
    }
    if (size < 1e-4 || size >= 1e15) {
        return -1;
    }
    int first = -(int)floor(log10(size)); /* decimals of one digit */
    double spread = high - low;
    bool known = isfinite(spread) && spread > 0;
    int wanted = known ? 1 - (int)floor(log10(spread)) : first + 3;
    int decimals = wanted < first       ? first
                   : wanted > first + 4 ? first + 4
                                        : wanted;
    return decimals < 0 ? 0 : decimals > 8 ? 8 : decimals;
}
