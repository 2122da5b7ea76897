/* mllog_line.c - reading the JSON of one MLPerf log line. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mllog_line.h"

static const struct {
    const char *key, *label;
} axes[] = {
    [KM_MLLOG_SAMPLES_COUNT] = {"samples_count", "axis=samples_count"},
    [KM_MLLOG_EPOCH_NUM] = {"epoch_num", "axis=epoch_num"},
    [KM_MLLOG_STEP_NUM] = {"step_num", "axis=step_num"},
    [KM_MLLOG_STEP] = {"step", "axis=step"},
    [KM_MLLOG_NO_AXIS] = {"", ""},
};

struct km_str km_mllog_axis_label(enum km_mllog_axis axis)
{
    return km_str_of(axes[axis].label);
}

void km_mllog_line_init(struct km_mllog_line *line)
{
    km_json_walk_init(&line->walk);
    km_row_init(&line->row);
    km_buf_init(&line->key, KM_LINE_BYTES_MAX);
    km_buf_init(&line->value, KM_CONFIG_VALUE_BYTES_MAX);
    km_buf_init(&line->status, KM_CONFIG_VALUE_BYTES_MAX);
}

void km_mllog_line_finish(struct km_mllog_line *line)
{
    km_json_walk_finish(&line->walk);
    km_row_finish(&line->row);
    km_buf_finish(&line->key);
    km_buf_finish(&line->value);
    km_buf_finish(&line->status);
}

static void take_type(struct km_mllog_line *line, struct km_str text)
{
    line->type = km_str_is(text, "INTERVAL_START") ? KM_MLLOG_BEGIN
                 : km_str_is(text, "INTERVAL_END") ? KM_MLLOG_END
                                                   : KM_MLLOG_POINT;
}

/* The value's own number has no name yet: the key may come behind it. */
static void take_value(struct km_mllog_line *line,
                       const struct km_json_token *token)
{
    double value;
    bool number =
        token->kind != KM_JSON_STRING && km_json_token_number(token, &value);
    if (number) {
        struct km_str name = KM_STR("");
        if (token->depth > 1) {
            name = km_json_walk_path(&line->walk, 2, token->depth);
        }
        km_row_add(&line->row, name, value);
        line->is_number = true;
    }
    if (token->depth == 1 && token->kind != KM_JSON_NULL) {
        km_json_token_write(token, &line->value);
        if (line->value.failed) {
            km_buf_reset(&line->value);
        }
    }
}

/* "step" may be a list; the last number in it counts. */
static void take_metadata(struct km_mllog_line *line,
                          const struct km_json_token *token)
{
    struct km_str key = km_json_walk_key(&line->walk, 2);
    int64_t step;
    for (int i = 0; i <= (int)line->axis && i < KM_MLLOG_NO_AXIS; i++) {
        if (km_str_is(key, axes[i].key) &&
            km_json_token_integer(token, &step)) {
            line->axis = (enum km_mllog_axis)i;
            line->step = step;
        }
    }
    if (km_str_is(key, "status") && token->kind == KM_JSON_STRING) {
        km_buf_reset(&line->status);
        km_buf_append(&line->status, token->text.ptr, token->text.len);
    }
}

static void take_scalar(struct km_mllog_line *line,
                        const struct km_json_token *token)
{
    struct km_str key = km_json_walk_key(&line->walk, 1);
    int64_t ms;
    if (km_str_is(key, "value")) {
        take_value(line, token);
    } else if (km_str_is(key, "metadata") && token->depth >= 2) {
        take_metadata(line, token);
    } else if (km_str_is(key, "key") && token->kind == KM_JSON_STRING) {
        km_buf_append(&line->key, token->text.ptr, token->text.len);
    } else if (km_str_is(key, "event_type") && token->kind == KM_JSON_STRING) {
        take_type(line, token->text);
    } else if (km_str_is(key, "time_ms") && km_json_token_integer(token, &ms) &&
               ms > -INT64_C(9000000000000) && ms < INT64_C(9000000000000)) {
        line->time_ns = ms * 1000000;
    }
}

/* Puts the key in front of the names of the value's numbers. */
static void name_fields(struct km_mllog_line *line)
{
    size_t count = km_row_count(&line->row);
    if (count == 0 || line->type != KM_MLLOG_POINT) {
        return;
    }
    struct km_row named;
    struct km_buf name;
    km_row_init(&named);
    km_buf_init(&name, KM_LINE_BYTES_MAX);
    for (size_t i = 0; i < count && !named.names.failed; i++) {
        struct km_str field = km_row_name(&line->row, i);
        km_buf_reset(&name);
        km_buf_append(&name, line->key.bytes, line->key.len);
        if (field.len) {
            km_buf_append_char(&name, '.');
            km_buf_append(&name, field.ptr, field.len);
        }
        km_row_add(&named, (struct km_str){name.bytes, name.len},
                   km_row_value(&line->row, i));
    }
    km_buf_finish(&name);
    km_row_finish(&line->row);
    line->row = named;
}

static void clear_line(struct km_mllog_line *line)
{
    km_json_walk_reset(&line->walk);
    km_row_clear(&line->row);
    km_buf_reset(&line->key);
    km_buf_reset(&line->value);
    km_buf_reset(&line->status);
    line->type = KM_MLLOG_POINT;
    line->time_ns = KM_TIME_ABSENT;
    line->is_number = false;
    line->axis = KM_MLLOG_NO_AXIS;
    line->step = 0;
}

enum km_code km_mllog_line_read(struct km_mllog_line *line, struct km_str json,
                                struct km_err *err)
{
    struct km_json_token token;
    clear_line(line);
    km_json_reader_feed(&line->walk.reader, json.ptr, json.len, true);
    bool object = false;
    for (;;) {
        enum km_code code = km_json_walk_next(&line->walk, &token, err);
        if (code) {
            return code;
        }
        if (token.kind == KM_JSON_MORE) {
            break;
        }
        if (token.depth == 0) {
            bool ends = token.kind == KM_JSON_OBJECT_END;
            object |= token.kind == KM_JSON_OBJECT_BEGIN;
            if (ends) {
                break; /* what stands behind the object is not ours */
            }
        } else if (km_json_token_is_scalar(&token)) {
            take_scalar(line, &token);
        }
    }
    if (!object || line->key.len == 0) {
        return km_fail(err, KM_EINPUT, "expected a JSON object with a \"key\"");
    }
    if (line->key.len > KM_NAME_BYTES_MAX) { /* it goes before every number */
        return km_fail(err, KM_EINPUT,
                       "the key has %zu bytes, expected at "
                       "most %d",
                       line->key.len, KM_NAME_BYTES_MAX);
    }
    name_fields(line);
    return km_row_check(&line->row, err);
}
