/* test_client.c - what a program logs is in its journal, and nothing that goes
 * wrong reaches the program. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "journal_folder.h"
#include "knotmeter.h"
#include "tap.h"

static struct seen seen;

static struct km_run *open_run(const char *dir, struct km_run_options options)
{
    options.dir = dir;
    options.quiet = 1;
    return km_run_open(&options);
}

/* Closes the run and reads its journal. */
static void close_and_read(struct km_run *run)
{
    char folder[1024];
    (void)snprintf(folder, sizeof folder, "%s", km_run_folder(run));
    km_run_close(run);
    seen_read(&seen, folder);
}

static void three_calls_record_a_point(void)
{
    struct km_run *run =
        open_run(scratch_make(), (struct km_run_options){.id = "a/b"});
    int64_t before_ns = (int64_t)time(NULL) * 1000000000 - 1000000000;
    km_run_log_name(run, 7, "loss", 2.5);
    close_and_read(run);
    CHECK_INT(seen.count, 1);
    CHECK_TEXT(seen.points[0].metric, "loss");
    CHECK_TEXT(seen.points[0].labels, "");
    CHECK_INT(seen.points[0].step, 7);
    CHECK(seen.points[0].value == 2.5);
    CHECK(seen.points[0].time_ns > before_ns &&
          seen.points[0].time_ns < before_ns + 10000000000);
    CHECK_INT(seen.state, KM_RUN_END_FINISHED);
    CHECK(strstr(seen.texts, "17 11=a/b"));
    CHECK(strstr(seen.texts, "19 4=host 5=\""));
    CHECK_INT(seen.segments, 1);
    seen_free(&seen);
    scratch_remove();
}

static void every_bit_of_a_value_is_kept(void)
{
    static const uint64_t bits[] = {0x7ff8000000000001, 0xfff8dead00000000,
                                    0x8000000000000000, 1,
                                    0x7ff0000000000000, 0xfff0000000000000};
    struct km_run *run = open_run(scratch_make(), (struct km_run_options){0});
    uint32_t metric = km_run_metric(run, "x");
    for (size_t i = 0; i < 6; i++) {
        double value;
        memcpy(&value, &bits[i], 8);
        km_run_log(run, INT64_MIN + (int64_t)i, metric, value);
    }
    km_run_log_at(run, INT64_MAX, metric, 1, 42);
    close_and_read(run);
    CHECK_INT(seen.count, 7);
    for (size_t i = 0; i < 6; i++) {
        CHECK(memcmp(&seen.points[i].value, &bits[i], 8) == 0);
        CHECK(seen.points[i].step == INT64_MIN + (int64_t)i);
    }
    CHECK_INT(seen.points[6].time_ns, 42);
    seen_free(&seen);
    scratch_remove();
}

static void many_segments_lose_and_double_nothing(void)
{
    enum { POINTS = 200000 };
    struct km_run *run = open_run(
        scratch_make(),
        (struct km_run_options){.segment_bytes = 1 << 17, .patient = 1});
    uint32_t metric = km_run_metric(run, "x"), late = 0;
    struct km_run_counters counters;
    for (int i = 0; i < POINTS; i++) {
        if (i == POINTS / 2) {
            late = km_run_metric(run, "late");
        }
        km_run_log(run, i, i < POINTS / 2 ? metric : late, i);
    }
    km_run_count(run, &counters);
    CHECK_INT(counters.points, POINTS);
    CHECK_INT(counters.dropped, 0);
    CHECK(counters.log_samples > POINTS / 2048 && counters.log_ns > 0);
    close_and_read(run);
    CHECK(seen.segments > 40);
    CHECK_INT(seen.count, POINTS);
    CHECK_INT(seen.undefined + seen.damaged + seen.gaps, 0);
    bool right = true;
    for (size_t i = 0; i < seen.count; i++) {
        right &= seen.points[i].step == (int64_t)i;
    }
    CHECK(right);
    seen_free(&seen);
    scratch_remove();
}

