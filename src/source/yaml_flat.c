/* yaml_flat.c - flat YAML by libyaml's event parser. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/yaml_flat.h"

#include <yaml.h>

#include "base/limits.h"

struct flat {
    int depth;
    bool is_mapping; /* the outermost value */
    bool has_key;
    char key[KM_NAME_BYTES_MAX];
    size_t key_len;
    km_yaml_pair_fn *pair;
    void *user;
};

static void take_scalar(struct flat *flat, const yaml_event_t *event)
{
    struct km_str text = {(const char *)event->data.scalar.value,
                          event->data.scalar.length};
    if (flat->depth != 1 || !flat->is_mapping) {
        return;
    }
    if (flat->has_key) {
        flat->has_key = false;
        flat->pair(flat->user, (struct km_str){flat->key, flat->key_len}, text);
        return;
    }
    flat->has_key = true;
    flat->key_len = text.len < sizeof flat->key ? text.len : 0;
    memcpy(flat->key, text.ptr, flat->key_len);
}

/* Returns whether the document goes on. */
static bool take_event(struct flat *flat, const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT) {
        take_scalar(flat, event);
    } else if (event->type == YAML_ALIAS_EVENT) {
        flat->has_key = flat->depth == 1 ? false : flat->has_key;
    } else if (event->type == YAML_MAPPING_START_EVENT ||
               event->type == YAML_SEQUENCE_START_EVENT) {
        flat->is_mapping |=
            flat->depth == 0 && event->type == YAML_MAPPING_START_EVENT;
        flat->depth++;
    } else if (event->type == YAML_MAPPING_END_EVENT ||
               event->type == YAML_SEQUENCE_END_EVENT) {
        flat->depth--;
        flat->has_key = flat->depth == 1 ? false : flat->has_key;
    }
    return event->type != YAML_STREAM_END_EVENT &&
           event->type != YAML_DOCUMENT_END_EVENT &&
           flat->depth <= KM_JSON_DEPTH_MAX;
}

enum km_code km_yaml_flat(struct km_str text, km_yaml_pair_fn *pair, void *user,
                          struct km_err *err)
{
    if (text.len > KM_YAML_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT, "a YAML file of more than %d KiB",
                       KM_YAML_BYTES_MAX / KM_KIB);
    }
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return km_fail(err, KM_EMEMORY, "memory for a YAML file is short");
    }
    yaml_parser_set_input_string(
        &parser, (const unsigned char *)(text.len ? text.ptr : ""), text.len);
    struct flat flat = {.pair = pair, .user = user};
    enum km_code code = KM_OK;
    bool more = true;
    while (more) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            code = km_fail(err, KM_EINPUT, "line %zu: not YAML: %s",
                           parser.problem_mark.line + 1,
                           parser.problem ? parser.problem : "out of memory");
            break;
        }
        more = take_event(&flat, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return code;
}
