/* text_log.c - what training programs print, line by line. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text_log.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/number.h"
#include "source/pattern.h"
#include "source/text_shape.h"

struct text_state {
    struct km_pattern *pattern; /* the user's, or NULL: the table */
    struct km_buf clean;        /* a line without terminal colours */
    struct km_text_line line;
    int64_t lines, recognised;
    int64_t rows;    /* of lines without a step: their index */
    int64_t planned; /* total steps last seen, or -1 */
    int64_t block_step, block_time_ns;
    bool block_open; /* indented lines belong to block_step */
    bool skipping;   /* inside a line that is too long */
    bool left_out_seen;
};

enum { SAVED_WORDS = 9, NAME_BYTES = 256, SNIFF_LINES = 400 };

static enum km_code begin(struct km_source *source, struct km_str saved,
                          struct km_err *err)
{
    struct text_state *text = source->state;
    km_buf_init(&text->clean, KM_LINE_BYTES_MAX);
    text->planned = -1;
    struct km_str pattern = source->options->pattern;
    if (pattern.len) {
        enum km_code code =
            km_pattern_open(&text->pattern, &source->arena, pattern, err);
        if (code) {
            return code;
        }
    }
    int64_t words[SAVED_WORDS];
    size_t at = 0;
    for (int i = 0; saved.len && i < SAVED_WORDS; i++) {
        size_t end = km_str_find(saved, ' ', at);
        if (at >= saved.len ||
            !km_integer_parse((struct km_str){saved.ptr + at, end - at},
                              &words[i]) ||
            (i == 0 && words[0] != 1)) {
            return km_fail(err, KM_ECORRUPT,
                           "the saved place of a text log is damaged");
        }
        at = end + 1;
    }
    if (saved.len) {
        text->lines = words[1];
        text->recognised = words[2];
        text->rows = words[3];
        text->planned = words[4];
        text->block_open = words[5] != 0;
        text->block_step = words[6];
        text->block_time_ns = words[7];
        text->skipping = words[8] != 0;
    }
    return KM_OK;
}

static void save(const struct km_source *source, struct km_buf *out)
{
    const struct text_state *text = source->state;
    km_buf_printf(out,
                  "1 %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                  " %d %" PRId64 " %" PRId64 " %d",
                  text->lines, text->recognised, text->rows, text->planned,
                  text->block_open, text->block_step, text->block_time_ns,
                  text->skipping);
}

static void finish(struct km_source *source)
{
    struct text_state *text = source->state;
    km_pattern_close(text->pattern);
    km_buf_finish(&text->clean);
}

/* Without ESC[...m and other control sequences of terminals. */
static struct km_str strip_colours(struct text_state *text, struct km_str line)
{
    if (line.len == 0 || !memchr(line.ptr, '\x1b', line.len)) {
        return line;
    }
    km_buf_reset(&text->clean);
    for (size_t at = 0; at < line.len;) {
        size_t escape = km_str_find(line, '\x1b', at);
        km_buf_append(&text->clean, line.ptr + at, escape - at);
        at = escape + 1;
        if (at < line.len && line.ptr[at] == '[') {
            at++;
            while (at < line.len &&
                   (unsigned char)(line.ptr[at] - 0x20) < 0x20) {
                at++;
            }
            at++;
        }
    }
    return (struct km_str){text->clean.bytes, text->clean.len};
}

/* The metric's name: the shape's own word, or the key with '_' for blanks. */
static struct km_str metric_name(const struct km_text_shape *shape,
                                 const struct km_text_pair *pair,
                                 char out[NAME_BYTES])
{
    struct km_str key = pair->metric ? km_str_of(pair->metric) : pair->key;
    struct km_str prefix = km_str_of(shape ? shape->prefix : NULL);
    size_t len = 0;
    if (prefix.len + key.len >= NAME_BYTES) {
        return key;
    }
    if (prefix.len) {
        memcpy(out, prefix.ptr, prefix.len);
        len = prefix.len;
    }
    for (size_t i = 0; i < key.len; i++) {
        out[len++] = key.ptr[i];
        if (key.ptr[i] == ' ') {
            out[len - 1] = '_';
        }
    }
    return (struct km_str){out, len};
}

