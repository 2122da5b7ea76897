/* str.c - searching, trimming and judging borrowed text. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/str.h"

#include <stdint.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' ||
           c == '\f';
}

struct km_str km_str_trim(struct km_str a)
{
    while (a.len && is_blank(a.ptr[0])) {
        a.ptr++;
        a.len--;
    }
    while (a.len && is_blank(a.ptr[a.len - 1])) {
        a.len--;
    }
    return a;
}

size_t km_str_search(struct km_str a, struct km_str needle)
{
    if (needle.len == 0) {
        return 0;
    }
    if (a.len < needle.len) {
        return a.len;
    }
    const char *hit = memmem(a.ptr, a.len, needle.ptr, needle.len);
    return hit ? (size_t)(hit - a.ptr) : a.len;
}

/* Length of the sequence at `bytes`, 0 when it is not valid UTF-8. */
static size_t sequence_len(const unsigned char *bytes, size_t left,
                           uint32_t *code)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = bytes[0];
    if (lead < 0x80) {
        *code = lead;
        return 1;
    }
    size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;
    if (len == 0 || lead > 0xf4 || left < len) {
        return 0;
    }
    uint32_t value = lead & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (value < smallest[len] || value > 0x10ffff ||
        (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    *code = value;
    return len;
}

bool km_utf8_is_valid(struct km_str a)
{
    const unsigned char *bytes = (const unsigned char *)a.ptr;
    for (size_t at = 0; at < a.len;) {
        uint32_t code;
        size_t len = sequence_len(bytes + at, a.len - at, &code);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

bool km_utf8_is_name(struct km_str a)
{
    const unsigned char *bytes = (const unsigned char *)a.ptr;
    for (size_t at = 0; at < a.len;) {
        uint32_t code;
        size_t len = sequence_len(bytes + at, a.len - at, &code);
        if (len == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0)) {
            return false;
        }
        at += len;
    }
    return true;
}

/* East Asian wide and emoji blocks take two columns, combining marks none. */
static size_t columns_of(uint32_t code)
{
    if ((code >= 0x300 && code <= 0x36f) || code == 0x200b || code == 0x200d) {
        return 0;
    }
    bool wide = (code >= 0x1100 && code <= 0x115f) ||
                (code >= 0x2e80 && code <= 0xa4cf) ||
                (code >= 0xac00 && code <= 0xd7a3) ||
                (code >= 0xf900 && code <= 0xfaff) ||
                (code >= 0xfe30 && code <= 0xfe6f) ||
                (code >= 0xff00 && code <= 0xff60) ||
                (code >= 0x1f300 && code <= 0x1faff) ||
                (code >= 0x20000 && code <= 0x3fffd);
    return wide ? 2 : 1;
}

size_t km_utf8_width(struct km_str a)
{
    const unsigned char *bytes = (const unsigned char *)a.ptr;
    size_t width = 0;
    for (size_t at = 0; at < a.len;) {
        uint32_t code = 0;
        size_t len = sequence_len(bytes + at, a.len - at, &code);
        width += len ? columns_of(code) : 1;
        at += len ? len : 1;
    }
    return width;
}

static unsigned char lower(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + 32) : byte;
}

bool km_glob_match(struct km_str glob, struct km_str text)
{
    size_t g = 0, t = 0, star = SIZE_MAX, resume = 0;
    while (t < text.len) {
        if (g < glob.len && glob.ptr[g] == '*') {
            star = g++;
            resume = t;
        } else if (g < glob.len && (glob.ptr[g] == '?' ||
                                    lower(glob.ptr[g]) == lower(text.ptr[t]))) {
            g++;
            t++;
        } else if (star != SIZE_MAX) {
            g = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (g < glob.len && glob.ptr[g] == '*') {
        g++;
    }
    return g == glob.len;
}

/* Bytes of the folders that all have in common, from the front or from the
 * back; a folder has no blanks. */
static size_t common_folders(const char *const *names, size_t count, bool back)
{
    struct km_str first = km_str_of(names[0]);
    size_t kept = 0;
    for (size_t n = 0; n < first.len; n++) {
        char c = first.ptr[back ? first.len - 1 - n : n];
        for (size_t i = 1; i < count; i++) {
            struct km_str other = km_str_of(names[i]);
            if (n >= other.len ||
                other.ptr[back ? other.len - 1 - n : n] != c) {
                return kept;
            }
        }
        if (c == ' ') {
            return kept;
        }
        kept = c == '/' ? n + 1 : kept;
    }
    return kept;
}

struct km_str km_str_distinct(const char *const *names, size_t count,
                              size_t index)
{
    struct km_str name = km_str_of(names[index]);
    if (count < 2) {
        return name;
    }
    size_t front = common_folders(names, count, false);
    size_t back = common_folders(names, count, true);
    for (size_t i = 0; i < count; i++) {
        if (front + back >= strlen(names[i])) {
            return name;
        }
    }
    return (struct km_str){name.ptr + front, name.len - front - back};
}
