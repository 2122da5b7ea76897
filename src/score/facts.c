/* facts.c - what a run's config and tags say about its steps and machines.
 *
 * Keys are compared by their last part, in lower case, '-' as '_':
 * "trainer.max-steps" is max_steps. First row that is there wins. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/number.h"
#include "score/input.h"

enum fact {
    FACT_MAX_STEPS,
    FACT_TOKENS,
    FACT_SAMPLES,      /* of one step, over all devices */
    FACT_BATCH,        /* of one pass: of one device, where there are several */
    FACT_DEVICE_BATCH, /* of one pass of one device */
    FACT_ACCUMULATION, /* passes of a step */
    FACT_SEQUENCE,
    FACT_WARMUP,
    FACT_ACCELERATORS,
    FACT_PARAMETERS,
    FACT_SCHEDULE,
    FACT_DEVICE,
    FACT_BENCHMARK,
    FACT_DATA_ORDER,
    FACT_COUNT,
};

/* Several keys of one fact: the earlier row is preferred. */
static const struct {
    const char *key;
    enum fact fact;
} fact_keys[] = {
    {"planned_steps", FACT_MAX_STEPS},
    {"max_steps", FACT_MAX_STEPS},
    {"num_iterations", FACT_MAX_STEPS},
    {"train_iters", FACT_MAX_STEPS},
    {"max_iters", FACT_MAX_STEPS},
    {"num_training_steps", FACT_MAX_STEPS},
    {"total_steps", FACT_MAX_STEPS},
    {"num_train_steps", FACT_MAX_STEPS},
    {"training_steps", FACT_MAX_STEPS},
    {"max_iterations", FACT_MAX_STEPS},
    {"num_steps", FACT_MAX_STEPS},
    {"total_iterations", FACT_MAX_STEPS},
    {"total_iters", FACT_MAX_STEPS},
    {"total_timesteps", FACT_MAX_STEPS},
    {"opt_learning_rate_training_steps", FACT_MAX_STEPS},
    {"tokens_per_step", FACT_TOKENS},
    {"tokens_per_batch", FACT_TOKENS},
    {"batch_tokens", FACT_TOKENS},
    {"total_batch_size_tokens", FACT_TOKENS},
    {"tokens_per_iter", FACT_TOKENS},
    {"global_batch_size", FACT_SAMPLES},
    {"total_train_batch_size", FACT_SAMPLES},
    {"train_batch_size_total", FACT_SAMPLES},
    {"effective_batch_size", FACT_SAMPLES},
    {"total_batch_size", FACT_SAMPLES},
    {"batch_size", FACT_BATCH},
    {"train_batch_size", FACT_BATCH},
    {"per_device_train_batch_size", FACT_DEVICE_BATCH},
    {"per_device_batch_size", FACT_DEVICE_BATCH},
    {"device_batch_size", FACT_DEVICE_BATCH},
    {"micro_batch_size", FACT_DEVICE_BATCH},
    {"train_micro_batch_size_per_gpu", FACT_DEVICE_BATCH},
    {"gradient_accumulation_steps", FACT_ACCUMULATION},
    {"grad_accum_steps", FACT_ACCUMULATION},
    {"accumulate_grad_batches", FACT_ACCUMULATION},
    {"seq_length", FACT_SEQUENCE},
    {"seq_len", FACT_SEQUENCE},
    {"sequence_length", FACT_SEQUENCE},
    {"block_size", FACT_SEQUENCE},
    {"max_seq_len", FACT_SEQUENCE},
    {"max_seq_length", FACT_SEQUENCE},
    {"context_length", FACT_SEQUENCE},
    {"warmup_steps", FACT_WARMUP},
    {"warmup_iters", FACT_WARMUP},
    {"lr_warmup_iters", FACT_WARMUP},
    {"num_warmup_steps", FACT_WARMUP},
    {"accelerators", FACT_ACCELERATORS},
    {"device_count", FACT_ACCELERATORS},
    {"world_size", FACT_ACCELERATORS},
    {"num_gpus", FACT_ACCELERATORS},
    {"gpu_count", FACT_ACCELERATORS},
    {"params", FACT_PARAMETERS},
    {"num_parameters", FACT_PARAMETERS},
    {"n_params", FACT_PARAMETERS},
    {"model_params", FACT_PARAMETERS},
    {"lr_scheduler_type", FACT_SCHEDULE},
    {"lr_schedule", FACT_SCHEDULE},
    {"lr_decay_style", FACT_SCHEDULE},
    {"scheduler", FACT_SCHEDULE},
    {"device", FACT_DEVICE},
    {"gpu_name", FACT_DEVICE},
    {"gpu", FACT_DEVICE},
    {"submission_benchmark", FACT_BENCHMARK},
    {"data_order_id", FACT_DATA_ORDER},
};

struct gathering {
    struct km_arena *arena;
    size_t row[FACT_COUNT]; /* of the key taken; the row count: none yet */
    double number[FACT_COUNT];
    const char *text[FACT_COUNT], *key[FACT_COUNT];
    bool full;
};

enum { KEY_ROWS = sizeof fact_keys / sizeof *fact_keys };

static bool same_key(struct km_str key, const char *name)
{
    size_t i = 0;
    for (; i < key.len && name[i]; i++) {
        char c = key.ptr[i];
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c + 32);
        }
        if ((c == '-' ? '_' : c) != name[i]) {
            return false;
        }
    }
    return i == key.len && !name[i];
}

