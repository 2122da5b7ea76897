/* tfevents_event.c - walks one event: points, restarts, texts, metadata. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/json_write.h"
#include "source/tfevents.h"

/* Event's fields. */
enum {
    EVENT_WALL_TIME = 1,
    EVENT_STEP = 2,
    EVENT_SUMMARY = 5,
    EVENT_SESSION_LOG = 7,
};

/* Summary.Value's fields. */
enum {
    VALUE_TAG = 1,
    VALUE_SIMPLE = 2,
    VALUE_HISTOGRAM = 5,
    VALUE_TENSOR = 8,
    VALUE_METADATA = 9,
};

/* What a tag holds, from SummaryMetadata { plugin_data 1 { plugin_name 1 },
 * data_class 4 }. */
static enum tf_kind kind_of(struct km_str metadata)
{
    static const struct {
        const char *plugin;
        enum tf_kind kind;
    } plugins[] = {
        {"scalars", TF_KIND_SCALAR},
        {"histograms", TF_KIND_HISTOGRAM},
        {"text", TF_KIND_TEXT},
        {"hparams", TF_KIND_HPARAMS},
    };
    enum { CLASS_SCALAR = 1 };
    struct km_str plugin = km_wire_find(metadata, 1).bytes;
    struct km_str name = km_wire_find(plugin, 1).bytes;
    for (size_t i = 0; i < sizeof plugins / sizeof plugins[0]; i++) {
        if (km_str_is(name, plugins[i].plugin)) {
            return plugins[i].kind;
        }
    }
    if (km_wire_find(metadata, 4).integer == CLASS_SCALAR) {
        return TF_KIND_SCALAR;
    }
    return name.len ? TF_KIND_OTHER : TF_KIND_NEW;
}

static void emit_scalar(struct km_source *source, struct km_tag *tag,
                        const struct tf_event *event, double value)
{
    if (tag->series == KM_HANDLE_NONE) {
        tag->series =
            km_emit_series(source->emit, tag->name, (struct km_str){0}, 0);
    }
    km_emit_point(source->emit, tag->series, event->step, event->time_ns,
                  value);
}

static void read_scalar(struct km_source *source, struct km_tag *tag,
                        const struct tf_event *event, struct km_str message)
{
    struct tf_tensor tensor;
    double value;
    if (!km_tf_tensor_read(message, &value, 1, &tensor) || tensor.count != 1) {
        km_emit_warn(source->emit, event->offset,
                     "the tensor of '%.*s' is not one number (type %u, rank "
                     "%u): left out",
                     (int)(tag->name.len < 200 ? tag->name.len : 200),
                     tag->name.ptr, tensor.dtype, tensor.rank);
        return;
    }
    emit_scalar(source, tag, event, value);
}

/* A logged text is an event: { "text": ..., "bytes": n when it was cut }. */
static void read_text(struct km_source *source, struct km_tag *tag,
                      const struct tf_event *event, struct km_str message)
{
    struct tf_state *state = source->state;
    struct tf_tensor tensor;
    double none;
    (void)km_tf_tensor_read(message, &none, 0, &tensor);
    struct km_str text = tensor.text;
    struct km_json_writer json;
    km_buf_reset(&state->text);
    km_json_writer_init(&json, &state->text);
    km_json_object_begin(&json);
    if (text.len > KM_EVENT_TEXT_BYTES_MAX) {
        km_json_key(&json, "bytes");
        km_json_int(&json, (int64_t)text.len);
        text.len = KM_EVENT_TEXT_BYTES_MAX;
    }
    km_json_key(&json, "text");
    km_json_str(&json, text);
    km_json_object_end(&json);
    if (tensor.text_count == 0 || state->text.failed) {
        return;
    }
    km_emit_event(source->emit,
                  &(struct km_event){
                      .time_ns = event->time_ns,
                      .step = event->step,
                      .kind = KM_STR("text"),
                      .name = tag->name,
                      .detail_json = {state->text.bytes, state->text.len}});
}

static void read_tensor(struct km_source *source, struct km_tag *tag,
                        const struct tf_event *event, struct km_str message)
{
    switch (tag->kind) {
    case TF_KIND_NEW: /* no metadata ever: taken for what it looks like */
    case TF_KIND_SCALAR:
        read_scalar(source, tag, event, message);
        break;
    case TF_KIND_HISTOGRAM:
        km_tf_histogram_tensor(source, tag, event, message);
        break;
    case TF_KIND_TEXT:
        read_text(source, tag, event, message);
        break;
    default:
        break;
    }
}