static void names_and_labels_are_checked_and_ordered(void)
{
    struct km_run *run = open_run(
        scratch_make(),
        (struct km_run_options){.rank = 3, .world_size = 8, .name = "n"});
    char longest[1100];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    CHECK_INT(km_run_metric(run, ""), KM_METRIC_NONE);
    CHECK_INT(km_run_metric(run, "a\nb"), KM_METRIC_NONE);
    CHECK_INT(km_run_metric(run, "\xff"), KM_METRIC_NONE);
    CHECK_INT(km_run_metric(run, longest), KM_METRIC_NONE);
    CHECK_INT(km_run_metric(run, NULL), KM_METRIC_NONE);
    CHECK_INT(km_run_metric_labelled(run, "x", "novalue"), KM_METRIC_NONE);
    uint32_t a = km_run_metric_labelled(run, "x", "subset=valid,layer=2");
    uint32_t b = km_run_metric_labelled(run, "x", "layer=2,,subset=valid");
    CHECK_INT(a, b);
    CHECK(km_run_metric(run, "x") != a);
    CHECK_INT(km_run_metric(run, "x"), km_run_metric(run, "x"));
    km_run_log(run, 1, a, 1);
    km_run_log(run, 1, KM_METRIC_NONE, 1);
    const uint32_t many[] = {a, KM_METRIC_NONE, a};
    const double values[] = {2, 3, 4};
    km_run_log_many(run, 2, many, values, 3);
    struct km_run_counters counters;
    km_run_count(run, &counters);
    CHECK_INT(counters.dropped, 2);
    CHECK_INT(counters.points, 3);
    close_and_read(run);
    CHECK_INT(seen.count, 3);
    CHECK_TEXT(seen.points[0].labels, "layer=2,rank=3,subset=valid");
    CHECK_INT(seen.points[1].time_ns, seen.points[2].time_ns);
    CHECK(!strstr(seen.texts, "host")); /* rank 0 speaks for all */
    seen_free(&seen);
    scratch_remove();
}

static void thousands_of_metrics_are_defined_in_every_segment(void)
{
    struct km_run *run = open_run(
        scratch_make(),
        (struct km_run_options){.segment_bytes = 1 << 17, .patient = 1});
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4000; i++) {
            char name[32];
            (void)snprintf(name, sizeof name, "layer.%d.norm", i);
            km_run_log_name(run, round, name, i);
        }
    }
    close_and_read(run);
    CHECK_INT(seen.count + (size_t)seen.dropped, 12000);
    CHECK_INT(seen.dropped, 0);
    CHECK_INT(seen.undefined, 0);
    seen_free(&seen);
    scratch_remove();
}

static void config_events_and_evaluations_are_recorded(void)
{
    struct km_run *run =
        open_run(scratch_make(), (struct km_run_options){.project = "p"});
    km_run_config_number(run, "lr", 0.1);
    km_run_config_number(run, "nan", NAN);
    km_run_config_integer(run, "seed", -5);
    km_run_config_text(run, "opt", "a\"b\\\n");
    km_run_config_json(run, "list", "[1,2]");
    km_run_model(run, &(struct km_run_model){.params = 123456});
    km_run_event(run, "checkpoint", "c1", 10, "{\"a\":1}");
    km_run_evaluate(run, &(struct km_run_evaluation){.task = "arc_hard_",
                                                     .metric = "acc",
                                                     .value = 0.5,
                                                     .step = 10});
    static char large[60000];
    memset(large, 'z', sizeof large - 1);
    km_run_config_text(run, "large", large);
    static char huge[100000];
    memset(huge, 'z', sizeof huge - 1);
    km_run_config_text(run, "huge", huge); /* refused and counted */
    km_run_restart(run, 4);
    km_run_finish(run, KM_RUN_END_FAILED);
    close_and_read(run);
    CHECK(strstr(seen.texts, "18 4=lr 5=0.1\n"));
    CHECK(strstr(seen.texts, "18 4=nan 5=\"NaN\"\n"));
    CHECK(strstr(seen.texts, "18 4=seed 5=-5\n"));
    CHECK(strstr(seen.texts, "18 4=opt 5=\"a\\\"b\\\\\\u000a\"\n"));
    CHECK(strstr(seen.texts, "18 4=model.params 5=123456\n"));
    CHECK(strstr(seen.texts, "20 6=checkpoint 2=c1 7={\"a\":1}\n"));
    CHECK(strstr(seen.texts, "21 20=arc_hard_ 22=acc\n"));
    CHECK(strstr(seen.texts, "18 4=large 5=\"zzzz"));
    CHECK(!strstr(seen.texts, "4=huge"));
    CHECK_INT(seen.dropped, 1);
    CHECK_INT(seen.state, KM_RUN_END_FAILED);
    CHECK_INT(seen.damaged, 0);
    seen_free(&seen);
    scratch_remove();
}

