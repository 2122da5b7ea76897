/* facts.c - what a run's config and tags say about its steps and machines. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "score/config_keys.h"
#include "score/input.h"

enum { DEVICES_MAX = 10000000 };
static const double PLAN_REACHED = 0.99, PLAN_LEFT_BEHIND = 1.1;
static const int64_t QUIET_NS = 3600 * INT64_C(1000000000);

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
static const struct km_config_key fact_keys[] = {
    {"planned_steps", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"max_steps", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"num_iterations", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"train_iters", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"max_iters", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"num_training_steps", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"total_steps", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"num_train_steps", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"training_steps", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"max_iterations", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"num_steps", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"total_iterations", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"total_iters", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"total_timesteps", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"opt_learning_rate_training_steps", FACT_MAX_STEPS, KM_CONFIG_POSITIVE},
    {"tokens_per_step", FACT_TOKENS, KM_CONFIG_POSITIVE},
    {"tokens_per_batch", FACT_TOKENS, KM_CONFIG_POSITIVE},
    {"batch_tokens", FACT_TOKENS, KM_CONFIG_POSITIVE},
    {"total_batch_size_tokens", FACT_TOKENS, KM_CONFIG_POSITIVE},
    {"tokens_per_iter", FACT_TOKENS, KM_CONFIG_POSITIVE},
    {"global_batch_size", FACT_SAMPLES, KM_CONFIG_POSITIVE},
    {"total_train_batch_size", FACT_SAMPLES, KM_CONFIG_POSITIVE},
    {"train_batch_size_total", FACT_SAMPLES, KM_CONFIG_POSITIVE},
    {"effective_batch_size", FACT_SAMPLES, KM_CONFIG_POSITIVE},
    {"total_batch_size", FACT_SAMPLES, KM_CONFIG_POSITIVE},
    {"batch_size", FACT_BATCH, KM_CONFIG_POSITIVE},
    {"train_batch_size", FACT_BATCH, KM_CONFIG_POSITIVE},
    {"per_device_train_batch_size", FACT_DEVICE_BATCH, KM_CONFIG_POSITIVE},
    {"per_device_batch_size", FACT_DEVICE_BATCH, KM_CONFIG_POSITIVE},
    {"device_batch_size", FACT_DEVICE_BATCH, KM_CONFIG_POSITIVE},
    {"micro_batch_size", FACT_DEVICE_BATCH, KM_CONFIG_POSITIVE},
    {"train_micro_batch_size_per_gpu", FACT_DEVICE_BATCH, KM_CONFIG_POSITIVE},
    {"gradient_accumulation_steps", FACT_ACCUMULATION, KM_CONFIG_POSITIVE},
    {"grad_accum_steps", FACT_ACCUMULATION, KM_CONFIG_POSITIVE},
    {"accumulate_grad_batches", FACT_ACCUMULATION, KM_CONFIG_POSITIVE},
    {"seq_length", FACT_SEQUENCE, KM_CONFIG_POSITIVE},
    {"seq_len", FACT_SEQUENCE, KM_CONFIG_POSITIVE},
    {"sequence_length", FACT_SEQUENCE, KM_CONFIG_POSITIVE},
    {"block_size", FACT_SEQUENCE, KM_CONFIG_POSITIVE},
    {"max_seq_len", FACT_SEQUENCE, KM_CONFIG_POSITIVE},
    {"max_seq_length", FACT_SEQUENCE, KM_CONFIG_POSITIVE},
    {"context_length", FACT_SEQUENCE, KM_CONFIG_POSITIVE},
    {"warmup_steps", FACT_WARMUP, KM_CONFIG_POSITIVE},
    {"warmup_iters", FACT_WARMUP, KM_CONFIG_POSITIVE},
    {"lr_warmup_iters", FACT_WARMUP, KM_CONFIG_POSITIVE},
    {"num_warmup_steps", FACT_WARMUP, KM_CONFIG_POSITIVE},
    {"accelerators", FACT_ACCELERATORS, KM_CONFIG_POSITIVE},
    {"device_count", FACT_ACCELERATORS, KM_CONFIG_POSITIVE},
    {"world_size", FACT_ACCELERATORS, KM_CONFIG_POSITIVE},
    {"num_gpus", FACT_ACCELERATORS, KM_CONFIG_POSITIVE},
    {"gpu_count", FACT_ACCELERATORS, KM_CONFIG_POSITIVE},
    {"params", FACT_PARAMETERS, KM_CONFIG_POSITIVE},
    {"num_parameters", FACT_PARAMETERS, KM_CONFIG_POSITIVE},
    {"n_params", FACT_PARAMETERS, KM_CONFIG_POSITIVE},
    {"model_params", FACT_PARAMETERS, KM_CONFIG_POSITIVE},
    {"lr_scheduler_type", FACT_SCHEDULE, KM_CONFIG_TEXT},
    {"lr_schedule", FACT_SCHEDULE, KM_CONFIG_TEXT},
    {"lr_decay_style", FACT_SCHEDULE, KM_CONFIG_TEXT},
    {"scheduler", FACT_SCHEDULE, KM_CONFIG_TEXT},
    {"device", FACT_DEVICE, KM_CONFIG_TEXT},
    {"gpu_name", FACT_DEVICE, KM_CONFIG_TEXT},
    {"gpu", FACT_DEVICE, KM_CONFIG_TEXT},
    {"submission_benchmark", FACT_BENCHMARK, KM_CONFIG_TEXT},
    {"data_order_id", FACT_DATA_ORDER, KM_CONFIG_TEXT},
};

enum { KEY_ROWS = sizeof fact_keys / sizeof *fact_keys };

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the config of the run does not fit the memory allowed for "
                   "one command");
}

/* Multiplies by a fact where it is there; false: memory is short. */
static bool times(const struct km_config_value *of, struct km_arena *arena,
                  double *count, const char **source)
{
    if (of->number > 0) {
        *count *= of->number;
        *source = km_arena_printf(arena, "%s x %s", *source, of->key);
    }
    return *source != NULL;
}

