/* csv_row.c - cuts one CSV record into fields in a single pass. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/csv_row.h"

#include <string.h>

static bool add_field(struct km_csv_row *row, struct km_str field)
{
    if (row->count == row->limit) {
        row->extra++;
        return true;
    }
    if (row->count == row->cap) {
        if (!row->arena) {
            row->extra++;
            return true;
        }
        size_t cap = row->cap ? row->cap * 2 : 64;
        struct km_str *grown = km_new(row->arena, struct km_str, cap);
        if (!grown) {
            return false;
        }
        if (row->count) {
            memcpy(grown, row->fields, row->count * sizeof *grown);
        }
        row->fields = grown;
        row->cap = cap;
    }
    row->fields[row->count++] = field;
    return true;
}

static struct km_str trim_blanks(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t')) {
        from++;
    }
    while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r')) {
        to--;
    }
    return (struct km_str){from, (size_t)(to - from)};
}

/* The closing quote of the field that opened before `at`, or NULL. */
static const char *find_closing(const char *at, const char *end, bool last,
                                bool *escaped)
{
    for (;;) {
        const char *quote =
            at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
        if (!quote) {
            return NULL;
        }
        if (quote + 1 == end) {
            return last ? quote : NULL; /* it might become a doubled one */
        }
        if (quote[1] != '"') {
            return quote;
        }
        *escaped = true;
        at = quote + 2;
    }
}

/* Blanks between a delimiter and an opening quote are forgiven. */
static const char *skip_to_quote(const char *at, const char *end,
                                 char delimiter)
{
    while (at < end && *at == ' ' && delimiter != ' ') {
        at++;
    }
    return at < end && *at == '"' ? at : NULL;
}

enum km_csv_cut km_csv_cut(struct km_str bytes, char delimiter, bool last,
                           struct km_csv_row *row, size_t *used)
{
    const char *at = bytes.ptr;
    const char *const end = bytes.len ? bytes.ptr + bytes.len : bytes.ptr;
    row->count = row->extra = 0;
    row->escaped = false;
    for (;;) {
        const char *quote = skip_to_quote(at, end, delimiter);
        struct km_str quoted = {NULL, 0};
        const char *scan = at;
        if (quote) {
            const char *closing =
                find_closing(quote + 1, end, last, &row->escaped);
            if (!closing) {
                return KM_CSV_OPEN_QUOTE;
            }
            quoted = (struct km_str){quote + 1, (size_t)(closing - quote - 1)};
            scan = closing + 1;
        }
        while (scan < end && *scan != delimiter && *scan != '\n') {
            scan++;
        }
        if (scan == end && !last) {
            return KM_CSV_MORE;
        }
        if (!add_field(row, quote ? quoted : trim_blanks(at, scan))) {
            return KM_CSV_FULL;
        }
        if (scan == end || *scan == '\n') {
            *used = (size_t)(scan - bytes.ptr) + (scan < end);
            return KM_CSV_ROW;
        }
        at = scan + 1;
    }
}

char km_csv_delimiter(struct km_str bytes)
{
    static const char candidates[] = {',', '\t', ';'};
    size_t counts[sizeof candidates] = {0};
    bool quoted = false;
    for (size_t i = 0; i < bytes.len; i++) {
        char c = bytes.ptr[i];
        if (c == '"') {
            quoted = !quoted;
        } else if (c == '\n') {
            break; /* even in quotes: what comes later may not be here yet */
        }
        for (size_t k = 0; k < sizeof candidates && !quoted; k++) {
            counts[k] += c == candidates[k];
        }
    }
    size_t best = 0;
    for (size_t k = 1; k < sizeof candidates; k++) {
        best = counts[k] > counts[best] ? k : best;
    }
    return candidates[best];
}

char *km_csv_unescape(struct km_arena *arena, struct km_str field, size_t *len)
{
    char *copy = km_arena_alloc(arena, field.len + 1);
    if (!copy) {
        return NULL;
    }
    size_t n = 0;
    for (size_t i = 0; i < field.len; i++) {
        copy[n++] = field.ptr[i];
        if (field.ptr[i] == '"' && i + 1 < field.len &&
            field.ptr[i + 1] == '"') {
            i++;
        }
    }
    copy[n] = '\0';
    *len = n;
    return copy;
}
