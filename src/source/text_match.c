/* text_match.c - reads a line by the shapes of the table, left to right. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/number.h"
#include "model/record.h"
#include "source/text_shape.h"

enum { PREFIX_BYTES_MAX = 256, VALUE_BYTES_MAX = 48 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What stands in source code and settings, and in no metric's name. */
static bool is_code(char c)
{
    switch (c) {
    case '"':
    case '\'':
    case '`':
    case '{':
    case '}':
    case '\\':
    case ';':
    case '#':
        return true;
    default:
        return false;
    }
}

static bool is_no_key(char c)
{
    return (unsigned char)c < 0x20 || is_code(c) || c == '$' || c == '*' ||
           c == '!' || c == '?';
}

static struct km_str rest_of(struct km_str text, size_t from)
{
    return from < text.len ? (struct km_str){text.ptr + from, text.len - from}
                           : (struct km_str){text.ptr + text.len, 0};
}

static size_t skip_blanks(struct km_str text, size_t at)
{
    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t')) {
        at++;
    }
    return at;
}

/* "1,234,567.8": groups of three digits after the first comma. */
static size_t scan_commas(struct km_str text, size_t used, double *value)
{
    char plain[VALUE_BYTES_MAX];
    size_t len = 0, at = 0;
    while (at < text.len && len < sizeof plain) {
        char c = text.ptr[at];
        bool group = c == ',' && at + 3 < text.len &&
                     is_digit(text.ptr[at + 1]) && is_digit(text.ptr[at + 2]) &&
                     is_digit(text.ptr[at + 3]);
        if (group) {
            at++;
            continue;
        }
        if (!is_digit(c) && c != '.' && !(at == 0 && (c == '-' || c == '+'))) {
            break;
        }
        plain[len++] = c;
        at++;
    }
    double grouped;
    if (at > used &&
        km_number_scan((struct km_str){plain, len}, &grouped) == len) {
        *value = grouped;
        return at;
    }
    return used;
}

static size_t scan_word(struct km_str text, double *value)
{
    size_t sign = text.len && (*text.ptr == '-' || *text.ptr == '+');
    struct km_str word = rest_of(text, sign);
    if (word.len >= 3 && strncasecmp(word.ptr, "nan", 3) == 0) {
        *value = NAN;
        return sign + 3;
    }
    if (word.len >= 3 && strncasecmp(word.ptr, "inf", 3) == 0) {
        bool whole = word.len >= 8 && strncasecmp(word.ptr, "infinity", 8) == 0;
        double infinity = (double)INFINITY;
        *value = sign && *text.ptr == '-' ? -infinity : infinity;
        return sign + (whole ? 8 : 3);
    }
    return 0;
}

/* Letters of a unit, "%" and what stands in brackets behind it. */
static size_t skip_unit(struct km_str text, size_t at)
{
    size_t from = at;
    while (at < text.len && at - from < 8 &&
           (is_letter(text.ptr[at]) || text.ptr[at] == '%')) {
        at++;
    }
    if (at < text.len && text.ptr[at] == '(') {
        size_t close = km_str_find(text, ')', at);
        at = close < text.len ? close + 1 : at;
    }
    return at;
}

bool km_text_value(struct km_str text, bool commas, double *value, size_t *used)
{
    double scanned;
    size_t at = km_number_scan(text, &scanned);
    if (at && commas && at < text.len && text.ptr[at] == ',') {
        at = scan_commas(text, at, &scanned);
    }
    if (at == 0) {
        at = scan_word(text, &scanned);
    }
    if (at == 0) {
        return false;
    }
    at = skip_unit(text, at);
    if (at < text.len && text.ptr[at] != ' ' &&
        !strchr("\t,|])};", text.ptr[at])) {
        return false; /* "1:02:03", "10/20", "2024-01-01", "nano" */
    }
    *value = scanned;
    *used = at;
    return true;
}

bool km_text_time(struct km_str line, int64_t *time_ns)
{
    size_t end = line.len < PREFIX_BYTES_MAX ? line.len : PREFIX_BYTES_MAX;
    for (size_t at = 0; at + 19 <= end; at++) {
        const char *p = line.ptr + at;
        if (p[4] != '-' || p[7] != '-' || p[13] != ':' || !is_digit(p[0])) {
            continue;
        }
        size_t len = 19;
        if (at + len < end && (p[len] == '.' || p[len] == ',')) {
            for (len++; at + len < end && is_digit(p[len]); len++) {
            }
        }
        if (km_time_parse(p, len, time_ns)) {
            return true;
        }
    }
    return false;
}

