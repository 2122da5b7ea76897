/* cohort_keys.c - settings that do not make a configuration. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "score/cohort.h"

enum { KEY_BYTES = 128 };

/* Over the last part of a key, '-' as '_'. */
static const char *const seeds[] = {
    "seed",      "*_seed",  "seed_*", "random_state", "rng_seed", "manual_seed",
    "data_seed", "replica", "trial",  "repetition",   NULL};

/* Names, places, machines, times, and what does not touch the training. */
static const char *const incidental[] = {"name",
                                         "run_name",
                                         "run_id",
                                         "experiment_name",
                                         "exp_name",
                                         "job_id",
                                         "job_name",
                                         "*_job_id",
                                         "uuid",
                                         "id",
                                         "display_name",
                                         "wandb*",
                                         "_wandb*",
                                         "mlflow*",
                                         "entity",
                                         "notes",
                                         "description",
                                         "host",
                                         "hostname",
                                         "node",
                                         "nodelist",
                                         "user",
                                         "username",
                                         "pid",
                                         "rank",
                                         "local_rank",
                                         "node_rank",
                                         "master_addr",
                                         "master_port",
                                         "*_path",
                                         "path",
                                         "*_dir",
                                         "dir",
                                         "*_file",
                                         "log_*",
                                         "logging_*",
                                         "save_*",
                                         "output*",
                                         "checkpoint_*",
                                         "git_*",
                                         "commit",
                                         "*_time",
                                         "*_date",
                                         "date",
                                         "timestamp",
                                         "start*_at",
                                         "created*",
                                         "command",
                                         "argv",
                                         "cmd",
                                         "executable",
                                         "python*",
                                         "report_to",
                                         "push_to_hub*",
                                         "hub_*",
                                         "disable_tqdm",
                                         "eval_interval",
                                         "eval_iters",
                                         "eval_steps",
                                         "eval_every",
                                         "val_loss_every",
                                         "val_every",
                                         "logdir",
                                         "tensorboard*",
                                         "slurm*",
                                         "data_order_id",
                                         "resume",
                                         "version",
                                         "group",
                                         "tags",
                                         NULL};

static bool is_one_of(const char *key, const char *const *globs)
{
    char last[KEY_BYTES];
    for (const char *at = key; *at; at++) {
        if (*at == '.' || *at == '/') {
            key = at + 1;
        }
    }
    size_t len = strlen(key);
    if (len >= sizeof last) {
        return false;
    }
    for (size_t i = 0; i <= len; i++) {
        last[i] = key[i] == '-' ? '_' : key[i];
    }
    for (size_t i = 0; globs[i]; i++) {
        if (km_glob_match(km_str_of(globs[i]), (struct km_str){last, len})) {
            return true;
        }
    }
    return false;
}

bool km_setting_is_seed(const char *key)
{
    return is_one_of(key, seeds);
}

bool km_setting_is_incidental(const char *key)
{
    return is_one_of(key, seeds) || is_one_of(key, incidental);
}
