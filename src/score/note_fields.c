/* note_fields.c - one object, its values by key. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/note_fields.h"

#include <math.h>
#include <string.h>

#include "base/json_read.h"
#include "base/json_write.h"
#include "base/limits.h"

enum { KEY_BYTES = 32 };

/* False: memory is short. */
static bool take_value(const struct km_json_token *token, const char *key,
                       const struct km_note_field *fields, size_t count,
                       struct km_arena *arena)
{
    bool number =
        token->kind == KM_JSON_NUMBER || token->kind == KM_JSON_INTEGER;
    for (size_t i = 0; i < count; i++) {
        const struct km_note_field *field = &fields[i];
        if (strcmp(field->key, key) != 0) {
            continue;
        }
        if (field->number && number) {
            *field->number = token->number;
        }
        if (field->text && token->kind == KM_JSON_STRING) {
            *field->text =
                km_arena_copy(arena, token->text.ptr, token->text.len);
            return *field->text != NULL;
        }
    }
    return true;
}

bool km_note_read(const struct km_note *note,
                  const struct km_note_field *fields, size_t count,
                  struct km_arena *arena, bool *full)
{
    struct km_json_reader reader;
    km_json_reader_init(&reader);
    km_json_reader_feed(&reader, note->json.ptr, note->json.len, true);
    struct km_json_token token;
    char key[KEY_BYTES] = "";
    bool held = true, valid = true;
    for (;;) {
        valid = km_json_next(&reader, &token, NULL) == KM_OK;
        if (!valid || !held || token.kind == KM_JSON_MORE) {
            break;
        }
        if (token.kind == KM_JSON_KEY && token.depth == 1) {
            size_t len = token.text.len < sizeof key ? token.text.len : 0;
            memcpy(key, token.text.ptr, len);
            key[len] = '\0';
        } else if (token.depth == 1) {
            held = take_value(&token, key, fields, count, arena);
        }
    }
    km_json_reader_finish(&reader);
    *full |= !held;
    return held && valid;
}

enum km_code km_note_write(struct km_store *store, const struct km_note *note,
                           const struct km_note_field *fields, size_t count,
                           struct km_err *err)
{
    struct km_buf buf;
    struct km_json_writer w;
    km_buf_init(&buf, KM_NOTE_BYTES_MAX);
    km_json_writer_init(&w, &buf);
    km_json_object_begin(&w);
    for (size_t i = 0; i < count; i++) {
        const struct km_note_field *field = &fields[i];
        if (field->number && isfinite(*field->number)) {
            km_json_key(&w, field->key);
            km_json_double(&w, *field->number);
        } else if (field->text && *field->text && **field->text) {
            km_json_key(&w, field->key);
            km_json_text(&w, *field->text);
        }
    }
    km_json_object_end(&w);
    struct km_note with = *note;
    with.json = (struct km_str){buf.bytes, buf.len};
    enum km_code code =
        buf.failed ? km_fail(err, KM_ELIMIT, "what is to be kept is too long")
                   : km_store_put_notes(store, &with, 1, err);
    km_buf_finish(&buf);
    return code;
}
