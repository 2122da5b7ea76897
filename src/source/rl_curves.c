/* rl_curves.c - published learning curves of reinforcement learning.
 *
 *     [{"Iteration": 0, "Value": 1.5, "Agent": "DQN"}, ...]       (Dopamine)
 *     [{"task": "walker_walk", "method": "dreamerv2", "seed": "0",
 *       "xs": [30000.0, ...], "ys": [12.5, ...]}, ...]            (Dreamer)
 *
 * One file holds many runs: each task, agent and seed is one. Dopamine does not
 * number its seeds; the n-th time that an agent shows an iteration is seed n.
 * Document: docs/formats/rl_curves.md */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/hash.h"
#include "base/id_map.h"
#include "source/json_doc.h"
#include "source/json_formats.h"

struct rl_curves {
    struct km_json_doc doc;
    struct km_buf agent, task, seed; /* of the entry at hand */
    struct km_buf xs, ys;            /* of double */
    bool has_value, has_iteration;
    double value;
    int64_t iteration;
    struct km_id_map seen;     /* (agent, iteration): how often */
    struct km_buf external_id; /* of the run in use */
    struct km_buf text;
};

static const struct km_str metric = {"return", 6};

static int sniff_curves(const struct km_sniff *sniff)
{
    struct km_str head = sniff->head;
    if (sniff->is_folder || km_json_first_byte(head) != '[') {
        return 0;
    }
    bool dopamine = km_json_mentions(head, "Iteration") &&
                    km_json_mentions(head, "Value") &&
                    km_json_mentions(head, "Agent");
    bool dreamer = km_json_mentions(head, "task") &&
                   km_json_mentions(head, "seed") &&
                   km_json_mentions(head, "xs");
    return dopamine || dreamer ? 90 : 0;
}

static enum km_code begin_curves(struct km_source *source, struct km_str saved,
                                 struct km_err *err)
{
    struct rl_curves *state = source->state;
    (void)saved; /* a document is read from its start */
    (void)err;
    km_json_doc_init(&state->doc);
    km_id_map_init(&state->seen, &source->arena);
    km_buf_init(&state->agent, KM_NAME_BYTES_MAX);
    km_buf_init(&state->task, KM_NAME_BYTES_MAX);
    km_buf_init(&state->seed, KM_NAME_BYTES_MAX);
    km_buf_init(&state->external_id, (size_t)4 * KM_NAME_BYTES_MAX);
    km_buf_init(&state->text, (size_t)4 * KM_NAME_BYTES_MAX);
    km_buf_init(&state->xs, (size_t)4 * KM_LINE_BYTES_MAX);
    km_buf_init(&state->ys, (size_t)4 * KM_LINE_BYTES_MAX);
    return KM_OK;
}

static void finish_curves(struct km_source *source)
{
    struct rl_curves *state = source->state;
    km_json_doc_finish(&state->doc);
    struct km_buf *bufs[] = {&state->agent, &state->task, &state->seed,
                             &state->xs,    &state->ys,   &state->external_id,
                             &state->text};
    for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++) {
        km_buf_finish(bufs[i]);
    }
}

static struct km_str str_of(const struct km_buf *buf)
{
    return (struct km_str){buf->len ? buf->bytes : "", buf->len};
}

/* The file's path without ".json": the first part of a run's name. */
static struct km_str stem_of(struct km_str path)
{
    static const struct km_str suffix = {".json", 5};
    if (km_str_ends(path, suffix) && path.len > suffix.len) {
        path.len -= suffix.len;
    }
    return path;
}

static void append_part(struct km_buf *out, struct km_str part)
{
    if (out->len && part.len) {
        km_buf_append_char(out, '/');
    }
    km_buf_append(out, part.ptr, part.len);
}

static void describe_run(struct km_source *source)
{
    struct rl_curves *state = source->state;
    const struct {
        const char *key;
        const struct km_buf *text;
    } rows[] = {{"task", &state->task},
                {"agent", &state->agent},
                {"seed", &state->seed}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].text->len) {
            km_emit_attribute_text(source->emit, KM_ATTRIBUTE_CONFIG,
                                   km_str_of(rows[i].key),
                                   str_of(rows[i].text));
        }
    }
}

/* Makes the run of the entry's task, agent and seed the present one. */
static enum km_code choose_run(struct km_source *source, struct km_err *err)
{
    struct rl_curves *state = source->state;
    struct km_buf *text = &state->text;
    km_buf_reset(text);
    struct km_str stem = KM_STR("");
    if (source->place) {
        stem = stem_of(source->place->path);
    }
    append_part(text, stem);
    append_part(text, str_of(&state->task));
    append_part(text, str_of(&state->agent));
    size_t group_len = text->len;
    append_part(text, KM_STR("seed-"));
    km_buf_append(text, state->seed.bytes, state->seed.len);
    if (text->failed || state->task.failed || state->agent.failed ||
        state->seed.failed) {
        return km_fail(err, KM_ELIMIT,
                       "the name of a task, agent or seed is longer than %d "
                       "bytes",
                       KM_NAME_BYTES_MAX);
    }
    if (km_str_equal(str_of(text), str_of(&state->external_id))) {
        return KM_OK;
    }
    km_buf_reset(&state->external_id);
    km_buf_append(&state->external_id, text->bytes, text->len);
    struct km_run_meta meta = {
        .external_id = str_of(&state->external_id),
        .group = {text->bytes, group_len},
        .created_ns = KM_TIME_ABSENT,
        .ended_ns = KM_TIME_ABSENT,
    };
    enum km_code code = km_emit_run(source->emit, &meta);
    if (code) {
        return km_emit_error(source->emit, err);
    }
    describe_run(source);
    return KM_OK;
}

