/* wandb_record.c - the run, its config, summary, alerts and end. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "source/wandb.h"

/* Record's fields that matter; the rest is console output, files, telemetry. */
enum {
    RECORD_HISTORY = 2,
    RECORD_SUMMARY = 3,
    RECORD_CONFIG = 5,
    RECORD_STATS = 7,
    RECORD_ALERT = 9,
    RECORD_RUN = 17,
    RECORD_EXIT = 18,
    RECORD_PREEMPTING = 23,
};

enum { NS_PER_SECOND = 1000000000 };

/* A summary value, kept until the end of a feed. */
struct wb_summary_slot {
    bool dirty;
    unsigned char len;
    char json[62];
};

static struct km_run_meta empty_meta(void)
{
    return (struct km_run_meta){.created_ns = KM_TIME_ABSENT,
                                .ended_ns = KM_TIME_ABSENT};
}

static bool is_internal(struct km_str path)
{
    return km_str_is(path, "_wandb") || km_str_starts(path, KM_STR("_wandb."));
}

static void take_config(struct km_source *source, const struct wb_leaf *leaf,
                        void *user)
{
    (void)user;
    struct km_str json = km_wb_leaf_json(source, leaf);
    if (json.len && !is_internal(leaf->path)) {
        km_emit_attribute(source->emit, KM_ATTRIBUTE_CONFIG, leaf->path, json);
    }
}

static void take_summary(struct km_source *source, const struct wb_leaf *leaf,
                         void *user)
{
    (void)user;
    struct wb_state *state = source->state;
    struct km_str json = km_wb_leaf_json(source, leaf);
    if (json.len == 0 || is_internal(leaf->path)) {
        return;
    }
    struct wb_summary_slot *slot = NULL;
    if (json.len <= sizeof slot->json) {
        struct km_tag *tag = km_tags_get(&state->summary, leaf->path);
        if (tag && !tag->extra) {
            tag->extra = km_new(&source->arena, struct wb_summary_slot, 1);
        }
        slot = tag ? tag->extra : NULL;
    }
    if (slot) {
        slot->dirty = true;
        slot->len = (unsigned char)json.len;
        memcpy(slot->json, json.ptr, json.len);
    } else {
        km_emit_attribute(source->emit, KM_ATTRIBUTE_SUMMARY, leaf->path, json);
    }
}

void km_wb_summary_flush(struct km_source *source)
{
    struct wb_state *state = source->state;
    for (struct km_tag *tag = state->summary.first; tag; tag = tag->added) {
        struct wb_summary_slot *slot = tag->extra;
        if (slot && slot->dirty) {
            slot->dirty = false;
            km_emit_attribute(source->emit, KM_ATTRIBUTE_SUMMARY, tag->name,
                              (struct km_str){slot->json, slot->len});
        }
    }
}

/* ConfigRecord and SummaryRecord: update = 1, remove = 2. What is removed
 * stays known, as null. */
static void read_updates(struct km_source *source, struct km_str message,
                         wb_leaf_fn take)
{
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field;
    while (km_wire_next(&wire, &field)) {
        if (field.number == 1) {
            km_wb_item_walk(source, field.bytes, take, NULL);
        } else if (field.number == 2) {
            struct wb_leaf leaf = {.kind = KM_JSON_NULL,
                                   .json = KM_STR("null")};
            leaf.path = km_wb_item_key(source, field.bytes);
            if (leaf.path.len) {
                take(source, &leaf, NULL);
            }
        }
    }
}

static void emit_tag(struct km_source *source, const char *key,
                     struct km_str text)
{
    if (text.len) {
        km_emit_attribute_text(source->emit, KM_ATTRIBUTE_TAG, km_str_of(key),
                               text);
    }
}

/* A remote may carry a password: https://user:secret@host/path. */
static struct km_str without_secret(struct km_str url)
{
    size_t scheme = km_str_search(url, KM_STR("://"));
    size_t start = scheme < url.len ? scheme + 3 : 0;
    size_t slash = km_str_find(url, '/', start);
    size_t at = km_str_find(url, '@', start);
    if (scheme == url.len || at >= slash) {
        return url;
    }
    return (struct km_str){url.ptr + at + 1, url.len - at - 1};
}

