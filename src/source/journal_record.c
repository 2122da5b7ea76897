/* journal_record.c - journal records that are not points, handed to the
 * emitter.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/journal_record.h"

#include <math.h>
#include <stdio.h>

#include "base/json_read.h"

void km_journal_emit_run(struct km_emit *emit, struct km_str payload,
                         const struct km_journal_header *header, bool is_new)
{
    struct km_run_meta meta = {.source = KM_STR("journal"),
                               .created_ns = KM_TIME_ABSENT,
                               .ended_ns = KM_TIME_ABSENT};
    struct km_journal_field field;
    int64_t rank = 0;
    bool resumed = false;
    while (km_journal_field_next(&payload, &field)) {
        switch (field.id) {
        case KM_FIELD_RUN:
            meta.external_id = field.text;
            break;
        case KM_FIELD_PROJECT:
            meta.project = field.text;
            break;
        case KM_FIELD_NAME:
            meta.name = field.text;
            break;
        case KM_FIELD_GROUP:
            meta.group = field.text;
            break;
        case KM_FIELD_PARENT:
            meta.parent = field.text;
            break;
        case KM_FIELD_NOTES:
            meta.notes = field.text;
            break;
        case KM_FIELD_RANK:
            rank = field.integer;
            break;
        case KM_FIELD_RESUMED:
            resumed = field.integer != 0;
            break;
        default:
            break;
        }
    }
    if (is_new) { /* the store shows the earliest of all processes */
        meta.created_ns = header->start_ns;
    }
    if (is_new && rank == 0) { /* of many processes the first one speaks */
        meta.state = KM_RUN_RUNNING;
    }
    (void)km_emit_run(emit, &meta);
    if (is_new && resumed && rank == 0) {
        km_emit_restart(emit, KM_STEP_ABSENT, "resumed");
    }
}

bool km_journal_metric(struct km_str payload, uint32_t *id, struct km_str *name,
                       struct km_str *labels)
{
    struct km_journal_field field;
    int64_t wide = -1;
    *name = *labels = KM_STR("");
    while (km_journal_field_next(&payload, &field)) {
        if (field.id == KM_FIELD_ID) {
            wide = field.integer;
        } else if (field.id == KM_FIELD_NAME) {
            *name = field.text;
        } else if (field.id == KM_FIELD_LABELS) {
            *labels = field.text;
        }
    }
    *id = (uint32_t)wide;
    return wide >= 0 && wide < KM_JOURNAL_METRICS_MAX;
}

/* One whole JSON value: the program said so, it was not checked there. */
static bool is_json(struct km_str text)
{
    struct km_json_reader reader;
    struct km_json_token token = {.kind = KM_JSON_MORE};
    bool any = false;
    enum km_code code;
    km_json_reader_init(&reader);
    km_json_reader_feed(&reader, text.ptr, text.len, true);
    while ((code = km_json_next(&reader, &token, NULL)) == KM_OK &&
           token.kind != KM_JSON_MORE) {
        any = true;
    }
    km_json_reader_finish(&reader);
    return code == KM_OK && any;
}

static void emit_attribute(struct km_emit *emit, struct km_str payload,
                           enum km_attribute_kind kind)
{
    struct km_journal_field field;
    struct km_str key = {0}, value = {0};
    while (km_journal_field_next(&payload, &field)) {
        if (field.id == KM_FIELD_KEY) {
            key = field.text;
        } else if (field.id == KM_FIELD_VALUE_JSON) {
            value = field.text;
        }
    }
    if (is_json(value)) {
        km_emit_attribute(emit, kind, key, value);
    } else {
        km_emit_attribute_text(emit, kind, key, value);
    }
}

static void emit_event(struct km_emit *emit, struct km_str payload)
{
    struct km_event event = {.time_ns = KM_TIME_ABSENT, .step = KM_STEP_ABSENT};
    struct km_journal_field field;
    while (km_journal_field_next(&payload, &field)) {
        switch (field.id) {
        case KM_FIELD_KIND:
            event.kind = field.text;
            break;
        case KM_FIELD_NAME:
            event.name = field.text;
            break;
        case KM_FIELD_DETAIL_JSON:
            event.detail_json = field.text;
            break;
        case KM_FIELD_STEP:
            event.step = field.integer;
            break;
        case KM_FIELD_TIME_NS:
            event.time_ns = field.integer;
            break;
        default:
            break;
        }
    }
    if (event.detail_json.len && !is_json(event.detail_json)) {
        km_emit_warn(emit, 0, "left out: details of an event are not JSON");
        event.detail_json = KM_STR("");
    }
    km_emit_event(emit, &event);
}

