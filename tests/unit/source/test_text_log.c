/* test_text_log.c - one line of each logger, and what must not be taken for
 * one: source code, settings, progress bars. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <time.h>

#include "feed.h"
#include "source/text_log.h"

static struct fed fed;

/* What a logger prints, and one value that must come out of it. */
static const struct {
    const char *text, *metric;
    int64_t step;
    double value;
    size_t points;
} lines[] = {
    {"step:1375/1390 val_loss:3.2793 train_time:201992ms step_avg:147.98ms",
     "train_time", 1375, 201992, 3},
    {"step:1/20000 train_loss:6.9370 train_time:12ms step_avg:11.90ms",
     "train_loss", 1, 6.937, 3},
    {"s:250 tel:6.01", "val_loss", 250, 6.01, 1},
    {"s:250 trl:6.01 lr:0.0006 norm:0.42", "train_loss", 250, 6.01, 3},
    {"s:500 eval:0.2711", "eval", 500, 0.2711, 1},
    {"iter 10: loss 9.8123, time 120.31ms, mfu 3.20%", "iter_time_ms", 10,
     120.31, 3},
    {"step 250: train loss 2.1, val loss 2.2345", "val_loss", 250, 2.2345, 2},
    {"iter 9: val loss 3.25, val time: 81.50 ms", "val_time_ms", 9, 81.5, 2},
    {"Epoch 1 | iter 8 step 2 | loss train: 9.125, val: n/a | iter time: "
     "313.21 ms (step) remaining time: 0:01:22",
     "train_loss", 2, 9.125, 2},
    {" [2024-05-01 10:00:00] iteration       10/     100 | consumed samples:"
     "          160 | elapsed time per iteration (ms): 1234.5 | learning rate:"
     " 1.500000E-04 | global batch size:    16 | lm loss: 9.131230E+00 | loss "
     "scale: 1.0 | grad norm: 3.012 | number of skipped iterations:   0 |",
     "lm_loss", 10, 9.13123, 8},
    {" validation loss at iteration 100 on test set | lm loss value: "
     "9.017E+00 | lm loss PPL: 8.243E+03 | ",
     "test/lm_loss", 100, 9.017, 2},
    {" validation loss at iteration 100 | lm loss value: 9.017E+00 | lm loss "
     "PPL: 8.243E+03 |",
     "validation/lm_loss_PPL", 100, 8243, 2},
    {"[2024-05-01 10:00:00,123] [INFO] [timer.py:260:stop] epoch=0/micro_step="
     "10/global_step=7, RunningAvgSamplesPerSec=12.25, CurrSamplesPerSec=13.5,"
     " MemAllocated=1.25GB, MaxMemAllocated=2.5GB",
     "RunningAvgSamplesPerSec", 7, 12.25, 4},
    {"[2024-05-01 10:00:00,123] [INFO] [logging.py:96:log_dist] [Rank 0] "
     "step=10, skipped=0, lr=[0.001, 0.002], mom=[(0.9, 0.999)]",
     "lr", 10, 0.001, 3},
    {"\x1b[31mstep: 10  \x1b[32mloss:  8.1253  \x1b[38;2;1;2;3mgrad_norm: "
     "1.5000  \x1b[33mmemory:  0.51GiB(0.64%)  \x1b[34mtps: 1,234,567  "
     "\x1b[36mtflops: 1,002.50  \x1b[35mmfu: 3.25%\x1b[39m",
     "tps", 10, 1234567, 6},
    {"[titan] 2024-05-01 10:00:00,123 - root - INFO - validate step: 20  "
     "loss:  7.5000  memory: 10.1GiB(12.6%)",
     "validate/loss", 20, 7.5, 2},
    {"1|12|Loss: 1.5\rStep 12 | loss:1.8125 lr:2e-05 "
     "tokens_per_second_per_gpu:1050.5",
     "loss", 12, 1.8125, 3},
    {"INFO:src.utils:Step    10: Loss=0.0125, Best Loss=0.0120, Grad "
     "Norm=1.7e-01",
     "Best_Loss", 10, 0.012, 3},
    {"step    7 | loss: 6.4327 | lr 1.05e-05 | norm: 3.1 | dt: 338.9ms | "
     "tok/sec: 1547.7",
     "tok/sec", 7, 1547.7, 5},
    {"{'loss': 1.25, 'grad_norm': '0.5', 'learning_rate': 2e-05, 'epoch': "
     "0.1}",
     "grad_norm", 0, 0.5, 4},
    {"  9%|9 | 1/11 [00:01<00:12,  1.2s/it]{'eval_loss': nan, 'note': 'a, b',"
     " 'l': [1, 2], 'epoch': 1.0}",
     "epoch", 0, 1, 2},
    {"{'step': 40, 'loss': 0.5}", "loss", 40, 0.5, 1},
};

