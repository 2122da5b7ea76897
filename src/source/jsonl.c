/* jsonl.c - JSON Lines: one object a line, as most home-made loggers write.
 *
 *     {"step": 10, "train": {"loss": 2.1}, "_timestamp": 1700000000.5}
 *
 * Numbers become points, nested names are joined with '.'. Which key is the
 * step is decided by the first line that has one. wandb-history.jsonl and
 * wandb-events.jsonl of older W&B clients are read by the same rules.
 * Document: docs/formats/jsonl.md */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "source/axis.h"
#include "source/json_doc.h"
#include "source/json_formats.h"
#include "source/line.h"
#include "source/row.h"

/* In order of preference. */
static const char *const step_keys[] = {
    "_step",       "global_step", "step",        "iteration", "iter",
    "iter_num",    "total_steps", "num_steps",   "update",    "updates",
    "num_updates", "epoch",       "train/epoch",
};
enum { STEP_KEYS = sizeof step_keys / sizeof step_keys[0] };
enum { FIRST_EPOCH_KEY = 11 };

static const char *const time_keys[] = {"_timestamp", "timestamp", "time",
                                        "ts",         "datetime",  "date",
                                        "created_at", "wall_time"};
enum { TIME_KEYS = sizeof time_keys / sizeof time_keys[0] };

/* Names that speak of a part of a run; what is called otherwise is a run. */
static const struct {
    const char *stem, *labels;
} parts[] = {
    {"metrics", ""},
    {"metric", ""},
    {"log", ""},
    {"logs", ""},
    {"history", ""},
    {"log_history", ""},
    {"scalars", ""},
    {"stats", ""},
    {"progress", ""},
    {"events", ""},
    {"output", ""},
    {"results", ""},
    {"wandb-history", ""},
    {"wandb-events", ""},
    {"training_log", ""},
    {"train_log", ""},
    {"train", "subset=train"},
    {"training", "subset=train"},
    {"valid", "subset=validation"},
    {"val", "subset=validation"},
    {"validation", "subset=validation"},
    {"eval", "subset=eval"},
    {"test", "subset=test"},
};

struct jsonl {
    struct km_json_walk walk;
    struct km_row row;
    size_t step_key; /* index + 1 of the key in use, 0: none seen yet */
    int64_t last_step;
    uint64_t rows, lines;
    /* of the line at hand */
    bool has_step[STEP_KEYS];
    int64_t steps[STEP_KEYS];
    size_t time_key; /* index + 1, 0: none */
    int64_t time_ns;
    struct km_str labels; /* of all series, by the file's name */
    int skip_level; /* an array or media object is open at this depth, or 0 */
};

/* `*more`: another object begins behind it. */
static struct km_str first_line(struct km_str head, bool *whole, bool *more)
{
    size_t end = km_str_find(head, '\n', 0);
    *whole = end < head.len;
    *more = *whole && km_json_first_byte((struct km_str){
                          head.ptr + end, head.len - end}) == '{';
    return km_str_trim((struct km_str){head.ptr, end});
}

/* What a first line shows: an object with numbers, with a step or time. */
static bool inspect_line(struct km_str line, bool *has_number, bool *has_axis)
{
    struct km_json_walk walk;
    struct km_json_token token;
    km_json_walk_init(&walk);
    km_json_reader_feed(&walk.reader, line.ptr, line.len, true);
    enum km_code code = km_json_walk_next(&walk, &token, NULL);
    bool object = code == KM_OK && token.kind == KM_JSON_OBJECT_BEGIN;
    int objects = 0;
    *has_number = *has_axis = false;
    while (object && (code = km_json_walk_next(&walk, &token, NULL)) == KM_OK &&
           token.kind != KM_JSON_MORE) {
        objects += token.depth == 0;
        double value;
        bool axis = false;
        struct km_str key = KM_STR("");
        if (token.depth == 1 && km_json_token_is_scalar(&token)) {
            key = km_json_walk_key(&walk, 1);
        }
        for (size_t i = 0; i < STEP_KEYS && key.len; i++) {
            axis |= km_str_is(key, step_keys[i]);
        }
        for (size_t i = 0; i < TIME_KEYS && key.len; i++) {
            axis |= km_str_is(key, time_keys[i]);
        }
        *has_axis |= axis;
        *has_number |= !axis && km_json_token_number(&token, &value);
    }
    km_json_walk_finish(&walk);
    return object && code == KM_OK && objects == 1;
}

static bool name_suggests_a_log(struct km_str name)
{
    static const char *const words[] = {"log",    "metric", "history",  "train",
                                        "scalar", "stat",   "progress", "eval"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (km_str_search(name, km_str_of(words[i])) < name.len) {
            return true;
        }
    }
    return false;
}

