/* mlflow_experiments.c - experiments of MLflow's API. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "http/mlflow.h"

void km_mlflow_write_experiment(struct km_json_writer *w,
                                const struct km_experiment *one)
{
    char uri[80];
    (void)snprintf(uri, sizeof uri, "mlflow-artifacts:/%s", one->id);
    const struct {
        const char *key, *text;
    } texts[] = {{"experiment_id", one->id},
                 {"name", one->name},
                 {"artifact_location", uri},
                 {"lifecycle_stage", one->deleted ? "deleted" : "active"}};
    km_json_object_begin(w);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        km_json_key(w, texts[i].key);
        km_json_text(w, texts[i].text);
    }
    km_json_key(w, "creation_time");
    km_json_int(w, one->created_ms);
    km_json_key(w, "last_update_time");
    km_json_int(w, one->updated_ms);
    km_mlflow_write_pairs(w, "tags", &one->tags);
    km_json_object_end(w);
}

static enum km_code experiment_of(struct km_request *r,
                                  struct km_experiment **out,
                                  struct km_err *err)
{
    return km_mlflow_find_experiment(r, km_mlflow_text(r, "experiment_id"), out,
                                     err);
}

/* A token of one project has that experiment and no other. */
static enum km_code check_name(const struct km_request *r, struct km_str name,
                               struct km_err *err)
{
    return km_request_may_see(r, name)
               ? KM_OK
               : km_fail(err, KM_EDENIED,
                         "the token is for experiment '%.*s' alone",
                         (int)r->grant.project.len, r->grant.project.ptr);
}

static enum km_code check_tags(const struct km_json_node *tags,
                               struct km_err *err)
{
    enum km_code code = KM_OK;
    for (tags = tags ? tags->first : NULL; tags && code == KM_OK;
         tags = tags->next) {
        code = km_track_tag_check(km_mlflow_node_text(tags, "key"),
                                  km_mlflow_node_text(tags, "value"), err);
    }
    return code;
}

enum km_code km_mlflow_experiment_create(struct km_request *r,
                                         struct km_err *err)
{
    struct km_tracker *tracker = r->options->tracker;
    struct km_str name = km_mlflow_text(r, "name");
    struct km_experiment *one = NULL;
    const struct km_json_node *tag = km_json_tree_find(r->json, "tags");
    enum km_code code = check_name(r, name, err);
    code = code ? code : check_tags(tag, err);
    code = code ? code : km_track_experiment(tracker, name, &one, err);
    for (tag = tag ? tag->first : NULL; tag && code == KM_OK; tag = tag->next) {
        const struct km_str value = km_mlflow_node_text(tag, "value");
        code = km_track_experiment_tag(
            tracker, one, km_mlflow_node_text(tag, "key"), &value, err);
    }
    if (code == KM_OK) {
        struct km_json_writer w;
        km_mlflow_begin(r, &w);
        km_json_key(&w, "experiment_id");
        km_json_text(&w, one->id);
        km_json_object_end(&w);
    }
    return code;
}

static enum km_code write_one(struct km_request *r,
                              const struct km_experiment *one)
{
    struct km_json_writer w;
    km_mlflow_begin(r, &w);
    km_json_key(&w, "experiment");
    km_mlflow_write_experiment(&w, one);
    km_json_object_end(&w);
    return KM_OK;
}

enum km_code km_mlflow_experiment_get(struct km_request *r, struct km_err *err)
{
    struct km_experiment *one;
    enum km_code code = experiment_of(r, &one, err);
    return code ? code : write_one(r, one);
}

enum km_code km_mlflow_experiment_named(struct km_request *r,
                                        struct km_err *err)
{
    struct km_str name = km_mlflow_text(r, "experiment_name");
    const struct km_experiment *one =
        km_book_find_named(km_tracker_book(r->options->tracker), name);
    if (!one || !km_request_may_see(r, name)) {
        return km_fail(err, KM_ENOTFOUND,
                       "Could not find experiment with name '%.*s'",
                       (int)(name.len < 200 ? name.len : 200), name.ptr);
    }
    return write_one(r, one);
}

enum km_code km_mlflow_experiment_update(struct km_request *r,
                                         struct km_err *err)
{
    struct km_experiment *one;
    struct km_str name = km_mlflow_text(r, "new_name");
    enum km_code code = experiment_of(r, &one, err);
    code = code ? code : check_name(r, name, err);
    code =
        code ? code
             : km_track_experiment_rename(r->options->tracker, one, name, err);
    return code ? code : km_mlflow_done(r);
}

static enum km_code set_deleted(struct km_request *r, bool deleted,
                                struct km_err *err)
{
    struct km_experiment *one;
    enum km_code code = experiment_of(r, &one, err);
    if (code == KM_OK && one->deleted == deleted) {
        code = km_fail(err, KM_EINPUT,
                       "No Experiment with id=%s exists that is %s", one->id,
                       deleted ? "active" : "deleted");
    }
    code = code ? code
                : km_track_experiment_delete(r->options->tracker, one, deleted,
                                             err);
    return code ? code : km_mlflow_done(r);
}

enum km_code km_mlflow_experiment_delete(struct km_request *r,
                                         struct km_err *err)
{
    return set_deleted(r, true, err);
}

enum km_code km_mlflow_experiment_restore(struct km_request *r,
                                          struct km_err *err)
{
    return set_deleted(r, false, err);
}

enum km_code km_mlflow_experiment_tag(struct km_request *r, struct km_err *err)
{
    struct km_experiment *one;
    const struct km_str value = km_mlflow_text(r, "value");
    enum km_code code = experiment_of(r, &one, err);
    code = code
               ? code
               : km_track_experiment_tag(r->options->tracker, one,
                                         km_mlflow_text(r, "key"), &value, err);
    return code ? code : km_mlflow_done(r);
}

enum km_code km_mlflow_experiment_untag(struct km_request *r,
                                        struct km_err *err)
{
    struct km_experiment *one;
    enum km_code code = experiment_of(r, &one, err);
    code = code ? code
                : km_track_experiment_tag(r->options->tracker, one,
                                          km_mlflow_text(r, "key"), NULL, err);
    return code ? code : km_mlflow_done(r);
}