static void read_value(struct km_source *source, struct km_str message,
                       const struct tf_event *event)
{
    struct tf_state *state = source->state;
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field, value = {0};
    struct km_str name = {0}, metadata = {0};
    while (km_wire_next(&wire, &field)) {
        if (field.number == VALUE_TAG) {
            name = field.bytes;
        } else if (field.number == VALUE_METADATA) {
            metadata = field.bytes;
        } else if (field.number == VALUE_SIMPLE ||
                   field.number == VALUE_HISTOGRAM ||
                   field.number == VALUE_TENSOR) {
            value = field;
        }
    }
    if (wire.failed) {
        km_emit_warn(source->emit, event->offset,
                     "a summary value is malformed: left out");
        return;
    }
    struct km_tag *tag = km_tags_get(&state->tags, name);
    if (!tag) {
        km_emit_warn(source->emit, event->offset,
                     "more tags than memory allows: a value is left out");
        return;
    }
    if (tag->kind == TF_KIND_NEW && metadata.len) {
        tag->kind = kind_of(metadata);
    }
    if (tag->kind == TF_KIND_HPARAMS && metadata.len) {
        struct km_str plugin = km_wire_find(metadata, 1).bytes;
        km_tf_hparams_read(source, km_wire_find(plugin, 2).bytes);
    }
    if (value.number == VALUE_SIMPLE && value.type == KM_WIRE_FIXED32) {
        emit_scalar(source, tag, event, km_float_of((uint32_t)value.integer));
    } else if (value.number == VALUE_HISTOGRAM) {
        km_tf_histogram_message(source, tag, event, value.bytes);
    } else if (value.number == VALUE_TENSOR) {
        read_tensor(source, tag, event, value.bytes);
    }
}

static void read_summary(struct km_source *source, struct km_str message,
                         const struct tf_event *event)
{
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field;
    while (km_wire_next(&wire, &field)) {
        if (field.number == 1 && field.type == KM_WIRE_BYTES) {
            read_value(source, field.bytes, event);
        }
    }
    if (wire.failed) {
        km_emit_warn(source->emit, event->offset,
                     "a summary is malformed: the rest of it is left out");
    }
}

/* SessionLog: status 1 (1 start, 2 stop, 3 checkpoint), checkpoint_path 2. */
static void read_session(struct km_source *source, struct km_str message,
                         const struct tf_event *event)
{
    enum { SESSION_START = 1, SESSION_STOP, SESSION_CHECKPOINT };
    uint64_t status = km_wire_find(message, 1).integer;
    if (status == SESSION_START) {
        km_emit_restart(source->emit, event->step, "session start");
    } else if (status == SESSION_STOP || status == SESSION_CHECKPOINT) {
        struct km_str path = km_wire_find(message, 2).bytes;
        bool stop = status == SESSION_STOP;
        bool named = path.len > 0 && path.len <= KM_NAME_BYTES_MAX;
        km_emit_event(source->emit,
                      &(struct km_event){
                          .time_ns = event->time_ns,
                          .step = event->step,
                          .kind = stop ? KM_STR("stop") : KM_STR("checkpoint"),
                          .name = named ? path : KM_STR("session")});
    }
}

/* What an event holds besides its time and step. Their order is free, so that
 * all of it is found before any of it is read. */
struct contents {
    struct km_str summary, session;
    unsigned summaries, sessions;
};

static bool read_fields(struct km_str payload, struct tf_event *event,
                        struct contents *contents)
{
    struct km_wire wire = km_wire_of(payload);
    struct km_wire_field field;
    while (km_wire_next(&wire, &field)) {
        if (field.number == EVENT_WALL_TIME && field.type == KM_WIRE_FIXED64) {
            event->time_ns = km_time_of_seconds(km_double_of(field.integer));
        } else if (field.number == EVENT_STEP && field.type == KM_WIRE_VARINT) {
            event->step = (int64_t)field.integer;
        } else if (field.number == EVENT_SUMMARY) {
            contents->summary = field.bytes;
            contents->summaries++;
        } else if (field.number == EVENT_SESSION_LOG) {
            contents->session = field.bytes;
            contents->sessions++;
        }
    }
    return !wire.failed;
}

/* An event with several summaries: protobuf says that they are one. */
static void read_all_summaries(struct km_source *source, struct km_str payload,
                               const struct tf_event *event)
{
    struct km_wire wire = km_wire_of(payload);
    struct km_wire_field field;
    while (km_wire_next(&wire, &field)) {
        if (field.number == EVENT_SUMMARY) {
            read_summary(source, field.bytes, event);
        }
    }
}

void km_tf_event_read(struct km_source *source, struct km_str payload,
                      uint64_t offset)
{
    struct tf_state *state = source->state;
    struct tf_event event = {.offset = offset, .time_ns = KM_TIME_ABSENT};
    struct contents contents = {.summaries = 0};
    if (!read_fields(payload, &event, &contents) ||
        event.step == KM_STEP_ABSENT) {
        km_emit_warn(source->emit, offset,
                     "the record is no TensorBoard event: left out");
        return;
    }
    if (!state->started && event.time_ns != KM_TIME_ABSENT) {
        km_emit_origin_start(source->emit, event.time_ns);
        state->started = true;
    }
    if (contents.sessions) {
        read_session(source, contents.session, &event);
    }
    if (contents.summaries == 1) {
        read_summary(source, contents.summary, &event);
    } else if (contents.summaries) {
        read_all_summaries(source, payload, &event);
    }
}
