/* mlflow_models.c - logged models, which clients from 3.0 on have. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "http/mlflow.h"

static void write_text(struct km_json_writer *w, const char *key,
                       const char *text)
{
    km_json_key(w, key);
    km_json_text(w, text ? text : "");
}

void km_mlflow_write_model(struct km_json_writer *w,
                           const struct km_tracked_model *model)
{
    char uri[160];
    (void)snprintf(uri, sizeof uri, "mlflow-artifacts:/%s/models/%s/artifacts",
                   model->experiment->id, model->id);
    km_json_object_begin(w);
    km_json_key(w, "info");
    km_json_object_begin(w);
    write_text(w, "model_id", model->id);
    write_text(w, "experiment_id", model->experiment->id);
    write_text(w, "name", model->name);
    write_text(w, "artifact_uri", uri);
    write_text(w, "status", model->status);
    write_text(w, "status_message", model->status_message);
    write_text(w, "model_type", model->type);
    write_text(w, "source_run_id", model->source_run);
    km_json_key(w, "creation_timestamp_ms");
    km_json_int(w, model->created_ms);
    km_json_key(w, "last_updated_timestamp_ms");
    km_json_int(w, model->updated_ms);
    km_mlflow_write_pairs(w, "tags", &model->tags);
    km_json_object_end(w);
    km_json_key(w, "data");
    km_json_object_begin(w);
    km_mlflow_write_pairs(w, "params", &model->params);
    km_json_key(w, "metrics");
    km_json_array_begin(w);
    for (uint32_t i = 0; i < model->metrics.count; i++) {
        km_json_raw(w, km_str_of(model->metrics.list[i].value));
    }
    km_json_array_end(w);
    km_json_object_end(w);
    km_json_object_end(w);
}

static enum km_code answer_model(struct km_request *r,
                                 const struct km_tracked_model *model)
{
    struct km_json_writer w;
    km_mlflow_begin(r, &w);
    km_json_key(&w, "model");
    km_mlflow_write_model(&w, model);
    km_json_object_end(&w);
    return KM_OK;
}

static enum km_code model_of(struct km_request *r,
                             struct km_tracked_model **out, struct km_err *err)
{
    return km_mlflow_find_model(r, r->parameters[0], out, err);
}

static enum km_code check_pairs(const struct km_json_node *list,
                                struct km_err *err)
{
    enum km_code code = KM_OK;
    for (list = list ? list->first : NULL; list && code == KM_OK;
         list = list->next) {
        code = km_track_tag_check(km_mlflow_node_text(list, "key"),
                                  km_mlflow_node_text(list, "value"), err);
    }
    return code;
}

static enum km_code put_pairs(struct km_pairs *pairs,
                              const struct km_json_node *list,
                              struct km_err *err)
{
    for (list = list ? list->first : NULL; list; list = list->next) {
        if (pairs->count >= KM_TRACKED_INPUTS_MAX ||
            !km_pairs_put(pairs, km_mlflow_node_text(list, "key"),
                          km_mlflow_node_text(list, "value"))) {
            return km_fail(err, KM_ELIMIT,
                           "a model has more than %d params or tags",
                           KM_TRACKED_INPUTS_MAX);
        }
    }
    return KM_OK;
}

enum km_code km_mlflow_model_create(struct km_request *r, struct km_err *err)
{
    struct km_tracker *tracker = r->options->tracker;
    struct km_experiment *experiment;
    struct km_tracked_model *model = NULL;
    struct km_str name = km_mlflow_text(r, "name");
    const struct km_json_node *params = km_json_tree_find(r->json, "params");
    const struct km_json_node *tags = km_json_tree_find(r->json, "tags");
    enum km_code code = km_mlflow_find_experiment(
        r, km_mlflow_text(r, "experiment_id"), &experiment, err);
    if (code == KM_OK && name.len) {
        code = km_name_check(name, "the name of a model", err);
    }
    code = code ? code : check_pairs(params, err);
    code = code ? code : check_pairs(tags, err);
    code = code ? code : km_track_model(tracker, experiment, &model, err);
    if (code) {
        return code;
    }
    const char *made = km_arena_printf(&r->arena, "model-%.8s", model->id + 2);
    name = name.len ? name : km_str_of(made ? made : "model");
    if (!km_book_text(&model->name, name) ||
        !km_book_text(&model->type, km_mlflow_text(r, "model_type")) ||
        !km_book_text(&model->source_run, km_mlflow_text(r, "source_run_id")) ||
        !km_book_text(&model->status, KM_STR("LOGGED_MODEL_PENDING"))) {
        return km_fail(err, KM_EMEMORY, "no memory for a model");
    }
    code = put_pairs(&model->params, params, err);
    code = code ? code : put_pairs(&model->tags, tags, err);
    code = code ? code : km_track_model_keep(tracker, model, err);
    return code ? code : answer_model(r, model);
}

enum km_code km_mlflow_model_get(struct km_request *r, struct km_err *err)
{
    struct km_tracked_model *model;
    enum km_code code = model_of(r, &model, err);
    return code ? code : answer_model(r, model);
}

static enum km_code changed(struct km_request *r,
                            struct km_tracked_model *model, struct km_err *err)
{
    model->updated_ms = km_tracker_now_ms(r->options->tracker);
    return km_track_model_keep(r->options->tracker, model, err);
}

enum km_code km_mlflow_model_update(struct km_request *r, struct km_err *err)
{
    static const char *const words[] = {"LOGGED_MODEL_PENDING",
                                        "LOGGED_MODEL_READY",
                                        "LOGGED_MODEL_UPLOAD_FAILED"};
    struct km_tracked_model *model;
    struct km_str status = km_mlflow_text(r, "status");
    enum km_code code = model_of(r, &model, err);
    size_t i = 0;
    while (i < 3 && !km_str_is(status, words[i]) &&
           !(status.len == 1 && status.ptr[0] == '1' + (char)i)) {
        i++;
    }
    if (code == KM_OK && i == 3) {
        code = km_fail(err, KM_EINPUT, "'%.*s' is no status of a model",
                       (int)(status.len < 60 ? status.len : 60), status.ptr);
    }
    if (code == KM_OK && !km_book_text(&model->status, km_str_of(words[i]))) {
        code = km_fail(err, KM_EMEMORY, "no memory for a model");
    }
    code = code ? code : changed(r, model, err);
    return code ? code : answer_model(r, model);
}

enum km_code km_mlflow_model_delete(struct km_request *r, struct km_err *err)
{
    struct km_tracked_model *model;
    enum km_code code = model_of(r, &model, err);
    if (code == KM_OK) {
        model->deleted = true;
        code = changed(r, model, err);
    }
    return code ? code : km_mlflow_done(r);
}

static enum km_code add_pairs(struct km_request *r, bool tags,
                              struct km_err *err)
{
    struct km_tracked_model *model;
    const struct km_json_node *list =
        km_json_tree_find(r->json, tags ? "tags" : "params");
    enum km_code code = model_of(r, &model, err);
    code = code ? code : check_pairs(list, err);
    code = code ? code
                : put_pairs(tags ? &model->tags : &model->params, list, err);
    code = code ? code : changed(r, model, err);
    return code ? code : answer_model(r, model);
}

enum km_code km_mlflow_model_tags(struct km_request *r, struct km_err *err)
{
    return add_pairs(r, true, err);
}

enum km_code km_mlflow_model_params(struct km_request *r, struct km_err *err)
{
    return add_pairs(r, false, err);
}

enum km_code km_mlflow_model_untag(struct km_request *r, struct km_err *err)
{
    struct km_tracked_model *model;
    const char *key = km_request_decode(r, r->parameters[1], false);
    enum km_code code = model_of(r, &model, err);
    if (code == KM_OK &&
        (!key || !km_pairs_find(&model->tags, km_str_of(key)))) {
        code = km_fail(err, KM_ENOTFOUND,
                       "No tag with key '%.80s' found for "
                       "model with ID '%s'.",
                       key ? key : "", model->id);
    }
    if (code == KM_OK) {
        km_pairs_remove(&model->tags, km_str_of(key));
        code = changed(r, model, err);
    }
    return code ? code : answer_model(r, model);
}

/* {"key": ..., "model_id": ...}: the model remembers the latest. */
enum km_code km_mlflow_model_metric(struct km_request *r,
                                    const struct km_tracked_run *run,
                                    const struct km_json_node *metric,
                                    struct km_err *err)
{
    struct km_str id = km_mlflow_node_text(metric, "model_id");
    struct km_tracked_model *model;
    struct km_err none;
    if (id.len == 0 || km_mlflow_find_model(r, id, &model, &none)) {
        return KM_OK; /* it is the run's all the same */
    }
    static const char *const texts[] = {"key", "dataset_name",
                                        "dataset_digest"};
    struct km_buf json;
    struct km_json_writer w;
    km_buf_init(&json, KM_NOTE_BYTES_MAX);
    km_json_writer_init(&w, &json);
    km_json_object_begin(&w);
    for (size_t i = 0; i < 3; i++) {
        struct km_str text = km_mlflow_node_text(metric, texts[i]);
        if (text.len) {
            km_json_key(&w, texts[i]);
            km_json_str(&w, text);
        }
    }
    const struct km_json_node *value = km_json_tree_find(metric, "value");
    km_json_key(&w, "value");
    if (value && value->kind == KM_JSON_STRING) {
        km_json_str(&w, value->text);
    } else {
        km_json_double(&w, value ? value->number : 0);
    }
    km_json_key(&w, "timestamp");
    km_json_int(&w, km_mlflow_node_number(metric, "timestamp", 0));
    km_json_key(&w, "step");
    km_json_int(&w, km_mlflow_node_number(metric, "step", 0));
    write_text(&w, "model_id", model->id);
    write_text(&w, "run_id", run->id);
    km_json_object_end(&w);
    struct km_str key = km_mlflow_node_text(metric, "key");
    struct km_str set = km_mlflow_node_text(metric, "dataset_digest");
    const char *name = km_arena_printf(&r->arena, "%.*s/%s/%.*s", (int)key.len,
                                       key.ptr, run->id, (int)set.len, set.ptr);
    bool kept = name && !json.failed &&
                (model->metrics.count < KM_TRACKED_INPUTS_MAX ||
                 km_pairs_find(&model->metrics, km_str_of(name))) &&
                km_pairs_put(&model->metrics, km_str_of(name),
                             (struct km_str){json.bytes, json.len});
    km_buf_finish(&json);
    return kept ? changed(r, model, err) : KM_OK;
}
