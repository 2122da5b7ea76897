/* test_role.c - names that real logs use, and what each one is for. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/role.h"
#include "tap.h"

static const struct {
    const char *metric, *labels, *role, *unit;
    int better;
    double scale;
} known[] = {
    {"loss", "", "train_loss", "nat", -1, 1},
    {"train/loss", "", "train_loss", "nat", -1, 1},
    {"train_loss", "", "train_loss", "nat", -1, 1},
    {"trainLoss", "", "train_loss", "nat", -1, 1},
    {"lm loss", "", "train_loss", "nat", -1, 1},
    {"train/CE loss", "", "train_loss", "nat", -1, 1},
    {"train/CrossEntropyLoss", "", "train_loss", "nat", -1, 1},
    {"trl", "", "train_loss", "nat", -1, 1},
    {"tel", "", "test_loss", "nat", -1, 1},
    {"batch_loss", "", "train_loss", "nat", -1, 1},
    {"epoch_loss", "", "train_loss", "nat", -1, 1},
    {"x_tp_group_0 - lm_loss", "", "train_loss", "nat", -1, 1},
    {"eval_loss", "", "valid_loss", "nat", -1, 1},
    {"eval_g0_loss", "", "valid_loss", "nat", -1, 1},
    {"val_loss", "", "valid_loss", "nat", -1, 1},
    {"val/loss", "", "valid_loss", "nat", -1, 1},
    {"validation/loss", "", "valid_loss", "nat", -1, 1},
    {"Loss/validation", "", "valid_loss", "nat", -1, 1},
    {"eval/loss", "", "valid_loss", "nat", -1, 1},
    {"epoch_val_loss", "", "valid_loss", "nat", -1, 1},
    {"lm loss validation", "", "valid_loss", "nat", -1, 1},
    {"loss", "subset=validation", "valid_loss", "nat", -1, 1},
    {"loss", "rank=0,subset=val", "valid_loss", "nat", -1, 1},
    {"loss", "subset=test", "test_loss", "nat", -1, 1},
    {"loss", "subset=train", "train_loss", "nat", -1, 1},
    {"accuracy", "subset=eval", "valid_score", "1", 1, 1},
    {"test/loss", "", "test_loss", "nat", -1, 1},
    {"val_bpb", "", "valid_loss", "bit/byte", -1, 1},
    {"perplexity", "", "perplexity", "1", -1, 1},
    {"lm loss PPL", "", "perplexity", "1", -1, 1},
    {"train/accuracy", "", "train_score", "1", 1, 1},
    {"validation/accuracy", "", "valid_score", "1", 1, 1},
    {"test/accuracy", "", "test_score", "1", 1, 1},
    {"accuracy", "subset=test", "test_score", "1", 1, 1},
    {"score", "unit=s", "none", "", 0, 1},
    {"dt", "unit=s", "step_time", "s", -1, 1},
    {"eval_f1", "", "valid_score", "1", 1, 1},
    {"validation/bleu", "", "valid_score", "1", 1, 1},
    {"validation/ssim", "", "valid_score", "1", 1, 1},
    {"validation/mean_average_precision", "", "valid_score", "1", 1, 1},
    {"score", "", "train_score", "1", 1, 1},
    {"r", "", "reward", "1", 1, 1},
    {"rollout/ep_rew_mean", "", "reward", "1", 1, 1},
    {"eval/mean_reward", "", "reward", "1", 1, 1},
    {"return", "", "reward", "1", 1, 1},
    {"lr", "", "learning_rate", "1", 0, 1},
    {"lr-AdamW/pg1", "", "learning_rate", "1", 0, 1},
    {"learning_rate", "", "learning_rate", "1", 0, 1},
    {"train/learning_rate", "", "learning_rate", "1", 0, 1},
    {"grad_norm", "", "grad_norm", "1", 0, 1},
    {"norm", "", "grad_norm", "1", 0, 1},
    {"optim/total_grad_norm", "", "grad_norm", "1", 0, 1},
    {"tokens", "", "tokens", "token", 0, 1},
    {"consumed_tokens", "", "tokens", "token", 0, 1},
    {"num_input_tokens_seen", "", "tokens", "token", 0, 1},
    {"throughput/total_tokens", "", "tokens", "token", 0, 1},
    {"throughput/total tokens", "", "tokens", "token", 0, 1},
    {"consumed samples", "", "samples", "sample", 0, 1},
    {"epoch", "", "epoch", "epoch", 0, 1},
    {"step_avg", "", "step_time", "ms", -1, 1e-3},
    {"step_avg(ms)", "", "step_time", "ms", -1, 1e-3},
    {"iter time (s)", "", "step_time", "s", -1, 1},
    {"time (ms)", "", "step_time", "ms", -1, 1e-3},
    {"elapsed time per iteration (ms)", "", "step_time", "ms", -1, 1e-3},
    {"data_time", "", "data_time", "s", -1, 1},
    {"train/data_time_ms", "", "data_time", "ms", -1, 1e-3},
    {"perf/dataloader_time", "", "data_time", "s", -1, 1},
    {"data loading time", "", "data_time", "s", -1, 1},
    {"time_metrics/data_loading(s)", "", "data_time", "s", -1, 1},
    {"time_metrics/data_loading(%)", "", "none", "", 0, 1},
    {"train_time (ms)", "", "train_time", "ms", 0, 1e-3},
    {"train_time", "", "train_time", "ms", 0, 1e-3},
    {"train_time_s", "", "train_time", "s", 0, 1},
    {"accumulated_submission_time", "", "train_time", "s", 0, 1},
    {"t", "", "train_time", "s", 0, 1},
    {"data_time", "", "data_time", "s", -1, 1},
    {"time_metrics/data_loading(s)", "", "data_time", "s", -1, 1},
    {"train/data_loading_time_ms", "", "data_time", "ms", -1, 1e-3},
    {"batch-generator-time", "", "data_time", "s", -1, 1},
    {"checkpoint_time", "", "checkpoint_time", "s", -1, 1},
    {"time/checkpoint_save_time (ms)", "", "checkpoint_time", "ms", -1, 1e-3},
    {"eval_runtime", "", "eval_time", "s", -1, 1},
    {"eval/runtime", "", "eval_time", "s", -1, 1},
    {"accumulated_eval_time", "", "eval_time", "s", -1, 1},
    {"tokens_per_sec", "", "tokens_per_second", "token/s", 1, 1},
    {"train_samples_per_second", "", "samples_per_second", "sample/s", 1, 1},
    {"train_steps_per_second", "", "steps_per_second", "step/s", 1, 1},
    {"mfu", "", "mfu", "1", 1, 1},
    {"mfu(%)", "", "mfu", "%", 1, 0.01},
    {"total_flos", "", "flops", "FLOP", 0, 1},
    {"global_batch_size", "", "batch_size", "sample", 0, 1},
    /* not what they seem */
    {"z_loss", "", "none", "", 0, 1},
    {"train/value_loss", "", "none", "", 0, 1},
    {"eval/std_reward", "", "none", "", 0, 1},
    {"loss_scale", "", "none", "", 0, 1},
    {"time_metrics/data_loading(%)", "", "none", "", 0, 1},
    {"val/data_time", "", "none", "", 0, 1},
    {"eval_samples_per_second", "", "none", "", 0, 1},
    {"l", "", "none", "", 0, 1},
    {"preemption_count", "", "none", "", 0, 1},
    {"", "", "none", "", 0, 1},
    {"////", "", "none", "", 0, 1},
};

