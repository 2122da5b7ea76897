/* tfevents_hparams.c - the hparams plugin: hyper-parameters, group, outcome. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/json_write.h"
#include "source/tfevents.h"

/* google.protobuf.Value, one level: null 1, number 2, string 3, bool 4;
 * structs and lists do not occur as hyper-parameters and become null. */
static void write_value(struct km_json_writer *json, struct km_str message)
{
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field, value = {0};
    while (km_wire_next(&wire, &field)) {
        value = field;
    }
    if (value.number == 2 && value.type == KM_WIRE_FIXED64) {
        km_json_double(json, km_double_of(value.integer));
    } else if (value.number == 3 && value.type == KM_WIRE_BYTES) {
        km_json_str(json, value.bytes);
    } else if (value.number == 4 && value.type == KM_WIRE_VARINT) {
        km_json_bool(json, value.integer != 0);
    } else {
        km_json_null(json);
    }
}

/* One entry of map<string, Value>. */
static void read_entry(struct km_source *source, struct km_str entry)
{
    struct tf_state *state = source->state;
    struct km_str key = km_wire_find(entry, 1).bytes;
    if (key.len == 0) {
        return;
    }
    struct km_json_writer json;
    km_buf_reset(&state->text);
    km_json_writer_init(&json, &state->text);
    write_value(&json, km_wire_find(entry, 2).bytes);
    if (state->text.failed) {
        km_emit_warn(source->emit, source->offset,
                     "a hyper-parameter is longer than %d bytes",
                     KM_CONFIG_VALUE_BYTES_MAX);
        return;
    }
    km_emit_attribute(source->emit, KM_ATTRIBUTE_CONFIG, key,
                      (struct km_str){state->text.bytes, state->text.len});
}

static struct km_run_meta empty_meta(void)
{
    return (struct km_run_meta){.created_ns = KM_TIME_ABSENT,
                                .ended_ns = KM_TIME_ABSENT};
}

/* SessionStartInfo: hparams 1, group_name 4, start_time_secs 5. */
static void read_start(struct km_source *source, struct km_str message)
{
    struct km_run_meta meta = empty_meta();
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field;
    while (km_wire_next(&wire, &field)) {
        if (field.number == 1) {
            read_entry(source, field.bytes);
        } else if (field.number == 4) {
            meta.group = field.bytes;
        } else if (field.number == 5 && field.type == KM_WIRE_FIXED64) {
            meta.created_ns = km_time_of_seconds(km_double_of(field.integer));
        }
    }
    if (meta.group.len || meta.created_ns != KM_TIME_ABSENT) {
        km_emit_run(source->emit, &meta);
    }
}

/* SessionEndInfo: status 1 (1 success, 2 failure, 3 running), end_time 2. */
static void read_end(struct km_source *source, struct km_str message)
{
    static const enum km_run_state states[] = {KM_RUN_UNKNOWN, KM_RUN_FINISHED,
                                               KM_RUN_FAILED, KM_RUN_RUNNING};
    struct km_run_meta meta = empty_meta();
    uint64_t status = km_wire_find(message, 1).integer;
    if (status < sizeof states / sizeof states[0]) {
        meta.state = states[status];
    }
    struct km_wire_field end = km_wire_find(message, 2);
    if (end.type == KM_WIRE_FIXED64) {
        meta.ended_ns = km_time_of_seconds(km_double_of(end.integer));
    }
    km_emit_run(source->emit, &meta);
}

void km_tf_hparams_read(struct km_source *source, struct km_str content)
{
    struct km_wire wire = km_wire_of(content);
    struct km_wire_field field;
    while (km_wire_next(&wire, &field)) {
        if (field.number == 3) {
            read_start(source, field.bytes);
        } else if (field.number == 4) {
            read_end(source, field.bytes);
        }
    }
}