static const char *find_name(const struct km_text_shape *shape,
                             struct km_str key)
{
    const size_t count = sizeof shape->names / sizeof shape->names[0];
    for (size_t i = 0; i < count && shape->names[i].key; i++) {
        if (km_str_is(key, shape->names[i].key)) {
            return shape->names[i].metric;
        }
    }
    return NULL;
}

/* Letters must be in it, and nothing that only code has. */
static bool is_key(struct km_str key)
{
    if (key.len == 0 || key.len > KM_TEXT_KEY_BYTES_MAX) {
        return false;
    }
    bool letters = false;
    for (size_t i = 0; i < key.len; i++) {
        unsigned char c = (unsigned char)key.ptr[i];
        letters |= is_letter(key.ptr[i]) || c >= 0x80;
        if (is_no_key(key.ptr[i])) {
            return false;
        }
    }
    return letters;
}

static void add_pair(struct km_text_line *out, struct km_str key, double value)
{
    const char *metric = out->shape ? find_name(out->shape, key) : NULL;
    if (!is_key(key) ||
        (out->shape && !metric && (out->shape->flags & KM_TEXT_NAMED_ONLY))) {
        return;
    }
    if (out->pair_count == KM_TEXT_PAIRS_MAX) {
        out->left_out++;
        return;
    }
    out->pairs[out->pair_count++] = (struct km_text_pair){key, metric, value};
}

static size_t skip_bracket(struct km_str text, size_t at)
{
    while (at < text.len && (text.ptr[at] == '[' || text.ptr[at] == '(')) {
        at++;
    }
    return at;
}

/* key:value key=value ..., blanks allowed after the separator */
static void read_words(struct km_str text, struct km_text_line *out)
{
    size_t at = 0;
    while (at < text.len) {
        at = skip_blanks(text, at);
        size_t key = at;
        while (at < text.len && text.ptr[at] != ' ' && text.ptr[at] != '\t' &&
               text.ptr[at] != ':' && text.ptr[at] != '=') {
            at++;
        }
        if (at == text.len || text.ptr[at] == ' ' || text.ptr[at] == '\t') {
            continue; /* a word alone */
        }
        struct km_str name = {text.ptr + key, at - key};
        size_t from = skip_bracket(text, skip_blanks(text, at + 1));
        double value;
        size_t used;
        if (km_text_value(rest_of(text, from), true, &value, &used)) {
            add_pair(out, name, value);
            at = from + used;
        } else {
            at = from;
        }
        while (at < text.len && text.ptr[at] != ' ' && text.ptr[at] != '\t') {
            at++;
        }
    }
}

/* One pair of a list: "lm loss: 9.1", "loss 9.8", "lr=[0.1". */
static void read_pair(struct km_str pair, struct km_text_line *out)
{
    pair = km_str_trim(pair);
    size_t colon = km_str_find(pair, ':', 0);
    size_t equals = km_str_find(pair, '=', 0);
    size_t cut = colon < equals ? colon : equals;
    if (cut == pair.len) {
        while (cut > 0 && pair.ptr[cut - 1] != ' ') {
            cut--;
        }
        if (cut == 0) {
            return;
        }
        cut--;
    }
    double value;
    size_t used;
    size_t from = skip_bracket(pair, skip_blanks(pair, cut + 1));
    if (km_text_value(rest_of(pair, from), false, &value, &used)) {
        add_pair(out, km_str_trim((struct km_str){pair.ptr, cut}), value);
    }
}

static void read_list(struct km_str text, struct km_text_line *out)
{
    size_t at = 0;
    while (at < text.len) {
        size_t end = at;
        while (end < text.len && text.ptr[end] != ',' && text.ptr[end] != '|') {
            end++;
        }
        read_pair((struct km_str){text.ptr + at, end - at}, out);
        at = end + 1;
    }
}

bool km_text_is_prefix(struct km_str text)
{
    if (text.len > PREFIX_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (is_code(text.ptr[i]) || text.ptr[i] == '=') {
            return false;
        }
    }
    struct km_str trimmed = km_str_trim(text);
    return trimmed.len == 0 ? text.len == 0
                            : strchr("]:-|>0123456789",
                                     trimmed.ptr[trimmed.len - 1]) != NULL;
}

static size_t scan_integer(struct km_str text, size_t at, int64_t *value)
{
    size_t from = at;
    while (at < text.len && at - from < 19 && is_digit(text.ptr[at])) {
        at++;
    }
    return at > from && km_integer_parse(
                            (struct km_str){text.ptr + from, at - from}, value)
               ? at
               : from;
}