/* What RunRecord says, gathered before anything is emitted. */
struct run_record {
    struct km_run_meta meta;
    struct km_str host, entity, job_type, sweep, git_remote, git_commit;
    struct km_str config, summary;
    int64_t starting_step;
    bool resumed;
};

static void read_run_field(struct run_record *run,
                           const struct km_wire_field *field)
{
    struct km_str *const texts[] = {
        [1] = &run->meta.external_id,
        [2] = &run->entity,
        [3] = &run->meta.project,
        [4] = &run->config,
        [5] = &run->summary,
        [6] = &run->meta.group,
        [7] = &run->job_type,
        [8] = &run->meta.name,
        [9] = &run->meta.notes,
        [12] = &run->sweep,
        [13] = &run->host,
    };
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    if (field->type == KM_WIRE_BYTES && field->number < TEXTS &&
        texts[field->number]) {
        *texts[field->number] = field->bytes;
    } else if (field->number == 14) {
        run->starting_step = (int64_t)field->integer;
    } else if (field->number == 17) {
        run->meta.created_ns = km_wb_timestamp(field->bytes);
    } else if (field->number == 18) {
        run->resumed = field->integer != 0;
    } else if (field->number == 21) {
        run->git_remote = km_wire_find(field->bytes, 1).bytes;
        run->git_commit = km_wire_find(field->bytes, 2).bytes;
    } else if (field->number == 23) {
        run->meta.parent = km_wire_find(field->bytes, 1).bytes;
    }
}

/* The run's tags as one JSON array. */
static void emit_tags(struct km_source *source, struct km_str message)
{
    struct wb_state *state = source->state;
    struct km_json_writer writer;
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field;
    bool any = false;
    km_buf_reset(&state->text);
    km_json_writer_init(&writer, &state->text);
    km_json_array_begin(&writer);
    while (km_wire_next(&wire, &field)) {
        if (field.number == 10 && field.type == KM_WIRE_BYTES) {
            km_json_str(&writer, field.bytes);
            any = true;
        }
    }
    km_json_array_end(&writer);
    if (any && !state->text.failed) {
        km_emit_attribute(source->emit, KM_ATTRIBUTE_TAG, KM_STR("tags"),
                          (struct km_str){state->text.bytes, state->text.len});
    }
}

static bool keep(struct km_source *source, struct km_str *kept,
                 struct km_str text)
{
    if (text.len && !km_str_equal(*kept, text)) {
        char *copy = km_arena_copy(&source->arena, text.ptr, text.len);
        if (!copy) {
            return false;
        }
        *kept = (struct km_str){copy, text.len};
        return true;
    }
    return false;
}

static void read_run(struct km_source *source, struct km_str message)
{
    struct wb_state *state = source->state;
    struct run_record run = {.meta = empty_meta(), .starting_step = 0};
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field;
    while (km_wire_next(&wire, &field)) {
        read_run_field(&run, &field);
    }
    bool other = keep(source, &state->project, run.meta.project);
    other |= keep(source, &state->run_id, run.meta.external_id);
    if (other) {
        km_tags_unbind(&state->metrics);
        km_tags_unbind(&state->system);
    }
    if (run.meta.created_ns != KM_TIME_ABSENT && !state->has_run) {
        state->start_ns = run.meta.created_ns;
        km_emit_origin_start(source->emit, run.meta.created_ns);
    }
    km_emit_run(source->emit, &run.meta);
    if (run.resumed && !state->has_run) {
        km_emit_restart(source->emit,
                        run.starting_step > 0 ? run.starting_step
                                              : KM_STEP_ABSENT,
                        "resumed");
    }
    state->has_run = true;
    emit_tag(source, "host", run.host);
    emit_tag(source, "entity", run.entity);
    emit_tag(source, "job_type", run.job_type);
    emit_tag(source, "sweep", run.sweep);
    emit_tag(source, "git_commit", run.git_commit);
    emit_tag(source, "git_remote", without_secret(run.git_remote));
    emit_tags(source, message);
    read_updates(source, run.config, take_config);
    read_updates(source, run.summary, take_summary);
}

