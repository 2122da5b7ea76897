/* settings_yaml.c - YAML settings by libyaml's event parser. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/settings_flat.h"

#include <yaml.h>

#include "source/attribute_text.h"

struct yaml {
    struct km_settings_flat *flat;
    struct km_buf scratch;
    /* of each open collection */
    bool is_list[KM_JSON_DEPTH_MAX + 1], has_key[KM_JSON_DEPTH_MAX + 1];
    int depth;
};

static bool wants_key(const struct yaml *yaml)
{
    return yaml->depth && !yaml->is_list[yaml->depth] &&
           !yaml->has_key[yaml->depth];
}

/* A value stands there now: the next scalar of a mapping is a key. */
static void value_done(struct yaml *yaml)
{
    yaml->has_key[yaml->depth] = false;
}

static enum km_code take_scalar(struct yaml *yaml, const yaml_event_t *event,
                                struct km_err *err)
{
    struct km_str text = {(const char *)event->data.scalar.value,
                          event->data.scalar.length};
    if (wants_key(yaml)) {
        yaml->has_key[yaml->depth] = true;
        km_settings_key(yaml->flat, text);
        return KM_OK;
    }
    value_done(yaml);
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct km_str json = plain ? km_attribute_json(text) : KM_STR("");
    if (plain && (text.len == 0 || km_str_is(text, "~"))) {
        json = KM_STR("null");
    }
    if (json.len == 0) {
        struct km_json_writer writer;
        km_buf_reset(&yaml->scratch);
        km_json_writer_init(&writer, &yaml->scratch);
        km_json_str(&writer, text);
        json = (struct km_str){yaml->scratch.bytes, yaml->scratch.len};
    }
    return km_settings_scalar(yaml->flat, json, err);
}

/* What the alias stands for is not known here. */
static enum km_code take_alias(struct yaml *yaml, struct km_err *err)
{
    if (wants_key(yaml)) {
        return km_fail(err, KM_EINPUT, "an alias is a key");
    }
    yaml->flat->left_out++;
    bool in_list = yaml->is_list[yaml->depth] || yaml->flat->list_depth;
    value_done(yaml);
    return in_list ? km_settings_scalar(yaml->flat, KM_STR("null"), err)
                   : KM_OK;
}

static enum km_code take_begin(struct yaml *yaml, bool is_list,
                               struct km_err *err)
{
    if (wants_key(yaml)) {
        return km_fail(err, KM_EINPUT, "a key is no text");
    }
    value_done(yaml);
    enum km_code code = km_settings_begin(yaml->flat, is_list, err);
    if (code == KM_OK) {
        yaml->depth++;
        yaml->is_list[yaml->depth] = is_list;
        yaml->has_key[yaml->depth] = false;
    }
    return code;
}

static enum km_code take_event(struct yaml *yaml, const yaml_event_t *event,
                               struct km_err *err)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(yaml, event, err);
    case YAML_ALIAS_EVENT:
        return take_alias(yaml, err);
    case YAML_MAPPING_START_EVENT:
        return take_begin(yaml, false, err);
    case YAML_SEQUENCE_START_EVENT:
        return take_begin(yaml, true, err);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        yaml->depth--;
        km_settings_end(yaml->flat, event->type == YAML_SEQUENCE_END_EVENT);
        return KM_OK;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return KM_OK;
}

enum km_code km_settings_yaml(struct km_settings_flat *flat, struct km_str text,
                              struct km_err *err)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return km_fail(err, KM_EMEMORY, "memory for a YAML file is short");
    }
    yaml_parser_set_input_string(
        &parser, (const unsigned char *)(text.len ? text.ptr : ""), text.len);
    struct yaml yaml = {.flat = flat};
    km_buf_init(&yaml.scratch, (size_t)8 * KM_SETTINGS_BYTES_MAX);
    enum km_code code = KM_OK;
    bool more = true;
    while (more && code == KM_OK) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            code = km_fail(err, KM_EINPUT, "line %zu: not YAML: %s",
                           parser.problem_mark.line + 1,
                           parser.problem ? parser.problem : "out of memory");
            break;
        }
        struct km_err why;
        code = take_event(&yaml, &event, &why);
        if (code) {
            (void)km_fail(err, code, "line %zu: %s", event.start_mark.line + 1,
                          why.message);
        }
        more = event.type != YAML_DOCUMENT_END_EVENT &&
               event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    km_buf_finish(&yaml.scratch);
    yaml_parser_delete(&parser);
    return code;
}
