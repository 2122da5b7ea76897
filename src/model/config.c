/* config.c - a small YAML document into a struct, by a table of sections.
 *
 * Errors are found with the marks of the parser's events, so that every message
 * has a line and a column. Anchors, tags and several documents are refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <yaml.h>

#include "base/limits.h"
#include "base/number.h"

struct reading {
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event;
    const char *path;
    struct km_arena *arena;
    struct km_config *config;
    struct km_role_rule *rules;
    struct km_config_target *targets;
    struct km_err *err;
};

void km_config_init(struct km_config *config)
{
    *config = (struct km_config){.price_per_accelerator_hour = NAN,
                                 .price_per_step = NAN,
                                 .quota_gib = NAN};
}

/* Fails at the present event. */
static enum km_code fail_at(struct reading *r, const char *expected)
{
    const yaml_mark_t *mark = &r->event.start_mark;
    return km_fail(r->err, KM_EINPUT, "%s: line %zu, column %zu: expected %s",
                   r->path, mark->line + 1, mark->column + 1, expected);
}

static enum km_code fail_full(struct reading *r)
{
    return km_fail(r->err, KM_ELIMIT, "%s: too large", r->path);
}

static enum km_code next(struct reading *r)
{
    if (r->has_event) {
        yaml_event_delete(&r->event);
        r->has_event = false;
    }
    if (!yaml_parser_parse(&r->parser, &r->event)) {
        const yaml_parser_t *p = &r->parser;
        return km_fail(r->err, KM_EINPUT,
                       "%s: line %zu, column %zu: not YAML: %s", r->path,
                       p->problem_mark.line + 1, p->problem_mark.column + 1,
                       p->problem ? p->problem : "unreadable");
    }
    r->has_event = true;
    return KM_OK;
}

static enum km_code expect(struct reading *r, yaml_event_type_t type,
                           const char *expected)
{
    return r->event.type == type ? KM_OK : fail_at(r, expected);
}

static struct km_str scalar(const struct reading *r)
{
    return (struct km_str){(const char *)r->event.data.scalar.value,
                           r->event.data.scalar.length};
}

/* Reads the next event, which must be a text without control characters. */
static enum km_code read_text(struct reading *r, const char *expected,
                              struct km_str *text)
{
    enum km_code code = next(r);
    if (code == KM_OK) {
        code = expect(r, YAML_SCALAR_EVENT, expected);
    }
    if (code != KM_OK) {
        return code;
    }
    struct km_str found = scalar(r);
    if (!found.len || found.len > KM_PATH_BYTES_MAX ||
        !km_utf8_is_name(found)) {
        return fail_at(r, expected);
    }
    text->ptr = km_arena_copy(r->arena, found.ptr, found.len);
    text->len = found.len;
    return text->ptr ? KM_OK : fail_full(r);
}

static enum km_code read_number(struct reading *r, bool positive,
                                const char *expected, double *value)
{
    struct km_str text;
    enum km_code code = read_text(r, expected, &text);
    if (code != KM_OK) {
        return code;
    }
    bool good = km_number_parse(text, value) && isfinite(*value) &&
                (!positive || *value > 0);
    return good ? KM_OK : fail_at(r, expected);
}

static enum km_code read_better(struct reading *r, int *better)
{
    static const struct {
        const char *word;
        int better;
    } words[] = {{"higher", 1}, {"lower", -1}, {"neither", 0}};
    struct km_str text;
    enum km_code code = read_text(r, "higher, lower or neither", &text);
    for (size_t i = 0; code == KM_OK && i < 3; i++) {
        if (km_str_is(text, words[i].word)) {
            *better = words[i].better;
            return KM_OK;
        }
    }
    return code == KM_OK ? fail_at(r, "higher, lower or neither") : code;
}

static enum km_code read_role(struct reading *r, enum km_role *role)
{
    struct km_str text;
    const char *expected = "a role, such as train_loss or learning_rate";
    enum km_code code = read_text(r, expected, &text);
    if (code == KM_OK && !km_role_parse(text, role)) {
        code = fail_at(r, expected);
    }
    return code;
}