static void an_unwritable_place_costs_only_the_points(void)
{
    struct km_run_counters counters;
    struct km_run *run = open_run("/proc/none", (struct km_run_options){0});
    CHECK(run != NULL);
    uint32_t metric = km_run_metric(run, "x");
    for (int i = 0; i < 1000; i++) {
        km_run_log(run, i, metric, i);
    }
    km_run_event(run, "text", "x", 1, NULL);
    km_run_count(run, &counters);
    CHECK_INT(counters.points, 0);
    CHECK(counters.dropped >= 1000);
    km_run_close(run);
    km_run_close(NULL);
    km_run_log(NULL, 1, 0, 1);
    CHECK_INT(km_run_metric(NULL, "x"), KM_METRIC_NONE);
}

static void log_paced(struct km_run *run, int count)
{
    uint32_t metric = km_run_metric(run, "x");
    for (int i = 0; i < count; i++) {
        km_run_log(run, i, metric, i);
        if (i % 1000 == 0) {
            (void)usleep(1500);
        }
    }
}

static void a_budget_bounds_the_disk_and_drops_are_counted(void)
{
    struct km_run_counters counters;
    struct km_run *run = open_run(
        scratch_make(), (struct km_run_options){.segment_bytes = 1 << 17,
                                                .disk_bytes_max = 1 << 19});
    log_paced(run, 40000);
    km_run_count(run, &counters);
    CHECK_INT(counters.points + counters.dropped, 40000);
    CHECK(counters.dropped > 20000 && counters.points > 12000);
    CHECK(counters.disk_bytes <= 1 << 19);
    close_and_read(run);
    CHECK_INT(seen.count, counters.points);
    seen_free(&seen);
    scratch_remove();
}

static void a_file_size_limit_sends_no_signal(void)
{
    const char *dir = scratch_make();
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {1 << 17, 1 << 17};
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        struct km_run *run = open_run(dir, (struct km_run_options){0});
        log_paced(run, 20000);
        km_run_close(run);
        struct km_run *buffered =
            open_run(dir, (struct km_run_options){.buffered = 1});
        log_paced(buffered, 20000);
        km_run_close(buffered);
        _exit(17);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 17);
    scratch_remove();
}

static void a_full_disk_costs_only_the_points(void)
{
    char path[600];
    struct km_run_counters counters;
    const char *dir = scratch_make();
    if (mount("none", dir, "tmpfs", 0, "size=1m") != 0) {
        printf("# not mounted: run as root to test a full disk\n");
        scratch_remove();
        return;
    }
    struct km_run *run =
        open_run(dir, (struct km_run_options){.segment_bytes = 1 << 17});
    log_paced(run, 20000);
    (void)snprintf(path, sizeof path, "%s/filler", dir);
    FILE *filler = fopen(path, "wb");
    static char block[4096];
    while (filler && fwrite(block, 1, sizeof block, filler) == sizeof block) {
    }
    (void)(filler ? fclose(filler) : 0);
    log_paced(run, 20000);
    km_run_count(run, &counters);
    CHECK_INT(counters.points + counters.dropped, 40000);
    CHECK(counters.dropped > 0 && counters.points > 0);
    close_and_read(run);
    CHECK_INT(seen.count, counters.points);
    CHECK_INT(seen.damaged, 0);
    seen_free(&seen);
    (void)umount(dir);
    scratch_remove();
}

