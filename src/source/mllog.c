/* mllog.c - MLPerf training logs: ":::MLLOG {json}" lines among others.
 *
 *     0: :::MLLOG {"time_ms": 1, "event_type": "POINT_IN_TIME",
 *                  "key": "eval_accuracy", "value": 0.7,
 *                  "metadata": {"samples_count": 512}}
 *
 * A number with a place on an axis is a point, one without is config. The
 * beginning and end of intervals are events; run_start and run_stop frame the
 * run, so that time to train is ended - created.
 * Document: docs/formats/mllog.md */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/hash.h"
#include "base/number.h"
#include "source/json_doc.h"

#include "source/json_formats.h"
#include "source/line.h"
#include "source/mllog_line.h"

enum { SEEN_KEYS = 512, WORDS = 6 }; /* of the saved state */

struct mllog {
    struct km_mllog_line line;
    enum km_mllog_axis axis; /* of the first point; others are labelled */
    int64_t start_ns, stop_ns;
    uint64_t points, lines;
    struct km_buf text;
    uint64_t seen[SEEN_KEYS]; /* hashes of keys that count once */
    size_t seen_count;
};

static const struct km_str marker = {":::MLLOG", 8};
static const struct km_str system_marker = {":::SYSJSON", 10};

static int sniff_mllog(const struct km_sniff *sniff)
{
    struct km_str head = sniff->head;
    if (sniff->is_folder) {
        return 0;
    }
    size_t at = km_str_search(head, marker);
    if (at < head.len) {
        struct km_str rest = {head.ptr + at + marker.len,
                              head.len - at - marker.len};
        return rest.len == 0 || km_json_first_byte(rest) == '{' ? 95 : 0;
    }
    return km_str_starts(head, system_marker) ? 90 : 0;
}

static enum km_code begin_mllog(struct km_source *source, struct km_str saved,
                                struct km_err *err)
{
    struct mllog *state = source->state;
    int64_t words[WORDS + SEEN_KEYS] = {KM_MLLOG_NO_AXIS, KM_TIME_ABSENT,
                                        KM_TIME_ABSENT};
    bool fits = km_line_integers(saved, words, WORDS) && words[0] >= 0 &&
                words[0] < KM_MLLOG_AXES && words[5] >= 0 &&
                words[5] <= SEEN_KEYS;
    state->seen_count = fits ? (size_t)words[5] : 0;
    if (!fits || !km_line_integers(saved, words, WORDS + state->seen_count)) {
        return km_fail(err, KM_ECORRUPT,
                       "the saved state of an MLPerf log is damaged");
    }
    for (size_t i = 0; i < state->seen_count; i++) {
        state->seen[i] = (uint64_t)words[WORDS + i];
    }
    km_mllog_line_init(&state->line);
    km_buf_init(&state->text, KM_CONFIG_VALUE_BYTES_MAX);
    state->axis = (enum km_mllog_axis)words[0];
    state->start_ns = words[1];
    state->stop_ns = words[2];
    state->points = (uint64_t)words[3];
    state->lines = (uint64_t)words[4];
    return KM_OK;
}

static void save_mllog(const struct km_source *source, struct km_buf *out)
{
    const struct mllog *state = source->state;
    km_buf_printf(out, "%d %" PRId64 " %" PRId64 " %" PRIu64 " %" PRIu64 " %zu",
                  (int)state->axis, state->start_ns, state->stop_ns,
                  state->points, state->lines, state->seen_count);
    for (size_t i = 0; i < state->seen_count; i++) {
        km_buf_printf(out, " %" PRId64, (int64_t)state->seen[i]);
    }
}

static void finish_mllog(struct km_source *source)
{
    struct mllog *state = source->state;
    km_mllog_line_finish(&state->line);
    km_buf_finish(&state->text);
}

/* Every rank says some things; once is enough. */
static bool is_first(struct mllog *state, struct km_str key, uint64_t kind)
{
    uint64_t hash = km_hash(key.ptr, key.len, kind);
    for (size_t i = 0; i < state->seen_count; i++) {
        if (state->seen[i] == hash) {
            return false;
        }
    }
    if (state->seen_count < SEEN_KEYS) {
        state->seen[state->seen_count++] = hash;
    }
    return true;
}

static void emit_points(struct km_source *source)
{
    struct mllog *state = source->state;
    struct km_mllog_line *line = &state->line;
    struct km_str labels = KM_STR("");
    uint32_t flags = 0;
    int64_t step = line->step;
    if (line->axis == KM_MLLOG_NO_AXIS) {
        step = (int64_t)state->points;
        flags = KM_SERIES_STEP_IS_INDEX;
    } else if (state->axis == KM_MLLOG_NO_AXIS) {
        state->axis = line->axis;
    } else if (state->axis != line->axis) {
        labels = km_mllog_axis_label(line->axis);
    }
    for (size_t i = 0; i < km_row_count(&line->row); i++) {
        uint32_t series = km_emit_series(
            source->emit, km_row_name(&line->row, i), labels, flags);
        km_emit_point(source->emit, series, step, line->time_ns,
                      km_row_value(&line->row, i));
    }
    state->points++;
}

