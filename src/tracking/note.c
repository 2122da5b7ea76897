/* note.c - what the book holds, as notes of the store. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "tracking/private.h"

enum km_code km_tracker_note(struct km_tracker *tracker, struct km_str kind,
                             uint64_t run_id, struct km_str key,
                             struct km_str json, struct km_err *err)
{
    struct km_arena *arena = &tracker->notes_arena;
    if (json.len > KM_NOTE_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "'%.*s' has %zu bytes, expected at most "
                       "%d",
                       (int)(key.len < 80 ? key.len : 80), key.ptr, json.len,
                       KM_NOTE_BYTES_MAX);
    }
    struct km_note note = {
        .run_id = run_id, .kind = kind, .time_ns = KM_TIME_ABSENT};
    note.key = (struct km_str){km_arena_copy(arena, key.ptr, key.len), key.len};
    note.json = (struct km_str){
        km_arena_copy(arena, json.len ? json.ptr : "", json.len), json.len};
    struct km_note *list = km_arena_widen(
        arena, tracker->notes, tracker->note_count, &tracker->note_cap,
        tracker->note_count + 1, sizeof note);
    if (!note.key.ptr || !note.json.ptr || !list) {
        return km_fail(err, KM_EBUSY,
                       "more is being written than the server "
                       "holds at once");
    }
    tracker->notes = list;
    list[tracker->note_count++] = note;
    return KM_OK;
}

static enum km_code put(struct km_tracker *tracker, struct km_str kind,
                        uint64_t run_id, struct km_str key, struct km_buf *json,
                        struct km_err *err)
{
    enum km_code code =
        json->failed
            ? km_fail(err, KM_ELIMIT, "'%.*s' is too long",
                      (int)(key.len < 80 ? key.len : 80), key.ptr)
            : km_tracker_note(tracker, kind, run_id, key,
                              (struct km_str){json->bytes, json->len}, err);
    km_buf_finish(json);
    return code;
}

enum km_code km_tracker_note_text(struct km_tracker *tracker,
                                  struct km_str kind, uint64_t run_id,
                                  struct km_str key, struct km_str text,
                                  struct km_err *err)
{
    struct km_buf json;
    struct km_json_writer w;
    km_buf_init(&json, 2 * KM_NOTE_BYTES_MAX);
    km_json_writer_init(&w, &json);
    km_json_str(&w, text);
    return put(tracker, kind, run_id, key, &json, err);
}

struct field {
    const char *key, *text;
    int64_t number;
};

static void write_fields(struct km_buf *json, const struct field *fields,
                         size_t count)
{
    struct km_json_writer w;
    km_json_writer_init(&w, json);
    km_json_object_begin(&w);
    for (size_t i = 0; i < count; i++) {
        km_json_key(&w, fields[i].key);
        if (fields[i].text) {
            km_json_text(&w, fields[i].text);
        } else {
            km_json_int(&w, fields[i].number);
        }
    }
    km_json_object_end(&w);
}

enum km_code km_tracker_note_experiment(struct km_tracker *tracker,
                                        const struct km_experiment *one,
                                        struct km_err *err)
{
    const struct field fields[] = {{"name", one->name, 0},
                                   {"deleted", NULL, one->deleted},
                                   {"created_ms", NULL, one->created_ms},
                                   {"updated_ms", NULL, one->updated_ms}};
    struct km_buf json;
    km_buf_init(&json, KM_NOTE_BYTES_MAX);
    write_fields(&json, fields, sizeof fields / sizeof *fields);
    return put(tracker, KM_NOTE_EXPERIMENT, 0, km_str_of(one->id), &json, err);
}

enum km_code km_tracker_note_run(struct km_tracker *tracker,
                                 const struct km_tracked_run *run,
                                 struct km_err *err)
{
    const struct field fields[] = {
        {"experiment", run->experiment->id, 0},
        {"project", run->project, 0},
        {"name", run->name, 0},
        {"user", run->user, 0},
        {"status", km_tracked_status_name(run->status), 0},
        {"deleted", NULL, run->deleted},
        {"start_ms", NULL, run->start_ms},
        {"end_ms", NULL, run->end_ms},
    };
    struct km_buf json;
    km_buf_init(&json, KM_NOTE_BYTES_MAX);
    write_fields(&json, fields, sizeof fields / sizeof *fields);
    return put(tracker, KM_NOTE_RUN, run->store_id, km_str_of(run->id), &json,
               err);
}

static void write_pairs(struct km_json_writer *w, const char *key,
                        const struct km_pairs *pairs)
{
    km_json_key(w, key);
    km_json_object_begin(w);
    for (uint32_t i = 0; i < pairs->count; i++) {
        km_json_key(w, pairs->list[i].key);
        km_json_text(w, pairs->list[i].value);
    }
    km_json_object_end(w);
}

enum km_code km_track_model_keep(struct km_tracker *tracker,
                                 struct km_tracked_model *model,
                                 struct km_err *err)
{
    const struct {
        const char *key, *text;
    } texts[] = {{"experiment", model->experiment->id},
                 {"name", model->name},
                 {"type", model->type},
                 {"source_run", model->source_run},
                 {"status", model->status},
                 {"status_message", model->status_message}};
    struct km_buf json;
    struct km_json_writer w;
    km_buf_init(&json, KM_NOTE_BYTES_MAX);
    km_json_writer_init(&w, &json);
    km_json_object_begin(&w);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        km_json_key(&w, texts[i].key);
        km_json_text(&w, texts[i].text ? texts[i].text : "");
    }
    km_json_key(&w, "deleted");
    km_json_int(&w, model->deleted);
    km_json_key(&w, "created_ms");
    km_json_int(&w, model->created_ms);
    km_json_key(&w, "updated_ms");
    km_json_int(&w, model->updated_ms);
    write_pairs(&w, "params", &model->params);
    write_pairs(&w, "tags", &model->tags);
    write_pairs(&w, "metrics", &model->metrics);
    km_json_object_end(&w);
    return put(tracker, KM_NOTE_MODEL, 0, km_str_of(model->id), &json, err);
}
