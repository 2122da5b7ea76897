/* transcript.h - drives a source over bytes in memory and writes down what it emits,
 * in any cutting of the input, with or without being saved and begun again.
 *
 * The transcript has one line per point, attribute, event, evaluation and run,
 * sorted by what it belongs to and otherwise in order of arrival, so that two
 * imports of the same log agree whatever the cuts. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_SOURCE_TRANSCRIPT_H
#define KM_TESTS_SOURCE_TRANSCRIPT_H

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/number.h"
#include "source/source.h"

struct feed_options {
    size_t piece; /* bytes that arrive at a time; 0: all at once */
    bool resume;  /* save, end and begin again after every piece */
    bool salvage;
    const char *name; /* of the file; NULL: "log" */
};

struct feed_result {
    enum km_code code;
    struct km_err err;
    enum km_source_status status;
    uint64_t consumed, damage_offset, skipped_bytes;
    uint64_t points, warnings;
    struct km_buf text; /* the transcript, sorted */
};

struct feed_state {
    const struct km_source_ops *ops;
    struct km_place place;
    struct km_source_options options;
    struct km_source source;
    struct km_emit *emit;
    struct km_buf source_saved, emit_saved;
    struct feed_result *result;
};

static inline void feed_number(struct km_buf *out, double value)
{
    char text[KM_NUMBER_BYTES];
    size_t len = km_number_format(value, text);
    km_buf_append(out, text, len);
}

static inline void feed_integer(struct km_buf *out, int64_t value)
{
    if (value == INT64_MIN) {
        km_buf_append_text(out, " -");
    } else {
        km_buf_printf(out, " %lld", (long long)value);
    }
}

#define FEED_STR(s) (int)(s).len, (s).len ? (s).ptr : ""

static inline void feed_run(struct km_buf *out, const struct km_batch_run *run)
{
    const struct km_run_meta *meta = &run->meta;
    km_buf_printf(out, "run %.*s/%.*s name=%.*s group=%.*s parent=%.*s %s",
                  FEED_STR(meta->project), FEED_STR(meta->external_id),
                  FEED_STR(meta->name), FEED_STR(meta->group),
                  FEED_STR(meta->parent), km_run_state_name(meta->state));
    feed_integer(out, meta->created_ns);
    feed_integer(out, meta->ended_ns);
    km_buf_append_char(out, '\n');
    for (uint32_t i = 0; i < run->attribute_count; i++) {
        const struct km_attribute *row = &run->attributes[i];
        km_buf_printf(out, "attribute %d %.*s\t%.*s\n", (int)row->kind,
                      FEED_STR(row->key), FEED_STR(row->value_json));
    }
}

static inline void feed_series(struct km_buf *out, const struct km_batch *batch,
                               const struct km_batch_series *series,
                               uint64_t *points)
{
    const struct km_batch_attempt *attempt = &batch->attempts[series->attempt];
    for (size_t i = 0; i < series->count; i++) {
        const struct km_point *point = &series->points[i];
        km_buf_printf(out, "point %.*s{%.*s}%s%u\t", FEED_STR(series->metric),
                      FEED_STR(series->labels),
                      series->flags & KM_SERIES_SYSTEM          ? "s"
                      : series->flags & KM_SERIES_HISTOGRAM     ? "h"
                      : series->flags & KM_SERIES_STEP_IS_INDEX ? "i"
                                                                : "",
                      attempt->part);
        feed_integer(out, point->step);
        feed_integer(out, point->time_ns);
        km_buf_append_char(out, ' ');
        feed_number(out, point->value);
        km_buf_append_char(out, '\n');
        (*points)++;
    }
}

/* Appends what the batch holds, then empties it. */
static inline void feed_collect(struct feed_state *state)
{
    struct km_batch *batch = km_emit_batch(state->emit);
    struct km_buf *out = &state->result->text;
    for (uint32_t i = 0; i < batch->run_count; i++) {
        feed_run(out, &batch->runs[i]);
    }
    for (uint32_t i = 0; i < batch->attempt_count; i++) {
        const struct km_batch_attempt *row = &batch->attempts[i];
        km_buf_printf(out, "attempt %u %.*s", row->part, FEED_STR(row->reason));
        feed_integer(out, row->restart_step);
        km_buf_append_char(out, '\n');
    }
    for (uint32_t i = 0; i < batch->series_count; i++) {
        feed_series(out, batch, &batch->series[i], &state->result->points);
    }
    for (uint32_t i = 0; i < batch->event_count; i++) {
        const struct km_event *event = &batch->events[i].event;
        km_buf_printf(out, "event %.*s %.*s\t", FEED_STR(event->kind),
                      FEED_STR(event->name));
        feed_integer(out, event->step);
        feed_integer(out, event->time_ns);
        km_buf_printf(out, " %.*s\n", FEED_STR(event->detail_json));
    }
    for (uint32_t i = 0; i < batch->evaluation_count; i++) {
        const struct km_evaluation *row = &batch->evaluations[i].evaluation;
        km_buf_printf(out, "evaluation %.*s %.*s\t", FEED_STR(row->task),
                      FEED_STR(row->metric));
        feed_integer(out, row->step);
        km_buf_append_char(out, ' ');
        feed_number(out, row->value);
        km_buf_append_char(out, ' ');
        feed_number(out, row->stderr_);
        feed_integer(out, row->n);
        km_buf_append_char(out, '\n');
    }
    km_emit_batch_done(state->emit);
}

