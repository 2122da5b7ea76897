/* trainer_state.c - trainer_state.json of the Hugging Face Trainer.
 *
 *     {"global_step": 62, ..., "log_history": [{"loss": 2.1, "step": 10}, ...]}
 *
 * Each entry of log_history gives points at its "step"; what stands beside it
 * is config and summary. The file has no clock, so points have no time.
 * Document: docs/formats/trainer_state.md */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/json_doc.h"
#include "source/json_formats.h"
#include "source/row.h"

struct trainer_state {
    struct km_json_doc doc;
    struct km_row row;
    int64_t step; /* of the entry at hand, or KM_STEP_ABSENT */
    int64_t last_step;
    bool in_history; /* "log_history" is open */
    bool ended;      /* an entry said how long the training took */
    struct km_buf value;
};

/* What stands beside log_history: chosen before the run, or its outcome. */
static const struct {
    const char *key;
    enum km_attribute_kind kind;
} fields[] = {
    {"max_steps", KM_ATTRIBUTE_CONFIG},
    {"num_train_epochs", KM_ATTRIBUTE_CONFIG},
    {"train_batch_size", KM_ATTRIBUTE_CONFIG},
    {"logging_steps", KM_ATTRIBUTE_CONFIG},
    {"eval_steps", KM_ATTRIBUTE_CONFIG},
    {"save_steps", KM_ATTRIBUTE_CONFIG},
    {"is_hyper_param_search", KM_ATTRIBUTE_CONFIG},
    {"trial_name", KM_ATTRIBUTE_CONFIG},
    {"trial_params", KM_ATTRIBUTE_CONFIG},
    {"best_metric", KM_ATTRIBUTE_SUMMARY},
    {"best_model_checkpoint", KM_ATTRIBUTE_SUMMARY},
    {"best_global_step", KM_ATTRIBUTE_SUMMARY},
    {"epoch", KM_ATTRIBUTE_SUMMARY},
    {"global_step", KM_ATTRIBUTE_SUMMARY},
    {"total_flos", KM_ATTRIBUTE_SUMMARY},
    {"num_input_tokens_seen", KM_ATTRIBUTE_SUMMARY},
};

static int sniff_state(const struct km_sniff *sniff)
{
    if (sniff->is_folder || km_json_first_byte(sniff->head) != '{') {
        return 0;
    }
    if (km_json_has(sniff->head, "log_history")) {
        return 95;
    }
    /* a long "trial_params" may stand before it */
    return km_json_has(sniff->head, "best_metric") &&
                   km_json_has(sniff->head, "is_local_process_zero")
               ? 60
               : 0;
}

static enum km_code begin_state(struct km_source *source, struct km_str saved,
                                struct km_err *err)
{
    struct trainer_state *state = source->state;
    (void)saved; /* a document is read from its start */
    (void)err;
    km_json_doc_init(&state->doc);
    km_row_init(&state->row);
    km_buf_init(&state->value, KM_CONFIG_VALUE_BYTES_MAX);
    state->step = KM_STEP_ABSENT;
    return KM_OK;
}

static void finish_state(struct km_source *source)
{
    struct trainer_state *state = source->state;
    km_json_doc_finish(&state->doc);
    km_row_finish(&state->row);
    km_buf_finish(&state->value);
}

/* An entry without a step belongs to the step before it. */
static enum km_code emit_entry(struct km_source *source, struct km_err *err)
{
    struct trainer_state *state = source->state;
    enum km_code code = km_row_check(&state->row, err);
    if (code) {
        return code;
    }
    int64_t step = state->step;
    if (step == KM_STEP_ABSENT) {
        step = state->last_step;
    }
    for (size_t i = 0; i < km_row_count(&state->row); i++) {
        km_emit_value(source->emit, km_row_name(&state->row, i), step,
                      KM_TIME_ABSENT, km_row_value(&state->row, i));
    }
    state->last_step = step;
    state->step = KM_STEP_ABSENT;
    km_row_clear(&state->row);
    return KM_OK;
}