static void reads_the_names_that_real_logs_use(void)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct km_role_of of = km_role_find(NULL, km_str_of(known[i].metric),
                                            km_str_of(known[i].labels));
        if (strcmp(km_role_word(of.role), known[i].role) != 0 ||
            strcmp(of.unit, known[i].unit) != 0 ||
            of.better != known[i].better ||
            fabs(of.scale - known[i].scale) > 1e-12) {
            printf("# %s {%s}\n", known[i].metric, known[i].labels);
        }
        CHECK_TEXT(km_role_word(of.role), known[i].role);
        CHECK_TEXT(of.unit, known[i].unit);
        CHECK_INT(of.better, known[i].better);
        CHECK_NEAR(of.scale, known[i].scale, 1e-12);
    }
}

static void flags_throughput_of_one_device(void)
{
    CHECK(km_role_find(NULL, KM_STR("throughput(tps)"), KM_STR("")).per_device);
    CHECK(km_role_find(NULL, KM_STR("tps"), KM_STR("")).per_device);
    CHECK(km_role_find(NULL, KM_STR("throughput/device/tokens_per_sec"),
                       KM_STR(""))
              .per_device);
    CHECK(!km_role_find(NULL, KM_STR("tokens_per_sec"), KM_STR("")).per_device);
}

