/* wandb_value.c - flattens the JSON values of a W&B log into leaves. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/limits.h"
#include "base/number.h"
#include "source/wandb.h"

/* Fields of history, config and summary items. */
enum { ITEM_KEY = 1, ITEM_NESTED_KEY = 2, ITEM_VALUE = 16 };

static void append_key(struct km_buf *path, struct km_str key)
{
    if (path->len) {
        km_buf_append_char(path, '.');
    }
    km_buf_append(path, key.ptr, key.len);
}

struct km_str km_wb_item_key(struct km_source *source, struct km_str item)
{
    struct wb_state *state = source->state;
    struct km_wire wire = km_wire_of(item);
    struct km_wire_field field;
    km_buf_reset(&state->path);
    while (km_wire_next(&wire, &field)) {
        if ((field.number == ITEM_KEY || field.number == ITEM_NESTED_KEY) &&
            field.bytes.len) {
            append_key(&state->path, field.bytes);
        }
    }
    return (struct km_str){state->path.bytes, state->path.len};
}

/* The "_type" of the object at the start of `json`, or an empty text. */
static struct km_str find_type(struct wb_state *state, struct km_str json)
{
    struct km_json_reader *reader = &state->peek;
    struct km_json_token token;
    km_json_reader_reset(reader);
    km_json_reader_feed(reader, json.ptr, json.len, true);
    bool wanted = false;
    while (km_json_next(reader, &token, NULL) == KM_OK &&
           token.kind != KM_JSON_MORE) {
        if (wanted && token.kind == KM_JSON_STRING) {
            return token.text;
        }
        wanted = token.kind == KM_JSON_KEY && token.depth == 1 &&
                 km_str_is(token.text, "_type");
        if (token.depth == 0 && token.kind == KM_JSON_OBJECT_END) {
            break;
        }
    }
    return (struct km_str){0};
}

/* Numbers, true and false, and the texts that loggers write for what JSON
 * lacks. */
static void set_number(struct wb_leaf *leaf, const struct km_json_token *token)
{
    static const struct {
        const char *text;
        double number;
    } words[] = {{"NaN", (double)NAN},
                 {"Infinity", (double)INFINITY},
                 {"-Infinity", -(double)INFINITY}};
    leaf->is_number =
        token->kind == KM_JSON_INTEGER || token->kind == KM_JSON_NUMBER;
    leaf->number = token->number;
    if (token->kind == KM_JSON_BOOL) {
        leaf->is_number = true;
        leaf->number = token->integer ? 1 : 0;
    }
    for (size_t i = 0;
         token->kind == KM_JSON_STRING && i < sizeof words / sizeof words[0];
         i++) {
        if (km_str_is(token->text, words[i].text)) {
            leaf->is_number = true;
            leaf->number = words[i].number;
        }
    }
}

/* The walk over one value. */
struct walk {
    struct km_source *source;
    struct km_str json;
    bool typed;                         /* "_type" occurs somewhere in it */
    size_t base[KM_JSON_DEPTH_MAX + 1]; /* of the path, per open object */
    wb_leaf_fn visit;
    void *user;
};

/* One token that is not a key: a leaf, or an object to go down into. */
static enum km_code take(struct walk *walk, const struct km_json_token *token,
                         struct km_err *err)
{
    struct wb_state *state = walk->source->state;
    struct km_json_reader *reader = &state->json;
    struct wb_leaf leaf = {.kind = token->kind};
    size_t start = (size_t)token->offset;
    if (token->kind == KM_JSON_OBJECT_BEGIN) {
        struct km_str rest = {walk->json.ptr + start, walk->json.len - start};
        leaf.type = walk->typed ? find_type(state, rest) : (struct km_str){0};
        if (leaf.type.len == 0) {
            walk->base[token->depth + 1] = state->path.len;
            return KM_OK;
        }
    }
    set_number(&leaf, token);
    if (token->kind == KM_JSON_OBJECT_BEGIN ||
        token->kind == KM_JSON_ARRAY_BEGIN) {
        enum km_code code = km_json_skip(reader, token, err);
        if (code) {
            return code;
        }
    }
    leaf.json =
        (struct km_str){walk->json.ptr + start, (size_t)reader->offset - start};
    leaf.path = (struct km_str){state->path.bytes, state->path.len};
    walk->visit(walk->source, &leaf, walk->user);
    return KM_OK;
}

