/* test_cohort.c - many runs reduced, and seeds of one configuration found. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "score/cohort.h"
#include "score_run.h"
#include "tap.h"

enum { RUNS_MAX = 40 };

static struct km_store *store;
static struct km_batch batch;
static struct km_arena arena;
static struct km_cohort cohort;
static uint64_t ids[RUNS_MAX];
static size_t run_count;

static void begin(void)
{
    const struct km_store_options options = {.create = true};
    store = km_store_open_memory(&options, NULL);
    km_batch_init(&batch);
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    run_count = 0;
}

static void end(void)
{
    km_arena_finish(&arena);
    km_batch_finish(&batch);
    km_store_close(store);
}

static uint32_t add_run(const char *name, const char *group)
{
    km_batch_reset(&batch, 100 + run_count);
    const struct km_run_meta meta = {.project = KM_STR("lab"),
                                     .external_id = km_str_of(name),
                                     .group = km_str_of(group),
                                     .created_ns = KM_TIME_ABSENT,
                                     .ended_ns = KM_TIME_ABSENT};
    uint32_t run = km_batch_run(&batch, &meta);
    ids[run_count++] = batch.runs[run].id;
    uint32_t attempt = km_batch_attempt(&batch, run, 0);
    batch.attempts[attempt].origin_start_ns = score_run_start_ns;
    batch.attempts[attempt].restart_step = KM_STEP_ABSENT;
    return run;
}

static void set(const char *key, const char *json)
{
    const struct km_attribute attribute = {KM_ATTRIBUTE_CONFIG, km_str_of(key),
                                           km_str_of(json)};
    CHECK(km_batch_attribute(&batch, 0, &attribute));
}

static void point(const char *metric, int64_t step, double value)
{
    uint32_t series =
        km_batch_series(&batch, 0, 0, km_str_of(metric), KM_STR(""));
    CHECK(km_batch_point(
        &batch, series,
        (struct km_point){step, score_run_start_ns + step * 100000000, value}));
}

static void store_run(void)
{
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
}

static void load(void)
{
    struct km_err err = {0};
    enum km_code code =
        km_cohort_load(store, ids, run_count, NULL, &arena, &cohort, &err);
    if (code) {
        printf("# %s\n", err.message);
    }
    CHECK_INT(code, KM_OK);
    CHECK_INT(cohort.count, run_count);
}

static void runs_that_differ_in_seeds_and_names_are_one_configuration(void)
{
    static const struct {
        const char *lr, *seed, *name, *dir;
    } rows[] = {{"0.1", "1", "\"a\"", "\"/tmp/a\""},
                {"0.10", "2", "\"b\"", "\"/tmp/b\""},
                {"0.2", "1", "\"c\"", "\"/tmp/c\""},
                {"0.1", "3", "\"d\"", "\"/x\""}};
    uint32_t group[RUNS_MAX];
    begin();
    for (size_t i = 0; i < 4; i++) {
        (void)add_run(rows[i].name, "");
        set("train.lr", rows[i].lr);
        set("seed", rows[i].seed);
        set("run_name", rows[i].name);
        set("output_dir", rows[i].dir);
        set("model.width", "512");
        point("val/loss", 1, 3);
        store_run();
    }
    load();
    CHECK_INT(km_cohort_group(&cohort, group), 2);
    CHECK(group[0] == 0 && group[1] == 0 && group[2] == 1 && group[3] == 0);
    CHECK_TEXT(cohort.members[1].seed, "2");
    CHECK_TEXT(km_member_setting(&cohort.members[2], "lr")->value, "0.2");
    CHECK(km_member_setting(&cohort.members[2], "r") == NULL);
    end();
}

static void without_settings_only_a_group_makes_seeds(void)
{
    uint32_t group[RUNS_MAX];
    begin();
    static const char *const groups[] = {"", "", "g", "g", "h"};
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < 5; i++) {
        (void)add_run(names[i], groups[i]);
        point("loss", 1, 3);
        store_run();
    }
    load();
    CHECK_INT(km_cohort_group(&cohort, group), 4);
    CHECK(group[0] != group[1] && group[2] == group[3] && group[4] != group[3]);
    end();
}

static void curves_keep_their_places_ends_and_rates(void)
{
    begin();
    (void)add_run("long", "");
    set("accelerators", "2");
    for (int64_t step = 1; step <= 5000; step++) {
        point("train/loss", step, 2 + 3 / sqrt((double)step));
        if (step % 50 == 0) {
            point("val/accuracy", step, (double)step / 10000);
        }
    }
    point("val/accuracy", 5000, 0.6); /* one step, a second value */
    store_run();
    load();
    const struct km_member *m = &cohort.members[0];
    CHECK(m->learn.count <= KM_BINS_MAX && m->learn.points == 5000);
    double n = 0;
    for (size_t i = 0; i < m->learn.count; i++) {
        n += m->learn.n[i];
        CHECK(i == 0 || m->learn.x[i] > m->learn.x[i - 1]);
    }
    CHECK_NEAR(n, 5000, 0);
    /* mean of the last 3 %: steps 4850 to 5000 */
    double sum = 0;
    for (int step = 4850; step <= 5000; step++) {
        sum += 2 + 3 / sqrt((double)step);
    }
    CHECK_NEAR(m->learn.last, sum / 151, 1e-12);
    CHECK_INT(m->valid.count, 100);
    CHECK_NEAR(m->valid.sign, -1, 0);
    CHECK_NEAR(m->valid.y[99], -0.55, 1e-12);
    CHECK_NEAR(m->valid.n[99], 2, 0);
    CHECK(km_member_quality(m) == &m->valid);
    CHECK(m->axes.rate[KM_AXIS_ACTIVE].known);
    CHECK_NEAR(m->axes.rate[KM_AXIS_ACTIVE].per_step, 0.1, 1e-9);
    CHECK_NEAR(m->active_s, 500, 1e-6);
    CHECK(!m->diverged);
    end();
}

