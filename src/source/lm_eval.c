/* lm_eval.c - results of lm-evaluation-harness, of all its generations.
 *
 *     {"results": {"arc_easy": {"acc": 0.5, "acc_stderr": 0.01}}, ...}
 *     {"results": {"arc_easy": {"acc,none": 0.5, "acc_stderr,none": 0.01}},
 * ...}
 *
 * What belongs to a task stands in several sections of the file, so that all
 * is gathered (lm_eval_table) and handed on at the end.
 * Document: docs/formats/lm_eval.md */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/clock.h"
#include "source/axis.h"
#include "source/json_doc.h"
#include "source/json_formats.h"
#include "source/lm_eval_table.h"

struct lm_eval {
    struct km_json_doc doc;
    struct km_lm_eval_table table;
    struct km_str model, model_args, revision; /* in the arena */
    int64_t n_shot;                            /* of all tasks, or -1 */
    int64_t time_ns, step;
    struct km_buf text, value;
    bool emitted;
};

static int sniff_results(const struct km_sniff *sniff)
{
    struct km_str head = sniff->head;
    if (sniff->is_folder || km_json_first_byte(head) != '{' ||
        !km_json_has(head, "results")) {
        return 0;
    }
    bool marked = km_str_search(head, KM_STR("_stderr")) < head.len ||
                  km_str_search(head, KM_STR(",none\"")) < head.len ||
                  km_json_mentions(head, "lm_eval_version") ||
                  km_json_mentions(head, "n-shot");
    bool named = km_str_starts(sniff->place->name, KM_STR("results"));
    return marked ? 90 : named ? 50 : 0;
}

static enum km_code begin_results(struct km_source *source, struct km_str saved,
                                  struct km_err *err)
{
    struct lm_eval *state = source->state;
    (void)saved; /* a document is read from its start */
    (void)err;
    km_json_doc_init(&state->doc);
    km_lm_eval_table_init(&state->table, &source->arena);
    km_buf_init(&state->text, KM_NAME_BYTES_MAX);
    km_buf_init(&state->value, KM_CONFIG_VALUE_BYTES_MAX);
    state->n_shot = -1;
    state->time_ns = KM_TIME_ABSENT;
    state->step = KM_STEP_ABSENT;
    return KM_OK;
}

static void finish_results(struct km_source *source)
{
    struct lm_eval *state = source->state;
    km_json_doc_finish(&state->doc);
    km_lm_eval_table_finish(&state->table);
    km_buf_finish(&state->text);
    km_buf_finish(&state->value);
}

static void keep_text(struct km_source *source, struct km_str *kept,
                      struct km_str text)
{
    char *copy = km_arena_copy(&source->arena, text.ptr, text.len);
    if (copy) {
        *kept = (struct km_str){copy, text.len};
    }
}

/* Emits "eval.<key>" with the scalar at hand. */
static void emit_beside(struct km_source *source, enum km_attribute_kind kind,
                        struct km_str key, const struct km_json_token *token)
{
    struct lm_eval *state = source->state;
    km_buf_reset(&state->text);
    km_buf_reset(&state->value);
    km_buf_append_text(&state->text, "eval.");
    km_buf_append(&state->text, key.ptr, key.len);
    km_json_token_write(token, &state->value);
    if (token->kind != KM_JSON_NULL && !state->text.failed &&
        !state->value.failed) {
        km_emit_attribute(
            source->emit, kind,
            (struct km_str){state->text.bytes, state->text.len},
            (struct km_str){state->value.bytes, state->value.len});
    }
}

static void take_config(struct km_source *source,
                        const struct km_json_token *token)
{
    struct lm_eval *state = source->state;
    const struct km_json_walk *walk = &state->doc.walk;
    struct km_str path = km_json_walk_path(walk, 2, token->depth);
    if (token->kind == KM_JSON_STRING) {
        if (km_str_is(path, "model") && state->model.len == 0) {
            keep_text(source, &state->model, token->text);
        } else if (km_str_is(path, "model_args")) {
            keep_text(source, &state->model_args, token->text);
        } else if (km_str_is(path, "model_args.pretrained")) {
            keep_text(source, &state->model, token->text);
        } else if (km_str_is(path, "model_args.revision")) {
            keep_text(source, &state->revision, token->text);
        }
    }
    if (km_str_is(path, "num_fewshot")) {
        (void)km_json_token_integer(token, &state->n_shot);
    }
    emit_beside(source, KM_ATTRIBUTE_CONFIG, path, token);
}

static void take_beside(struct km_source *source,
                        const struct km_json_token *token)
{
    struct lm_eval *state = source->state;
    struct km_str key = km_json_walk_key(&state->doc.walk, 1);
    if (km_str_is(key, "date")) {
        (void)km_axis_time(token, &state->time_ns);
    } else if (km_str_is(key, "model_name") && token->kind == KM_JSON_STRING) {
        keep_text(source, &state->model, token->text);
    } else if (km_str_is(key, "git_hash") ||
               km_str_is(key, "transformers_version") ||
               km_str_is(key, "lm_eval_version") ||
               km_str_is(key, "model_source")) {
        emit_beside(source, KM_ATTRIBUTE_TAG, key, token);
    } else if (km_str_is(key, "total_evaluation_time_seconds")) {
        emit_beside(source, KM_ATTRIBUTE_SUMMARY, key, token);
    }
}