static inline bool feed_begin(struct feed_state *state)
{
    struct km_emit_options options = {
        .origin_id = 7,
        .run = {.project = KM_STR("project"),
                .external_id = KM_STR("run"),
                .created_ns = KM_TIME_ABSENT,
                .ended_ns = KM_TIME_ABSENT},
        .order_key = KM_STR("log"),
        .saved = {state->emit_saved.bytes, state->emit_saved.len}};
    struct feed_result *result = state->result;
    state->emit = km_emit_create(&options, &result->err);
    if (!state->emit) {
        result->code = result->err.code;
        return false;
    }
    uint64_t offset = result->consumed;
    state->source = (struct km_source){.ops = state->ops,
                                       .place = &state->place,
                                       .options = &state->options,
                                       .emit = state->emit,
                                       .offset = offset};
    km_arena_init(&state->source.arena, 64 * KM_MIB);
    state->source.state =
        km_arena_calloc(&state->source.arena, 1, state->ops->state_bytes);
    result->code = state->ops->begin(
        &state->source,
        (struct km_str){state->source_saved.bytes, state->source_saved.len},
        &result->err);
    return result->code == KM_OK;
}

static inline void feed_end(struct feed_state *state)
{
    struct feed_result *result = state->result;
    if (!state->emit) {
        return;
    }
    feed_collect(state);
    km_buf_reset(&state->source_saved);
    km_buf_reset(&state->emit_saved);
    state->ops->save(&state->source, &state->source_saved);
    km_emit_save(state->emit, &state->emit_saved);
    if (state->ops->finish) {
        state->ops->finish(&state->source);
    }
    result->skipped_bytes += state->source.skipped_bytes;
    result->damage_offset = state->source.damage_offset;
    result->status = state->source.status;
    result->warnings += km_emit_warning_count(state->emit);
    km_arena_finish(&state->source.arena);
    km_emit_destroy(state->emit);
    state->emit = NULL;
}

/* Lines are compared up to their tab, then by where they stood. */
static inline int feed_compare(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    for (size_t i = 0;; i++) {
        int x = (*left)[i] == '\t' || (*left)[i] == '\n' ? 0 : (*left)[i];
        int y = (*right)[i] == '\t' || (*right)[i] == '\n' ? 0 : (*right)[i];
        if (x != y) {
            return x < y ? -1 : 1;
        }
        if (x == 0) {
            return *left < *right ? -1 : *left > *right;
        }
    }
}

/* Sorts the lines; of equal ones next to each other (runs and attempts are
 * told with every batch) one is kept. */
static inline void feed_sort(struct km_buf *text)
{
    size_t count = 0, cap = 1;
    for (size_t i = 0; i < text->len; i++) {
        cap += text->bytes[i] == '\n';
    }
    const char **lines = calloc(cap, sizeof *lines);
    if (!lines) {
        abort();
    }
    for (size_t at = 0; at < text->len;) {
        lines[count++] = text->bytes + at;
        at = km_str_find((struct km_str){text->bytes, text->len}, '\n', at) + 1;
    }
    qsort(lines, count, sizeof *lines, feed_compare);
    struct km_buf sorted;
    km_buf_init(&sorted, text->max);
    const char *last = NULL;
    size_t last_len = 0;
    for (size_t i = 0; i < count; i++) {
        size_t len = (size_t)(strchr(lines[i], '\n') - lines[i]) + 1;
        bool again =
            last && len == last_len && memcmp(last, lines[i], len) == 0;
        if (!again || strncmp(lines[i], "point", 5) == 0) {
            km_buf_append(&sorted, lines[i], len);
        }
        last = lines[i];
        last_len = len;
    }
    free(lines);
    km_buf_finish(text);
    *text = sorted;
}

static inline struct feed_result feed_source(const struct km_source_ops *ops,
                                             struct km_str bytes,
                                             struct feed_options options)
{
    struct feed_result result = {.code = KM_OK};
    struct feed_state state = {.ops = ops, .result = &result};
    const char *name = options.name ? options.name : "log";
    state.place = (struct km_place){
        .path = km_str_of(name), .name = km_str_of(name), .root_fd = -1};
    state.options.salvage = options.salvage;
    km_buf_init(&result.text, 256 * KM_MIB);
    km_buf_init(&state.source_saved, 64 * KM_MIB);
    km_buf_init(&state.emit_saved, 64 * KM_MIB);
    size_t piece = options.piece ? options.piece : bytes.len + 1;
    size_t have = piece < bytes.len ? piece : bytes.len;
    bool begun = feed_begin(&state);
    while (begun && result.code == KM_OK) {
        struct km_str given = {bytes.ptr + result.consumed,
                               have - (size_t)result.consumed};
        bool last = have == bytes.len;
        size_t used = 0;
        result.code = ops->feed(&state.source, given, last, &used, &result.err);
        result.consumed += used;
        state.source.offset += used;
        if (km_emit_full(state.emit)) {
            feed_collect(&state);
        } else if (last && (used == 0 || result.consumed == have)) {
            break;
        } else if (!last) {
            have = bytes.len - have < piece ? bytes.len : have + piece;
        }
        if (options.resume && result.code == KM_OK) {
            feed_end(&state);
            begun = feed_begin(&state);
        }
    }
    feed_end(&state);
    feed_sort(&result.text);
    km_buf_finish(&state.source_saved);
    km_buf_finish(&state.emit_saved);
    return result;
}

static inline void feed_finish(struct feed_result *result)
{
    km_buf_finish(&result->text);
}

#endif
