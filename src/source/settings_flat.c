/* settings_flat.c - the path of keys, and JSON settings. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/settings_flat.h"

#include "source/json_walk.h"

void km_settings_flat_init(struct km_settings_flat *flat,
                           km_setting_fn *setting, void *user)
{
    *flat = (struct km_settings_flat){.setting = setting, .user = user};
    km_buf_init(&flat->path, (size_t)2 * KM_SETTINGS_BYTES_MAX);
    km_buf_init(&flat->json, (size_t)8 * KM_SETTINGS_BYTES_MAX);
}

void km_settings_flat_finish(struct km_settings_flat *flat)
{
    km_buf_finish(&flat->path);
    km_buf_finish(&flat->json);
}

void km_settings_key(struct km_settings_flat *flat, struct km_str key)
{
    if (flat->list_depth) {
        km_json_key_str(&flat->writer, key);
        return;
    }
    flat->path.len = flat->prefix[flat->depth];
    if (flat->path.len) {
        km_buf_append_char(&flat->path, '.');
    }
    km_buf_append(&flat->path, key.ptr, key.len);
}

/* A path or value that could not be stored is not copied further. */
static void hand_on(struct km_settings_flat *flat, struct km_str json)
{
    if (flat->path.failed || flat->path.len == 0 ||
        flat->path.len > KM_NAME_BYTES_MAX || flat->json.failed ||
        json.len > KM_CONFIG_VALUE_BYTES_MAX) {
        flat->left_out++;
        return;
    }
    flat->setting(flat->user, (struct km_str){flat->path.bytes, flat->path.len},
                  json);
}

static enum km_code refuse_shape(struct km_err *err)
{
    return km_fail(err, KM_EINPUT, "expected settings, as \"key: value\"");
}

enum km_code km_settings_begin(struct km_settings_flat *flat, bool is_list,
                               struct km_err *err)
{
    if (flat->depth + flat->list_depth >= KM_JSON_DEPTH_MAX) {
        return km_fail(err, KM_ELIMIT, "nested more than %d deep",
                       KM_JSON_DEPTH_MAX);
    }
    if (flat->depth == 0 && is_list) {
        return refuse_shape(err);
    }
    if (flat->list_depth == 0 && !is_list) {
        flat->depth++;
        flat->prefix[flat->depth] = flat->path.len;
        return KM_OK;
    }
    if (flat->list_depth++ == 0) {
        km_buf_reset(&flat->json);
        km_json_writer_init(&flat->writer, &flat->json);
    }
    if (is_list) {
        km_json_array_begin(&flat->writer);
    } else {
        km_json_object_begin(&flat->writer);
    }
    return KM_OK;
}

void km_settings_end(struct km_settings_flat *flat, bool is_list)
{
    if (flat->list_depth == 0) {
        flat->depth--;
        return;
    }
    if (is_list) {
        km_json_array_end(&flat->writer);
    } else {
        km_json_object_end(&flat->writer);
    }
    if (--flat->list_depth == 0) {
        hand_on(flat, (struct km_str){flat->json.bytes, flat->json.len});
    }
}

enum km_code km_settings_scalar(struct km_settings_flat *flat,
                                struct km_str json, struct km_err *err)
{
    if (flat->depth == 0) {
        return refuse_shape(err);
    }
    if (flat->list_depth) {
        km_json_raw(&flat->writer, json);
    } else {
        hand_on(flat, json);
    }
    return KM_OK;
}

static enum km_code take_token(struct km_settings_flat *flat,
                               const struct km_json_token *token,
                               struct km_buf *scratch, struct km_err *err)
{
    switch (token->kind) {
    case KM_JSON_KEY:
        km_settings_key(flat, token->text);
        return KM_OK;
    case KM_JSON_OBJECT_BEGIN:
    case KM_JSON_ARRAY_BEGIN:
        return km_settings_begin(flat, token->kind == KM_JSON_ARRAY_BEGIN, err);
    case KM_JSON_OBJECT_END:
    case KM_JSON_ARRAY_END:
        km_settings_end(flat, token->kind == KM_JSON_ARRAY_END);
        return KM_OK;
    case KM_JSON_NULL:
    case KM_JSON_BOOL:
    case KM_JSON_INTEGER:
    case KM_JSON_NUMBER:
    case KM_JSON_STRING:
        break;
    case KM_JSON_MORE:
        return KM_OK;
    }
    km_buf_reset(scratch);
    km_json_token_write(token, scratch);
    return km_settings_scalar(
        flat, (struct km_str){scratch->bytes, scratch->len}, err);
}

enum km_code km_settings_json(struct km_settings_flat *flat, struct km_str text,
                              struct km_err *err)
{
    struct km_json_reader reader;
    struct km_json_token token = {.kind = KM_JSON_NULL};
    struct km_buf scratch;
    km_json_reader_init(&reader);
    km_buf_init(&scratch, (size_t)8 * KM_SETTINGS_BYTES_MAX);
    km_json_reader_feed(&reader, text.ptr, text.len, true);
    enum km_code code = KM_OK;
    bool ended = false;
    while (code == KM_OK && !ended) {
        code = km_json_next(&reader, &token, err);
        if (code == KM_OK && token.kind == KM_JSON_MORE) {
            code = km_fail(err, KM_EINPUT, "it ends too early");
        }
        if (code == KM_OK) {
            code = take_token(flat, &token, &scratch, err);
        }
        ended = token.depth == 0 && token.kind == KM_JSON_OBJECT_END;
    }
    km_buf_finish(&scratch);
    km_json_reader_finish(&reader);
    return code;
}