static void emit_attribute(struct km_source *source)
{
    struct mllog *state = source->state;
    struct km_mllog_line *line = &state->line;
    struct km_str key = {line->key.bytes, line->key.len};
    struct km_str value = {line->value.bytes, line->value.len};
    if (value.len == 0 || !is_first(state, key, 1)) {
        return;
    }
    enum km_attribute_kind kind = KM_ATTRIBUTE_CONFIG;
    if (km_str_starts(key, KM_STR("submission_"))) {
        kind = KM_ATTRIBUTE_TAG;
    } else if (state->stop_ns != KM_TIME_ABSENT) {
        kind = KM_ATTRIBUTE_SUMMARY;
    }
    km_emit_attribute(source->emit, kind, key, value);
    if (km_str_is(key, "global_batch_size")) {
        km_emit_attribute(source->emit, kind, KM_STR("batch_size"), value);
    }
}

static void emit_run(struct km_source *source, enum km_run_state run_state)
{
    const struct mllog *state = source->state;
    struct km_run_meta meta = {.state = run_state,
                               .created_ns = state->start_ns,
                               .ended_ns = state->stop_ns};
    if (source->place) {
        meta.group = source->place->folder;
    }
    km_emit_run(source->emit, &meta);
}

static void start_run(struct km_source *source)
{
    struct mllog *state = source->state;
    state->start_ns = state->line.time_ns;
    state->stop_ns = KM_TIME_ABSENT;
    emit_run(source, KM_RUN_RUNNING);
}

static void stop_run(struct km_source *source)
{
    struct mllog *state = source->state;
    struct km_str status = {state->line.status.bytes, state->line.status.len};
    state->stop_ns = state->line.time_ns;
    bool aborted = km_str_is(status, "aborted");
    emit_run(source, aborted ? KM_RUN_FAILED : KM_RUN_FINISHED);
    if (status.len) {
        km_emit_attribute_text(source->emit, KM_ATTRIBUTE_SUMMARY,
                               KM_STR("status"), status);
    }
    if (state->start_ns == KM_TIME_ABSENT || state->stop_ns == KM_TIME_ABSENT) {
        return;
    }
    char text[KM_NUMBER_BYTES];
    double seconds = (double)state->stop_ns - (double)state->start_ns;
    int64_t span_ns;
    if (!__builtin_sub_overflow(state->stop_ns, state->start_ns, &span_ns)) {
        seconds = (double)span_ns; /* exact */
    }
    seconds /= 1e9;
    km_emit_attribute(source->emit, KM_ATTRIBUTE_SUMMARY,
                      KM_STR("time_to_train_seconds"),
                      (struct km_str){text, km_number_format(seconds, text)});
}

static struct km_str event_kind(struct km_str key)
{
    if (km_str_is(key, "run_start")) {
        return KM_STR("start");
    }
    if (km_str_is(key, "run_stop")) {
        return KM_STR("stop");
    }
    if (km_str_starts(key, KM_STR("epoch_"))) {
        return KM_STR("epoch");
    }
    return km_str_starts(key, KM_STR("eval_")) ? KM_STR("evaluation")
                                               : KM_STR("other");
}

static void emit_interval(struct km_source *source)
{
    struct mllog *state = source->state;
    const struct km_mllog_line *line = &state->line;
    struct km_str key = {line->key.bytes, line->key.len};
    bool repeats = km_str_starts(key, KM_STR("init_"));
    if (repeats && !is_first(state, key, 2)) {
        return;
    }
    if (km_str_is(key, "run_start")) {
        start_run(source);
    } else if (km_str_is(key, "run_stop")) {
        stop_run(source);
    }
    struct km_event event = {
        .time_ns = line->time_ns,
        .step = line->axis == KM_MLLOG_NO_AXIS ? KM_STEP_ABSENT : line->step,
        .kind = event_kind(key),
        .name = key,
    };
    km_emit_event(source->emit, &event);
}

/* Measured without saying where on the axis. */
static bool is_measured(struct km_str key)
{
    return km_str_is(key, "eval_accuracy") || km_str_is(key, "eval_loss") ||
           km_str_is(key, "eval_error") || km_str_is(key, "train_loss") ||
           km_str_is(key, "tracked_stats") || km_str_is(key, "throughput");
}

