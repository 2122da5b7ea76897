/* json_walk.c - keeps the keys of the open objects beside the reader. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/json_walk.h"

#include <assert.h>
#include <math.h>

#include "base/json_write.h"
#include "base/number.h"

/* Longer quoted numbers are names or hashes. */
enum { QUOTED_NUMBER_BYTES_MAX = 32 };

void km_json_walk_init(struct km_json_walk *walk)
{
    *walk = (struct km_json_walk){.keys = {.bytes = NULL}};
    km_json_reader_init(&walk->reader);
    km_buf_init(&walk->keys, KM_JSON_TOKEN_BYTES_MAX);
}

void km_json_walk_reset(struct km_json_walk *walk)
{
    km_json_reader_reset(&walk->reader);
    km_buf_reset(&walk->keys);
}

void km_json_walk_finish(struct km_json_walk *walk)
{
    km_json_reader_finish(&walk->reader);
    km_buf_finish(&walk->keys);
}

/* Drops the keys from `level` on and leaves the place for a new one. */
static void open_key(struct km_json_walk *walk, int level)
{
    walk->keys.len = level > 1 ? walk->end[level - 1] : 0;
    if (level > 1) {
        km_buf_append_char(&walk->keys, '.');
    }
    walk->start[level] = walk->keys.len;
}

static enum km_code close_key(struct km_json_walk *walk, int level,
                              uint64_t offset, struct km_err *err)
{
    if (walk->keys.failed) {
        return km_fail(err, KM_ELIMIT,
                       "JSON, byte %llu: keys longer than 16 MiB together",
                       (unsigned long long)offset);
    }
    walk->end[level] = walk->keys.len;
    return KM_OK;
}

static bool begins_value(enum km_json_kind kind)
{
    return kind != KM_JSON_MORE && kind != KM_JSON_OBJECT_END &&
           kind != KM_JSON_ARRAY_END;
}

enum km_code km_json_walk_next(struct km_json_walk *walk,
                               struct km_json_token *token, struct km_err *err)
{
    enum km_code code = km_json_next(&walk->reader, token, err);
    while (code == KM_OK && token->kind == KM_JSON_KEY) {
        open_key(walk, token->depth);
        km_buf_append(&walk->keys, token->text.ptr, token->text.len);
        code = close_key(walk, token->depth, token->offset, err);
        if (code == KM_OK) {
            code = km_json_next(&walk->reader, token, err);
        }
    }
    int level = token->depth;
    if (code || !begins_value(token->kind)) {
        return code;
    }
    if (level > 0 && walk->reader.scope[level - 1] == '[') {
        open_key(walk, level);
        km_buf_printf(&walk->keys, "%llu",
                      (unsigned long long)walk->index[level]++);
        code = close_key(walk, level, token->offset, err);
    }
    if (token->kind == KM_JSON_ARRAY_BEGIN) {
        walk->index[level + 1] = 0;
    }
    return code;
}

struct km_str km_json_walk_key(const struct km_json_walk *walk, int level)
{
    return km_json_walk_path(walk, level, level);
}

struct km_str km_json_walk_path(const struct km_json_walk *walk, int first,
                                int last)
{
    assert(first >= 1 && first <= last && last <= KM_JSON_DEPTH_MAX);
    if (!walk->keys.bytes) {
        return KM_STR("");
    }
    return (struct km_str){walk->keys.bytes + walk->start[first],
                           walk->end[last] - walk->start[first]};
}

bool km_json_token_number(const struct km_json_token *token, double *value)
{
    if (token->kind == KM_JSON_INTEGER || token->kind == KM_JSON_NUMBER) {
        *value = token->number;
        return true;
    }
    return token->kind == KM_JSON_STRING &&
           token->text.len <= QUOTED_NUMBER_BYTES_MAX &&
           km_number_parse(token->text, value);
}

bool km_json_token_integer(const struct km_json_token *token, int64_t *value)
{
    double number;
    if (token->kind == KM_JSON_INTEGER) {
        *value = token->integer;
        return true;
    }
    if (token->kind == KM_JSON_STRING && km_integer_parse(token->text, value)) {
        return true;
    }
    if (!km_json_token_number(token, &number) || number != floor(number) ||
        fabs(number) > 9e15) {
        return false;
    }
    *value = (int64_t)number;
    return true;
}

bool km_json_token_is_scalar(const struct km_json_token *token)
{
    return token->kind >= KM_JSON_NULL && token->kind <= KM_JSON_STRING;
}

void km_json_token_write(const struct km_json_token *token, struct km_buf *out)
{
    struct km_json_writer writer;
    km_json_writer_init(&writer, out);
    assert(km_json_token_is_scalar(token));
    if (token->kind == KM_JSON_STRING) {
        km_json_str(&writer, token->text);
    } else if (token->kind == KM_JSON_INTEGER) {
        km_json_int(&writer, token->integer);
    } else if (token->kind == KM_JSON_NUMBER) {
        km_json_double(&writer, token->number);
    } else if (token->kind == KM_JSON_BOOL) {
        km_json_bool(&writer, token->integer != 0);
    } else {
        km_json_null(&writer);
    }
}