static void every_logger_of_the_table_is_read(void)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        fed_text(&fed, &km_source_text_log, "a.log", lines[i].text, 0);
        CHECK(fed.code == KM_OK);
        const struct fed_point *got = fed_at(&fed, lines[i].metric, 0);
        CHECK_INT(got->point.step, lines[i].step);
        CHECK_NEAR(got->point.value, lines[i].value, 0);
        CHECK_INT(fed.count, lines[i].points);
        if (tap_bad) {
            printf("# in: %s\n", lines[i].text);
            break;
        }
        fed_end(&fed);
    }
}

static const char *const not_logs[] = {
    "step:{step}/{args.num_iterations} val_loss:{val_loss:.4f}",
    "    print(f\"step {iter_num}: train loss {losses['train']:.4f}\")",
    "    print0(f'step:{step} train_time:{t:.0f}ms', console=True)",
    "warmup_step:1/20",
    "stopping_early: wallclock_cap train_time:599847ms step:14421/20000",
    "optimizer = dict(lr=0.1, step=10, gamma=0.5)",
    "    {'params': p, 'lr': 0.3},",
    "{'params': 3, 'lr': 0.3}",
    "x = {'loss': 3}",
    "lr_schedule: step: 100 gamma: 0.5",
    "s:0 foo:1",
    "    # iter 10: loss 2.3, time 12ms",
    "This will report 3 steps: none",
    "",
    "{'loss': 1.25, 'epoch': 0.1",
};

static void code_and_settings_are_not_points(void)
{
    for (size_t i = 0; i < sizeof not_logs / sizeof not_logs[0]; i++) {
        fed_text(&fed, &km_source_text_log, "a.txt", not_logs[i], 0);
        CHECK_INT(fed.count, 0);
        CHECK(fed.code == KM_EFORMAT || not_logs[i][0] == '\0');
        if (fed.count) {
            printf("# in: %s\n", not_logs[i]);
        }
        fed_end(&fed);
    }
}

static void the_planned_steps_become_config(void)
{
    fed_text(&fed, &km_source_text_log, "a.log",
             "step:0/20 val_loss:10\nstep:1/20 train_time:3ms\n"
             "step:2/30 train_time:3ms\n",
             0);
    CHECK_TEXT(fed.attributes, "planned_steps=30;");
    fed_end(&fed);
}

static void final_values_become_the_summary(void)
{
    fed_text(&fed, &km_source_text_log, "a.log",
             "step:9/9 val_loss:2.5\n"
             "final_int8_exact val_loss:2.0625 val_bpb:nan eval_time:12ms\n"
             "    log0(f\"final_x val_loss:1 eval_time:2ms\")\n"
             "final_lr = 3\nfinal_a:1 b:2\n",
             0);
    CHECK_INT(fed.count, 1);
    CHECK_TEXT(fed.attributes,
               "planned_steps=9;final_int8_exact.val_loss=2.0625;"
               "final_int8_exact.val_bpb=\"NaN\";"
               "final_int8_exact.eval_time=12;");
    fed_end(&fed);
}

