/* continual.c - all_results.json, alone or of each stage of continual tuning.
 *
 *     outputs/1-dbpedia/all_results.json
 *     outputs/2-amazon/all_results.json
 *         {"predict_exact_match_for_dbpedia": 98.5, ...}
 *
 * Each file is a row of the matrix "score on task j after stage i": the stage
 * is the folder's name, its place in the order the number in front.
 * Document: docs/formats/continual.md */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/number.h"
#include "source/json_doc.h"
#include "source/json_formats.h"
#include "source/row.h"

struct continual {
    struct km_json_doc doc;
    struct km_row row;
    struct km_buf text;
    struct km_str stage;
    int64_t stage_index;
};

static const struct {
    struct km_str prefix;
    const char *subset;
} prefixes[] = {
    {{"predict_", 8}, "test"},
    {{"test_", 5}, "test"},
    {{"eval_", 5}, "validation"},
};

/* Of an evaluation as a whole: how long it took, how much there was. */
static const char *const costs[] = {"runtime",
                                    "samples",
                                    "samples_per_second",
                                    "steps_per_second",
                                    "global_step",
                                    "model_preparation_time",
                                    "jit_compilation_time"};

static int sniff_results(const struct km_sniff *sniff)
{
    struct km_str head = sniff->head;
    bool named = km_str_is(sniff->place->name, "all_results.json");
    if (sniff->is_folder || !named || km_json_first_byte(head) != '{') {
        return 0;
    }
    bool known = km_str_search(head, KM_STR("\"train_")) < head.len ||
                 km_str_search(head, KM_STR("\"eval_")) < head.len ||
                 km_str_search(head, KM_STR("\"predict_")) < head.len ||
                 km_str_search(head, KM_STR("\"test_")) < head.len ||
                 km_json_mentions(head, "epoch");
    return known ? 85 : 0;
}

/* "a/outputs/2-amazon" is stage "amazon", the second. */
static void read_stage(struct continual *state, struct km_str folder)
{
    size_t start = folder.len;
    while (start > 0 && folder.ptr[start - 1] != '/') {
        start--;
    }
    struct km_str name = {folder.ptr + start, folder.len - start};
    size_t digits = 0;
    while (digits < name.len && name.ptr[digits] >= '0' &&
           name.ptr[digits] <= '9') {
        digits++;
    }
    int64_t number;
    bool numbered =
        digits > 0 && digits + 1 < name.len &&
        (name.ptr[digits] == '-' || name.ptr[digits] == '_' ||
         name.ptr[digits] == '.') &&
        km_integer_parse((struct km_str){name.ptr, digits}, &number);
    if (numbered) {
        state->stage =
            (struct km_str){name.ptr + digits + 1, name.len - digits - 1};
        state->stage_index = number > 0 ? number - 1 : 0;
    }
}

static enum km_code begin_results(struct km_source *source, struct km_str saved,
                                  struct km_err *err)
{
    struct continual *state = source->state;
    (void)saved; /* a document is read from its start */
    (void)err;
    km_json_doc_init(&state->doc);
    km_row_init(&state->row);
    km_buf_init(&state->text, KM_LINE_BYTES_MAX);
    state->stage_index = -1;
    if (source->place) {
        read_stage(state, source->place->folder);
    }
    return KM_OK;
}

static void finish_results(struct km_source *source)
{
    struct continual *state = source->state;
    km_json_doc_finish(&state->doc);
    km_row_finish(&state->row);
    km_buf_finish(&state->text);
}

static bool is_cost(struct km_str rest)
{
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        if (km_str_is(rest, costs[i])) {
            return true;
        }
    }
    return false;
}

/* The value of prefix + name in the row, as a count; `absent` without it. */
static int64_t find_count(const struct continual *state, struct km_str prefix,
                          const char *name, int64_t absent)
{
    struct km_str rest = km_str_of(name);
    for (size_t i = 0; i < km_row_count(&state->row); i++) {
        struct km_str field = km_row_name(&state->row, i);
        double value = km_row_value(&state->row, i);
        if (field.len == prefix.len + rest.len &&
            km_str_starts(field, prefix) && km_str_ends(field, rest) &&
            value >= 0 && value < 9e15) {
            return (int64_t)value;
        }
    }
    return absent;
}

static int better_of(struct km_str metric)
{
    if (km_str_ends(metric, KM_STR("loss")) ||
        km_str_ends(metric, KM_STR("perplexity"))) {
        return 0;
    }
    static const char *const good[] = {"exact_match", "accuracy", "f1", "bleu"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (km_str_is(metric, good[i])) {
            return 1;
        }
    }
    return km_str_starts(metric, KM_STR("rouge")) ? 1 : -1;
}

