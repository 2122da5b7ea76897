/* json_write.c - a writer that knows only whether a comma is due. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_write.h"

#include <inttypes.h>
#include <math.h>

#include "base/number.h"

void km_json_writer_init(struct km_json_writer *w, struct km_buf *out)
{
    *w = (struct km_json_writer){.out = out};
}

/* Called before every value: writes the comma that separates it. */
static void begin_value(struct km_json_writer *w)
{
    if (w->comma && !w->after_key) {
        km_buf_append_char(w->out, ',');
    }
    w->comma = true;
    w->after_key = false;
}

static void open_scope(struct km_json_writer *w, char c)
{
    begin_value(w);
    km_buf_append_char(w->out, c);
    w->comma = false;
}

static void close_scope(struct km_json_writer *w, char c)
{
    km_buf_append_char(w->out, c);
    w->comma = true;
}

void km_json_object_begin(struct km_json_writer *w)
{
    open_scope(w, '{');
}

void km_json_object_end(struct km_json_writer *w)
{
    close_scope(w, '}');
}

void km_json_array_begin(struct km_json_writer *w)
{
    open_scope(w, '[');
}

void km_json_array_end(struct km_json_writer *w)
{
    close_scope(w, ']');
}

/* Bytes of the valid UTF-8 character at `at`, 0 when it is not one. */
static size_t character_len(struct km_str text, size_t at)
{
    for (size_t len = 1; len <= 4 && at + len <= text.len; len++) {
        if (km_utf8_is_valid((struct km_str){text.ptr + at, len})) {
            return len;
        }
    }
    return 0;
}

static void write_escaped(struct km_buf *out, unsigned char c)
{
    switch (c) {
    case '"':
        km_buf_append(out, "\\\"", 2);
        break;
    case '\\':
        km_buf_append(out, "\\\\", 2);
        break;
    case '\n':
        km_buf_append(out, "\\n", 2);
        break;
    case '\t':
        km_buf_append(out, "\\t", 2);
        break;
    case '\r':
        km_buf_append(out, "\\r", 2);
        break;
    default:
        km_buf_printf(out, "\\u%04x", c);
    }
}

static void write_string(struct km_buf *out, struct km_str text)
{
    km_buf_append_char(out, '"');
    size_t plain = 0; /* start of the bytes that need no escape */
    for (size_t at = 0; at < text.len;) {
        unsigned char c = (unsigned char)text.ptr[at];
        size_t len = c < 0x80 ? 1 : character_len(text, at);
        if (len && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
            at += len;
            continue;
        }
        km_buf_append(out, text.ptr + plain, at - plain);
        if (len) {
            write_escaped(out, c);
        } else {
            km_buf_append(out, "\xef\xbf\xbd", 3);
        }
        at++;
        plain = at;
    }
    if (text.len > plain) {
        km_buf_append(out, text.ptr + plain, text.len - plain);
    }
    km_buf_append_char(out, '"');
}

void km_json_key_str(struct km_json_writer *w, struct km_str key)
{
    begin_value(w);
    write_string(w->out, key);
    km_buf_append_char(w->out, ':');
    w->after_key = true;
}

void km_json_key(struct km_json_writer *w, const char *key)
{
    km_json_key_str(w, km_str_of(key));
}

void km_json_null(struct km_json_writer *w)
{
    begin_value(w);
    km_buf_append_text(w->out, "null");
}

void km_json_bool(struct km_json_writer *w, bool value)
{
    begin_value(w);
    km_buf_append_text(w->out, value ? "true" : "false");
}

void km_json_int(struct km_json_writer *w, int64_t value)
{
    begin_value(w);
    km_buf_printf(w->out, "%" PRId64, value);
}

void km_json_double(struct km_json_writer *w, double value)
{
    char text[KM_NUMBER_BYTES];
    size_t len = km_number_format(value, text);
    begin_value(w);
    if (isfinite(value)) {
        km_buf_append(w->out, text, len);
    } else {
        write_string(w->out, (struct km_str){text, len});
    }
}

void km_json_known(struct km_json_writer *w, double value)
{
    if (isfinite(value)) {
        km_json_double(w, value);
    } else {
        km_json_null(w);
    }
}

void km_json_str(struct km_json_writer *w, struct km_str text)
{
    begin_value(w);
    write_string(w->out, text);
}

void km_json_text(struct km_json_writer *w, const char *text)
{
    if (text) {
        km_json_str(w, km_str_of(text));
    } else {
        km_json_null(w);
    }
}

void km_json_raw(struct km_json_writer *w, struct km_str json)
{
    begin_value(w);
    km_buf_append(w->out, json.ptr, json.len);
}