static struct km_str last_part(struct km_str key)
{
    for (size_t i = key.len; i > 0; i--) {
        if (key.ptr[i - 1] == '.' || key.ptr[i - 1] == '/') {
            return (struct km_str){key.ptr + i, key.len - i};
        }
    }
    return key;
}

static bool take_attribute(void *user, const struct km_attribute *row)
{
    struct gathering *gathering = user;
    if (row->kind == KM_ATTRIBUTE_SUMMARY) {
        return true;
    }
    struct km_str key = last_part(row->key), value = row->value_json;
    if (value.len >= 2 && value.ptr[0] == '"') {
        value = (struct km_str){value.ptr + 1, value.len - 2};
    }
    for (size_t i = 0; i < KEY_ROWS; i++) {
        enum fact fact = fact_keys[i].fact;
        if (i >= gathering->row[fact] || !same_key(key, fact_keys[i].key)) {
            continue;
        }
        double number = NAN;
        bool text = fact >= FACT_SCHEDULE;
        if (!text && (!km_number_parse(value, &number) || !(number > 0) ||
                      !isfinite(number))) {
            continue;
        }
        gathering->row[fact] = i;
        gathering->number[fact] = number;
        gathering->text[fact] =
            km_arena_copy(gathering->arena, value.ptr, value.len);
        gathering->key[fact] =
            km_arena_copy(gathering->arena, row->key.ptr, row->key.len);
        gathering->full |= !gathering->text[fact] || !gathering->key[fact];
    }
    return !gathering->full;
}

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the config of the run does not fit the memory allowed for "
                   "one command");
}

/* Multiplies by a fact where it is there; false: memory is short. */
static bool times(const struct gathering *gathering, enum fact fact,
                  double *count, const char **source)
{
    if (gathering->number[fact] > 0) {
        *count *= gathering->number[fact];
        *source = km_arena_printf(gathering->arena, "%s x %s", *source,
                                  gathering->key[fact]);
    }
    return *source != NULL;
}

/* Samples of a step from the sizes of its parts. A plain batch size on several
 * devices may be that of one of them or of all: not guessed. What is called
 * total and holds whole sequences by the thousand counts tokens. */
static bool complete_counts(const struct gathering *gathering,
                            struct km_run_facts *facts)
{
    const double *number = gathering->number;
    double count = number[FACT_SAMPLES], sequence = facts->sequence_length;
    const char *source = gathering->key[FACT_SAMPLES];
    bool several = number[FACT_ACCELERATORS] > 1, held = true;
    bool total =
        source && same_key(last_part(km_str_of(source)), "total_batch_size");
    if (total && !(sequence > 1 && count < sequence)) {
        bool whole = sequence > 1 && fmod(count, sequence) <= 0;
        if (whole && isnan(facts->tokens_per_step)) {
            facts->tokens_per_step = count;
            facts->tokens_key = source;
        }
        count = whole ? count / sequence : (double)NAN;
    }
    if (!source && number[FACT_DEVICE_BATCH] > 0) {
        count = number[FACT_DEVICE_BATCH];
        source = gathering->key[FACT_DEVICE_BATCH];
        held = times(gathering, FACT_ACCUMULATION, &count, &source) &&
               times(gathering, FACT_ACCELERATORS, &count, &source);
    } else if (!source && number[FACT_BATCH] > 0 && !several) {
        count = number[FACT_BATCH];
        source = gathering->key[FACT_BATCH];
        held = times(gathering, FACT_ACCUMULATION, &count, &source);
    }
    facts->samples_per_step = count;
    facts->samples_key = source;
    if (held && isnan(facts->tokens_per_step) && count > 0) {
        facts->tokens_per_step = count;
        facts->tokens_key = source;
        if (sequence > 0) {
            held = times(gathering, FACT_SEQUENCE, &facts->tokens_per_step,
                         &facts->tokens_key);
        } else {
            facts->tokens_per_step = NAN;
        }
    }
    return held;
}

enum km_code km_run_facts_load(struct km_store *store, uint64_t run_id,
                               struct km_arena *arena,
                               struct km_run_facts *facts, struct km_err *err)
{
    struct gathering gathering = {.arena = arena};
    for (int i = 0; i < FACT_COUNT; i++) {
        gathering.row[i] = KEY_ROWS;
        gathering.number[i] = NAN;
    }
    enum km_code code = km_store_list_attributes(store, run_id, take_attribute,
                                                 &gathering, err);
    if (code == KM_OK && gathering.full) {
        code = fail_full(err);
    }
    *facts = (struct km_run_facts){
        .max_steps = gathering.number[FACT_MAX_STEPS],
        .tokens_per_step = gathering.number[FACT_TOKENS],
        .samples_per_step = NAN,
        .sequence_length = gathering.number[FACT_SEQUENCE],
        .warmup_steps = gathering.number[FACT_WARMUP],
        .accelerators = gathering.number[FACT_ACCELERATORS],
        .parameters = gathering.number[FACT_PARAMETERS],
        .target = NAN,
        .schedule = gathering.text[FACT_SCHEDULE],
        .device = gathering.text[FACT_DEVICE],
        .benchmark = gathering.text[FACT_BENCHMARK],
        .data_order = gathering.text[FACT_DATA_ORDER],
        .max_steps_key = gathering.key[FACT_MAX_STEPS],
        .tokens_key = gathering.key[FACT_TOKENS],
        .accelerators_key = gathering.key[FACT_ACCELERATORS],
    };
    if (code == KM_OK && !complete_counts(&gathering, facts)) {
        code = fail_full(err);
    }
    return code;
}