/* Where the last "_for_" stands in "exact_match_for_dbpedia". */
static size_t find_task(struct km_str rest, struct km_str separator)
{
    size_t found = rest.len;
    for (size_t at = 0; at + separator.len < rest.len; at++) {
        struct km_str here = {rest.ptr + at, rest.len - at};
        if (at > 0 && km_str_starts(here, separator)) {
            found = at;
        }
    }
    return found;
}

static void emit_score(struct km_source *source, size_t prefix,
                       struct km_str rest, double value)
{
    struct continual *state = source->state;
    static const struct km_str separator = {"_for_", 5};
    size_t cut = find_task(rest, separator);
    struct km_evaluation evaluation = {
        .task = KM_STR("all"),
        .metric = rest,
        .subset = km_str_of(prefixes[prefix].subset),
        .stage = state->stage,
        .stage_index = state->stage_index,
        .value = value,
        .stderr_ = (double)NAN,
        .n = -1,
        .n_shot = -1,
        .step = find_count(state, prefixes[prefix].prefix, "global_step",
                           KM_STEP_ABSENT),
        .time_ns = KM_TIME_ABSENT,
        .cost_seconds = (double)NAN,
    };
    if (cut < rest.len) {
        evaluation.metric = (struct km_str){rest.ptr, cut};
        cut += separator.len;
        evaluation.task = (struct km_str){rest.ptr + cut, rest.len - cut};
    } else {
        evaluation.n =
            find_count(state, prefixes[prefix].prefix, "samples", -1);
    }
    evaluation.higher_is_better = better_of(evaluation.metric);
    km_emit_evaluation(source->emit, &evaluation);
}

/* "train_loss" of stage "amazon" is "amazon.train_loss". */
static void emit_summary(struct km_source *source, struct km_str name,
                         double value)
{
    struct continual *state = source->state;
    char number[KM_NUMBER_BYTES];
    struct km_str json = {number, km_number_format(value, number)};
    if (!isfinite(value)) {
        json = isnan(value) ? KM_STR("\"NaN\"")
               : value > 0  ? KM_STR("\"Infinity\"")
                            : KM_STR("\"-Infinity\"");
    }
    km_buf_reset(&state->text);
    if (state->stage.len) {
        km_buf_append(&state->text, state->stage.ptr, state->stage.len);
        km_buf_append_char(&state->text, '.');
    }
    km_buf_append(&state->text, name.ptr, name.len);
    km_emit_attribute(source->emit, KM_ATTRIBUTE_SUMMARY,
                      (struct km_str){state->text.bytes, state->text.len},
                      json);
}

static void emit_results(struct km_source *source)
{
    struct continual *state = source->state;
    for (size_t i = 0; i < km_row_count(&state->row); i++) {
        struct km_str name = km_row_name(&state->row, i);
        double value = km_row_value(&state->row, i);
        bool scored = false;
        for (size_t p = 0; p < sizeof prefixes / sizeof prefixes[0]; p++) {
            struct km_str prefix = prefixes[p].prefix;
            struct km_str rest = {name.ptr + prefix.len, name.len - prefix.len};
            if (!scored && name.len > prefix.len &&
                km_str_starts(name, prefix) && !is_cost(rest)) {
                emit_score(source, p, rest, value);
                scored = true;
            }
        }
        if (!scored) {
            emit_summary(source, name, value);
        }
    }
    km_row_clear(&state->row);
}

static enum km_code take_token(struct km_source *source,
                               const struct km_json_token *token,
                               struct km_err *err)
{
    struct continual *state = source->state;
    double value;
    if (token->depth >= 1 && km_json_token_is_scalar(token) &&
        km_json_token_number(token, &value)) {
        km_row_add(&state->row,
                   km_json_walk_path(&state->doc.walk, 1, token->depth), value);
    }
    return km_row_check(&state->row, err);
}

static enum km_code feed_results(struct km_source *source, struct km_str bytes,
                                 bool last, size_t *used, struct km_err *err)
{
    struct continual *state = source->state;
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

const struct km_source_ops km_source_continual = {
    .name = "continual",
    .title = "Hugging Face all_results.json, by stage",
    .shape = KM_SHAPE_DOCUMENT,
    .scope = KM_SCOPE_STAGES,
    .state_bytes = sizeof(struct continual),
    .sniff = sniff_results,
    .begin = begin_results,
    .feed = feed_results,
    .save = save_results,
    .finish = finish_results,
};
