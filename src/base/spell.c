/* spell.c - moves the point of d.ddde+XX. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/spell.h"

#include <stdbool.h>
#include <string.h>

enum { EXPONENT_LEAST = -6, EXPONENT_MOST = 12, DIGITS_MAX = 24 };

struct scientific {
    char digits[DIGITS_MAX]; /* without the point */
    size_t count;
    int exponent;
    size_t len; /* of the text */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* May a number begin after `c`, or end before it? */
static bool begins_after(char c)
{
    return strchr(" ([-+<>~", c) != NULL; /* or at the start: NUL */
}

static bool ends_before(char c)
{
    return strchr(" )],;:%x", c) != NULL;
}

/* d[.ddd]e(+|-)dd, as printf() has it. */
static bool read_scientific(const char *text, struct scientific *out)
{
    size_t at = 0;
    out->count = 0;
    if (!is_digit(text[0])) {
        return false;
    }
    out->digits[out->count++] = text[at++];
    if (text[at] == '.') {
        at++;
        while (is_digit(text[at]) && out->count < DIGITS_MAX) {
            out->digits[out->count++] = text[at++];
        }
    }
    bool signed_exponent =
        text[at] == 'e' && (text[at + 1] == '+' || text[at + 1] == '-');
    if (!signed_exponent || !is_digit(text[at + 2]) ||
        !is_digit(text[at + 3])) {
        return false;
    }
    out->exponent = (text[at + 2] - '0') * 10 + (text[at + 3] - '0');
    out->exponent *= text[at + 1] == '-' ? -1 : 1;
    out->len = at + 4;
    char next = text[out->len];
    bool sentence_end = next == '.' && !is_digit(text[out->len + 1]);
    return (ends_before(next) || sentence_end) &&
           out->exponent >= EXPONENT_LEAST && out->exponent <= EXPONENT_MOST;
}

/* Writes the number out; returns the end. */
static char *write_out(const struct scientific *n, char *to)
{
    if (n->exponent < 0) {
        *to++ = '0';
        *to++ = '.';
        for (int i = -1; i > n->exponent; i--) {
            *to++ = '0';
        }
        memcpy(to, n->digits, n->count);
        return to + n->count;
    }
    size_t whole = (size_t)n->exponent + 1;
    for (size_t i = 0; i < whole; i++) {
        bool group = i && whole >= 5 && (whole - i) % 3 == 0;
        if (group) {
            *to++ = ' ';
        }
        *to++ = i < n->count ? n->digits[i] : '0';
    }
    if (n->count > whole) {
        *to++ = '.';
        memcpy(to, n->digits + whole, n->count - whole);
        to += n->count - whole;
    }
    return to;
}

const char *km_spell_numbers(const char *text, struct km_arena *arena)
{
    /* the longest: 1e+12, five bytes, is 1 000 000 000 000, seventeen */
    enum { LONGER = 12 };
    size_t found = 0;
    struct scientific n;
    char before = '\0';
    for (const char *at = text; at && *at; before = *at++) {
        found += begins_after(before) && read_scientific(at, &n);
    }
    if (!found || !text) {
        return text;
    }
    char *out = km_arena_alloc(arena, strlen(text) + found * LONGER + 1);
    char *to = out;
    before = '\0';
    while (out && *text) {
        if (begins_after(before) && read_scientific(text, &n)) {
            to = write_out(&n, to);
            text += n.len;
            before = '0';
        } else {
            before = *text++;
            *to++ = before;
        }
    }
    if (out) {
        *to = '\0';
    }
    return out;
}
