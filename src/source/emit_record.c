/* emit_record.c - names, runs, attributes, events, evaluations, warnings.
 *
 * What a file says is checked here, once for all formats: a name that cannot
 * be shown or stored is left out, counted and named in a warning. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "source/emit_private.h"

enum { SHOWN_BYTES_MAX = 80 }; /* of a refused name, in a warning */

void km_emit_warn(struct km_emit *emit, uint64_t offset, const char *format,
                  ...)
{
    emit->warning_count++;
    if (!emit->on_warning || emit->warning_count > KM_EMIT_WARNINGS_MAX) {
        return;
    }
    struct km_err text; /* km_fail() makes hostile names harmless */
    char message[KM_ERR_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    km_fail(&text, KM_EINPUT, "%s", message);
    emit->on_warning(emit->user, offset, text.message);
}

static int shown_bytes(struct km_str text)
{
    return text.len > SHOWN_BYTES_MAX ? SHOWN_BYTES_MAX : (int)text.len;
}

/* True when the name may be used; else it is counted and shown. */
static bool accept_name(struct km_emit *emit, struct km_str name,
                        const char *what)
{
    struct km_err err;
    if (km_name_check(name, what, &err) == KM_OK) {
        return true;
    }
    km_emit_warn(emit, 0, "left out: %s (\"%.*s\")", err.message,
                 shown_bytes(name), name.ptr ? name.ptr : "");
    return false;
}

static void fail_batch(struct km_emit *emit)
{
    km_emit_fail(emit, KM_ELIMIT,
                 "one record of a source needs more than %d MiB",
                 KM_BATCH_ARENA_BYTES_MAX / KM_MIB);
}

/* The key of the label that begins at `at`, and where the next one begins. */
static struct km_str label_key(struct km_str labels, size_t at, size_t *next)
{
    size_t end = km_str_find(labels, ',', at);
    size_t equals = km_str_find(labels, '=', at);
    *next = end < labels.len ? end + 1 : labels.len;
    return (struct km_str){labels.ptr + at, (equals < end ? equals : end) - at};
}

static int compare_keys(struct km_str a, struct km_str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static void append_label(struct km_buf *out, struct km_str labels, size_t from,
                         size_t next)
{
    size_t end = next;
    if (end > from && labels.ptr[end - 1] == ',') {
        end--;
    }
    if (out->len) {
        km_buf_append_char(out, ',');
    }
    km_buf_append(out, labels.ptr + from, end - from);
}

/* Both lists in one, sorted by key; the series' own wins. */
static struct km_str merge_labels(struct km_emit *emit, struct km_str own)
{
    struct km_str given = emit->labels;
    if (own.len == 0 || given.len == 0) {
        return own.len ? own : given;
    }
    km_buf_reset(&emit->text);
    size_t i = 0, j = 0;
    while (i < own.len || j < given.len) {
        size_t own_next = i, given_next = j;
        int order = i >= own.len ? 1 : j >= given.len ? -1 : 0;
        struct km_str own_key = {0}, given_key = {0};
        if (i < own.len) {
            own_key = label_key(own, i, &own_next);
        }
        if (j < given.len) {
            given_key = label_key(given, j, &given_next);
        }
        if (order == 0) {
            order = compare_keys(own_key, given_key);
        }
        if (order <= 0) {
            append_label(&emit->text, own, i, own_next);
        } else {
            append_label(&emit->text, given, j, given_next);
        }
        i = order <= 0 ? own_next : i;
        j = order >= 0 ? given_next : j;
    }
    return (struct km_str){emit->text.bytes, emit->text.len};
}

static uint32_t name_slot(struct km_emit *emit, uint32_t slot,
                          struct km_str metric, struct km_str labels)
{
    if (!km_emit_keep(emit, &metric) || !km_emit_keep(emit, &labels)) {
        return UINT32_MAX;
    }
    emit->names[slot].metric = metric;
    emit->names[slot].labels = labels;
    return slot;
}

uint32_t km_emit_series(struct km_emit *emit, struct km_str metric,
                        struct km_str labels, uint32_t flags)
{
    if (emit->err.code != KM_OK) {
        return UINT32_MAX;
    }
    labels = merge_labels(emit, labels);
    uint64_t seed = emit->runs[emit->run].id;
    if (labels.len) {
        seed = km_hash(labels.ptr, labels.len, seed);
    }
    uint64_t key = km_hash(metric.ptr, metric.len, seed) | 1;
    uint32_t slot = km_id_map_find(&emit->slot_of, key);
    if (slot != KM_ID_ABSENT && emit->names[slot].metric.len) {
        emit->names[slot].flags |= flags;
        return slot;
    }
    if (!accept_name(emit, metric, "the name of a metric")) {
        return KM_EMIT_IGNORED;
    }
    if (labels.len > KM_LABELS_BYTES_MAX || !km_utf8_is_name(labels)) {
        km_emit_warn(emit, 0,
                     "left out: metric %.*s has labels that cannot "
                     "be stored",
                     shown_bytes(metric), metric.ptr);
        return KM_EMIT_IGNORED;
    }
    if (slot == KM_ID_ABSENT) {
        slot = km_emit_slot_at(emit, key, emit->run);
    }
    if (slot == KM_ID_ABSENT) {
        return UINT32_MAX;
    }
    emit->names[slot].flags |= flags;
    return name_slot(emit, slot, metric, labels);
}

void km_emit_value(struct km_emit *emit, struct km_str metric, int64_t step,
                   int64_t time_ns, double value)
{
    uint32_t series = km_emit_series(emit, metric, KM_STR(""), 0);
    km_emit_point(emit, series, step, time_ns, value);
}

/* Leaves out what cannot be shown or stored. */
static void check_meta(struct km_emit *emit, struct km_run_meta *meta)
{
    struct {
        struct km_str *text;
        const char *what;
    } names[] = {
        {&meta->name, "the name of a run"},
        {&meta->group, "the group of a run"},
        {&meta->parent, "the parent of a run"},
        {&meta->source, "the source of a run"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].text->len &&
            !accept_name(emit, *names[i].text, names[i].what)) {
            *names[i].text = KM_STR("");
        }
    }
    if (meta->notes.len > KM_CONFIG_VALUE_BYTES_MAX ||
        !km_utf8_is_valid(meta->notes)) {
        km_emit_warn(emit, 0,
                     "left out: notes of %zu bytes, expected UTF-8 "
                     "of at most %d bytes",
                     meta->notes.len, KM_CONFIG_VALUE_BYTES_MAX);
        meta->notes = KM_STR("");
    }
}

enum km_code km_emit_run(struct km_emit *emit, const struct km_run_meta *meta)
{
    if (emit->err.code != KM_OK) {
        return emit->err.code;
    }
    struct km_run_meta said = *meta;
    check_meta(emit, &said);
    if (said.external_id.len) {
        struct km_err err = {.code = KM_OK};
        if (said.project.len == 0) {
            said.project = emit->runs[0].project;
        }
        if (km_name_check(said.project, "the name of a project", &err) ||
            km_name_check(said.external_id, "the id of a run", &err)) {
            return km_emit_fail(emit, err.code, "%s", err.message);
        }
        uint32_t run = km_emit_run_at(emit, said.project, said.external_id);
        if (run == KM_ID_ABSENT) {
            return emit->err.code;
        }
        emit->run = run;
    }
    const struct emit_run *row = &emit->runs[emit->run];
    said.project = row->project;
    said.external_id = row->external_id;
    if (km_emit_bind_run(emit, emit->run) &&
        km_batch_run(&emit->batch, &said) == KM_BATCH_FULL) {
        fail_batch(emit);
    }
    return emit->err.code;
}

void km_emit_attribute(struct km_emit *emit, enum km_attribute_kind kind,
                       struct km_str key, struct km_str value_json)
{
    if (emit->err.code != KM_OK ||
        !accept_name(emit, key, "the name of an attribute")) {
        return;
    }
    struct emit_run *run = &emit->runs[emit->run];
    if (value_json.len > KM_CONFIG_VALUE_BYTES_MAX) {
        km_emit_warn(emit, 0,
                     "left out: attribute %.*s has %zu bytes, expected at "
                     "most %d",
                     shown_bytes(key), key.ptr, value_json.len,
                     KM_CONFIG_VALUE_BYTES_MAX);
        return;
    }
    if (run->attributes >= KM_CONFIG_KEYS_MAX) {
        km_emit_warn(emit, 0, "left out: attribute %.*s is beyond the first %d",
                     shown_bytes(key), key.ptr, KM_CONFIG_KEYS_MAX);
        return;
    }
    const struct km_attribute attribute = {kind, key, value_json};
    if (!km_emit_bind_run(emit, emit->run)) {
        return;
    }
    if (!km_batch_attribute(&emit->batch, run->index, &attribute)) {
        fail_batch(emit);
        return;
    }
    run->attributes++;
    emit->record_count++;
}

void km_emit_attribute_text(struct km_emit *emit, enum km_attribute_kind kind,
                            struct km_str key, struct km_str text)
{
    struct km_json_writer writer;
    km_buf_reset(&emit->text);
    km_json_writer_init(&writer, &emit->text);
    km_json_str(&writer, text);
    if (emit->text.failed) {
        km_emit_warn(emit, 0, "left out: attribute %.*s is too long",
                     shown_bytes(key), key.ptr);
        return;
    }
    km_emit_attribute(emit, kind, key,
                      (struct km_str){emit->text.bytes, emit->text.len});
}

/* Binds the open attempt of the present run for a record that is not a point.
 */
static const struct emit_attempt *bind_open_attempt(struct km_emit *emit)
{
    uint32_t attempt = emit->runs[emit->run].attempt;
    if (!km_emit_bind_attempt(emit, attempt)) {
        return NULL;
    }
    emit->record_count++;
    return &emit->attempts[attempt];
}

void km_emit_event(struct km_emit *emit, const struct km_event *event)
{
    if (emit->err.code != KM_OK ||
        !accept_name(emit, event->kind, "the kind of an event")) {
        return;
    }
    struct km_event said = *event;
    if (said.name.len &&
        !accept_name(emit, said.name, "the name of an event")) {
        said.name = KM_STR("");
    }
    if (said.detail_json.len > KM_CONFIG_VALUE_BYTES_MAX) {
        km_emit_warn(emit, 0,
                     "left out: details of an event, %zu bytes, "
                     "expected at most %d",
                     said.detail_json.len, KM_CONFIG_VALUE_BYTES_MAX);
        said.detail_json = KM_STR("");
    }
    const struct emit_attempt *attempt = bind_open_attempt(emit);
    if (attempt && !km_batch_event(&emit->batch, emit->runs[emit->run].index,
                                   attempt->index, &said)) {
        fail_batch(emit);
    }
}

void km_emit_evaluation(struct km_emit *emit,
                        const struct km_evaluation *evaluation)
{
    if (emit->err.code != KM_OK ||
        !accept_name(emit, evaluation->task, "the task of an evaluation") ||
        !accept_name(emit, evaluation->metric, "the metric of an evaluation")) {
        return;
    }
    struct km_evaluation said = *evaluation;
    struct km_str *texts[] = {&said.version, &said.filter,    &said.subset,
                              &said.model,   &said.task_hash, &said.stage};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i]->len &&
            !accept_name(emit, *texts[i], "a text of an evaluation")) {
            *texts[i] = KM_STR("");
        }
    }
    const struct emit_attempt *attempt = bind_open_attempt(emit);
    if (attempt &&
        !km_batch_evaluation(&emit->batch, emit->runs[emit->run].index,
                             attempt->index, &said)) {
        fail_batch(emit);
    }
}
