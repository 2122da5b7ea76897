/* json_tree.c - tokens into nodes, by a stack of the open ones. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_tree.h"

#include "base/json_write.h"

struct building {
    struct km_arena *arena;
    struct km_json_node *open[KM_JSON_DEPTH_MAX + 1];
    struct km_json_node *last[KM_JSON_DEPTH_MAX + 1]; /* child of that level */
    int depth;
    struct km_str key;
    const struct km_json_node *root;
};

static bool keep(struct km_arena *arena, struct km_str *text)
{
    text->ptr = km_arena_copy(arena, text->len ? text->ptr : "", text->len);
    return text->ptr != NULL;
}

/* A node behind the last one of its level; NULL: no memory. */
static struct km_json_node *add(struct building *b,
                                const struct km_json_token *token)
{
    struct km_json_node *node = km_new(b->arena, struct km_json_node, 1);
    if (!node) {
        return NULL;
    }
    node->kind = token->kind;
    node->key = b->key;
    node->integer = token->integer;
    node->number = token->number;
    b->key = (struct km_str){0};
    if (token->kind == KM_JSON_STRING || token->kind == KM_JSON_INTEGER ||
        token->kind == KM_JSON_NUMBER) {
        node->text = token->text;
        if (!keep(b->arena, &node->text)) {
            return NULL;
        }
    }
    if (b->depth == 0) {
        b->root = node;
    } else if (b->last[b->depth]) {
        b->last[b->depth]->next = node;
    } else {
        b->open[b->depth]->first = node;
    }
    b->last[b->depth] = node;
    return node;
}

static bool take(struct building *b, const struct km_json_token *token)
{
    if (token->kind == KM_JSON_KEY) {
        b->key = token->text;
        return keep(b->arena, &b->key);
    }
    if (token->kind == KM_JSON_OBJECT_END || token->kind == KM_JSON_ARRAY_END) {
        b->depth--;
        return true;
    }
    struct km_json_node *node = add(b, token);
    if (node && (token->kind == KM_JSON_OBJECT_BEGIN ||
                 token->kind == KM_JSON_ARRAY_BEGIN)) {
        b->depth++; /* the reader bounds it */
        b->open[b->depth] = node;
        b->last[b->depth] = NULL;
    }
    return node != NULL;
}

const struct km_json_node *km_json_tree_parse(struct km_str text,
                                              struct km_arena *arena,
                                              struct km_err *err)
{
    struct km_json_reader reader;
    struct km_json_token token = {.kind = KM_JSON_MORE};
    struct building b = {.arena = arena};
    enum km_code code;
    km_json_reader_init(&reader);
    km_json_reader_feed(&reader, text.len ? text.ptr : "", text.len, true);
    while ((code = km_json_next(&reader, &token, err)) == KM_OK &&
           token.kind != KM_JSON_MORE) {
        if (b.root && b.depth == 0) {
            code = km_fail(err, KM_EINPUT,
                           "byte %llu: one JSON document is expected",
                           (unsigned long long)token.offset);
            break;
        }
        if (!take(&b, &token)) {
            code = km_fail(err, KM_EMEMORY, "no memory for a JSON document");
            break;
        }
    }
    if (code == KM_OK && (!b.root || b.depth)) {
        code = km_fail(err, KM_EINPUT,
                       "the JSON document ends at byte %zu, before its end",
                       text.len);
    }
    km_json_reader_finish(&reader);
    return code ? NULL : b.root;
}

const struct km_json_node *km_json_tree_find(const struct km_json_node *node,
                                             const char *key)
{
    if (!node || node->kind != KM_JSON_OBJECT_BEGIN) {
        return NULL;
    }
    const struct km_str name = km_str_of(key);
    for (node = node->first; node; node = node->next) {
        if (km_str_equal(node->key, name)) {
            return node->kind == KM_JSON_NULL ? NULL : node;
        }
    }
    return NULL;
}

static void write_scalar(const struct km_json_node *node,
                         struct km_json_writer *w)
{
    if (node->kind == KM_JSON_STRING) {
        km_json_str(w, node->text);
    } else if (node->kind == KM_JSON_INTEGER) {
        km_json_int(w, node->integer);
    } else if (node->kind == KM_JSON_NUMBER) {
        km_json_double(w, node->number);
    } else if (node->kind == KM_JSON_BOOL) {
        km_json_bool(w, node->integer != 0);
    } else {
        km_json_null(w);
    }
}

/* No deeper than the reader let it be. */
static void write_node(const struct km_json_node *node,
                       struct km_json_writer *w)
{
    bool object = node->kind == KM_JSON_OBJECT_BEGIN;
    if (!object && node->kind != KM_JSON_ARRAY_BEGIN) {
        write_scalar(node, w);
        return;
    }
    if (object) {
        km_json_object_begin(w);
    } else {
        km_json_array_begin(w);
    }
    for (const struct km_json_node *at = node->first; at; at = at->next) {
        if (object) {
            km_json_key_str(w, at->key);
        }
        write_node(at, w);
    }
    if (object) {
        km_json_object_end(w);
    } else {
        km_json_array_end(w);
    }
}

void km_json_tree_write(const struct km_json_node *node, struct km_buf *out)
{
    struct km_json_writer w;
    km_json_writer_init(&w, out);
    write_node(node, &w);
}