/* The value of `name` in "a=1,name=value,b=2". */
static struct km_str argument(struct km_str args, const char *name)
{
    struct km_str key = km_str_of(name);
    for (size_t at = 0; at < args.len;) {
        size_t end = km_str_find(args, ',', at);
        struct km_str part =
            km_str_trim((struct km_str){args.ptr + at, end - at});
        if (km_str_starts(part, key) && part.len > key.len &&
            part.ptr[key.len] == '=') {
            return (struct km_str){part.ptr + key.len + 1,
                                   part.len - key.len - 1};
        }
        at = end + 1;
    }
    return KM_STR("");
}

/* "results_2024-05-01T12-34-56.789.json": the time is in the name. */
static void read_time_in_name(struct lm_eval *state, struct km_str name)
{
    static const struct km_str prefix = {"results_", 8};
    char text[32];
    if (!km_str_starts(name, prefix) || name.len < prefix.len + 19) {
        return;
    }
    size_t len = 19;
    memcpy(text, name.ptr + prefix.len, len);
    if (text[10] != 'T' || text[13] != '-' || text[16] != '-') {
        return;
    }
    text[13] = text[16] = ':';
    (void)km_time_parse(text, len, &state->time_ns);
}

/* The model, and the step that its revision, path or file's name tells. */
static void settle_model(struct km_source *source)
{
    struct lm_eval *state = source->state;
    struct km_str pretrained = argument(state->model_args, "pretrained");
    struct km_str revision = argument(state->model_args, "revision");
    if (pretrained.len == 0) {
        pretrained = argument(state->model_args, "model");
    }
    if (pretrained.len) {
        state->model = pretrained;
    }
    if (revision.len) {
        state->revision = revision;
    }
    if (!km_lm_eval_step(state->revision, &state->step) &&
        !km_lm_eval_step(state->model, &state->step) && source->place) {
        (void)km_lm_eval_step(source->place->name, &state->step);
    }
    if (state->time_ns == KM_TIME_ABSENT && source->place) {
        read_time_in_name(state, source->place->name);
    }
}

static void emit_results(struct km_source *source)
{
    struct lm_eval *state = source->state;
    if (state->emitted) {
        return;
    }
    state->emitted = true;
    settle_model(source);
    for (size_t i = 0; i < km_lm_eval_table_count(&state->table); i++) {
        struct km_evaluation evaluation = {
            .model = state->model,
            .n_shot = state->n_shot,
            .step = state->step,
            .time_ns = state->time_ns,
            .stage_index = -1,
            .cost_seconds = (double)NAN,
        };
        if (km_lm_eval_table_get(&state->table, i, &evaluation)) {
            km_emit_evaluation(source->emit, &evaluation);
        }
    }
}

static enum km_code take_token(struct km_source *source,
                               const struct km_json_token *token,
                               struct km_err *err)
{
    struct lm_eval *state = source->state;
    const struct km_json_walk *walk = &state->doc.walk;
    if (!km_json_token_is_scalar(token)) {
        return KM_OK;
    }
    struct km_str section =
        token->depth ? km_json_walk_key(walk, 1) : KM_STR("");
    if (token->depth == 1) {
        take_beside(source, token);
    } else if (km_str_is(section, "config")) {
        take_config(source, token);
    } else if (token->depth == 2 || token->depth == 3) {
        struct km_str task = km_json_walk_key(walk, 2);
        struct km_str key =
            token->depth == 3 ? km_json_walk_key(walk, 3) : KM_STR("");
        if (task.len > KM_NAME_BYTES_MAX || key.len > 2 * KM_NAME_BYTES_MAX) {
            km_emit_warn(source->emit, token->offset,
                         "left out: a task of %zu bytes, a key of %zu bytes; "
                         "names have at most %d",
                         task.len, key.len, KM_NAME_BYTES_MAX);
            return KM_OK;
        }
        return km_lm_eval_table_take(&state->table, section, task, key, token,
                                     err);
    }
    return KM_OK;
}

static enum km_code feed_results(struct km_source *source, struct km_str bytes,
                                 bool last, size_t *used, struct km_err *err)
{
    struct lm_eval *state = source->state;
    enum km_code code = km_json_doc_feed(source, &state->doc, bytes, last, used,
                                         take_token, err);
    if (code || state->doc.ended || (last && *used == bytes.len)) {
        emit_results(source);
    }
    return code;
}

static void save_results(const struct km_source *source, struct km_buf *out)
{
    (void)source; /* read from its start when it changed */
    (void)out;
}

const struct km_source_ops km_source_lm_eval = {
    .name = "lm_eval",
    .title = "lm-evaluation-harness results",
    .shape = KM_SHAPE_DOCUMENT,
    .scope = KM_SCOPE_FOLDER,
    .state_bytes = sizeof(struct lm_eval),
    .sniff = sniff_results,
    .begin = begin_results,
    .feed = feed_results,
    .save = save_results,
    .finish = finish_results,
};
