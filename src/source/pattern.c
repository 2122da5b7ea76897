/* pattern.c - bounded matching of the user's regular expression (PCRE2). */
/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "source/pattern.h"

#include <assert.h>
#include <inttypes.h>
#include <pcre2.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/number.h"
#include "model/record.h"
#include "source/csv_table.h"

enum {
    WORK_PER_LINE = 4000000, /* matching steps, about a tenth of a second */
    TIRED_LINES_MAX = 16,    /* lines beyond it before the pattern is refused */
};

struct metric_group {
    struct km_str name;
    uint32_t number;
};

struct km_pattern {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
    struct metric_group *metrics;
    uint32_t metric_count;
    uint32_t step, planned, time, name, value; /* group numbers; 0: none */
    uint64_t skipped;
    unsigned tired;
};

static enum km_code read_groups(struct km_pattern *pattern,
                                struct km_arena *arena, struct km_err *err)
{
    uint32_t count = 0, entry_size = 0;
    PCRE2_SPTR table = NULL;
    (void)pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMECOUNT, &count);
    (void)pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMEENTRYSIZE,
                             &entry_size);
    (void)pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMETABLE, &table);
    pattern->metrics = km_new(arena, struct metric_group, count);
    if (!pattern->metrics) {
        return km_fail(err, KM_ELIMIT, "--pattern has too many groups");
    }
    for (uint32_t i = 0; i < count; i++) {
        PCRE2_SPTR entry = table + (size_t)i * entry_size;
        uint32_t number = (uint32_t)entry[0] << 8 | entry[1];
        const char *name = (const char *)entry + 2;
        struct km_str word = km_str_of(name);
        uint32_t *const axes[] = {&pattern->step, &pattern->planned,
                                  &pattern->time, &pattern->name,
                                  &pattern->value};
        static const char *const words[] = {"step", "planned", "time", "name",
                                            "value"};
        bool axis = false;
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
            if (km_str_is(word, words[k])) {
                *axes[k] = number;
                axis = true;
            }
        }
        if (!axis) {
            char *copy = km_arena_copy(arena, word.ptr, word.len);
            if (!copy) {
                return km_fail(err, KM_ELIMIT, "--pattern is too long");
            }
            pattern->metrics[pattern->metric_count++] =
                (struct metric_group){{copy, word.len}, number};
        }
    }
    if (pattern->value && !pattern->name) {
        /* a lone (?<value>...) is a metric called so */
        pattern->metrics[pattern->metric_count++] =
            (struct metric_group){KM_STR("value"), pattern->value};
        pattern->value = 0;
    }
    if (pattern->metric_count == 0 && !(pattern->name && pattern->value)) {
        return km_fail(err, KM_EUSAGE,
                       "--pattern names no metric: expected a group like "
                       "(?<loss>[0-9.]+), or (?<name>...) and (?<value>...)");
    }
    return KM_OK;
}

enum km_code km_pattern_open(struct km_pattern **out, struct km_arena *arena,
                             struct km_str text, struct km_err *err)
{
    *out = NULL;
    struct km_pattern *pattern = km_new(arena, struct km_pattern, 1);
    if (!pattern || text.len > KM_PATTERN_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT, "--pattern is longer than %d bytes",
                       KM_PATTERN_BYTES_MAX);
    }
    int number = 0;
    PCRE2_SIZE offset = 0;
    pattern->code =
        pcre2_compile((PCRE2_SPTR)text.ptr, text.len, PCRE2_NEVER_BACKSLASH_C,
                      &number, &offset, NULL);
    if (!pattern->code) {
        PCRE2_UCHAR why[160];
        (void)pcre2_get_error_message(number, why, sizeof why);
        return km_fail(err, KM_EUSAGE, "--pattern: column %zu: %s",
                       (size_t)offset + 1, (const char *)why);
    }
    pattern->match = pcre2_match_data_create_from_pattern(pattern->code, NULL);
    pattern->context = pcre2_match_context_create(NULL);
    enum km_code code =
        pattern->match && pattern->context
            ? read_groups(pattern, arena, err)
            : km_fail(err, KM_EMEMORY, "memory for --pattern is short");
    if (code) {
        km_pattern_close(pattern);
        return code;
    }
    (void)pcre2_set_depth_limit(pattern->context, 2000);
    (void)pcre2_set_heap_limit(pattern->context, 16 * 1024); /* KiB */
    *out = pattern;
    return KM_OK;
}

