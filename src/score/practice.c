/* practice.c - the table of practices and the keys that tell them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/practice.h"

#include <string.h>

#include "base/str.h"

enum { KEY_BYTES = 128 };

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

const struct km_practice km_practices[] = {
    {"incremental training",
     KEYS("init_from", "resume_from*", "pretrained*", "from_pretrained",
          "base_model", "parent_run", "checkpoint_path", "load_checkpoint",
          "warm_start", "incremental"),
     "what the earlier run cost is not counted"},
    {"data augmentation",
     KEYS("*augment*", "*augmentation*", "mixup*", "cutmix*", "randaug*",
          "random_crop", "random_erasing", "specaugment*", "token_dropout"),
     "training losses on augmented data are not comparable: judge on "
     "validation"},
    {"parallelism",
     KEYS("world_size", "num_gpus", "gpu_count", "accelerators", "device_count",
          "num_nodes", "nnodes", "*parallel*", "dp_size", "tp_size", "pp_size",
          "zero_stage", "fsdp*", "num_workers"),
     "more devices cost more: look at the price as well as at time"},
    {"batch size",
     KEYS("*batch_size*", "batch_tokens", "tokens_per_step", "tokens_per_batch",
          "gradient_accumulation_steps", "grad_accum_steps",
          "accumulate_grad_batches"),
     "a larger batch needs another learning rate to be judged fairly"},
    {"pruning", KEYS("*prun*", "sparsity*", "*sparse*", "n_m_sparsity"),
     "the smaller model may be worse at the end: look at the frontier"},
    {"quantisation",
     KEYS("*quant*", "load_in_4bit", "load_in_8bit", "*fp8*", "*fp4*", "bits",
          "dtype", "precision", "mixed_precision", "fp16", "bf16"),
     "quality after quantisation needs its own evaluation"},
    {"distillation", KEYS("*distil*", "teacher*", "kd_*"),
     "what the teacher cost is not counted"},
    {"optimiser",
     KEYS("optimizer", "optimiser", "optim", "optimizer_name", "optimizer_type",
          "opt", "beta1", "beta2", "betas", "momentum", "weight_decay",
          "adam_*", "muon_*"),
     "each optimiser deserves its own tuned learning rate"},
    {"learning rate and schedule",
     KEYS("lr", "learning_rate", "max_lr", "peak_lr", "base_lr", "min_lr*",
          "lr_*", "scheduler*", "warmup*", "cooldown*", "warmdown*",
          "decay_steps"),
     "a schedule that has decayed is ahead of one that has not: compare the "
     "ends"},
    {"model size",
     KEYS("n_layer*", "num_layers", "num_hidden_layers", "n_head*",
          "num_attention_heads", "d_model", "hidden_size", "n_embd", "dim",
          "width", "depth", "n_params", "num_parameters", "model_size"),
     "a larger model learns more per token and costs more per token"},
    {"regularisation",
     KEYS("*dropout*", "label_smoothing*", "z_loss*", "grad_clip*",
          "max_grad_norm", "clip_grad*"),
     "training losses with dropout are not comparable: judge on validation"},
};
const size_t km_practice_count = sizeof km_practices / sizeof *km_practices;

const struct km_practice *km_practice_find(const char *key)
{
    char last[KEY_BYTES];
    for (const char *at = key; *at; at++) {
        if (*at == '.' || *at == '/') {
            key = at + 1;
        }
    }
    size_t len = strlen(key);
    if (len == 0 || len >= sizeof last) {
        return NULL;
    }
    for (size_t i = 0; i <= len; i++) {
        last[i] = key[i] == '-' ? '_' : key[i];
    }
    for (size_t p = 0; p < km_practice_count; p++) {
        for (size_t k = 0; km_practices[p].keys[k]; k++) {
            if (km_glob_match(km_str_of(km_practices[p].keys[k]),
                              (struct km_str){last, len})) {
                return &km_practices[p];
            }
        }
    }
    return NULL;
}