/* One key of a rule; the present event is the key. */
static enum km_code read_rule_key(struct reading *r, struct km_role_rule *rule)
{
    struct km_str key = scalar(r);
    if (km_str_is(key, "match")) {
        return read_text(r, "a glob over metric names", &rule->pattern);
    }
    if (km_str_is(key, "role")) {
        rule->has_role = true;
        return read_role(r, &rule->role);
    }
    if (km_str_is(key, "unit")) {
        return read_text(r, "a unit, such as nat or ms", &rule->unit);
    }
    if (km_str_is(key, "better")) {
        rule->has_better = true;
        return read_better(r, &rule->better);
    }
    return fail_at(r, "match, role, unit or better");
}

static enum km_code read_rule(struct reading *r)
{
    enum km_code code = expect(r, YAML_MAPPING_START_EVENT,
                               "a rule: match, role, unit, better");
    if (code != KM_OK) {
        return code;
    }
    if (r->config->roles.rule_count >= KM_CONFIG_RULES_MAX) {
        return fail_full(r);
    }
    struct km_role_rule rule = {.unit = {"", 0}};
    while ((code = next(r)) == KM_OK &&
           r->event.type != YAML_MAPPING_END_EVENT) {
        code = expect(r, YAML_SCALAR_EVENT, "match, role, unit or better");
        code = code == KM_OK ? read_rule_key(r, &rule) : code;
        if (code != KM_OK) {
            return code;
        }
    }
    if (code == KM_OK && !rule.pattern.len) {
        return fail_at(r, "the key match in this rule");
    }
    r->rules[r->config->roles.rule_count++] = rule;
    return code;
}

static enum km_code read_metrics(struct reading *r)
{
    enum km_code code = next(r);
    if (code == KM_OK) {
        code = expect(r, YAML_SEQUENCE_START_EVENT, "a list of rules");
    }
    while (code == KM_OK && (code = next(r)) == KM_OK &&
           r->event.type != YAML_SEQUENCE_END_EVENT) {
        code = read_rule(r);
    }
    return code;
}

static enum km_code read_price(struct reading *r)
{
    struct km_str key = scalar(r);
    struct km_config *config = r->config;
    if (km_str_is(key, "accelerator_hour")) {
        return read_number(r, true, "a price above 0",
                           &config->price_per_accelerator_hour);
    }
    if (km_str_is(key, "step")) {
        return read_number(r, true, "a price above 0", &config->price_per_step);
    }
    if (km_str_is(key, "currency")) {
        struct km_str text = {NULL, 0};
        enum km_code code = read_text(r, "a currency, such as EUR", &text);
        config->currency = text.ptr;
        return code;
    }
    return fail_at(r, "accelerator_hour, step or currency");
}

static enum km_code read_target(struct reading *r)
{
    if (r->config->target_count >= KM_CONFIG_RULES_MAX) {
        return fail_full(r);
    }
    struct km_config_target *target = &r->targets[r->config->target_count++];
    struct km_str glob = scalar(r);
    target->pattern.ptr = km_arena_copy(r->arena, glob.ptr, glob.len);
    target->pattern.len = glob.len;
    if (!target->pattern.ptr) {
        return fail_full(r);
    }
    return read_number(r, false, "the value to reach, a number",
                       &target->value);
}

/* A mapping whose every key is read by `read_key`. */
static enum km_code read_mapping(struct reading *r, const char *expected,
                                 enum km_code (*read_key)(struct reading *))
{
    enum km_code code = next(r);
    if (code == KM_OK) {
        code = expect(r, YAML_MAPPING_START_EVENT, expected);
    }
    while (code == KM_OK && (code = next(r)) == KM_OK &&
           r->event.type != YAML_MAPPING_END_EVENT) {
        code = expect(r, YAML_SCALAR_EVENT, expected);
        code = code == KM_OK ? read_key(r) : code;
    }
    return code;
}