static void lets_the_user_decide_first(void)
{
    const struct km_role_rule rules[] = {
        {.pattern = KM_STR("my/*"),
         .has_role = true,
         .role = KM_ROLE_VALID_LOSS,
         .unit = KM_STR("bit")},
        {.pattern = KM_STR("LOSS"), .has_better = true, .better = 1},
        {.pattern = KM_STR("dur?tion"),
         .has_role = true,
         .role = KM_ROLE_STEP_TIME,
         .unit = KM_STR("ms")},
    };
    const struct km_role_table table = {rules, 3};
    struct km_role_of of = km_role_find(&table, KM_STR("my/thing"), KM_STR(""));
    CHECK_TEXT(km_role_word(of.role), "valid_loss");
    CHECK_TEXT(of.unit, "bit");
    of = km_role_find(&table, KM_STR("loss"), KM_STR(""));
    CHECK_TEXT(km_role_word(of.role), "train_loss");
    CHECK_INT(of.better, 1);
    of = km_role_find(&table, KM_STR("duration"), KM_STR(""));
    CHECK_NEAR(of.scale, 1e-3, 0);
}

static void survives_names_of_any_length_and_bytes(void)
{
    char name[4000];
    for (size_t i = 0; i < sizeof name; i++) {
        name[i] = (char)(i % 2 ? 'A' + i % 26 : 'a' + i % 7);
    }
    struct km_str long_name = {name, sizeof name};
    CHECK_INT(km_role_find(NULL, long_name, long_name).role, KM_ROLE_NONE);
    for (size_t i = 0; i < sizeof name; i++) {
        name[i] = (char)(i * 37);
    }
    (void)km_role_find(NULL, long_name, long_name);
    CHECK(km_glob_match(KM_STR("*a*a*a*b"), KM_STR("aaaaaaaaaaaaaab")));
    CHECK(!km_glob_match(KM_STR("a?c"), KM_STR("ac")));
    CHECK(km_glob_match(KM_STR("**"), KM_STR("")));
}

static void every_role_has_a_word_that_reads_back(void)
{
    for (int i = 0; i < KM_ROLE_COUNT; i++) {
        enum km_role role = KM_ROLE_COUNT;
        CHECK(km_role_parse(km_str_of(km_role_word((enum km_role)i)), &role));
        CHECK_INT(role, i);
        CHECK(*km_role_title((enum km_role)i) != '\0');
    }
    enum km_role role = KM_ROLE_NONE;
    CHECK(!km_role_parse(KM_STR("speed of light"), &role));
}

int main(void)
{
    RUN(reads_the_names_that_real_logs_use);
    RUN(flags_throughput_of_one_device);
    RUN(lets_the_user_decide_first);
    RUN(survives_names_of_any_length_and_bytes);
    RUN(every_role_has_a_word_that_reads_back);
    return tap_end();
}
