/* json_doc.c - feeding one JSON document to a source. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/json_doc.h"

void km_json_doc_init(struct km_json_doc *doc)
{
    *doc = (struct km_json_doc){.ended = false};
    km_json_walk_init(&doc->walk);
}

void km_json_doc_finish(struct km_json_doc *doc)
{
    km_json_walk_finish(&doc->walk);
}

/* The reader refused the text: it ends too early, or it is no JSON. */
static enum km_code stop_reading(struct km_source *source,
                                 struct km_json_doc *doc, enum km_code code,
                                 struct km_str bytes, size_t *used,
                                 struct km_err *err)
{
    const struct km_json_reader *reader = &doc->walk.reader;
    if (code != KM_EINPUT) {
        return code;
    }
    *used = bytes.len;
    if (reader->last && reader->input.len == 0) {
        source->status = KM_SOURCE_PARTIAL;
        return KM_OK;
    }
    source->status = KM_SOURCE_DAMAGED;
    source->damage_offset = reader->offset;
    if (source->options && source->options->salvage) {
        doc->damaged = true;
        source->skipped_bytes += reader->input.len;
        km_emit_warn(source->emit, reader->offset, "%s",
                     err ? err->message : "not JSON from here on");
        return KM_OK;
    }
    if (err) {
        err->code = KM_ECORRUPT;
    }
    return KM_ECORRUPT;
}

static void skip_rest(struct km_source *source, const struct km_json_doc *doc,
                      struct km_str bytes)
{
    if (doc->damaged) {
        source->skipped_bytes += bytes.len;
    } else if (km_json_first_byte(bytes)) {
        km_emit_warn(source->emit, source->offset,
                     "there is something behind the end of the document");
    }
}

enum km_code km_json_doc_feed(
    struct km_source *source, struct km_json_doc *doc, struct km_str bytes,
    bool last, size_t *used,
    enum km_code (*take)(struct km_source *source,
                         const struct km_json_token *token, struct km_err *err),
    struct km_err *err)
{
    struct km_json_reader *reader = &doc->walk.reader;
    struct km_json_token token;
    *used = bytes.len;
    if (doc->ended || doc->damaged) {
        skip_rest(source, doc, bytes);
        return KM_OK;
    }
    km_json_reader_feed(reader, bytes.ptr, bytes.len, last);
    for (;;) {
        enum km_code code = km_json_walk_next(&doc->walk, &token, err);
        if (code) {
            return stop_reading(source, doc, code, bytes, used, err);
        }
        if (token.kind == KM_JSON_MORE) {
            if (last) { /* nothing but blanks */
                source->status = KM_SOURCE_PARTIAL;
            }
            return KM_OK;
        }
        code = take(source, &token, err);
        if (code) {
            return code;
        }
        if (km_emit_failed(source->emit)) {
            return km_emit_error(source->emit, err);
        }
        if (reader->depth == 0) {
            doc->ended = true;
            skip_rest(source, doc, reader->input);
            return KM_OK;
        }
        if (km_emit_full(source->emit)) {
            *used = bytes.len - reader->input.len;
            return KM_OK;
        }
    }
}

bool km_json_mentions(struct km_str text, const char *key)
{
    struct km_str name = km_str_of(key);
    for (size_t at = 0; at < text.len;) {
        struct km_str rest = {text.ptr + at, text.len - at};
        size_t hit = km_str_search(rest, name);
        size_t end = hit + name.len;
        if (hit == rest.len) {
            return false;
        }
        if (hit > 0 && rest.ptr[hit - 1] == '"' && end < rest.len &&
            rest.ptr[end] == '"') {
            struct km_str behind = {rest.ptr + end + 1, rest.len - end - 1};
            if (km_json_first_byte(behind) == ':') {
                return true;
            }
        }
        at += end;
    }
    return false;
}

bool km_json_has(struct km_str text, const char *key)
{
    struct km_json_walk walk;
    struct km_json_token token;
    bool found = false;
    km_json_walk_init(&walk);
    km_json_reader_feed(&walk.reader, text.ptr, text.len, false);
    while (!found && km_json_walk_next(&walk, &token, NULL) == KM_OK &&
           token.kind != KM_JSON_MORE) {
        found = token.depth > 0 && walk.reader.scope[0] == '{' &&
                km_str_is(km_json_walk_key(&walk, 1), key);
    }
    km_json_walk_finish(&walk);
    return found;
}

char km_json_first_byte(struct km_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            return c;
        }
    }
    return '\0';
}
