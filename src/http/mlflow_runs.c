/* mlflow_runs.c - runs of MLflow's API. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "http/mlflow.h"

void km_mlflow_write_info(struct km_json_writer *w,
                          const struct km_tracked_run *run)
{
    char uri[160];
    (void)snprintf(uri, sizeof uri, "mlflow-artifacts:/%s/%s/artifacts",
                   run->experiment->id, run->id);
    const struct {
        const char *key, *text;
    } texts[] = {{"run_id", run->id},
                 {"run_uuid", run->id},
                 {"run_name", run->name},
                 {"experiment_id", run->experiment->id},
                 {"user_id", run->user},
                 {"status", km_tracked_status_name(run->status)},
                 {"artifact_uri", uri},
                 {"lifecycle_stage", run->deleted ? "deleted" : "active"}};
    km_json_object_begin(w);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        km_json_key(w, texts[i].key);
        km_json_text(w, texts[i].text);
    }
    km_json_key(w, "start_time");
    km_json_int(w, run->start_ms);
    if (run->end_ms) {
        km_json_key(w, "end_time");
        km_json_int(w, run->end_ms);
    }
    km_json_object_end(w);
}

/* Inputs are "dataset/..." or "model/..."; outputs are models. */
static void write_documents(struct km_json_writer *w, const char *key,
                            const struct km_pairs *pairs, const char *prefix)
{
    km_json_key(w, key);
    km_json_array_begin(w);
    for (uint32_t i = 0; i < pairs->count; i++) {
        if (strncmp(pairs->list[i].key, prefix, strlen(prefix)) == 0) {
            km_json_raw(w, km_str_of(pairs->list[i].value));
        }
    }
    km_json_array_end(w);
}

static void write_metrics(struct km_json_writer *w,
                          const struct km_tracked_run *run)
{
    km_json_key(w, "metrics");
    km_json_array_begin(w);
    for (uint32_t i = 0; i < run->metric_count; i++) {
        const struct km_tracked_metric *metric = &run->metrics[i];
        km_json_object_begin(w);
        km_json_key(w, "key");
        km_json_text(w, metric->key);
        km_json_key(w, "value");
        km_json_double(w, metric->value);
        km_json_key(w, "timestamp");
        km_json_int(w, metric->time_ms);
        km_json_key(w, "step");
        km_json_int(w, metric->step);
        km_json_object_end(w);
    }
    km_json_array_end(w);
}

enum km_code km_mlflow_write_run(struct km_request *r, struct km_json_writer *w,
                                 struct km_tracked_run *run, struct km_err *err)
{
    enum km_code code = km_tracker_know(r->options->tracker, run, err);
    if (code) {
        return code;
    }
    km_json_object_begin(w);
    km_json_key(w, "info");
    km_mlflow_write_info(w, run);
    km_json_key(w, "data");
    km_json_object_begin(w);
    write_metrics(w, run);
    km_mlflow_write_pairs(w, "params", &run->params);
    km_mlflow_write_pairs(w, "tags", &run->tags);
    km_json_object_end(w);
    km_json_key(w, "inputs");
    km_json_object_begin(w);
    write_documents(w, "dataset_inputs", &run->inputs, "dataset/");
    write_documents(w, "model_inputs", &run->inputs, "model/");
    km_json_object_end(w);
    km_json_key(w, "outputs");
    km_json_object_begin(w);
    write_documents(w, "model_outputs", &run->outputs, "model/");
    km_json_object_end(w);
    km_json_object_end(w);
    return KM_OK;
}

static enum km_code answer_run(struct km_request *r, struct km_tracked_run *run,
                               struct km_err *err)
{
    struct km_json_writer w;
    km_mlflow_begin(r, &w);
    km_json_key(&w, "run");
    enum km_code code = km_mlflow_write_run(r, &w, run, err);
    km_json_object_end(&w);
    return code;
}

