/* role.h - what a metric is for, guessed from its name, overridable.
 *
 * Figures ask for roles ("the training loss", "tokens so far"), logs have
 * names ("loss", "train/CE loss", "eval_loss"). One table of patterns maps
 * names to role, unit and direction; the user's config comes first.
 * Threads: a table is constant once built. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MODEL_ROLE_H
#define KM_MODEL_ROLE_H

#include "base/arena.h"
#include "base/str.h"

/* id, word, what it means, default unit, better (+1 higher, -1 lower, 0). */
#define KM_ROLES(X)                                                            \
    X(NONE, "none", "no known role", "", 0)                                    \
    X(TRAIN_LOSS, "train_loss", "training loss", "nat", -1)                    \
    X(VALID_LOSS, "valid_loss", "validation loss", "nat", -1)                  \
    X(TEST_LOSS, "test_loss", "test loss", "nat", -1)                          \
    X(TRAIN_SCORE, "train_score", "training accuracy or score", "1", 1)        \
    X(VALID_SCORE, "valid_score", "validation accuracy or score", "1", 1)      \
    X(TEST_SCORE, "test_score", "test accuracy or score", "1", 1)              \
    X(REWARD, "reward", "reward or return", "1", 1)                            \
    X(PERPLEXITY, "perplexity", "perplexity", "1", -1)                         \
    X(LEARNING_RATE, "learning_rate", "learning rate", "1", 0)                 \
    X(GRAD_NORM, "grad_norm", "gradient norm", "1", 0)                         \
    X(TOKENS, "tokens", "tokens seen so far", "token", 0)                      \
    X(SAMPLES, "samples", "samples seen so far", "sample", 0)                  \
    X(EPOCH, "epoch", "epochs so far", "epoch", 0)                             \
    X(STEP_TIME, "step_time", "time of one step", "s", -1)                     \
    X(DATA_TIME, "data_time", "time of one step spent waiting for data", "s",  \
      -1)                                                                      \
    X(TRAIN_TIME, "train_time", "training time so far", "s", 0)                \
    X(TOKENS_PER_SECOND, "tokens_per_second", "token throughput", "token/s",   \
      1)                                                                       \
    X(SAMPLES_PER_SECOND, "samples_per_second", "sample throughput",           \
      "sample/s", 1)                                                           \
    X(STEPS_PER_SECOND, "steps_per_second", "step throughput", "step/s", 1)    \
    X(MFU, "mfu", "model FLOP utilisation", "1", 1)                            \
    X(FLOPS, "flops", "FLOP so far", "FLOP", 0)                                \
    X(BATCH_SIZE, "batch_size", "samples per step", "sample", 0)               \
    X(BATCH_TOKENS, "batch_tokens", "tokens per step", "token", 0)             \
    X(CHECKPOINT_TIME, "checkpoint_time",                                      \
      "time that saving a checkpoint took", "s", -1)                           \
    X(EVAL_TIME, "eval_time", "time that an evaluation took", "s", -1)

enum km_role {
#define KM_ROLE_ENUM(id, word, title, unit, better) KM_ROLE_##id,
    KM_ROLES(KM_ROLE_ENUM)
#undef KM_ROLE_ENUM
        KM_ROLE_COUNT
};

struct km_role_of {
    enum km_role role;
    const char *unit; /* "nat", "s", "ms"; "" unknown */
    int better;       /* +1 higher, -1 lower, 0 neither */
    double scale; /* multiply values by it to get the role's unit (ms: 1e-3) */
    bool per_device; /* a throughput of one device, not of the job */
};

const char *km_role_word(enum km_role role);
const char *km_role_title(enum km_role role);
bool km_role_parse(struct km_str word, enum km_role *role);

/* One line of the user's config: a glob over metric names (with '*' and '?',
 * case-insensitive) and what it overrides. */
struct km_role_rule {
    struct km_str pattern;
    bool has_role, has_better;
    enum km_role role;
    struct km_str unit; /* empty: keep; NUL-terminated */
    int better;
};

struct km_role_table {
    const struct km_role_rule *rules; /* the user's, first match wins */
    size_t rule_count;
};

/* `labels` matter: subset=validation turns a loss into a validation loss, and
 * unit=s says that it is a time and no loss or score.
 * `table` may be NULL. */
struct km_role_of km_role_find(const struct km_role_table *table,
                               struct km_str metric, struct km_str labels);

#endif