/* Samples of a step from the sizes of its parts. A plain batch size on several
 * devices may be that of one of them or of all: not guessed. What is called
 * total and holds whole sequences by the thousand counts tokens. */
static bool complete_counts(const struct km_config_value *of,
                            struct km_arena *arena, struct km_run_facts *facts)
{
    double count = of[FACT_SAMPLES].number, sequence = facts->sequence_length;
    const char *source = of[FACT_SAMPLES].key;
    bool several = of[FACT_ACCELERATORS].number > 1, held = true;
    bool total =
        source && km_config_key_is(km_str_of(source), "total_batch_size");
    if (total && !(sequence > 1 && count < sequence)) {
        bool whole = sequence > 1 && fmod(count, sequence) <= 0;
        if (whole && isnan(facts->tokens_per_step)) {
            facts->tokens_per_step = count;
            facts->tokens_key = source;
        }
        count = whole ? count / sequence : (double)NAN;
    }
    if (!source && of[FACT_DEVICE_BATCH].number > 0) {
        count = of[FACT_DEVICE_BATCH].number;
        source = of[FACT_DEVICE_BATCH].key;
        held = times(&of[FACT_ACCUMULATION], arena, &count, &source) &&
               times(&of[FACT_ACCELERATORS], arena, &count, &source);
    } else if (!source && of[FACT_BATCH].number > 0 && !several) {
        count = of[FACT_BATCH].number;
        source = of[FACT_BATCH].key;
        held = times(&of[FACT_ACCUMULATION], arena, &count, &source);
    }
    facts->samples_per_step = count;
    facts->samples_key = source;
    if (held && isnan(facts->tokens_per_step) && count > 0) {
        facts->tokens_per_step = count;
        facts->tokens_key = source;
        if (sequence > 0) {
            held = times(&of[FACT_SEQUENCE], arena, &facts->tokens_per_step,
                         &facts->tokens_key);
        } else {
            facts->tokens_per_step = NAN;
        }
    }
    return held;
}

/* "8 x H100" says how many there are; so does a world size, of one process a
 * device. The larger of the two: one process may drive eight. */