static void a_buffered_run_records_the_same(void)
{
    struct km_run_counters counters;
    struct km_run *run = open_run(
        scratch_make(),
        (struct km_run_options){.segment_bytes = 1 << 19, .buffered = 1});
    log_paced(run, 100000);
    (void)usleep(300000);
    seen_read(&seen, km_run_folder(run));
    CHECK(seen.count > 0); /* on disk before the end */
    seen_free(&seen);
    km_run_count(run, &counters);
    CHECK_INT(counters.points + counters.dropped, 100000);
    close_and_read(run);
    CHECK_INT(seen.count, counters.points);
    CHECK_INT(seen.state, KM_RUN_END_FINISHED);
    CHECK_INT(seen.damaged + seen.gaps + seen.undefined, 0);
    seen_free(&seen);
    scratch_remove();
}

static void a_forked_child_writes_a_journal_of_its_own(void)
{
    char writers[8][512];
    const char *dir = scratch_make();
    struct km_run *run = open_run(dir, (struct km_run_options){.id = "r"});
    uint32_t metric = km_run_metric(run, "x");
    km_run_log(run, 1, metric, 1);
    pid_t silent = fork();
    if (silent == 0) {
        _exit(0);
    }
    pid_t child = fork();
    if (child == 0) {
        km_run_log(run, 2, metric, 2);
        km_run_log_name(run, 3, "of child", 3);
        km_run_close(run);
        _exit(5);
    }
    int status = 0;
    (void)waitpid(silent, &status, 0);
    (void)waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    km_run_log(run, 4, metric, 4);
    char folder[1024];
    (void)snprintf(folder, sizeof folder, "%s", km_run_folder(run));
    km_run_close(run);
    CHECK_INT(find_writers(dir, writers, 8), 2);
    for (int i = 0; i < 2; i++) {
        bool parent = strcmp(writers[i], folder) == 0;
        seen_read(&seen, writers[i]);
        CHECK_INT(seen.count, 2);
        CHECK_INT(seen.points[0].step, parent ? 1 : 2);
        CHECK_INT(seen.points[1].step, parent ? 4 : 3);
        CHECK(parent == (seen.points[0].labels[0] == '\0'));
        CHECK_INT(seen.state, parent ? KM_RUN_END_FINISHED : 0);
        seen_free(&seen);
    }
    scratch_remove();
}

static void a_resumed_run_keeps_its_id_and_adds_a_writer(void)
{
    char writers[8][512];
    const char *dir = scratch_make();
    for (int i = 0; i < 3; i++) {
        struct km_run *run = open_run(dir, (struct km_run_options){.id = "r"});
        CHECK_TEXT(km_run_key(run), "r");
        km_run_log_name(run, i, "x", i);
        km_run_close(run);
    }
    CHECK_INT(find_writers(dir, writers, 8), 3);
    scratch_remove();
}

int main(void)
{
    RUN(three_calls_record_a_point);
    RUN(every_bit_of_a_value_is_kept);
    RUN(many_segments_lose_and_double_nothing);
    RUN(names_and_labels_are_checked_and_ordered);
    RUN(thousands_of_metrics_are_defined_in_every_segment);
    RUN(config_events_and_evaluations_are_recorded);
    RUN(an_unwritable_place_costs_only_the_points);
    RUN(a_budget_bounds_the_disk_and_drops_are_counted);
    RUN(a_file_size_limit_sends_no_signal);
    RUN(a_full_disk_costs_only_the_points);
    RUN(a_buffered_run_records_the_same);
    RUN(a_forked_child_writes_a_journal_of_its_own);
    RUN(a_resumed_run_keeps_its_id_and_adds_a_writer);
    return tap_end();
}