/* RunExitRecord: exit_code 1, runtime 2 (seconds). */
static void read_exit(struct km_source *source, struct km_str message)
{
    struct wb_state *state = source->state;
    int32_t exit_code = (int32_t)km_wire_find(message, 1).integer;
    uint64_t runtime = km_wire_find(message, 2).integer;
    struct km_run_meta meta = empty_meta();
    meta.state = exit_code == 0 ? KM_RUN_FINISHED : KM_RUN_FAILED;
    if (state->start_ns != KM_TIME_ABSENT && runtime > 0 &&
        runtime < 1000000000) {
        meta.ended_ns = state->start_ns + (int64_t)runtime * NS_PER_SECOND;
    }
    km_emit_run(source->emit, &meta);
    km_buf_reset(&state->text);
    km_buf_printf(&state->text, "%d", exit_code);
    km_emit_attribute(source->emit, KM_ATTRIBUTE_TAG, KM_STR("exit_code"),
                      (struct km_str){state->text.bytes, state->text.len});
}

/* AlertRecord: title 1, text 2, level 3. The log gives it no time. */
static void read_alert(struct km_source *source, struct km_str message)
{
    struct wb_state *state = source->state;
    struct km_str title = km_wire_find(message, 1).bytes;
    struct km_str text = km_wire_find(message, 2).bytes;
    struct km_json_writer writer;
    km_buf_reset(&state->text);
    km_json_writer_init(&writer, &state->text);
    km_json_object_begin(&writer);
    km_json_key(&writer, "level");
    km_json_str(&writer, km_wire_find(message, 3).bytes);
    if (text.len > KM_EVENT_TEXT_BYTES_MAX) {
        km_json_key(&writer, "bytes");
        km_json_int(&writer, (int64_t)text.len);
        text.len = KM_EVENT_TEXT_BYTES_MAX;
    }
    km_json_key(&writer, "text");
    km_json_str(&writer, text);
    km_json_object_end(&writer);
    if (state->text.failed) {
        km_emit_warn(source->emit, state->offset, "an alert is too long");
        return;
    }
    bool named = title.len > 0 && title.len <= KM_NAME_BYTES_MAX;
    km_emit_event(source->emit,
                  &(struct km_event){
                      .time_ns = KM_TIME_ABSENT,
                      .step = state->last_step,
                      .kind = KM_STR("alert"),
                      .name = named ? title : KM_STR("alert"),
                      .detail_json = {state->text.bytes, state->text.len}});
}

void km_wb_record_read(struct km_source *source, struct km_str record)
{
    struct wb_state *state = source->state;
    struct km_wire wire = km_wire_of(record);
    struct km_wire_field field;
    while (km_wire_next(&wire, &field)) {
        if (field.type != KM_WIRE_BYTES) {
            continue;
        }
        switch (field.number) {
        case RECORD_HISTORY:
            km_wb_history_read(source, field.bytes);
            break;
        case RECORD_SUMMARY:
            read_updates(source, field.bytes, take_summary);
            break;
        case RECORD_CONFIG:
            read_updates(source, field.bytes, take_config);
            break;
        case RECORD_STATS:
            km_wb_stats_read(source, field.bytes);
            break;
        case RECORD_ALERT:
            read_alert(source, field.bytes);
            break;
        case RECORD_RUN:
            read_run(source, field.bytes);
            break;
        case RECORD_EXIT:
            read_exit(source, field.bytes);
            break;
        case RECORD_PREEMPTING:
            km_emit_event(source->emit,
                          &(struct km_event){.time_ns = KM_TIME_ABSENT,
                                             .step = state->last_step,
                                             .kind = KM_STR("incident"),
                                             .name = KM_STR("preempting")});
            break;
        default:
            break;
        }
    }
    if (wire.failed) {
        km_emit_warn(source->emit, state->offset,
                     "a record is malformed: the rest of it is left out");
    }
}
