/* mlflow.h - MLflow's tracking API, as its clients speak it.
 *
 * Every field may come in a JSON body or in the query; numbers may be texts;
 * what is not known is ignored. Writing handlers run on the writer's thread,
 * check all before they change anything, and are answered when it is durable.
 * Threads: any.   Document: docs/protocols/mlflow.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_MLFLOW_H
#define KM_HTTP_MLFLOW_H

#include "http/request.h"
#include "tracking/search.h"

void km_mlflow_fail(struct km_request *r, struct km_json_writer *w,
                    const char *code, const char *message);

/* A field of the request; empty, 0 or `otherwise`: not given. */
struct km_str km_mlflow_text(struct km_request *r, const char *name);
int64_t km_mlflow_number(struct km_request *r, const char *name,
                         int64_t otherwise);
/* The elements of a list of texts, of the body or of a repeated parameter; at
 * most `max`, KM_ELIMIT beyond. */
enum km_code km_mlflow_texts(struct km_request *r, const char *name,
                             struct km_str *list, size_t max, size_t *count,
                             struct km_err *err);
int64_t km_mlflow_node_number(const struct km_json_node *object,
                              const char *name, int64_t otherwise);
struct km_str km_mlflow_node_text(const struct km_json_node *object,
                                  const char *name);

/* What the request names; what the token may not see is not there.
 * KM_ENOTFOUND, KM_EINPUT. */
enum km_code km_mlflow_find_experiment(struct km_request *r, struct km_str id,
                                       struct km_experiment **out,
                                       struct km_err *err);
enum km_code km_mlflow_find_run(struct km_request *r, struct km_str id,
                                struct km_tracked_run **out,
                                struct km_err *err);
/* The run of the field run_id (or run_uuid). */
enum km_code km_mlflow_run_of(struct km_request *r, struct km_tracked_run **out,
                              struct km_err *err);
/* The same, of a run that is not deleted. */
enum km_code km_mlflow_live_run(struct km_request *r,
                                struct km_tracked_run **out,
                                struct km_err *err);
enum km_code km_mlflow_find_model(struct km_request *r, struct km_str id,
                                  struct km_tracked_model **out,
                                  struct km_err *err);

void km_mlflow_write_experiment(struct km_json_writer *w,
                                const struct km_experiment *one);
/* "info", "data" and what it used and made. */
enum km_code km_mlflow_write_run(struct km_request *r, struct km_json_writer *w,
                                 struct km_tracked_run *run,
                                 struct km_err *err);
void km_mlflow_write_info(struct km_json_writer *w,
                          const struct km_tracked_run *run);
void km_mlflow_write_pairs(struct km_json_writer *w, const char *key,
                           const struct km_pairs *pairs);
void km_mlflow_write_model(struct km_json_writer *w,
                           const struct km_tracked_model *model);
void km_mlflow_begin(struct km_request *r, struct km_json_writer *w);
/* {} */
enum km_code km_mlflow_done(struct km_request *r);

/* A page of `count` from the field page_token on; writes next_page_token. */
enum km_code km_mlflow_page(struct km_request *r, size_t count, int64_t most,
                            int64_t otherwise, size_t *from, size_t *until,
                            struct km_err *err);
void km_mlflow_write_next(struct km_json_writer *w, size_t until, size_t count);

/* A metric's value as a model's: kept with the model. */
enum km_code km_mlflow_model_metric(struct km_request *r,
                                    const struct km_tracked_run *run,
                                    const struct km_json_node *metric,
                                    struct km_err *err);

/* mlflow_artifacts.c: what is left of an upload that did not end well. */
void km_artifact_upload_drop(struct km_request *r);
enum km_code km_artifact_receive(struct km_request *r, struct km_str piece,
                                 struct km_err *err);

#define KM_MLFLOW_HANDLERS(X)                                                  \
    X(experiment_create)                                                       \
    X(experiment_get)                                                          \
    X(experiment_named) X(experiment_update) X(experiment_delete)              \
        X(experiment_restore) X(experiment_tag) X(experiment_untag)            \
            X(experiment_search) X(run_create) X(run_get) X(run_update)        \
                X(run_delete) X(run_restore) X(run_search) X(log_metric)       \
                    X(log_batch) X(log_param) X(log_inputs) X(log_outputs) X(  \
                        log_model) X(set_tag) X(delete_tag) X(history)         \
                        X(history_bulk) X(artifacts) X(artifact_list) X(       \
                            artifact_get) X(artifact_put) X(artifact_delete)   \
                            X(artifact_multipart) X(model_create) X(model_get) \
                                X(model_update) X(model_delete) X(model_tags)  \
                                    X(model_untag) X(model_params)             \
                                        X(model_search) X(model_artifacts)     \
                                            X(server_info) X(version)          \
                                                X(no_registry) X(no_traces)
#define KM_MLFLOW_DECLARE(name)                                                \
    enum km_code km_mlflow_##name(struct km_request *r, struct km_err *err);
KM_MLFLOW_HANDLERS(KM_MLFLOW_DECLARE)

#endif