static enum km_code walk_json(struct walk *walk, struct km_err *err)
{
    struct wb_state *state = walk->source->state;
    struct km_json_token token;
    km_json_reader_reset(&state->json);
    km_json_reader_feed(&state->json, walk->json.ptr, walk->json.len, true);
    for (;;) {
        enum km_code code = km_json_next(&state->json, &token, err);
        if (code || token.kind == KM_JSON_MORE) {
            return code;
        }
        if (token.kind == KM_JSON_OBJECT_END) {
            continue;
        }
        if (token.kind == KM_JSON_KEY) {
            state->path.len = walk->base[token.depth];
            append_key(&state->path, token.text);
            continue;
        }
        code = take(walk, &token, err);
        if (code) {
            return code;
        }
    }
}

/* Most values are plain numbers: no need for the reader. */
static bool take_number(struct walk *walk)
{
    struct wb_state *state = walk->source->state;
    struct wb_leaf leaf = {.kind = KM_JSON_NUMBER, .is_number = true};
    if (walk->json.len == 0 || walk->json.ptr[0] == '+' ||
        !km_number_parse(walk->json, &leaf.number)) {
        return false;
    }
    leaf.json = walk->json;
    leaf.path = (struct km_str){state->path.bytes, state->path.len};
    walk->visit(walk->source, &leaf, walk->user);
    return true;
}

void km_wb_item_walk(struct km_source *source, struct km_str item,
                     wb_leaf_fn visit, void *user)
{
    struct wb_state *state = source->state;
    struct walk walk = {.source = source, .visit = visit, .user = user};
    (void)km_wb_item_key(source, item);
    walk.json = km_wire_find(item, ITEM_VALUE).bytes;
    if (state->path.len == 0 || take_number(&walk)) {
        return;
    }
    walk.typed = km_str_search(walk.json, KM_STR("\"_type\"")) < walk.json.len;
    struct km_err err;
    if (walk_json(&walk, &err) || state->path.failed) {
        km_emit_warn(source->emit, state->offset,
                     "the value of '%.200s' is left out: %s",
                     state->path.bytes ? state->path.bytes : "",
                     state->path.failed ? "its name is too long" : err.message);
    }
}

static void write_token(struct km_json_writer *writer,
                        const struct km_json_token *token)
{
    switch (token->kind) {
    case KM_JSON_BOOL:
        km_json_bool(writer, token->integer != 0);
        break;
    case KM_JSON_INTEGER:
        km_json_int(writer, token->integer);
        break;
    case KM_JSON_NUMBER:
        km_json_double(writer, token->number);
        break;
    case KM_JSON_STRING:
        km_json_str(writer, token->text);
        break;
    case KM_JSON_KEY:
        km_json_key_str(writer, token->text);
        break;
    case KM_JSON_OBJECT_BEGIN:
        km_json_object_begin(writer);
        break;
    case KM_JSON_OBJECT_END:
        km_json_object_end(writer);
        break;
    case KM_JSON_ARRAY_BEGIN:
        km_json_array_begin(writer);
        break;
    case KM_JSON_ARRAY_END:
        km_json_array_end(writer);
        break;
    case KM_JSON_NULL:
    case KM_JSON_MORE:
        km_json_null(writer);
        break;
    }
}

struct km_str km_wb_leaf_json(struct km_source *source,
                              const struct wb_leaf *leaf)
{
    struct wb_state *state = source->state;
    struct km_json_writer writer;
    struct km_json_token token;
    km_buf_reset(&state->text);
    km_json_writer_init(&writer, &state->text);
    km_json_reader_reset(&state->peek);
    km_json_reader_feed(&state->peek, leaf->json.ptr, leaf->json.len, true);
    while (!state->text.failed &&
           km_json_next(&state->peek, &token, NULL) == KM_OK &&
           token.kind != KM_JSON_MORE) {
        write_token(&writer, &token);
    }
    if (state->text.failed) {
        return (struct km_str){0};
    }
    return (struct km_str){state->text.bytes, state->text.len};
}