/* Step, total and what must follow, from `at` on. 0 when they are not there. */
static size_t read_step(const struct km_text_shape *shape, struct km_str line,
                        size_t at, struct km_text_line *out)
{
    size_t from = shape->flags & KM_TEXT_TIGHT ? at : skip_blanks(line, at);
    at = scan_integer(line, from, &out->step);
    if (at == from) {
        return 0;
    }
    size_t slash = skip_blanks(line, at);
    if (slash < line.len && line.ptr[slash] == '/') {
        size_t total = skip_blanks(line, slash + 1);
        size_t end = scan_integer(line, total, &out->planned);
        at = end > total ? end : at;
    }
    const char *after = shape->after ? shape->after : "";
    if (*after) {
        size_t mark = skip_blanks(line, at);
        size_t len = strlen(after);
        if (!km_str_starts(rest_of(line, mark), (struct km_str){after, len})) {
            return 0;
        }
        return mark + len;
    }
    if (at < line.len && !strchr(" \t,|]", line.ptr[at])) {
        return 0;
    }
    return at + (at < line.len);
}

/* The first word of a summary; 0 when it is not a bare word. */
static size_t read_label(struct km_str line, size_t at,
                         struct km_text_line *out)
{
    size_t end = km_str_find(line, ' ', at);
    out->label = (struct km_str){line.ptr + at, end - at};
    return is_key(out->label) && km_str_find(out->label, ':', 0) == end - at
               ? end
               : 0;
}

/* Tries one place where the anchor stands. */
static bool try_anchor(const struct km_text_shape *shape, struct km_str line,
                       size_t at, struct km_text_line *out)
{
    char before = at ? line.ptr[at - 1] : ' ';
    if ((shape->flags & KM_TEXT_AT_START) &&
        !km_text_is_prefix((struct km_str){line.ptr, at})) {
        return false;
    }
    if (is_letter(before) || is_digit(before) || before == '_') {
        return false;
    }
    km_text_line_reset(out, shape);
    size_t end = shape->flags & KM_TEXT_SUMMARY
                     ? read_label(line, at, out)
                     : read_step(shape, line, at + strlen(shape->anchor), out);
    if (end == 0) {
        return false;
    }
    if (shape->flags & KM_TEXT_TO_BAR) {
        end = km_str_find(line, '|', end);
    }
    struct km_str rest = rest_of(line, end);
    if (shape->pairs == KM_TEXT_WORDS) {
        read_words(rest, out);
    } else {
        read_list(rest, out);
    }
    return out->pair_count > 0 || (shape->flags & KM_TEXT_BLOCK);
}

static bool match_shape(const struct km_text_shape *shape, struct km_str line,
                        struct km_text_line *out)
{
    struct km_str anchor = km_str_of(shape->anchor);
    size_t at = km_str_search(line, anchor);
    if (at == line.len) {
        return false;
    }
    if (shape->needs &&
        km_str_search(line, km_str_of(shape->needs)) == line.len) {
        return false;
    }
    /* A few places at most: a line that repeats an anchor is no log line. */
    for (int tries = 0; tries < 4 && at < line.len; tries++) {
        if (try_anchor(shape, line, at, out)) {
            return true;
        }
        size_t next = at + anchor.len;
        at = next + km_str_search(rest_of(line, next), anchor);
    }
    return false;
}

bool km_text_line_match(struct km_str line, struct km_text_line *out)
{
    for (size_t i = 0; i < km_text_shape_count; i++) {
        if (match_shape(&km_text_shapes[i], line, out)) {
            (void)km_text_time(line, &out->time_ns);
            return true;
        }
    }
    out->shape = NULL;
    out->pair_count = 0;
    return false;
}

bool km_text_block_pair(struct km_str line, struct km_text_pair *out)
{
    if (line.len < 3 || (line.ptr[0] != ' ' && line.ptr[0] != '\t')) {
        return false;
    }
    line = km_str_trim(line);
    size_t cut = line.len;
    while (cut > 0 && line.ptr[cut - 1] != '=') {
        cut--;
    }
    size_t used;
    if (cut < 2 ||
        !km_text_value(rest_of(line, cut), true, &out->value, &used)) {
        return false;
    }
    out->key = km_str_trim((struct km_str){line.ptr, cut - 1});
    out->metric = NULL;
    return is_key(out->key);
}