static int sniff_jsonl(const struct km_sniff *sniff)
{
    struct km_str head = sniff->head;
    if (sniff->is_folder || km_json_first_byte(head) != '{' ||
        km_json_mentions(head, "filtered_resps")) { /* answers, not metrics */
        return 0;
    }
    struct km_str name = sniff->place->name;
    bool named = km_str_ends(name, KM_STR(".jsonl")) ||
                 km_str_ends(name, KM_STR(".ndjson"));
    bool whole, more, has_number, has_axis;
    struct km_str line = first_line(head, &whole, &more);
    if (!whole && head.len >= KM_SNIFF_BYTES) {
        return named ? 30 : 0; /* a first line beyond what may be looked at */
    }
    if (!(named || more) || !inspect_line(line, &has_number, &has_axis)) {
        return 0; /* one object in one line is a document */
    }
    if (km_str_starts(name, KM_STR("wandb-")) && named) {
        return 90;
    }
    if (!has_axis && !(named && has_number && name_suggests_a_log(name))) {
        return 0;
    }
    return named ? 70 : has_number ? 40 : 10;
}

/* The row of `parts` for a file's name, or NULL. */
static const char *labels_of(struct km_str name)
{
    struct km_str stem = {name.ptr, km_str_find(name, '.', 0)};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (km_str_is(stem, parts[i].stem)) {
            return parts[i].labels;
        }
    }
    return NULL;
}

static enum km_source_scope scope_of(const struct km_sniff *sniff)
{
    return labels_of(sniff->place->name) ? KM_SCOPE_FOLDER : KM_SCOPE_FILE;
}

static enum km_code restore(struct jsonl *state, struct km_str saved,
                            struct km_err *err)
{
    int64_t words[4] = {0};
    if (!km_line_integers(saved, words, 4) || words[0] < 0 ||
        words[0] > STEP_KEYS) {
        return km_fail(err, KM_ECORRUPT,
                       "the saved state of a JSON Lines file is damaged");
    }
    state->step_key = (size_t)words[0];
    state->last_step = words[1];
    state->rows = (uint64_t)words[2];
    state->lines = (uint64_t)words[3];
    return KM_OK;
}

static enum km_code begin_jsonl(struct km_source *source, struct km_str saved,
                                struct km_err *err)
{
    struct jsonl *state = source->state;
    km_json_walk_init(&state->walk);
    km_row_init(&state->row);
    state->labels = km_str_of(labels_of(source->place->name));
    return restore(state, saved, err);
}

static void save_jsonl(const struct km_source *source, struct km_buf *out)
{
    const struct jsonl *state = source->state;
    km_buf_printf(out, "%zu %" PRId64 " %" PRIu64 " %" PRIu64, state->step_key,
                  state->last_step, state->rows, state->lines);
}

static void finish_jsonl(struct km_source *source)
{
    struct jsonl *state = source->state;
    km_json_walk_finish(&state->walk);
    km_row_finish(&state->row);
}

static void take_axis(struct jsonl *state, struct km_str key,
                      const struct km_json_token *token)
{
    for (size_t i = 0; i < STEP_KEYS; i++) {
        if (!state->has_step[i] && km_str_is(key, step_keys[i])) {
            state->has_step[i] = km_json_token_integer(token, &state->steps[i]);
        }
    }
    for (size_t i = 0; i < TIME_KEYS; i++) {
        bool better = state->time_key == 0 || i + 1 < state->time_key;
        if (better && km_str_is(key, time_keys[i]) &&
            km_axis_time(token, &state->time_ns)) {
            state->time_key = i + 1;
        }
    }
}

static void take_value(struct jsonl *state, const struct km_json_token *token)
{
    double value;
    if (token->depth == 1) {
        take_axis(state, km_json_walk_key(&state->walk, 1), token);
    }
    struct km_str last = km_json_walk_key(&state->walk, token->depth);
    if (token->depth > 1 && km_str_is(last, "_type")) {
        /* a picture, a table, a histogram: its numbers are no metrics */
        km_row_drop(&state->row,
                    km_json_walk_path(&state->walk, 1, token->depth - 1));
        state->skip_level = token->depth;
    } else if (km_json_token_number(token, &value)) {
        km_row_add(&state->row,
                   km_json_walk_path(&state->walk, 1, token->depth), value);
    }
}

