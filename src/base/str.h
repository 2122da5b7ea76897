/* str.h - a borrowed run of bytes: what parsers hand around instead of copies.
 *
 * Ownership: never owns; valid as long as the bytes it points into. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_STR_H
#define KM_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct km_str {
    const char *ptr; /* not NUL-terminated; may be NULL when len is 0 */
    size_t len;
};

#define KM_STR(literal) ((struct km_str){(literal), sizeof(literal) - 1})

static inline struct km_str km_str_of(const char *text)
{
    return (struct km_str){text, text ? strlen(text) : 0};
}

static inline bool km_str_equal(struct km_str a, struct km_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool km_str_is(struct km_str a, const char *text)
{
    return km_str_equal(a, km_str_of(text));
}

static inline bool km_str_starts(struct km_str a, struct km_str prefix)
{
    return a.len >= prefix.len &&
           (prefix.len == 0 || memcmp(a.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool km_str_ends(struct km_str a, struct km_str suffix)
{
    return a.len >= suffix.len &&
           (suffix.len == 0 ||
            memcmp(a.ptr + a.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* Position of the first `c` at or after `from`, or `a.len`. */
static inline size_t km_str_find(struct km_str a, char c, size_t from)
{
    if (from >= a.len) {
        return a.len;
    }
    const char *hit = memchr(a.ptr + from, c, a.len - from);
    return hit ? (size_t)(hit - a.ptr) : a.len;
}

/* Without blanks, tabs and line ends on both sides. */
struct km_str km_str_trim(struct km_str a);

/* Position of the first occurrence of `needle`, or `a.len`. */
size_t km_str_search(struct km_str a, struct km_str needle);

/* What tells names[index] from the others: without the folders that all begin
 * with and those that all end with. All of it where one is a part of another.
 */
struct km_str km_str_distinct(const char *const *names, size_t count,
                              size_t index);

/* True when all of `text` matches: '*' any run of bytes, '?' any one byte,
 * letters of ASCII in either case. Linear in practice, quadratic at worst. */
bool km_glob_match(struct km_str glob, struct km_str text);

/* True when every byte sequence is valid UTF-8 (no surrogates, no overlong
 * forms) and no byte is a control character (below 0x20, or 0x7f). */
bool km_utf8_is_name(struct km_str a);
bool km_utf8_is_valid(struct km_str a);

/* Columns that the text takes on a terminal; invalid bytes count as one. */
size_t km_utf8_width(struct km_str a);

#endif
