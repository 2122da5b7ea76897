/* text_dict.c - Python dicts in logs: {'loss': 1.2, 'grad_norm': nan}. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/number.h"
#include "model/record.h"
#include "source/text_shape.h"

static const struct km_text_shape dict_shape = {
    .name = "Python dict", .anchor = "{'", .pairs = KM_TEXT_LIST};

static size_t skip_blanks(struct km_str text, size_t at)
{
    while (at < text.len && text.ptr[at] == ' ') {
        at++;
    }
    return at;
}

/* The text between quotes at `at`; its end, or 0. */
static size_t read_quoted(struct km_str text, size_t at, struct km_str *out)
{
    if (at >= text.len || (text.ptr[at] != '\'' && text.ptr[at] != '"')) {
        return 0;
    }
    size_t end = km_str_find(text, text.ptr[at], at + 1);
    if (end == text.len) {
        return 0;
    }
    *out = (struct km_str){text.ptr + at + 1, end - at - 1};
    return end + 1;
}

/* Past a value that is no number: to the ',' or '}' outside of brackets. */
static size_t skip_value(struct km_str text, size_t at)
{
    int depth = 0;
    char quote = 0;
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (quote) {
            quote = c == quote ? 0 : quote;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '[' || c == '(' || c == '{') {
            depth++;
        } else if (depth && (c == ']' || c == ')' || c == '}')) {
            depth--;
        } else if (!depth && (c == ',' || c == '}')) {
            break;
        }
    }
    return at;
}

static void add_number(struct km_text_line *out, struct km_str key,
                       struct km_str text)
{
    double value;
    if (key.len == 0 || key.len > KM_TEXT_KEY_BYTES_MAX ||
        !km_number_parse(km_str_trim(text), &value)) {
        return;
    }
    bool is_step = km_str_is(key, "step") || km_str_is(key, "global_step");
    if (is_step && value == floor(value) && fabs(value) < 0x1p53) {
        out->step = (int64_t)value;
    } else if (out->pair_count == KM_TEXT_PAIRS_MAX) {
        out->left_out++;
    } else {
        out->pairs[out->pair_count++] = (struct km_text_pair){key, NULL, value};
    }
}

/* Dicts of settings are printed too: a trainer's has one of these. */
static bool is_from_trainer(const struct km_text_line *line)
{
    bool known = line->pair_count && line->step != KM_STEP_ABSENT;
    for (size_t i = 0; i < line->pair_count; i++) {
        struct km_str key = line->pairs[i].key;
        known |= km_str_is(key, "epoch") || km_str_ends(key, KM_STR("loss")) ||
                 km_str_ends(key, KM_STR("reward"));
    }
    return known;
}

bool km_text_dict_match(struct km_str line, struct km_text_line *out)
{
    km_text_line_reset(out, NULL);
    size_t at = km_str_search(line, KM_STR("{'"));
    struct km_str before = km_str_trim((struct km_str){line.ptr, at});
    if (at == line.len || !km_text_is_prefix(before)) {
        return false;
    }
    at++;
    for (;;) {
        struct km_str key, quoted;
        size_t end = read_quoted(line, skip_blanks(line, at), &key);
        at = end ? skip_blanks(line, end) : line.len;
        if (at >= line.len || line.ptr[at] != ':') {
            return false;
        }
        at = skip_blanks(line, at + 1);
        end = read_quoted(line, at, &quoted);
        size_t stop = skip_value(line, at);
        add_number(out, key,
                   end ? quoted : (struct km_str){line.ptr + at, stop - at});
        if (stop == line.len) {
            return false; /* cut off */
        }
        at = stop + 1;
        if (line.ptr[stop] == '}') {
            break;
        }
    }
    if (!is_from_trainer(out) ||
        km_str_trim((struct km_str){line.ptr + at, line.len - at}).len) {
        return false;
    }
    out->shape = &dict_shape;
    (void)km_text_time(line, &out->time_ns);
    return true;
}