static enum km_code read_section(struct reading *r)
{
    struct km_str key = scalar(r);
    if (km_str_is(key, "store")) {
        struct km_str text = {NULL, 0};
        enum km_code code = read_text(r, "the folder of the store", &text);
        r->config->store = text.ptr;
        return code;
    }
    if (km_str_is(key, "quota_gib")) {
        return read_number(r, true, "gibibytes above 0", &r->config->quota_gib);
    }
    if (km_str_is(key, "metrics")) {
        return read_metrics(r);
    }
    if (km_str_is(key, "prices")) {
        return read_mapping(r, "accelerator_hour, step, currency", read_price);
    }
    if (km_str_is(key, "targets")) {
        return read_mapping(r, "globs over project/name, each with a value",
                            read_target);
    }
    return fail_at(r, "store, quota_gib, metrics, prices or targets");
}

static enum km_code read_document(struct reading *r)
{
    enum km_code code = next(r); /* stream start */
    if (code == KM_OK) {
        code = next(r);
    }
    if (code != KM_OK || r->event.type == YAML_STREAM_END_EVENT) {
        return code; /* an empty file gives nothing */
    }
    code = next(r);
    if (code == KM_OK && r->event.type == YAML_SCALAR_EVENT &&
        r->event.data.scalar.length == 0) {
        return KM_OK; /* only comments */
    }
    if (code == KM_OK) {
        code = expect(r, YAML_MAPPING_START_EVENT,
                      "store, quota_gib, metrics, prices or targets");
    }
    while (code == KM_OK && (code = next(r)) == KM_OK &&
           r->event.type != YAML_MAPPING_END_EVENT) {
        code = expect(r, YAML_SCALAR_EVENT, "a section name");
        code = code == KM_OK ? read_section(r) : code;
    }
    if (code == KM_OK) {
        code = next(r); /* document end */
    }
    if (code == KM_OK) {
        code = next(r);
    }
    return code == KM_OK ? expect(r, YAML_STREAM_END_EVENT, "one document only")
                         : code;
}

enum km_code km_config_parse(const char *path, struct km_str text,
                             struct km_arena *arena, struct km_config *config,
                             struct km_err *err)
{
    km_config_init(config);
    struct reading r = {
        .path = path,
        .arena = arena,
        .config = config,
        .err = err,
        .rules = km_new(arena, struct km_role_rule, KM_CONFIG_RULES_MAX),
        .targets = km_new(arena, struct km_config_target, KM_CONFIG_RULES_MAX),
    };
    config->path = km_arena_copy(arena, path, strlen(path));
    if (!r.rules || !r.targets || !config->path) {
        return fail_full(&r);
    }
    config->roles.rules = r.rules;
    config->targets = r.targets;
    if (!yaml_parser_initialize(&r.parser)) {
        return km_fail(err, KM_EMEMORY, "%s: no memory to read it", path);
    }
    yaml_parser_set_input_string(
        &r.parser, (const unsigned char *)(text.ptr ? text.ptr : ""), text.len);
    enum km_code code = read_document(&r);
    if (r.has_event) {
        yaml_event_delete(&r.event);
    }
    yaml_parser_delete(&r.parser);
    if (code != KM_OK) {
        km_config_init(config);
    }
    return code;
}

enum km_code km_config_read(const char *path, struct km_arena *arena,
                            struct km_config *config, struct km_err *err)
{
    km_config_init(config);
    FILE *file = fopen(path, "rbe");
    if (!file) {
        return km_fail_errno(err, errno, "cannot read %s", path);
    }
    char *bytes = km_arena_alloc(arena, KM_CONFIG_FILE_BYTES_MAX + 1);
    size_t len =
        bytes ? fread(bytes, 1, KM_CONFIG_FILE_BYTES_MAX + 1, file) : 0;
    bool bad = ferror(file) != 0;
    int reason = errno;
    (void)fclose(file);
    if (bad) {
        return km_fail_errno(err, reason, "cannot read %s", path);
    }
    if (!bytes || len > KM_CONFIG_FILE_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT, "%s: more than %d bytes", path,
                       KM_CONFIG_FILE_BYTES_MAX);
    }
    return km_config_parse(path, (struct km_str){bytes, len}, arena, config,
                           err);
}