static void take_evaluation_number(struct km_evaluation *out,
                                   const struct km_journal_field *field)
{
    switch (field->id) {
    case KM_FIELD_VALUE:
        out->value = field->number;
        break;
    case KM_FIELD_STDERR:
        out->stderr_ = field->number;
        break;
    case KM_FIELD_COST_SECONDS:
        out->cost_seconds = field->number;
        break;
    case KM_FIELD_COUNT:
        out->n = field->integer;
        break;
    case KM_FIELD_SHOTS:
        out->n_shot = field->integer;
        break;
    case KM_FIELD_STAGE_INDEX:
        out->stage_index = field->integer;
        break;
    case KM_FIELD_STEP:
        out->step = field->integer;
        break;
    case KM_FIELD_TIME_NS:
        out->time_ns = field->integer;
        break;
    case KM_FIELD_HIGHER_IS_BETTER:
        out->higher_is_better = field->integer < 0 ? -1 : field->integer != 0;
        break;
    default:
        break;
    }
}

static void emit_evaluation(struct km_emit *emit, struct km_str payload)
{
    struct km_evaluation out = {
        .value = (double)NAN,
        .stderr_ = (double)NAN,
        .cost_seconds = (double)NAN,
        .n = -1,
        .n_shot = -1,
        .stage_index = -1,
        .step = KM_STEP_ABSENT,
        .time_ns = KM_TIME_ABSENT,
        .higher_is_better = -1,
    };
    struct km_journal_field field;
    while (km_journal_field_next(&payload, &field)) {
        struct km_str *texts[] = {
            [KM_FIELD_TASK] = &out.task,
            [KM_FIELD_VERSION] = &out.version,
            [KM_FIELD_METRIC] = &out.metric,
            [KM_FIELD_FILTER] = &out.filter,
            [KM_FIELD_SUBSET] = &out.subset,
            [KM_FIELD_MODEL] = &out.model,
            [KM_FIELD_TASK_HASH] = &out.task_hash,
            [KM_FIELD_STAGE] = &out.stage,
        };
        if (field.id < sizeof texts / sizeof texts[0] && texts[field.id]) {
            *texts[field.id] = field.text;
        } else {
            take_evaluation_number(&out, &field);
        }
    }
    km_emit_evaluation(emit, &out);
}

static void emit_count(struct km_emit *emit, struct km_str key, double value)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%.17g", value);
    km_emit_attribute(emit, KM_ATTRIBUTE_SUMMARY, key,
                      (struct km_str){text, (size_t)len});
}

static void emit_finish(struct km_emit *emit, struct km_str payload)
{
    struct km_run_meta meta = {.created_ns = KM_TIME_ABSENT,
                               .ended_ns = KM_TIME_ABSENT};
    struct km_journal_field field;
    double log_ns = 0, samples = 0;
    while (km_journal_field_next(&payload, &field)) {
        double count = (double)field.integer;
        switch (field.id) {
        case KM_FIELD_STATE:
            if (field.integer >= KM_RUN_FINISHED &&
                field.integer <= KM_RUN_KILLED) {
                meta.state = (enum km_run_state)field.integer;
            }
            break;
        case KM_FIELD_TIME_NS:
            meta.ended_ns = field.integer;
            break;
        case KM_FIELD_POINTS:
            emit_count(emit, KM_STR("track.points"), count);
            break;
        case KM_FIELD_DROPPED:
            emit_count(emit, KM_STR("track.dropped"), count);
            break;
        case KM_FIELD_BYTES:
            emit_count(emit, KM_STR("track.bytes"), count);
            break;
        case KM_FIELD_LOG_NS:
            log_ns = count;
            break;
        case KM_FIELD_LOG_SAMPLES:
            samples = count;
            break;
        default:
            break;
        }
    }
    if (samples > 0) {
        emit_count(emit, KM_STR("track.ns_per_point"), log_ns / samples);
    }
    (void)km_emit_run(emit, &meta);
}

void km_journal_emit_record(struct km_emit *emit,
                            const struct km_journal_record *record)
{
    unsigned kind = (unsigned)record->kind;
    if (kind == KM_JOURNAL_CONFIG) {
        emit_attribute(emit, record->payload, KM_ATTRIBUTE_CONFIG);
    } else if (kind == KM_JOURNAL_TAG) {
        emit_attribute(emit, record->payload, KM_ATTRIBUTE_TAG);
    } else if (kind == KM_JOURNAL_EVENT) {
        emit_event(emit, record->payload);
    } else if (kind == KM_JOURNAL_EVALUATION) {
        emit_evaluation(emit, record->payload);
    } else if (kind == KM_JOURNAL_FINISH) {
        emit_finish(emit, record->payload);
    }
}