enum km_code km_mlflow_run_create(struct km_request *r, struct km_err *err)
{
    static const char *const adjectives[] = {"bold",  "calm", "deft", "keen",
                                             "brisk", "wry",  "sly",  "apt"};
    struct km_tracker *tracker = r->options->tracker;
    struct km_track_run_options options = {
        .name = km_mlflow_text(r, "run_name"),
        .user = km_mlflow_text(r, "user_id"),
        .start_ms =
            km_mlflow_number(r, "start_time", km_tracker_now_ms(tracker)),
    };
    struct km_tracked_run *run = NULL;
    const struct km_json_node *tags = km_json_tree_find(r->json, "tags");
    const struct km_json_node *tag = tags ? tags->first : NULL;
    enum km_code code = km_mlflow_find_experiment(
        r, km_mlflow_text(r, "experiment_id"), &options.experiment, err);
    if (code == KM_OK && options.experiment->deleted) {
        code = km_fail(err, KM_EINPUT,
                       "The experiment %s must be in the 'active' state. "
                       "Current state is deleted.",
                       options.experiment->id);
    }
    for (; tag && code == KM_OK; tag = tag->next) {
        struct km_str key = km_mlflow_node_text(tag, "key");
        struct km_str value = km_mlflow_node_text(tag, "value");
        code = km_track_tag_check(key, value, err);
        if (code == KM_OK && km_str_is(key, "mlflow.runName")) {
            options.name = options.name.len ? options.name : value;
        }
    }
    if (options.name.len == 0) {
        uint64_t now = (uint64_t)km_tracker_now_ms(tracker);
        const char *name =
            km_arena_printf(&r->arena, "%s-run-%u", adjectives[now & 7],
                            (unsigned)(now >> 3) % 1000);
        options.name = km_str_of(name ? name : "run");
    }
    code = code ? code : km_track_run(tracker, &options, &run, err);
    for (tag = tags ? tags->first : NULL; tag && code == KM_OK;
         tag = tag->next) {
        const struct km_str value = km_mlflow_node_text(tag, "value");
        code = km_track_tag(tracker, run, km_mlflow_node_text(tag, "key"),
                            &value, err);
    }
    code = code ? code
                : km_track_tag(tracker, run, KM_STR("mlflow.runName"),
                               &options.name, err);
    return code ? code : answer_run(r, run, err);
}

enum km_code km_mlflow_run_get(struct km_request *r, struct km_err *err)
{
    struct km_tracked_run *run;
    enum km_code code = km_mlflow_run_of(r, &run, err);
    return code ? code : answer_run(r, run, err);
}

enum km_code km_mlflow_run_update(struct km_request *r, struct km_err *err)
{
    struct km_tracked_run *run;
    struct km_str status = km_mlflow_text(r, "status");
    const struct km_track_run_update update = {
        .status = status.len ? km_tracked_status_of(status) : 0,
        .end_ms = km_mlflow_number(r, "end_time", 0),
        .name = km_mlflow_text(r, "run_name"),
    };
    enum km_code code = km_mlflow_live_run(r, &run, err);
    if (code == KM_OK && status.len && !update.status) {
        code = km_fail(err, KM_EINPUT,
                       "status is '%.*s', expected RUNNING, SCHEDULED, "
                       "FINISHED, FAILED or KILLED",
                       (int)(status.len < 40 ? status.len : 40), status.ptr);
    }
    code = code ? code
                : km_track_run_update(r->options->tracker, run, &update, err);
    if (code == KM_OK) {
        struct km_json_writer w;
        km_mlflow_begin(r, &w);
        km_json_key(&w, "run_info");
        km_mlflow_write_info(&w, run);
        km_json_object_end(&w);
    }
    return code;
}

static enum km_code set_deleted(struct km_request *r, bool deleted,
                                struct km_err *err)
{
    struct km_tracked_run *run;
    enum km_code code = km_mlflow_run_of(r, &run, err);
    code = code ? code
                : km_track_run_delete(r->options->tracker, run, deleted, err);
    return code ? code : km_mlflow_done(r);
}

enum km_code km_mlflow_run_delete(struct km_request *r, struct km_err *err)
{
    return set_deleted(r, true, err);
}

enum km_code km_mlflow_run_restore(struct km_request *r, struct km_err *err)
{
    return set_deleted(r, false, err);
}

enum km_code km_mlflow_set_tag(struct km_request *r, struct km_err *err)
{
    struct km_tracked_run *run;
    const struct km_str value = km_mlflow_text(r, "value");
    enum km_code code = km_mlflow_live_run(r, &run, err);
    code = code ? code
                : km_track_tag(r->options->tracker, run,
                               km_mlflow_text(r, "key"), &value, err);
    return code ? code : km_mlflow_done(r);
}

enum km_code km_mlflow_delete_tag(struct km_request *r, struct km_err *err)
{
    struct km_tracked_run *run;
    enum km_code code = km_mlflow_live_run(r, &run, err);
    code = code ? code
                : km_track_tag(r->options->tracker, run,
                               km_mlflow_text(r, "key"), NULL, err);
    return code ? code : km_mlflow_done(r);
}
