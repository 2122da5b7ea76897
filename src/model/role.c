/* role.c - the table from metric names to roles, and how a name is read.
 *
 * A name is cut into lower-case words ("train/CE loss" -> train ce loss,
 * "valLoss" -> val loss). Words that say which data ("train", "val", "test")
 * are taken out and remembered, a unit in brackets or at the end is taken out
 * and gives the scale, and what is left is looked up: first match wins. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/role.h"

#include <assert.h>
#include <stdint.h>

#include "base/limits.h"

struct role_word {
    const char *word, *title, *unit;
    int better;
};

static const struct role_word role_words[] = {
#define ROLE_WORD(id, word, title, unit, better) {word, title, unit, better},
    KM_ROLES(ROLE_WORD)
#undef ROLE_WORD
};

enum subset { SUBSET_UNSAID, SUBSET_TRAIN, SUBSET_VALID, SUBSET_TEST };

/* What is left of a name, and what it is. `unit` NULL: the role's own.
 * `better` 0: the role's own. */
static const struct pattern {
    const char *glob;
    enum km_role role;
    const char *unit;
    double scale;
    int better;
    bool per_device;
} patterns[] = {
    /* parts of a loss and other numbers that only look like one */
    {"*loss_scal*", KM_ROLE_NONE, NULL, 1, 0, false},
    {"z_loss", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*aux*loss*", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*balanc*loss*", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*router*loss*", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*cross_entropy_loss", KM_ROLE_TRAIN_LOSS, NULL, 1, 0, false},
    {"*entropy_loss", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*policy*loss*", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*value*loss*", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*actor*loss*", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*critic*loss*", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*kl_loss", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*loss_std", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*max_loss", KM_ROLE_NONE, NULL, 1, 0, false},
    /* perplexity before losses: "lm loss ppl" */
    {"*ppl", KM_ROLE_PERPLEXITY, NULL, 1, 0, false},
    {"*perplexity", KM_ROLE_PERPLEXITY, NULL, 1, 0, false},
    /* losses */
    {"trl", KM_ROLE_TRAIN_LOSS, NULL, 1, 0, false},
    {"trloss", KM_ROLE_TRAIN_LOSS, NULL, 1, 0, false},
    {"tel", KM_ROLE_TEST_LOSS, NULL, 1, 0, false},
    {"vloss", KM_ROLE_VALID_LOSS, NULL, 1, 0, false},
    {"valloss", KM_ROLE_VALID_LOSS, NULL, 1, 0, false},
    {"*loss", KM_ROLE_TRAIN_LOSS, NULL, 1, 0, false},
    {"loss_*", KM_ROLE_TRAIN_LOSS, NULL, 1, 0, false},
    {"nll", KM_ROLE_TRAIN_LOSS, NULL, 1, 0, false},
    {"*cross_entropy", KM_ROLE_TRAIN_LOSS, NULL, 1, 0, false},
    {"ce", KM_ROLE_TRAIN_LOSS, NULL, 1, 0, false},
    {"*bpb", KM_ROLE_TRAIN_LOSS, "bit/byte", 1, 0, false},
    {"*bits_per_byte", KM_ROLE_TRAIN_LOSS, "bit/byte", 1, 0, false},
    {"bpc", KM_ROLE_TRAIN_LOSS, "bit/char", 1, 0, false},
    {"mse", KM_ROLE_TRAIN_LOSS, "1", 1, 0, false},
    {"mae", KM_ROLE_TRAIN_LOSS, "1", 1, 0, false},
    {"rmse", KM_ROLE_TRAIN_LOSS, "1", 1, 0, false},
    {"error", KM_ROLE_TRAIN_LOSS, "1", 1, 0, false},
    {"err", KM_ROLE_TRAIN_LOSS, "1", 1, 0, false},
    {"error_rate", KM_ROLE_TRAIN_LOSS, "1", 1, 0, false},
    {"wer", KM_ROLE_TRAIN_LOSS, "1", 1, 0, false},
    {"cer", KM_ROLE_TRAIN_LOSS, "1", 1, 0, false},
    {"fid", KM_ROLE_TRAIN_LOSS, "1", 1, 0, false},
    /* scores */
    {"acc", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"*_acc", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"acc_*", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"*accuracy*", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"f1", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"*_f1", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"f1_score", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"*bleu", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"rouge*", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"*ssim", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"psnr", KM_ROLE_TRAIN_SCORE, "dB", 1, 0, false},
    {"*average_precision", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"map", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"iou", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"*_iou", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"auc", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"auc_*", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"*auroc", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"*precision", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"*recall", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"mcc", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"exact_match", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"pass_at_*", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"score", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    {"scores", KM_ROLE_TRAIN_SCORE, NULL, 1, 0, false},
    /* rewards */
    {"r", KM_ROLE_REWARD, NULL, 1, 0, false},
    {"*reward_std", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*std_reward", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*std_return", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*return_std", KM_ROLE_NONE, NULL, 1, 0, false},
    {"*reward", KM_ROLE_REWARD, NULL, 1, 0, false},
    {"*rewards", KM_ROLE_REWARD, NULL, 1, 0, false},
    {"reward_mean", KM_ROLE_REWARD, NULL, 1, 0, false},
    {"*rew_mean", KM_ROLE_REWARD, NULL, 1, 0, false},
    {"return", KM_ROLE_REWARD, NULL, 1, 0, false},
    {"*_return", KM_ROLE_REWARD, NULL, 1, 0, false},
    {"*returns", KM_ROLE_REWARD, NULL, 1, 0, false},
    {"*return_mean", KM_ROLE_REWARD, NULL, 1, 0, false},
    /* the optimiser */
    {"lr", KM_ROLE_LEARNING_RATE, NULL, 1, 0, false},
    {"lr_*", KM_ROLE_LEARNING_RATE, NULL, 1, 0, false},
    {"*_lr", KM_ROLE_LEARNING_RATE, NULL, 1, 0, false},
    {"*learning_rate*", KM_ROLE_LEARNING_RATE, NULL, 1, 0, false},
    {"norm", KM_ROLE_GRAD_NORM, NULL, 1, 0, false},
    {"gnorm", KM_ROLE_GRAD_NORM, NULL, 1, 0, false},
    {"*grad_norm*", KM_ROLE_GRAD_NORM, NULL, 1, 0, false},
    {"*gradient_norm*", KM_ROLE_GRAD_NORM, NULL, 1, 0, false},
    {"*total_grad*norm", KM_ROLE_GRAD_NORM, NULL, 1, 0, false},
    /* throughput, before totals */
    {"tps", KM_ROLE_TOKENS_PER_SECOND, NULL, 1, 0, true},
    {"*device*tokens_per_sec*", KM_ROLE_TOKENS_PER_SECOND, NULL, 1, 0, true},
    {"*device*samples_per_sec*", KM_ROLE_SAMPLES_PER_SECOND, NULL, 1, 0, true},
    {"*device*batches_per_sec*", KM_ROLE_NONE, NULL, 1, 0, true},
    {"*tokens_per_sec*gpu*", KM_ROLE_TOKENS_PER_SECOND, NULL, 1, 0, true},
    {"*tokens_per_gpu_per_sec*", KM_ROLE_TOKENS_PER_SECOND, NULL, 1, 0, true},
    {"*tokens_per_sec*", KM_ROLE_TOKENS_PER_SECOND, NULL, 1, 0, false},
    {"*tokens_second", KM_ROLE_TOKENS_PER_SECOND, NULL, 1, 0, false},
    {"*tokens_s", KM_ROLE_TOKENS_PER_SECOND, NULL, 1, 0, false},
    {"*tok_per_sec*", KM_ROLE_TOKENS_PER_SECOND, NULL, 1, 0, false},
    {"tok_s", KM_ROLE_TOKENS_PER_SECOND, NULL, 1, 0, false},
    {"throughput_tps", KM_ROLE_TOKENS_PER_SECOND, NULL, 1, 0, true},
    {"*samples_per_sec*", KM_ROLE_SAMPLES_PER_SECOND, NULL, 1, 0, false},
    {"*examples_per_sec*", KM_ROLE_SAMPLES_PER_SECOND, NULL, 1, 0, false},
    {"*images_per_sec*", KM_ROLE_SAMPLES_PER_SECOND, NULL, 1, 0, false},
    {"tracked_stats_throughput", KM_ROLE_SAMPLES_PER_SECOND, NULL, 1, 0, false},
    {"*steps_per_sec*", KM_ROLE_STEPS_PER_SECOND, NULL, 1, 0, false},
    {"*batches_per_sec*", KM_ROLE_STEPS_PER_SECOND, NULL, 1, 0, false},
    {"*iterations_per_sec*", KM_ROLE_STEPS_PER_SECOND, NULL, 1, 0, false},
    {"*mfu*", KM_ROLE_MFU, NULL, 1, 0, false},
    /* totals */
    {"tokens", KM_ROLE_TOKENS, NULL, 1, 0, false},
    {"n_tokens", KM_ROLE_TOKENS, NULL, 1, 0, false},
    {"*total_tokens*", KM_ROLE_TOKENS, NULL, 1, 0, false},
    {"*consumed_tokens", KM_ROLE_TOKENS, NULL, 1, 0, false},
    {"*tokens_seen*", KM_ROLE_TOKENS, NULL, 1, 0, false},
    {"*tokens_processed", KM_ROLE_TOKENS, NULL, 1, 0, false},
    {"*num_tokens", KM_ROLE_TOKENS, NULL, 1, 0, false},
    {"*consumed_samples", KM_ROLE_SAMPLES, NULL, 1, 0, false},
    {"*samples_seen", KM_ROLE_SAMPLES, NULL, 1, 0, false},
    {"*total_samples", KM_ROLE_SAMPLES, NULL, 1, 0, false},
    {"samples", KM_ROLE_SAMPLES, NULL, 1, 0, false},
    {"samples_count", KM_ROLE_SAMPLES, NULL, 1, 0, false},
    {"epoch", KM_ROLE_EPOCH, NULL, 1, 0, false},
    {"epochs", KM_ROLE_EPOCH, NULL, 1, 0, false},
    {"*epoch_num", KM_ROLE_EPOCH, NULL, 1, 0, false},
    {"total_flos", KM_ROLE_FLOPS, NULL, 1, 0, false},
    {"*total_flops", KM_ROLE_FLOPS, NULL, 1, 0, false},
    {"*training_flops", KM_ROLE_FLOPS, NULL, 1, 0, false},
    {"*global_batch_size", KM_ROLE_BATCH_SIZE, NULL, 1, 0, false},
    {"batch_size", KM_ROLE_BATCH_SIZE, NULL, 1, 0, false},
    {"*tokens_per_step", KM_ROLE_BATCH_TOKENS, NULL, 1, 0, false},
    {"*tokens_per_batch", KM_ROLE_BATCH_TOKENS, NULL, 1, 0, false},
    {"batch_tokens", KM_ROLE_BATCH_TOKENS, NULL, 1, 0, false},
    /* time; the unit in the name decides the scale, else the pattern's */
    {"*data_time*", KM_ROLE_DATA_TIME, NULL, 1, 0, false},
    {"*data_wait*", KM_ROLE_DATA_TIME, NULL, 1, 0, false},
    {"time_data", KM_ROLE_DATA_TIME, NULL, 1, 0, false},
    {"*data_load*_time*", KM_ROLE_DATA_TIME, NULL, 1, 0, false},
    {"*dataload*_time*", KM_ROLE_DATA_TIME, NULL, 1, 0, false},
    {"*batch_generator_time", KM_ROLE_DATA_TIME, NULL, 1, 0, false},
    {"*data_loading", KM_ROLE_DATA_TIME, NULL, 1, 0, false},
    {"*checkpoint_time", KM_ROLE_CHECKPOINT_TIME, NULL, 1, 0, false},
    {"*checkpointing_time", KM_ROLE_CHECKPOINT_TIME, NULL, 1, 0, false},
    {"*checkpoint_save_time", KM_ROLE_CHECKPOINT_TIME, NULL, 1, 0, false},
    {"*save_checkpoint_time", KM_ROLE_CHECKPOINT_TIME, NULL, 1, 0, false},
    {"*ckpt_time", KM_ROLE_CHECKPOINT_TIME, NULL, 1, 0, false},
    {"eval_time", KM_ROLE_EVAL_TIME, NULL, 1, 0, false},
    {"eval_runtime", KM_ROLE_EVAL_TIME, NULL, 1, 0, false},
    {"accumulated_eval_time", KM_ROLE_EVAL_TIME, NULL, 1, 0, false},
    {"step_avg", KM_ROLE_STEP_TIME, "ms", 1e-3, 0, false},
    {"dt", KM_ROLE_STEP_TIME, NULL, 1, 0, false},
    {"time", KM_ROLE_STEP_TIME, NULL, 1, 0, false},
    {"*iter_time*", KM_ROLE_STEP_TIME, NULL, 1, 0, false},
    {"*iteration_time*", KM_ROLE_STEP_TIME, NULL, 1, 0, false},
    {"*step_time*", KM_ROLE_STEP_TIME, NULL, 1, 0, false},
    {"*batch_time*", KM_ROLE_STEP_TIME, NULL, 1, 0, false},
    {"time_per_*", KM_ROLE_STEP_TIME, NULL, 1, 0, false},
    {"elapsed_time_per_iteration", KM_ROLE_STEP_TIME, NULL, 1, 0, false},
    {"time_metrics_end_to_end", KM_ROLE_STEP_TIME, NULL, 1, 0, false},
    {"train_time", KM_ROLE_TRAIN_TIME, "ms", 1e-3, 0, false},
    {"accumulated_submission_time", KM_ROLE_TRAIN_TIME, NULL, 1, 0, false},
    {"t", KM_ROLE_TRAIN_TIME, NULL, 1, 0, false},
};

/* The subset word is part of these names, so they are looked up whole. */
static const char *const whole_names[] = {
    "train_time",
    "eval_time",
    "eval_runtime",
    "accumulated_eval_time",
};

static const struct {
    const char *word;
    enum subset subset;
} subset_words[] = {
    {"train", SUBSET_TRAIN}, {"training", SUBSET_TRAIN},
    {"trn", SUBSET_TRAIN},   {"val", SUBSET_VALID},
    {"valid", SUBSET_VALID}, {"validation", SUBSET_VALID},
    {"eval", SUBSET_VALID},  {"evaluation", SUBSET_VALID},
    {"dev", SUBSET_VALID},   {"heldout", SUBSET_VALID},
    {"test", SUBSET_TEST},   {"tst", SUBSET_TEST},
};

/* A unit written as the last word of a time. */
static const struct {
    const char *word, *unit;
    double scale;
} time_units[] = {
    {"ms", "ms", 1e-3}, {"msec", "ms", 1e-3}, {"us", "us", 1e-6},
    {"s", "s", 1},      {"sec", "s", 1},      {"secs", "s", 1},
    {"second", "s", 1}, {"seconds", "s", 1},
};

/* A metric name as words joined by '_', in lower case. */
struct words {
    char text[2 * KM_NAME_BYTES_MAX + 1];
    size_t len;
    enum subset subset;
};

const char *km_role_word(enum km_role role)
{
    assert(role >= KM_ROLE_NONE && role < KM_ROLE_COUNT);
    return role_words[role].word;
}

const char *km_role_title(enum km_role role)
{
    assert(role >= KM_ROLE_NONE && role < KM_ROLE_COUNT);
    return role_words[role].title;
}

bool km_role_parse(struct km_str word, enum km_role *role)
{
    for (int i = 0; i < KM_ROLE_COUNT; i++) {
        if (km_str_is(word, role_words[i].word)) {
            *role = (enum km_role)i;
            return true;
        }
    }
    return false;
}

static unsigned char lower(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + 32) : byte;
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_word_byte(char c)
{
    return is_upper(c) || is_lower(c) || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

/* "train/CE loss" -> "train_ce_loss", "valLoss" -> "val_loss". */
static void split_words(struct km_str metric, struct words *words)
{
    words->len = 0;
    words->subset = SUBSET_UNSAID;
    size_t limit =
        metric.len < KM_NAME_BYTES_MAX ? metric.len : (size_t)KM_NAME_BYTES_MAX;
    for (size_t i = 0; i < limit; i++) {
        char c = metric.ptr[i];
        bool parts = !is_word_byte(c) ||
                     (i && is_upper(c) && is_lower(metric.ptr[i - 1]));
        if (parts && words->len && words->text[words->len - 1] != '_') {
            words->text[words->len++] = '_';
        }
        if (is_word_byte(c)) {
            words->text[words->len++] = (char)lower(c);
        }
    }
    while (words->len && words->text[words->len - 1] == '_') {
        words->len--;
    }
}

static enum subset subset_of(struct km_str word)
{
    for (size_t i = 0; i < sizeof subset_words / sizeof *subset_words; i++) {
        if (km_str_is(word, subset_words[i].word)) {
            return subset_words[i].subset;
        }
    }
    return SUBSET_UNSAID;
}

/* Takes the words that name the data out of the name; the last one counts. */
static void take_subset(struct words *words)
{
    size_t kept = 0, at = 0;
    while (at < words->len) {
        struct km_str all = {words->text, words->len};
        size_t end = km_str_find(all, '_', at);
        struct km_str word = {words->text + at, end - at};
        enum subset subset = subset_of(word);
        if (subset != SUBSET_UNSAID) {
            words->subset = subset;
        } else {
            if (kept) {
                words->text[kept++] = '_';
            }
            memmove(words->text + kept, word.ptr, word.len);
            kept += word.len;
        }
        at = end + 1;
    }
    words->len = kept;
}

/* Epoch and batch averages are still the same quantity. */
static void take_average_words(struct words *words)
{
    struct km_str all = {words->text, words->len};
    if (km_str_starts(all, KM_STR("epoch_"))) {
        words->len -= 6;
        memmove(words->text, words->text + 6, words->len);
    } else if (km_str_is(all, "batch_loss") || km_str_is(all, "batch_acc")) {
        words->len -= 6;
        memmove(words->text, words->text + 6, words->len);
    }
}

static bool is_whole_name(const struct words *words)
{
    struct km_str all = {words->text, words->len};
    for (size_t i = 0; i < sizeof whole_names / sizeof *whole_names; i++) {
        if (km_str_starts(all, km_str_of(whole_names[i]))) {
            return true;
        }
    }
    return false;
}

static const struct pattern *find_pattern(struct km_str text)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        if (km_glob_match(km_str_of(patterns[i].glob), text)) {
            return &patterns[i];
        }
    }
    return NULL;
}

static bool is_wait(enum km_role role)
{
    return role == KM_ROLE_DATA_TIME || role == KM_ROLE_CHECKPOINT_TIME ||
           role == KM_ROLE_EVAL_TIME;
}

static bool is_time(enum km_role role)
{
    return role == KM_ROLE_STEP_TIME || role == KM_ROLE_TRAIN_TIME ||
           is_wait(role);
}

/* Looks a name up, with and without a unit of time as its last word. */
static struct km_role_of find_builtin(const struct words *words)
{
    struct km_str all = {words->text, words->len};
    struct km_str stem = all;
    const char *unit = NULL;
    double scale = 1;
    for (size_t i = 0; i < sizeof time_units / sizeof *time_units; i++) {
        struct km_str word = km_str_of(time_units[i].word);
        if (km_str_ends(all, word) && all.len > word.len &&
            all.ptr[all.len - word.len - 1] == '_') {
            stem.len = all.len - word.len - 1;
            unit = time_units[i].unit;
            scale = time_units[i].scale;
        }
    }
    const struct pattern *hit = find_pattern(stem);
    if (unit && !(hit && is_time(hit->role))) {
        hit = find_pattern(all);
        unit = NULL;
    }
    if (!hit) {
        return (struct km_role_of){KM_ROLE_NONE, "", 0, 1, false};
    }
    const struct role_word *role = &role_words[hit->role];
    return (struct km_role_of){
        .role = hit->role,
        .unit = unit        ? unit
                : hit->unit ? hit->unit
                            : role->unit,
        .better = hit->better ? hit->better : role->better,
        .scale = unit ? scale : hit->scale,
        .per_device = hit->per_device,
    };
}

/* Reads "subset=validation" out of canonical labels. */
static enum subset subset_of_labels(struct km_str labels)
{
    const struct km_str keys[] = {KM_STR("subset="), KM_STR("split=")};
    for (size_t at = 0; at < labels.len;) {
        size_t end = km_str_find(labels, ',', at);
        struct km_str pair = {labels.ptr + at, end - at};
        for (size_t k = 0; k < 2; k++) {
            if (km_str_starts(pair, keys[k])) {
                struct words words;
                split_words((struct km_str){pair.ptr + keys[k].len,
                                            pair.len - keys[k].len},
                            &words);
                return subset_of((struct km_str){words.text, words.len});
            }
        }
        at = end + 1;
    }
    return SUBSET_UNSAID;
}

/* The label "unit=s": a time, whatever it is called. */
static bool is_labelled_time(struct km_str labels)
{
    const struct km_str key = KM_STR("unit=");
    for (size_t at = 0; at < labels.len;) {
        size_t end = km_str_find(labels, ',', at);
        struct km_str pair = {labels.ptr + at, end - at};
        at = end + 1;
        for (size_t i = 0; i < sizeof time_units / sizeof *time_units; i++) {
            if (km_str_starts(pair, key) &&
                km_str_is(
                    (struct km_str){pair.ptr + key.len, pair.len - key.len},
                    time_units[i].word)) {
                return true;
            }
        }
    }
    return false;
}

/* What a training quantity is when it is measured on other data. */
static enum km_role role_on(enum km_role role, enum subset subset)
{
    if (subset != SUBSET_VALID && subset != SUBSET_TEST) {
        return role;
    }
    if (role == KM_ROLE_TRAIN_LOSS) {
        return subset == SUBSET_TEST ? KM_ROLE_TEST_LOSS : KM_ROLE_VALID_LOSS;
    }
    if (role == KM_ROLE_TRAIN_SCORE) {
        return subset == SUBSET_TEST ? KM_ROLE_TEST_SCORE : KM_ROLE_VALID_SCORE;
    }
    bool measured = role == KM_ROLE_REWARD || role == KM_ROLE_PERPLEXITY ||
                    role == KM_ROLE_VALID_LOSS || role == KM_ROLE_TEST_LOSS;
    return measured ? role : KM_ROLE_NONE;
}

static void apply_rule(const struct km_role_rule *rule, struct km_role_of *of)
{
    if (rule->has_role) {
        const struct role_word *role = &role_words[rule->role];
        *of =
            (struct km_role_of){rule->role, role->unit, role->better, 1, false};
    }
    if (rule->unit.len) {
        of->unit = rule->unit.ptr;
        of->scale = 1;
        for (size_t i = 0; i < sizeof time_units / sizeof *time_units; i++) {
            if (km_str_is(rule->unit, time_units[i].word)) {
                of->scale = time_units[i].scale;
            }
        }
    }
    if (rule->has_better) {
        of->better = rule->better;
    }
}

struct km_role_of km_role_find(const struct km_role_table *table,
                               struct km_str metric, struct km_str labels)
{
    struct words words;
    split_words(metric, &words);
    if (!is_whole_name(&words)) {
        take_subset(&words);
        take_average_words(&words);
    }
    enum subset said = subset_of_labels(labels);
    struct km_role_of of = find_builtin(&words);
    of.role = role_on(of.role, said == SUBSET_UNSAID ? words.subset : said);
    bool share = km_str_find(metric, '%', 0) < metric.len;
    if (of.role == KM_ROLE_MFU && share) {
        of.unit = "%";
        of.scale = 0.01;
    }
    if (is_wait(of.role) && share) { /* "data_loading(%)" */
        of.role = KM_ROLE_NONE;
    }
    bool timed = of.role == KM_ROLE_STEP_TIME || of.role == KM_ROLE_DATA_TIME ||
                 of.role == KM_ROLE_TRAIN_TIME;
    if (of.role == KM_ROLE_NONE || (!timed && is_labelled_time(labels))) {
        of = (struct km_role_of){KM_ROLE_NONE, "", 0, 1, false};
    }
    for (size_t i = 0; table && i < table->rule_count; i++) {
        if (km_glob_match(table->rules[i].pattern, metric)) {
            apply_rule(&table->rules[i], &of);
            break;
        }
    }
    return of;
}