static void a_log_prefix_gives_the_time(void)
{
    fed_text(&fed, &km_source_text_log, "a.log",
             "[2024-05-01 10:00:00,125] [Rank 0] step=10, skipped=0, lr=[1]\n",
             0);
    CHECK_INT(fed_at(&fed, "lr", 0)->point.time_ns, 1714557600125000000);
    fed_end(&fed);
}

static const char olmo[] =
    "2024-05-01T10:00:00.5 host INFO [step=10/1000,epoch=1,eta=1:02:03]\n"
    "    optim/LR (group 0)=0.0001\n"
    "    train/CE loss=10.875\n"
    "    throughput/total tokens=1,048,576\n"
    "    throughput/device/TPS=9,000\n"
    "Saved.\n"
    "    not/a value=3\n";

static void an_indented_block_belongs_to_its_step(void)
{
    fed_text(&fed, &km_source_text_log, "a.log", olmo, 0);
    CHECK_INT(fed.count, 5);
    CHECK_NEAR(fed_at(&fed, "throughput/total_tokens", 0)->point.value, 1048576,
               0);
    CHECK_INT(fed_at(&fed, "train/CE_loss", 0)->point.step, 10);
    CHECK_INT(fed_at(&fed, "train/CE_loss", 0)->point.time_ns,
              1714557600500000000);
    CHECK_INT(fed_count(&fed, "epoch"), 1);
    fed_end(&fed);
}

static void dicts_without_a_step_are_counted(void)
{
    fed_text(&fed, &km_source_text_log, "a.log",
             "{'loss': 3.5, 'epoch': 0.1}\n{'loss': nan, 'epoch': 0.2}\n", 0);
    CHECK_INT(fed_at(&fed, "loss", 1)->point.step, 1);
    CHECK(isnan(fed_at(&fed, "loss", 1)->point.value));
    CHECK_INT(fed_at(&fed, "loss", 1)->flags, KM_SERIES_STEP_IS_INDEX);
    fed_end(&fed);
}

static void any_cut_gives_the_same_points(void)
{
    char text[8192];
    size_t len = 0;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strstr(lines[i].text, "'epoch'")) {
            continue; /* steps by index do not mix with logged ones */
        }
        len += (size_t)snprintf(text + len, sizeof text - len, "%s\n%s",
                                lines[i].text, i == 4 ? olmo : "");
    }
    struct fed whole = {0};
    fed_text(&whole, &km_source_text_log, "a.log", text, 0);
    CHECK(whole.count > 50);
    for (size_t piece = 1; piece < 300; piece += 7) {
        fed_run(&fed, &km_source_text_log, "a.log", km_str_of(text), piece,
                piece % 2);
        CHECK(fed_equal(&whole, &fed));
        fed_end(&fed);
    }
    fed_end(&whole);
}

static void a_long_line_takes_little_time(void)
{
    static const char *const units[] = {"step: loss:",
                                        "{'",
                                        "iter ",
                                        "step=1,skipped=",
                                        "s:1 ",
                                        "a",
                                        " | ",
                                        "\x1b[",
                                        "loss at iteration 1 | a: 1,",
                                        "[step=1,a=1,",
                                        "1,111,"};
    const size_t size = 1 << 20;
    char *text = malloc(size + 1);
    for (size_t u = 0; text && u < sizeof units / sizeof units[0]; u++) {
        size_t unit = strlen(units[u]);
        for (size_t i = 0; i < size; i++) {
            text[i] = units[u][i % unit];
        }
        text[size] = '\0';
        clock_t start = clock();
        fed_text(&fed, &km_source_text_log, "a.log", text, 0);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        CHECK(seconds < 1); /* below 0.1 without sanitizers */
        if (seconds > 0.1) {
            printf("# %s: %.3f s\n", units[u], seconds);
        }
        fed_end(&fed);
    }
    free(text);
}

static const struct {
    const char *pattern, *answer;
} refused[] = {
    {"(?<loss>", "--pattern: column 9: missing closing parenthesis"},
    {"a(?<step>\\d+)",
     "--pattern names no metric: expected a group like (?<loss>[0-9.]+), or "
     "(?<name>...) and (?<value>...)"},
};