enum km_code km_config_load(struct km_arena *arena, struct km_config *config,
                            struct km_err *err)
{
    km_config_init(config);
    const char *named = getenv("KNOTMETER_CONFIG");
    if (named && *named) {
        return km_config_read(named, arena, config, err);
    }
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    const char *path = NULL;
    if (base && *base) {
        path = km_arena_printf(arena, "%s/knotmeter/config.yaml", base);
    } else if (home && *home) {
        path = km_arena_printf(arena, "%s/.config/knotmeter/config.yaml", home);
    }
    struct stat found;
    if (!path || stat(path, &found) != 0) {
        return KM_OK;
    }
    return km_config_read(path, arena, config, err);
}

double km_config_target(const struct km_config *config, struct km_str run)
{
    for (size_t i = 0; i < config->target_count; i++) {
        if (km_glob_match(config->targets[i].pattern, run)) {
            return config->targets[i].value;
        }
    }
    return NAN;
}

/* A text in double quotes, as YAML reads it. */
static void print_quoted(struct km_buf *out, struct km_str text)
{
    km_buf_append_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        unsigned char after =
            i + 1 < text.len ? (unsigned char)text.ptr[i + 1] : 0;
        if (c < 0x20 || c == 0x7f) {
            km_buf_printf(out, "\\x%02x", c);
        } else if (c == 0xc2 && after >= 0x80 && after < 0xa0) {
            km_buf_printf(out, "\\x%02x", after); /* U+0080 to U+009F */
            i++;
        } else {
            km_buf_append(out, "\\", c == '"' || c == '\\');
            km_buf_append_char(out, text.ptr[i]);
        }
    }
    km_buf_append_char(out, '"');
}

static void print_number(struct km_buf *out, const char *key, double value)
{
    char digits[KM_NUMBER_BYTES];
    if (isfinite(value)) {
        size_t len = km_number_format(value, digits);
        km_buf_printf(out, "  %s: ", key);
        km_buf_append(out, digits, len);
        km_buf_append_char(out, '\n');
    }
}

static void print_rule(struct km_buf *out, const struct km_role_rule *rule)
{
    static const char *const better[] = {"lower", "neither", "higher"};
    km_buf_append_text(out, "  - match: ");
    print_quoted(out, rule->pattern);
    if (rule->has_role) {
        km_buf_printf(out, "\n    role: %s", km_role_word(rule->role));
    }
    if (rule->unit.len) {
        km_buf_append_text(out, "\n    unit: ");
        print_quoted(out, rule->unit);
    }
    if (rule->has_better) {
        km_buf_printf(out, "\n    better: %s", better[rule->better + 1]);
    }
    km_buf_append_char(out, '\n');
}

void km_config_print(const struct km_config *config, struct km_buf *out)
{
    km_buf_printf(out, "# %s\n", config->path ? config->path : "no file");
    if (config->store) {
        km_buf_append_text(out, "store: ");
        print_quoted(out, km_str_of(config->store));
        km_buf_append_char(out, '\n');
    }
    if (isfinite(config->quota_gib)) {
        char text[KM_NUMBER_BYTES];
        (void)km_number_format(config->quota_gib, text);
        km_buf_printf(out, "quota_gib: %s\n", text);
    }
    if (config->roles.rule_count) {
        km_buf_append_text(out, "metrics:\n");
    }
    for (size_t i = 0; i < config->roles.rule_count; i++) {
        print_rule(out, &config->roles.rules[i]);
    }
    bool priced = isfinite(config->price_per_accelerator_hour) ||
                  isfinite(config->price_per_step) || config->currency;
    if (priced) {
        km_buf_append_text(out, "prices:\n");
        print_number(out, "accelerator_hour",
                     config->price_per_accelerator_hour);
        print_number(out, "step", config->price_per_step);
    }
    if (config->currency) {
        km_buf_append_text(out, "  currency: ");
        print_quoted(out, km_str_of(config->currency));
        km_buf_append_char(out, '\n');
    }
    if (config->target_count) {
        km_buf_append_text(out, "targets:\n");
    }
    for (size_t i = 0; i < config->target_count; i++) {
        char digits[KM_NUMBER_BYTES];
        size_t len = km_number_format(config->targets[i].value, digits);
        km_buf_append_text(out, "  ");
        print_quoted(out, config->targets[i].pattern);
        km_buf_append_text(out, ": ");
        km_buf_append(out, digits, len);
        km_buf_append_char(out, '\n');
    }
}
