/* request.c - what handlers ask of a request. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "http/mlflow.h"

const char *km_request_header(struct km_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

const char *km_request_decode(struct km_request *r, struct km_str text,
                              bool form)
{
    size_t at = 0;
    char *out = km_arena_alloc(&r->arena, text.len + 1);
    for (size_t i = 0; out && i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '+' && form) {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < text.len ? digit_of(text.ptr[i + 1]) : -1;
            int low = high >= 0 ? digit_of(text.ptr[i + 2]) : -1;
            if (low < 0) {
                return NULL;
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0') {
            return NULL;
        }
        out[at++] = c;
    }
    if (out) {
        out[at] = '\0';
    }
    return out;
}

const char *km_request_query(struct km_request *r, const char *name)
{
    const char *raw =
        MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
    const char *text = raw ? km_request_decode(r, km_str_of(raw), true) : NULL;
    return raw && !text ? "" : text;
}

enum km_code km_request_number(struct km_request *r, const char *name,
                               int64_t least, int64_t most, int64_t otherwise,
                               int64_t *out, struct km_err *err)
{
    const char *text = km_request_query(r, name);
    int64_t value;
    *out = otherwise;
    if (!text) {
        return KM_OK;
    }
    if (!km_integer_parse(km_str_of(text), &value) || value < least ||
        value > most) {
        return km_fail(err, KM_EUSAGE,
                       "%s is '%.40s', expected a whole number from %" PRId64
                       " to %" PRId64,
                       name, text, least, most);
    }
    *out = value;
    return KM_OK;
}

enum km_code km_request_id(struct km_request *r, size_t parameter, uint64_t *id,
                           struct km_err *err)
{
    struct km_str text = r->parameters[parameter];
    *id = 0;
    for (size_t i = 0; i < text.len && text.len == 16; i++) {
        int digit = digit_of(text.ptr[i]);
        if (digit < 0) {
            break;
        }
        *id = *id << 4 | (uint64_t)digit;
        if (i == 15) {
            return KM_OK;
        }
    }
    return km_fail(err, KM_ENOTFOUND,
                   "'%.*s' is no id: 16 hexadecimal digits are expected",
                   (int)(text.len < 40 ? text.len : 40), text.ptr);
}

void km_json_id(struct km_json_writer *w, const char *key, uint64_t id)
{
    char text[17];
    (void)snprintf(text, sizeof text, "%016" PRIx64, id);
    km_json_key(w, key);
    km_json_text(w, text);
}

bool km_request_is_known(struct km_request *r, const char *etag)
{
    char quoted[80];
    const char *have = km_request_header(r, "If-None-Match");
    (void)snprintf(quoted, sizeof quoted, "\"%s\"", etag);
    r->etag = etag;
    if (!have || !strstr(have, quoted)) {
        return false;
    }
    r->status = 304;
    km_buf_reset(&r->reply);
    return true;
}

bool km_request_may_see(const struct km_request *r, struct km_str project)
{
    return !r->grant.project.len || km_str_equal(r->grant.project, project);
}

void km_request_fail(struct km_request *r, unsigned status, const char *code,
                     const char *message)
{
    struct km_json_writer w;
    km_buf_reset(&r->reply);
    r->status = status;
    r->content_type = NULL;
    r->etag = NULL;
    km_json_writer_init(&w, &r->reply);
    if (r->protocol == KM_PROTOCOL_MLFLOW) {
        km_mlflow_fail(r, &w, code, message);
        return;
    }
    km_json_object_begin(&w);
    km_json_key(&w, "error");
    km_json_object_begin(&w);
    km_json_key(&w, "code");
    km_json_text(&w, code);
    km_json_key(&w, "status");
    km_json_int(&w, status);
    km_json_key(&w, "message");
    km_json_text(&w, message);
    km_json_object_end(&w);
    km_json_object_end(&w);
}