static void count_devices(struct km_config_value of[FACT_COUNT])
{
    struct km_config_value *count = &of[FACT_ACCELERATORS];
    const struct km_config_value *device = &of[FACT_DEVICE];
    struct km_str text = km_str_of(device->text ? device->text : "");
    size_t end = km_str_find(text, ' ', 0);
    double said;
    bool asked =
        count->key && !km_config_key_is(km_str_of(count->key), "world_size");
    if (!asked &&
        km_str_starts((struct km_str){text.ptr + end, text.len - end},
                      KM_STR(" x ")) &&
        km_number_parse((struct km_str){text.ptr, end}, &said) && said >= 1 &&
        said <= DEVICES_MAX && said <= floor(said) &&
        !(count->number >= said)) {
        count->number = said;
        count->key = device->key;
    }
}

enum km_code km_run_facts_load(struct km_store *store, uint64_t run_id,
                               struct km_arena *arena,
                               struct km_run_facts *facts, struct km_err *err)
{
    struct km_config_value of[FACT_COUNT];
    enum km_code code = km_config_values(store, run_id, fact_keys, KEY_ROWS,
                                         arena, of, FACT_COUNT, err);
    count_devices(of);
    *facts = (struct km_run_facts){
        .max_steps = of[FACT_MAX_STEPS].number,
        .tokens_per_step = of[FACT_TOKENS].number,
        .samples_per_step = NAN,
        .sequence_length = of[FACT_SEQUENCE].number,
        .warmup_steps = of[FACT_WARMUP].number,
        .accelerators = of[FACT_ACCELERATORS].number,
        .parameters = of[FACT_PARAMETERS].number,
        .target = NAN,
        .schedule = of[FACT_SCHEDULE].text,
        .device = of[FACT_DEVICE].text,
        .benchmark = of[FACT_BENCHMARK].text,
        .data_order = of[FACT_DATA_ORDER].text,
        .max_steps_key = of[FACT_MAX_STEPS].key,
        .tokens_key = of[FACT_TOKENS].key,
        .accelerators_key = of[FACT_ACCELERATORS].key,
    };
    if (code == KM_OK && !complete_counts(of, arena, facts)) {
        code = fail_full(err);
    }
    return code;
}

double km_run_facts_planned(const struct km_run_facts *facts, double last)
{
    double planned = facts->max_steps;
    return planned > 0 && last <= PLAN_LEFT_BEHIND * planned ? planned
                                                             : (double)NAN;
}

bool km_run_is_going(enum km_run_state state, int64_t last_time_ns,
                     int64_t now_ns)
{
    bool timed = last_time_ns != KM_TIME_ABSENT && last_time_ns != 0;
    return state == KM_RUN_RUNNING ||
           (state == KM_RUN_UNKNOWN && timed &&
            now_ns - last_time_ns <= QUIET_NS);
}

bool km_run_is_through(double planned, double last)
{
    return last >= PLAN_REACHED * planned;
}

/* MLPerf counts samples as steps, and calls the log perplexity of its language
 * models eval_accuracy. */
void km_run_facts_settle(struct km_run_view *view, struct km_run_facts *facts)
{
    if (strcmp(view->source, "mllog") != 0) {
        return;
    }
    facts->samples_per_step = facts->tokens_per_step = NAN;
    facts->max_steps = NAN; /* counts optimiser steps */
    const char *name = facts->benchmark ? facts->benchmark : "";
    struct km_track **tracks = view->tracks;
    struct km_track *score = tracks[KM_ROLE_VALID_SCORE];
    if (score && !tracks[KM_ROLE_VALID_LOSS] &&
        strcmp(score->name, "eval_accuracy") == 0 &&
        (strcmp(name, "gpt3") == 0 || strcmp(name, "llama2_70b_lora") == 0)) {
        score->of = (struct km_role_of){.role = KM_ROLE_VALID_LOSS,
                                        .unit = "nat",
                                        .better = -1,
                                        .scale = 1};
        tracks[KM_ROLE_VALID_LOSS] = score;
        tracks[KM_ROLE_VALID_SCORE] = NULL;
    }
}
