/* companion.c - names of the files that trackers and trainers leave beside
 * their logs. To add one: a row. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

static const char *const companions[] = {
    "meta.yaml", /* MLflow: of an experiment, of a logged model */
    "MLmodel",
    "conda.yaml",
    "python_env.yaml",
    "requirements.txt",
    "wandb-metadata.json", /* W&B, beside the log */
    "wandb-summary.json",
    "conda-environment.yaml",
    "debug.log",
    "debug-internal.log",
    "debug-core.log",
    "hparams.yaml",      /* Lightning */
    "training_args.bin", /* Hugging Face, in every checkpoint */
    "optimizer.pt",
    "scheduler.pt",
    "scaler.pt",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
};

bool km_source_is_companion(struct km_str name)
{
    for (size_t i = 0; i < sizeof companions / sizeof companions[0]; i++) {
        if (km_str_is(name, companions[i])) {
            return true;
        }
    }
    return false;
}