/* Reads the line into the row. */
static enum km_code read_line(struct jsonl *state, struct km_str line,
                              struct km_err *err)
{
    struct km_json_token token;
    bool ended = false;
    km_row_clear(&state->row);
    km_json_walk_reset(&state->walk);
    memset(state->has_step, 0, sizeof state->has_step);
    state->time_key = 0;
    state->time_ns = KM_TIME_ABSENT;
    state->skip_level = 0;
    km_json_reader_feed(&state->walk.reader, line.ptr, line.len, true);
    for (;;) {
        enum km_code code = km_json_walk_next(&state->walk, &token, err);
        if (code || token.kind == KM_JSON_MORE) {
            return code;
        }
        if (token.depth == 0 && (ended || (token.kind != KM_JSON_OBJECT_BEGIN &&
                                           token.kind != KM_JSON_OBJECT_END))) {
            return km_fail(err, KM_EINPUT, "expected one JSON object");
        }
        ended |= token.kind == KM_JSON_OBJECT_END && token.depth == 0;
        if (state->skip_level) {
            bool closes = token.kind == KM_JSON_OBJECT_END ||
                          token.kind == KM_JSON_ARRAY_END;
            if (closes && token.depth < state->skip_level) {
                state->skip_level = 0;
            }
        } else if (token.kind == KM_JSON_ARRAY_BEGIN) {
            state->skip_level = token.depth + 1;
        } else if (km_json_token_is_scalar(&token)) {
            take_value(state, &token);
        }
    }
}

static int64_t choose_step(struct jsonl *state, uint32_t *flags)
{
    for (size_t i = 0; i < STEP_KEYS && state->step_key == 0; i++) {
        if (state->has_step[i]) {
            state->step_key = i + 1;
        }
    }
    if (state->step_key == 0) {
        *flags = KM_SERIES_STEP_IS_INDEX;
        return (int64_t)state->rows;
    }
    size_t key = state->step_key - 1;
    *flags = key >= FIRST_EPOCH_KEY ? KM_SERIES_STEP_IS_EPOCH : 0;
    if (state->has_step[key]) {
        state->last_step = state->steps[key];
    }
    return state->last_step;
}

static void emit_row(struct km_source *source)
{
    struct jsonl *state = source->state;
    uint32_t flags;
    int64_t step = choose_step(state, &flags);
    const char *step_key =
        state->step_key ? step_keys[state->step_key - 1] : "";
    const char *time_key =
        state->time_key ? time_keys[state->time_key - 1] : "";
    for (size_t i = 0; i < km_row_count(&state->row); i++) {
        struct km_str name = km_row_name(&state->row, i);
        if (km_str_is(name, step_key) || km_str_is(name, time_key)) {
            continue;
        }
        bool system = km_str_starts(name, KM_STR("system.")) ||
                      km_str_starts(name, KM_STR("system/"));
        uint32_t series =
            km_emit_series(source->emit, name, state->labels,
                           flags | (system ? KM_SERIES_SYSTEM : 0u));
        km_emit_point(source->emit, series, step, state->time_ns,
                      km_row_value(&state->row, i));
    }
    state->rows++;
}

/* A line that is no JSON object is left out and said so. */
static enum km_code take_line(struct km_source *source, struct km_str line,
                              uint64_t offset, struct km_err *err)
{
    struct jsonl *state = source->state;
    struct km_err why = {0};
    enum km_code code = read_line(state, line, &why);
    if (code == KM_EINPUT || code == KM_ELIMIT) {
        km_emit_warn(source->emit, offset, "line %" PRIu64 " left out: %s",
                     state->lines, why.message);
        return KM_OK;
    }
    if (code == KM_OK) {
        code = km_row_check(&state->row, &why);
    }
    if (code) {
        return km_fail(err, code, "line %" PRIu64 ": %s", state->lines,
                       why.message);
    }
    emit_row(source);
    return KM_OK;
}

/* An object that ends without a line end may be complete. */
static bool is_torn(struct jsonl *state, struct km_str line)
{
    return read_line(state, line, NULL) != KM_OK;
}

static enum km_code feed_jsonl(struct km_source *source, struct km_str bytes,
                               bool last, size_t *used, struct km_err *err)
{
    struct jsonl *state = source->state;
    size_t at = 0;
    *used = 0;
    if (source->offset == 0 && km_str_starts(bytes, KM_STR("\xef\xbb\xbf"))) {
        at = 3;
    }
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
        struct km_str trimmed = km_str_trim(line);
        enum km_code code =
            trimmed.len ? take_line(source, trimmed, source->offset + at, err)
                        : KM_OK;
        if (code == KM_OK && km_emit_failed(source->emit)) {
            code = km_emit_error(source->emit, err);
        }
        if (code) {
            return code;
        }
        at += len;
    }
    *used = at;
    return KM_OK;
}

const struct km_source_ops km_source_jsonl = {
    .name = "jsonl",
    .title = "JSON Lines",
    .shape = KM_SHAPE_STREAM,
    .scope = KM_SCOPE_FILE,
    .scope_of = scope_of,
    .settings_beside = true,
    .state_bytes = sizeof(struct jsonl),
    .sniff = sniff_jsonl,
    .begin = begin_jsonl,
    .feed = feed_jsonl,
    .save = save_jsonl,
    .finish = finish_jsonl,
};