static void emit_pair(struct km_source *source,
                      const struct km_text_shape *shape,
                      const struct km_text_pair *pair, int64_t step,
                      int64_t time_ns, uint32_t flags)
{
    char name[NAME_BYTES];
    uint32_t series =
        km_emit_series(source->emit, metric_name(shape, pair, name),
                       (struct km_str){NULL, 0}, flags);
    km_emit_point(source->emit, series, step, time_ns, pair->value);
}

/* Values that a program prints when it is done belong to no step. */
static void emit_summary(struct km_source *source)
{
    const struct text_state *text = source->state;
    const struct km_text_line *line = &text->line;
    for (size_t i = 0; i < line->pair_count; i++) {
        char key[2 * KM_TEXT_KEY_BYTES_MAX + 2], number[KM_NUMBER_BYTES];
        const struct km_text_pair *pair = &line->pairs[i];
        int len = snprintf(key, sizeof key, "%.*s.%.*s", (int)line->label.len,
                           line->label.ptr, (int)pair->key.len, pair->key.ptr);
        struct km_str value = {number, km_number_format(pair->value, number)};
        struct km_str name = {key, (size_t)len};
        if (isfinite(pair->value)) {
            km_emit_attribute(source->emit, KM_ATTRIBUTE_SUMMARY, name, value);
        } else {
            km_emit_attribute_text(source->emit, KM_ATTRIBUTE_SUMMARY, name,
                                   value);
        }
    }
}

static void emit_line(struct km_source *source, uint64_t offset)
{
    struct text_state *text = source->state;
    const struct km_text_line *line = &text->line;
    if (line->shape && (line->shape->flags & KM_TEXT_SUMMARY)) {
        emit_summary(source);
        return;
    }
    text->recognised++;
    if (line->planned > 0 && line->planned != text->planned) {
        char number[KM_NUMBER_BYTES];
        int len = snprintf(number, sizeof number, "%" PRId64, line->planned);
        text->planned = line->planned;
        km_emit_attribute(source->emit, KM_ATTRIBUTE_CONFIG,
                          KM_STR("planned_steps"),
                          (struct km_str){number, (size_t)len});
    }
    uint32_t flags = 0;
    int64_t step = line->step;
    if (step == KM_STEP_ABSENT) {
        step = text->rows++;
        flags = KM_SERIES_STEP_IS_INDEX;
    }
    for (size_t i = 0; i < line->pair_count; i++) {
        emit_pair(source, line->shape, &line->pairs[i], step, line->time_ns,
                  flags);
    }
    if (line->left_out && !text->left_out_seen) {
        text->left_out_seen = true;
        km_emit_warn(source->emit, offset,
                     "a line has more than %d values; the rest is left out",
                     KM_TEXT_PAIRS_MAX);
    }
    text->block_open = line->shape && (line->shape->flags & KM_TEXT_BLOCK);
    text->block_step = line->step;
    text->block_time_ns = line->time_ns;
}

static enum km_code take_line(struct km_source *source, struct km_str line,
                              uint64_t offset, struct km_err *err)
{
    struct text_state *text = source->state;
    line = strip_colours(text, line);
    if (line.len == 0) {
        return KM_OK;
    }
    bool hit = false;
    if (text->pattern) {
        enum km_code code =
            km_pattern_match(text->pattern, line, &text->line, &hit, err);
        if (hit) {
            emit_line(source, offset);
        }
        return code;
    }
    struct km_text_pair pair;
    if (text->block_open && km_text_block_pair(line, &pair)) {
        emit_pair(source, NULL, &pair, text->block_step, text->block_time_ns,
                  0);
        return KM_OK;
    }
    text->block_open = false;
    if (km_text_dict_match(line, &text->line) ||
        km_text_line_match(line, &text->line)) {
        emit_line(source, offset);
    }
    return KM_OK;
}