static void a_bad_pattern_is_refused_with_its_column(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        fed.options.pattern = km_str_of(refused[i].pattern);
        fed_text(&fed, &km_source_text_log, "a.log", "x\n", 0);
        CHECK(fed.code == KM_EUSAGE);
        CHECK_TEXT(fed.err.message, refused[i].answer);
        fed_end(&fed);
    }
}

static void the_users_pattern_replaces_the_table(void)
{
    fed.options.pattern =
        KM_STR("^(?<time>\\S+) it (?<step>\\d+)/(?<planned>\\d+) "
               "L=(?<loss>\\S+)");
    fed_text(&fed, &km_source_text_log, "a.log",
             "2024-05-01T10:00:00Z it 7/9 L=2.5\nstep:1/2 loss:3\n", 0);
    CHECK_INT(fed.count, 1);
    CHECK_INT(fed_at(&fed, "loss", 0)->point.step, 7);
    CHECK_INT(fed_at(&fed, "loss", 0)->point.time_ns, 1714557600000000000);
    CHECK_TEXT(fed.attributes, "planned_steps=9;");
    fed_end(&fed);
    fed.options.pattern =
        KM_STR("it=(?<step>\\d+)|(?<name>\\w+)=(?<value>[-+.\\deE]+)");
    fed_text(&fed, &km_source_text_log, "a.log", "it=4 a=1.5 b=-2e3\n", 0);
    CHECK_NEAR(fed_at(&fed, "b", 0)->point.value, -2000, 0);
    CHECK_INT(fed_at(&fed, "b", 0)->point.step, 4);
    fed_end(&fed);
    fed_text(&fed, &km_source_text_log, "a.log", "nothing\n", 0);
    CHECK(fed.code == KM_EFORMAT);
    CHECK_TEXT(fed.err.message, "none of 1 lines fits --pattern");
    fed_end(&fed);
}

static void a_pattern_cannot_hang_the_import(void)
{
    char text[64 * 60 + 1] = "";
    for (int i = 0; i < 60; i++) {
        memset(text + i * 60, 'a', 59);
        text[i * 60 + 59] = '\n';
    }
    fed.options.pattern = KM_STR("^(?<loss>(a+)+)[bc]");
    clock_t start = clock();
    fed_text(&fed, &km_source_text_log, "a.log", text, 0);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    CHECK(fed.code == KM_ELIMIT);
    CHECK(seconds < 5);
    printf("# %.2f s: %s\n", seconds, fed.err.message);
    fed_end(&fed);
    fed.options.pattern = (struct km_str){NULL, 0};
}

static int score(const char *name, const char *head)
{
    struct km_place place = {.path = km_str_of(name), .name = km_str_of(name)};
    struct km_sniff sniff = {&place, km_str_of(head), false};
    return km_source_text_log.sniff(&sniff);
}

static void a_log_is_known_by_its_lines_or_weakly_by_its_name(void)
{
    CHECK(score("train.log", "hello\nstep:0/9 val_loss:10.8\n") > 60);
    CHECK(score("output", "step:0/9 val_loss:10.8\n") > 40);
    CHECK_INT(score("train.txt", "import os\nimport sys\n"), 10);
    CHECK_INT(score("train.py", "import os\nimport sys\n"), 0);
    CHECK_INT(score("a.log", ""), 0);
}

int main(void)
{
    RUN(every_logger_of_the_table_is_read);
    RUN(code_and_settings_are_not_points);
    RUN(the_planned_steps_become_config);
    RUN(final_values_become_the_summary);
    RUN(a_log_prefix_gives_the_time);
    RUN(an_indented_block_belongs_to_its_step);
    RUN(dicts_without_a_step_are_counted);
    RUN(any_cut_gives_the_same_points);
    RUN(a_long_line_takes_little_time);
    RUN(a_bad_pattern_is_refused_with_its_column);
    RUN(the_users_pattern_replaces_the_table);
    RUN(a_pattern_cannot_hang_the_import);
    RUN(a_log_is_known_by_its_lines_or_weakly_by_its_name);
    return tap_end();
}