void km_pattern_close(struct km_pattern *pattern)
{
    if (pattern) {
        pcre2_match_data_free(pattern->match);
        pcre2_match_context_free(pattern->context);
        pcre2_code_free(pattern->code);
        pattern->match = NULL;
        pattern->context = NULL;
        pattern->code = NULL;
    }
}

enum km_code km_pattern_check(struct km_str text, struct km_err *err)
{
    struct km_arena arena;
    struct km_pattern *pattern;
    km_arena_init(&arena, KM_MIB);
    enum km_code code = km_pattern_open(&pattern, &arena, text, err);
    km_pattern_close(pattern);
    km_arena_finish(&arena);
    return code;
}

uint64_t km_pattern_skipped(const struct km_pattern *pattern)
{
    return pattern->skipped;
}

/* The text of a group; empty when it took no part in the match. */
static struct km_str group_text(const struct km_pattern *pattern,
                                struct km_str line, uint32_t number)
{
    const PCRE2_SIZE *spans = pcre2_get_ovector_pointer(pattern->match);
    if (number == 0 || number >= pcre2_get_ovector_count(pattern->match) ||
        spans[2 * number] == PCRE2_UNSET ||
        spans[2 * number + 1] < spans[2 * number]) {
        return (struct km_str){line.ptr, 0};
    }
    return (struct km_str){line.ptr + spans[2 * number],
                           spans[2 * number + 1] - spans[2 * number]};
}

static void add_pair(struct km_text_line *out, struct km_str key,
                     struct km_str text)
{
    double value;
    size_t used;
    if (key.len == 0 || !km_text_value(text, true, &value, &used)) {
        return;
    }
    if (out->pair_count == KM_TEXT_PAIRS_MAX) {
        out->left_out++;
        return;
    }
    out->pairs[out->pair_count++] = (struct km_text_pair){key, NULL, value};
}

static void take_match(const struct km_pattern *pattern, struct km_str line,
                       struct km_text_line *out)
{
    int64_t integer;
    if (km_csv_step_parse(group_text(pattern, line, pattern->step), &integer)) {
        out->step = integer;
    }
    if (km_csv_step_parse(group_text(pattern, line, pattern->planned),
                          &integer) &&
        integer >= 0) {
        out->planned = integer;
    }
    (void)km_csv_time_parse(group_text(pattern, line, pattern->time),
                            &out->time_ns);
    for (uint32_t i = 0; i < pattern->metric_count; i++) {
        add_pair(out, pattern->metrics[i].name,
                 group_text(pattern, line, pattern->metrics[i].number));
    }
    if (pattern->name && pattern->value) {
        add_pair(out, group_text(pattern, line, pattern->name),
                 group_text(pattern, line, pattern->value));
    }
}

static enum km_code count_tired(struct km_pattern *pattern, struct km_err *err)
{
    pattern->skipped++;
    if (++pattern->tired <= TIRED_LINES_MAX) {
        return KM_OK;
    }
    return km_fail(err, KM_ELIMIT,
                   "--pattern takes too long on %u lines; avoid nested "
                   "repeats like (a+)+",
                   pattern->tired);
}

enum km_code km_pattern_match(struct km_pattern *pattern, struct km_str line,
                              struct km_text_line *out, bool *hit,
                              struct km_err *err)
{
    km_text_line_reset(out, NULL);
    *hit = false;
    if (line.len > KM_PATTERN_LINE_BYTES_MAX) {
        pattern->skipped++;
        return KM_OK;
    }
    /* The limit counts anew at each place where a match could begin. */
    uint32_t work = (uint32_t)(WORK_PER_LINE / (line.len + 1));
    (void)pcre2_set_match_limit(pattern->context, work < 500 ? 500 : work);
    size_t at = 0;
    while (at <= line.len) {
        int found =
            pcre2_match(pattern->code, (PCRE2_SPTR)line.ptr, line.len, at,
                        PCRE2_NOTEMPTY, pattern->match, pattern->context);
        if (found == PCRE2_ERROR_NOMATCH) {
            break;
        }
        if (found < 0) {
            return count_tired(pattern, err);
        }
        take_match(pattern, line, out);
        size_t end = pcre2_get_ovector_pointer(pattern->match)[1];
        at = end > at ? end : at + 1;
    }
    *hit = out->pair_count > 0;
    return KM_OK;
}