/* One row of Dopamine's table. */
static enum km_code emit_row(struct km_source *source, struct km_err *err)
{
    struct rl_curves *state = source->state;
    uint64_t key = km_hash(state->agent.bytes, state->agent.len,
                           (uint64_t)state->iteration) |
                   1;
    uint32_t seed = km_id_map_find(&state->seen, key);
    seed = seed == KM_ID_ABSENT ? 0 : seed;
    if (!km_id_map_put(&state->seen, key, seed + 1)) {
        return km_fail(err, KM_ELIMIT, "too many agents and iterations");
    }
    km_buf_reset(&state->seed);
    km_buf_printf(&state->seed, "%u", seed);
    enum km_code code = choose_run(source, err);
    if (code == KM_OK) {
        km_emit_value(source->emit, metric, state->iteration, KM_TIME_ABSENT,
                      state->value);
    }
    return code;
}

static double number_at(const struct km_buf *buf, size_t index)
{
    double value;
    memcpy(&value, buf->bytes + index * sizeof value, sizeof value);
    return value;
}

/* One curve of Dreamer's list. */
static enum km_code emit_curve(struct km_source *source, struct km_err *err)
{
    struct rl_curves *state = source->state;
    if (state->xs.failed || state->ys.failed) {
        return km_fail(err, KM_ELIMIT, "a curve has more than %zu points",
                       state->xs.max / sizeof(double));
    }
    enum km_code code = choose_run(source, err);
    if (code) {
        return code;
    }
    size_t xs = state->xs.len / sizeof(double);
    size_t ys = state->ys.len / sizeof(double);
    if (xs != ys) {
        km_emit_warn(source->emit, state->doc.walk.reader.offset,
                     "a curve has %zu xs and %zu ys; the rest is left out", xs,
                     ys);
    }
    uint32_t series = km_emit_series(source->emit, metric, KM_STR(""), 0);
    for (size_t i = 0; i < xs && i < ys; i++) {
        double x = number_at(&state->xs, i);
        if (fabs(x) < 9e15) {
            km_emit_point(source->emit, series, (int64_t)llround(x),
                          KM_TIME_ABSENT, number_at(&state->ys, i));
        }
    }
    return KM_OK;
}

static enum km_code end_entry(struct km_source *source, struct km_err *err)
{
    struct rl_curves *state = source->state;
    enum km_code code = KM_OK;
    if (state->has_value && state->has_iteration) {
        code = emit_row(source, err);
    } else if (state->xs.len || state->ys.len) {
        code = emit_curve(source, err);
    } else {
        km_emit_warn(source->emit, state->doc.walk.reader.offset,
                     "an entry without a curve is left out");
    }
    state->has_value = state->has_iteration = false;
    km_buf_reset(&state->agent);
    km_buf_reset(&state->task);
    km_buf_reset(&state->seed);
    km_buf_reset(&state->xs);
    km_buf_reset(&state->ys);
    return code;
}

static void take_text(struct km_buf *buf, const struct km_json_token *token)
{
    km_buf_reset(buf);
    km_buf_append(buf, token->text.ptr, token->text.len);
}

static void take_field(struct rl_curves *state,
                       const struct km_json_token *token)
{
    struct km_str key = km_json_walk_key(&state->doc.walk, 2);
    double number;
    if (token->depth == 3) {
        struct km_buf *list = km_str_is(key, "xs")   ? &state->xs
                              : km_str_is(key, "ys") ? &state->ys
                                                     : NULL;
        if (list) {
            number = (double)NAN; /* null keeps its place */
            (void)km_json_token_number(token, &number);
            km_buf_append(list, &number, sizeof number);
        }
    } else if (km_str_is(key, "Iteration")) {
        state->has_iteration = km_json_token_integer(token, &state->iteration);
    } else if (km_str_is(key, "Value")) {
        state->has_value = km_json_token_number(token, &state->value);
    } else if (token->kind != KM_JSON_STRING &&
               token->kind != KM_JSON_INTEGER) {
        return;
    } else if (km_str_is(key, "Agent") || km_str_is(key, "method")) {
        take_text(&state->agent, token);
    } else if (km_str_is(key, "task")) {
        take_text(&state->task, token);
    } else if (km_str_is(key, "seed")) {
        take_text(&state->seed, token);
    }
}

static enum km_code take_token(struct km_source *source,
                               const struct km_json_token *token,
                               struct km_err *err)
{
    struct rl_curves *state = source->state;
    if (km_json_token_is_scalar(token) && token->depth >= 2 &&
        token->depth <= 3) {
        take_field(state, token);
    } else if (token->kind == KM_JSON_OBJECT_END && token->depth == 1) {
        return end_entry(source, err);
    }
    return KM_OK;
}

static enum km_code feed_curves(struct km_source *source, struct km_str bytes,
                                bool last, size_t *used, struct km_err *err)
{
    struct rl_curves *state = source->state;
    return km_json_doc_feed(source, &state->doc, bytes, last, used, take_token,
                            err);
}

static void save_curves(const struct km_source *source, struct km_buf *out)
{
    (void)source; /* read from its start when it changed */
    (void)out;
}

const struct km_source_ops km_source_rl_curves = {
    .name = "rl_curves",
    .title = "reinforcement-learning curves (Dopamine, Dreamer)",
    .shape = KM_SHAPE_DOCUMENT,
    .scope = KM_SCOPE_INNER,
    .state_bytes = sizeof(struct rl_curves),
    .sniff = sniff_curves,
    .begin = begin_curves,
    .feed = feed_curves,
    .save = save_curves,
    .finish = finish_curves,
};