static void empty_and_sick_runs_are_members_without_numbers(void)
{
    begin();
    (void)add_run("empty", "");
    store_run();
    (void)add_run("nan", "");
    for (int64_t step = 1; step <= 10; step++) {
        point("loss", step, step < 9 ? 3 : (double)NAN);
    }
    store_run();
    (void)add_run("up", "");
    for (int64_t step = 1; step <= 10; step++) {
        point("loss", step, (double)step);
    }
    store_run();
    load();
    CHECK(km_member_quality(&cohort.members[0]) == NULL);
    CHECK(!cohort.members[0].diverged && isnan(cohort.members[0].active_s));
    CHECK(cohort.members[1].diverged && cohort.members[2].diverged);
    uint64_t missing[] = {12345};
    CHECK_INT(km_cohort_load(store, missing, 1, NULL, &arena, &cohort, NULL),
              KM_ENOTFOUND);
    end();
}

static void keys_of_names_places_and_times_are_incidental(void)
{
    static const char *const yes[] = {
        "seed",         "trainer.seed",  "data-seed",    "run_name",
        "output_dir",   "wandb_version", "hub_model_id", "start_time",
        "slurm.job_id", "SEED"};
    static const char *const no[] = {"lr", "optimizer", "warmup_steps",
                                     "num_train_epochs", "dropout"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        CHECK(km_setting_is_incidental(yes[i]));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        CHECK(!km_setting_is_incidental(no[i]));
    }
}

int main(void)
{
    RUN(runs_that_differ_in_seeds_and_names_are_one_configuration);
    RUN(without_settings_only_a_group_makes_seeds);
    RUN(curves_keep_their_places_ends_and_rates);
    RUN(empty_and_sick_runs_are_members_without_numbers);
    RUN(keys_of_names_places_and_times_are_incidental);
    return tap_end();
}