static void emit_line(struct km_source *source)
{
    struct mllog *state = source->state;
    const struct km_mllog_line *line = &state->line;
    struct km_str key = {line->key.bytes, line->key.len};
    if (key.len == 0) {
        return;
    }
    if (line->type != KM_MLLOG_POINT) {
        emit_interval(source);
    } else if (km_row_count(&line->row) && line->is_number &&
               (line->axis != KM_MLLOG_NO_AXIS || is_measured(key))) {
        emit_points(source);
    } else {
        emit_attribute(source);
    }
}

static void emit_system(struct km_source *source, struct km_str json)
{
    struct mllog *state = source->state;
    struct km_json_walk *walk = &state->line.walk;
    struct km_json_token token;
    km_json_walk_reset(walk);
    km_json_reader_feed(&walk->reader, json.ptr, json.len, true);
    while (km_json_walk_next(walk, &token, NULL) == KM_OK &&
           token.kind != KM_JSON_MORE) {
        if (token.kind != KM_JSON_STRING || token.depth != 1 ||
            token.text.len == 0) {
            continue;
        }
        struct km_str key = km_json_walk_key(walk, 1);
        km_buf_reset(&state->text);
        km_buf_append_text(&state->text, "system.");
        km_buf_append(&state->text, key.ptr, key.len);
        km_emit_attribute_text(
            source->emit, KM_ATTRIBUTE_TAG,
            (struct km_str){state->text.bytes, state->text.len}, token.text);
        if (km_str_is(key, "accelerator_model_name")) {
            km_emit_attribute_text(source->emit, KM_ATTRIBUTE_TAG,
                                   KM_STR("device"), token.text);
        }
    }
}

/* What stands behind `name` in the line; empty when it does not hold it. */
static struct km_str behind(struct km_str line, struct km_str name)
{
    size_t at = km_str_search(line, name);
    if (at == line.len) {
        return KM_STR("");
    }
    at += name.len;
    return km_str_trim((struct km_str){line.ptr + at, line.len - at});
}

static enum km_code take_line(struct km_source *source, struct km_str line,
                              uint64_t offset, struct km_err *err)
{
    struct mllog *state = source->state;
    struct km_str json = behind(line, marker);
    if (json.len == 0) {
        json = behind(line, system_marker);
        if (json.len) {
            emit_system(source, json);
        }
        return KM_OK;
    }
    struct km_err why = {0};
    enum km_code code = km_mllog_line_read(&state->line, json, &why);
    if (code == KM_OK) {
        emit_line(source);
    } else if (code == KM_EINPUT || code == KM_ELIMIT) {
        km_emit_warn(source->emit, offset, "line %" PRIu64 " left out: %s",
                     state->lines, why.message);
    } else {
        return km_fail(err, code, "line %" PRIu64 ": %s", state->lines,
                       why.message);
    }
    return km_emit_failed(source->emit) ? km_emit_error(source->emit, err)
                                        : KM_OK;
}

/* A line of ours without its end that cannot be read yet. */
static bool is_torn(struct mllog *state, struct km_str line)
{
    size_t at = km_str_search(line, KM_STR(":::"));
    struct km_str json = behind(line, marker);
    return at < line.len &&
           (json.len == 0 ||
            km_mllog_line_read(&state->line, json, NULL) != KM_OK);
}

static enum km_code feed_mllog(struct km_source *source, struct km_str bytes,
                               bool last, size_t *used, struct km_err *err)
{
    struct mllog *state = source->state;
    size_t at = 0;
    while (!km_emit_full(source->emit)) {
        struct km_str rest = {bytes.ptr + at, bytes.len - at}, line;
        size_t len = 0;
        enum km_line_cut cut = km_line_cut(rest, last, &line, &len);
        *used = at;
        if (cut == KM_LINE_MORE) {
            return km_line_check(rest, source->offset + at, err);
        }
        if (cut == KM_LINE_ZEROS ||
            (cut == KM_LINE_OPEN && is_torn(state, line))) {
            source->status = last ? KM_SOURCE_PARTIAL : source->status;
            return KM_OK;
        }
        state->lines++;
        enum km_code code = take_line(source, line, source->offset + at, err);
        if (code) {
            return code;
        }
        at += len;
    }
    *used = at;
    return KM_OK;
}

const struct km_source_ops km_source_mllog = {
    .name = "mllog",
    .title = "MLPerf training log",
    .shape = KM_SHAPE_STREAM,
    .scope = KM_SCOPE_FILE,
    .state_bytes = sizeof(struct mllog),
    .sniff = sniff_mllog,
    .begin = begin_mllog,
    .feed = feed_mllog,
    .save = save_mllog,
    .finish = finish_mllog,
};