static void take_field(struct trainer_state *state,
                       const struct km_json_token *token)
{
    struct km_str name = km_json_walk_path(&state->doc.walk, 3, token->depth);
    double value;
    if (km_str_is(name, "step") && km_json_token_integer(token, &state->step)) {
        return;
    }
    if (km_json_token_number(token, &value)) {
        km_row_add(&state->row, name, value);
        state->ended |= km_str_is(name, "train_runtime");
    }
}

static void emit_attribute(struct km_source *source,
                           enum km_attribute_kind kind, struct km_str key,
                           const struct km_json_token *token)
{
    struct trainer_state *state = source->state;
    if (token->kind == KM_JSON_NULL) {
        return;
    }
    km_buf_reset(&state->value);
    km_json_token_write(token, &state->value);
    if (!state->value.failed) {
        km_emit_attribute(
            source->emit, kind, key,
            (struct km_str){state->value.bytes, state->value.len});
    }
}

static void take_beside(struct km_source *source,
                        const struct km_json_token *token)
{
    struct trainer_state *state = source->state;
    struct km_str key = km_json_walk_key(&state->doc.walk, 1);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (km_str_is(key, fields[i].key)) {
            emit_attribute(source, fields[i].kind,
                           km_json_walk_path(&state->doc.walk, 1, token->depth),
                           token);
        }
    }
    if (km_str_is(key, "max_steps") && token->kind == KM_JSON_INTEGER &&
        token->integer > 0) {
        emit_attribute(source, KM_ATTRIBUTE_CONFIG, KM_STR("planned_steps"),
                       token);
    }
}

static void emit_outcome(struct km_source *source)
{
    const struct trainer_state *state = source->state;
    if (state->ended) {
        struct km_run_meta meta = {.state = KM_RUN_FINISHED,
                                   .created_ns = KM_TIME_ABSENT,
                                   .ended_ns = KM_TIME_ABSENT};
        km_emit_run(source->emit, &meta);
    }
}

static enum km_code take_token(struct km_source *source,
                               const struct km_json_token *token,
                               struct km_err *err)
{
    struct trainer_state *state = source->state;
    bool scalar = km_json_token_is_scalar(token);
    if (token->depth == 1 && token->kind == KM_JSON_ARRAY_BEGIN) {
        state->in_history =
            km_str_is(km_json_walk_key(&state->doc.walk, 1), "log_history");
    } else if (token->depth == 1 && token->kind == KM_JSON_ARRAY_END) {
        state->in_history = false;
    } else if (state->in_history && scalar && token->depth >= 3) {
        take_field(state, token);
    } else if (state->in_history && token->depth == 2 &&
               token->kind == KM_JSON_OBJECT_END) {
        return emit_entry(source, err);
    } else if (scalar && token->depth >= 1 && !state->in_history) {
        take_beside(source, token);
    } else if (token->depth == 0 && token->kind == KM_JSON_OBJECT_END) {
        emit_outcome(source);
    }
    return KM_OK;
}

static enum km_code feed_state(struct km_source *source, struct km_str bytes,
                               bool last, size_t *used, struct km_err *err)
{
    struct trainer_state *state = source->state;
    return km_json_doc_feed(source, &state->doc, bytes, last, used, take_token,
                            err);
}

static void save_state(const struct km_source *source, struct km_buf *out)
{
    (void)source; /* read from its start when it changed */
    (void)out;
}

const struct km_source_ops km_source_trainer_state = {
    .name = "trainer_state",
    .title = "Hugging Face trainer_state.json",
    .shape = KM_SHAPE_DOCUMENT,
    .scope = KM_SCOPE_PARENT,
    .state_bytes = sizeof(struct trainer_state),
    .sniff = sniff_state,
    .begin = begin_state,
    .feed = feed_state,
    .save = save_state,
    .finish = finish_state,
};