/* Progress bars redraw a line with '\r': each state is a line of its own. */
static enum km_code take_lines(struct km_source *source, struct km_str line,
                               uint64_t offset, struct km_err *err)
{
    struct text_state *text = source->state;
    text->lines++;
    for (size_t at = 0; at < line.len;) {
        size_t end = km_str_find(line, '\r', at);
        enum km_code code = take_line(
            source, (struct km_str){line.ptr + at, end - at}, offset, err);
        if (code) {
            return code;
        }
        at = end + 1;
    }
    return km_emit_failed(source->emit) ? km_emit_error(source->emit, err)
                                        : KM_OK;
}

/* The bytes end inside a line. Takes them when the line is hopelessly long. */
static size_t skip_long(struct km_source *source, struct km_str rest,
                        uint64_t offset)
{
    struct text_state *text = source->state;
    if (rest.len < KM_LINE_BYTES_MAX && !text->skipping) {
        return 0;
    }
    if (!text->skipping) {
        km_emit_warn(source->emit, offset,
                     "a line is longer than %d MiB; it "
                     "is left out",
                     KM_LINE_BYTES_MAX / KM_MIB);
    }
    text->skipping = true;
    return rest.len;
}

static enum km_code refuse_unknown(const struct km_source *source,
                                   struct km_err *err)
{
    const struct text_state *text = source->state;
    return km_fail(err, KM_EFORMAT,
                   text->pattern ? "none of %" PRId64 " lines fits --pattern"
                                 : "none of %" PRId64 " lines looks like a "
                                   "training log; --pattern can describe them",
                   text->lines);
}

static enum km_code feed(struct km_source *source, struct km_str bytes,
                         bool last, size_t *used, struct km_err *err)
{
    struct text_state *text = source->state;
    size_t at = 0;
    enum km_code code = KM_OK;
    while (at < bytes.len && !code && !km_emit_full(source->emit)) {
        struct km_str rest = {bytes.ptr + at, bytes.len - at};
        size_t end = km_str_find(rest, '\n', 0);
        if (end == rest.len && (!last || text->skipping)) {
            at += skip_long(source, rest, source->offset + at);
            break;
        }
        if (text->skipping) {
            text->skipping = false;
        } else {
            code = take_lines(source, (struct km_str){rest.ptr, end},
                              source->offset + at, err);
        }
        at += end < rest.len ? end + 1 : end;
    }
    *used = at;
    bool is_over = (last && at == bytes.len) ||
                   source->offset + at > KM_TEXT_BLIND_BYTES_MAX;
    if (code == KM_OK && is_over && text->recognised == 0) {
        return refuse_unknown(source, err);
    }
    return code;
}

static bool is_log_name(struct km_str name)
{
    static const char *const ends[] = {".log", ".txt",    ".out",
                                       ".err", ".stdout", ".stderr"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (km_str_ends(name, km_str_of(ends[i]))) {
            return true;
        }
    }
    return false;
}

/* A log may begin with pages of source code: a name alone is a weak yes, and
 * feed() refuses what turns out to have nothing in it. */
static int sniff(const struct km_sniff *sniff)
{
    struct km_str head = sniff->head;
    if (sniff->is_folder || head.len == 0 || memchr(head.ptr, 0, head.len)) {
        return 0;
    }
    bool named = is_log_name(sniff->place->name);
    struct km_text_line line;
    int lines = 0;
    for (size_t at = 0; at < head.len && lines < SNIFF_LINES; lines++) {
        size_t end = km_str_find(head, '\n', at);
        struct km_str text = {head.ptr + at, end - at};
        if ((km_text_line_match(text, &line) &&
             !(line.shape->flags & KM_TEXT_SUMMARY)) ||
            km_text_dict_match(text, &line)) {
            return named ? 65 : 45;
        }
        at = end + 1;
    }
    return named ? 10 : 0;
}

const struct km_source_ops km_source_text_log = {
    .name = "text_log",
    .title = "text log",
    .shape = KM_SHAPE_STREAM,
    .scope = KM_SCOPE_FILE,
    .settings_beside = true,
    .state_bytes = sizeof(struct text_state),
    .sniff = sniff,
    .begin = begin,
    .feed = feed,
    .save = save,
    .finish = finish,
};
