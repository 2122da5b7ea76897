/* test_mlruns.c - MLflow's file store: names, nested metrics, growing runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tap.h"

#include "scan.h"
#include "source/mlruns.h"
#include "source/yaml_flat.h"

static struct scanned scanned;

static const char run_yaml[] = "artifact_uri: file:///home/x\n"
                               "end_time: 1665615293060\n"
                               "experiment_id: '17'\n"
                               "lifecycle_stage: active\n"
                               "name: ''\n"
                               "run_uuid: 5f7beba1\n"
                               "start_time: 1665615288243\n"
                               "status: 3\n"
                               "tags: []\n";

static void write_store(void)
{
    scan_write(&scanned, "17/meta.yaml",
               "experiment_id: '17'\nname: \"stock: AMZN\"\n", false);
    scan_write(&scanned, "17/5f/meta.yaml", run_yaml, false);
    scan_write(&scanned, "17/5f/metrics/loss",
               "1665615288265 2.5 0\n1665615288300 nan 1\n", false);
    scan_write(&scanned, "17/5f/metrics/val/acc", "1665615288265 0.5\n", false);
    scan_write(&scanned, "17/5f/params/lr", "0.001", false);
    scan_write(&scanned, "17/5f/params/opt/name", "adam", false);
    scan_write(&scanned, "17/5f/tags/mlflow.runName", "first", false);
    scan_write(&scanned, "17/5f/tags/mlflow.source.git.commit", "abc", false);
}

static void a_run_folder_becomes_a_run_of_its_experiment(void)
{
    scan_begin(&scanned);
    write_store();
    CHECK(scan_sniff(&scanned, &km_source_mlruns, "17/5f", NULL) > 90);
    CHECK_INT(scan_sniff(&scanned, &km_source_mlruns, "17", NULL), 0);
    CHECK(scan_run(&scanned, &km_source_mlruns, "17/5f") == KM_OK);
    CHECK_TEXT(scanned.fed.runs, "stock: AMZN/5f7beba1 first finished;");
    const struct fed *fed = &scanned.fed;
    CHECK_INT(fed->count, 3);
    CHECK_INT(fed_at(fed, "loss", 0)->point.time_ns, 1665615288265000000);
    CHECK(isnan(fed_at(fed, "loss", 1)->point.value));
    CHECK_INT(fed_at(fed, "loss", 1)->point.step, 1);
    CHECK_INT(fed_at(fed, "val/acc", 0)->point.step, 0);
    CHECK_TEXT(fed->attributes, "git_commit=\"abc\";lr=0.001;"
                                "opt/name=\"adam\";");
    scan_end(&scanned);
}

static void a_growing_run_is_read_on(void)
{
    scan_begin(&scanned);
    write_store();
    CHECK(scan_run(&scanned, &km_source_mlruns, "17/5f") == KM_OK);
    CHECK(scan_run(&scanned, &km_source_mlruns, "17/5f") == KM_OK);
    CHECK_INT(scanned.fed.count, 0);
    scan_write(&scanned, "17/5f/metrics/loss", "1665615288400 1.5 2\n1665",
               true);
    scan_write(&scanned, "17/5f/metrics/a", "1665615288400 7 2\n", false);
    CHECK(scan_run(&scanned, &km_source_mlruns, "17/5f") == KM_OK);
    CHECK_INT(scanned.fed.count, 2);
    CHECK(scanned.fed.status == KM_SOURCE_PARTIAL);
    scan_write(&scanned, "17/5f/metrics/loss", "615288500 1.25 3\n", true);
    CHECK(scan_run(&scanned, &km_source_mlruns, "17/5f") == KM_OK);
    CHECK_INT(scanned.fed.count, 1);
    CHECK_NEAR(fed_at(&scanned.fed, "loss", 0)->point.value, 1.25, 0);
    scan_end(&scanned);
}

static void a_shortened_file_and_bad_lines_are_told(void)
{
    scan_begin(&scanned);
    write_store();
    scan_write(&scanned, "17/5f/metrics/b", "x y z\n1665615288400 7 2 d e\n",
               false);
    CHECK(scan_run(&scanned, &km_source_mlruns, "17/5f") == KM_OK);
    CHECK_INT(scanned.fed.warnings, 1);
    CHECK_TEXT(scanned.fed.warning,
               "expected \"timestamp value step\", found \"x y z\"");
    CHECK_INT(fed_count(&scanned.fed, "b"), 1);
    scan_write(&scanned, "17/5f/metrics/loss", "1 2 3\n", false);
    CHECK(scan_run(&scanned, &km_source_mlruns, "17/5f") == KM_OK);
    CHECK_INT(scanned.fed.count, 0);
    CHECK_TEXT(scanned.fed.warning,
               "metrics/loss became shorter; nothing is read from it");
    scan_end(&scanned);
}

static void a_deleted_run_is_left_out(void)
{
    scan_begin(&scanned);
    write_store();
    scan_write(&scanned, "17/5f/meta.yaml",
               "experiment_id: '17'\nrun_id: a\nlifecycle_stage: deleted\n",
               false);
    CHECK(scan_run(&scanned, &km_source_mlruns, "17/5f") == KM_OK);
    CHECK_INT(scanned.fed.count, 0);
    CHECK_TEXT(scanned.fed.runs, "");
    scan_end(&scanned);
}

static void links_out_of_the_folder_are_not_followed(void)
{
    scan_begin(&scanned);
    write_store();
    CHECK(symlinkat("/etc/hostname", scanned.root_fd, "17/5f/params/host") ==
          0);
    CHECK(scan_run(&scanned, &km_source_mlruns, "17/5f") == KM_OK);
    CHECK(strstr(scanned.fed.attributes, "host=") == NULL);
    scan_end(&scanned);
}

static void keep_pair(void *user, struct km_str key, struct km_str value)
{
    struct km_buf *out = user;
    km_buf_printf(out, "%.*s=%.*s;", (int)key.len, key.ptr, (int)value.len,
                  value.ptr);
}

static const struct {
    const char *yaml, *pairs;
} documents[] = {
    {"a: 1\nb: 'x: y'\nc: [1, {d: e}]\nf:\n  g: h\ni: \"j\\n\"\n",
     "a=1;b=x: y;i=j\n;"},
    {"a: &x 1\nb: *x\nc: 2\n", "a=1;c=2;"},
    {"", ""},
    {"- 1\n- 2\n", ""},
    {"just text", ""},
};

static void flat_yaml_gives_its_top_level_scalars(void)
{
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        struct km_buf out;
        km_buf_init(&out, 1000);
        CHECK(km_yaml_flat(km_str_of(documents[i].yaml), keep_pair, &out,
                           NULL) == KM_OK);
        CHECK_TEXT(out.bytes ? out.bytes : "", documents[i].pairs);
        km_buf_finish(&out);
    }
    struct km_err err;
    struct km_buf out;
    km_buf_init(&out, 100);
    CHECK(km_yaml_flat(KM_STR("a: 1\nb: [\n"), keep_pair, &out, &err) ==
          KM_EINPUT);
    km_buf_finish(&out);
    CHECK(strstr(err.message, "line 3: not YAML") != NULL);
}

int main(void)
{
    RUN(a_run_folder_becomes_a_run_of_its_experiment);
    RUN(a_growing_run_is_read_on);
    RUN(a_shortened_file_and_bad_lines_are_told);
    RUN(a_deleted_run_is_left_out);
    RUN(links_out_of_the_folder_are_not_followed);
    RUN(flat_yaml_gives_its_top_level_scalars);
    return tap_end();
}
