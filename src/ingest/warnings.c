/* warnings.c - what was odd about a source, kept with the store.
 *
 * A source that did not change is not read again, and what it was warned of
 * would be seen once and never more. So the warnings that were shown are kept
 * as a note per source (kind "import_warnings", key: the source's id in hex):
 * [how many there were, offset, "text", offset, "text", ...]. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/json_read.h"
#include "base/json_write.h"
#include "ingest/session.h"

static const struct km_str KIND = {"import_warnings", 15};

enum { KEY_BYTES = 24, TEXTS_BYTES_MAX = 64 * KM_KIB };

static struct km_str key_of(uint64_t source_id, char text[KEY_BYTES])
{
    int len = snprintf(text, KEY_BYTES, "%016" PRIx64, source_id);
    return (struct km_str){text, (size_t)len};
}

typedef void told_fn(void *user, uint64_t offset, struct km_str text);

/* Hands out the warnings of a note; returns how many there were in all. */
static uint64_t read_note(struct km_str json, told_fn *told, void *user)
{
    struct km_json_reader reader;
    struct km_json_token token;
    uint64_t count = 0, offset = 0;
    bool first = true;
    km_json_reader_init(&reader);
    km_json_reader_feed(&reader, json.ptr, json.len, true);
    while (km_json_next(&reader, &token, NULL) == KM_OK &&
           token.kind != KM_JSON_MORE) {
        if (token.kind == KM_JSON_INTEGER && first) {
            count = (uint64_t)token.integer;
            first = false;
        } else if (token.kind == KM_JSON_INTEGER) {
            offset = (uint64_t)token.integer;
        } else if (token.kind == KM_JSON_STRING && told) {
            told(user, offset, token.text);
        }
    }
    km_json_reader_finish(&reader);
    return count;
}

/* Remembers how many there are, and their texts when they are to be told. */
static bool remember(struct ingest *in, uint64_t id, uint64_t count,
                     struct km_str json)
{
    if (in->warned_count == in->warned_cap) {
        uint32_t cap = in->warned_cap ? in->warned_cap * 2 : 64;
        struct ingest_warned *grown =
            km_new(&in->arena, struct ingest_warned, cap);
        if (!grown) {
            return false;
        }
        for (uint32_t i = 0; i < in->warned_count; i++) {
            grown[i] = in->warned_of[i];
        }
        in->warned_of = grown;
        in->warned_cap = cap;
    }
    char *copy = in->options->recall_warnings
                     ? km_arena_copy(&in->arena, json.ptr, json.len)
                     : NULL;
    in->warned_of[in->warned_count] =
        (struct ingest_warned){count, {copy, copy ? json.len : 0}};
    return km_id_map_put(&in->warned, id, in->warned_count++);
}

static struct ingest_warned *find_warned(struct ingest *in, uint64_t id)
{
    uint32_t at = id ? km_id_map_find(&in->warned, id) : KM_ID_ABSENT;
    return at == KM_ID_ABSENT || !in->warned_of[at].count ? NULL
                                                          : &in->warned_of[at];
}

static bool take_note(void *user, const struct km_note *note)
{
    struct ingest *in = user;
    uint64_t id = 0;
    char key[KEY_BYTES];
    size_t len = note->key.len < sizeof key ? note->key.len : sizeof key - 1;
    memcpy(key, note->key.ptr, len);
    key[len] = '\0';
    uint64_t count = read_note(note->json, NULL, NULL);
    /* without room for more, the others are not told of again */
    return sscanf(key, "%" SCNx64, &id) != 1 || !id || !count ||
           remember(in, id, count, note->json);
}

enum km_code km_ingest_warnings_load(struct ingest *in, struct km_err *err)
{
    return km_store_read_notes(in->options->store, KIND, 0, take_note, in, err);
}

struct search {
    struct km_str key;
    told_fn *told;
    void *user;
    uint64_t count;
};

static bool search_note(void *user, const struct km_note *note)
{
    struct search *search = user;
    if (!km_str_equal(note->key, search->key)) {
        return true;
    }
    search->count = read_note(note->json, search->told, search->user);
    return false;
}

static uint64_t find_note(struct ingest *in, uint64_t source_id, told_fn *told,
                          void *user)
{
    char text[KEY_BYTES];
    struct search search = {
        .key = key_of(source_id, text), .told = told, .user = user};
    (void)km_store_read_notes(in->options->store, KIND, 0, search_note, &search,
                              NULL);
    return search.count;
}

static void tell_again(void *user, uint64_t offset, struct km_str text)
{
    const struct ingest_session *session = user;
    const struct km_import_options *options = session->in->options;
    char copy[KM_ERR_BYTES];
    (void)snprintf(copy, sizeof copy, "%.*s", (int)text.len, text.ptr);
    options->on_warning(options->user, session->path.ptr, offset, copy);
}

void km_session_recall_warnings(struct ingest_session *session,
                                uint64_t source_id)
{
    struct ingest *in = session->in;
    const struct ingest_warned *warned = find_warned(in, source_id);
    if (!warned) {
        return;
    }
    in->report->warnings_before += warned->count;
    if (warned->json.len && in->options->on_warning) {
        (void)read_note(warned->json, tell_again, session);
    }
}

void km_session_note_warning(struct ingest_session *session, uint64_t offset,
                             struct km_str text)
{
    struct km_json_writer writer;
    session->warned++;
    if (session->warnings.len > TEXTS_BYTES_MAX) {
        return;
    }
    km_buf_append_char(&session->warnings, ',');
    km_json_writer_init(&writer, &session->warnings);
    km_json_int(&writer, (int64_t)offset);
    km_buf_append_char(&session->warnings, ',');
    km_json_writer_init(&writer, &session->warnings);
    km_json_str(&writer, text);
}

static void add_old(void *user, uint64_t offset, struct km_str text)
{
    km_session_note_warning(user, offset, text);
}

void km_session_keep_warnings(struct ingest_session *session, uint64_t count)
{
    struct ingest *in = session->in;
    uint64_t id = session->cursor.source_id;
    struct ingest_warned *warned = find_warned(in, id);
    bool is_store = session->ops->shape == KM_SHAPE_STORE; /* looked through */
    bool resumed = session->bytes_before > 0 && !is_store;
    if (id == 0 || (count == 0 && (!warned || resumed || is_store))) {
        return;
    }
    if (warned && resumed) { /* what was odd before is still in the file */
        count += find_note(in, id, add_old, session);
    }
    char key[KEY_BYTES];
    struct km_buf json;
    km_buf_init(&json, KM_NOTE_BYTES_MAX);
    km_buf_printf(&json, "[%" PRIu64, count);
    km_buf_append(&json, session->warnings.bytes, session->warnings.len);
    km_buf_append_char(&json, ']');
    const struct km_note note = {
        .kind = KIND,
        .key = key_of(id, key),
        .time_ns = KM_TIME_ABSENT,
        .json = count && !json.failed ? (struct km_str){json.bytes, json.len}
                                      : KM_STR(""),
    };
    /* that they cannot be kept is no reason not to import */
    if (km_store_put_notes(in->options->store, &note, 1, NULL) == KM_OK) {
        if (warned) {
            warned->count = count;
        } else {
            (void)remember(in, id, count, note.json);
        }
    }
    km_buf_finish(&json);
    km_buf_reset(&session->warnings);
}
