/* mlflow_routes.c - MLflow's paths, behind /api/2.0/ and its like. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "http/mlflow.h"

enum {
    BODY_BYTES_MAX = 16 * KM_MIB,
    READ = KM_ROUTE_JSON | KM_ROUTE_TRACKED,
    WRITE = KM_ROUTE_JSON | KM_ROUTE_QUEUED,
};

/* A search is a POST that changes nothing. */
#define ROW(method, path, scope, handler, flags)                               \
    {                                                                          \
        method, path, KM_SCOPE_##scope, #handler, NULL, NULL, 0,               \
            "application/json", BODY_BYTES_MAX, NULL, km_mlflow_##handler,     \
            flags, NULL                                                        \
    }
#define GET(path, handler)                                                     \
    {                                                                          \
        KM_GET, path, KM_SCOPE_READ, #handler, NULL, NULL, 0, NULL, 0, NULL,   \
            km_mlflow_##handler, KM_ROUTE_TRACKED, NULL                        \
    }
#define LOOK(path, handler)         ROW(KM_POST, path, READ, handler, READ)
#define POST(path, handler)         ROW(KM_POST, path, WRITE, handler, WRITE)
#define PATCH(path, handler)        ROW(KM_PATCH, path, WRITE, handler, WRITE)
#define DELETE(path, handler)       ROW(KM_DELETE, path, WRITE, handler, WRITE)
#define NONE(method, path, handler) ROW(method, path, READ, handler, READ)

const struct km_route km_mlflow_routes[] = {
    POST("mlflow/experiments/create", experiment_create),
    GET("mlflow/experiments/get", experiment_get),
    GET("mlflow/experiments/get-by-name", experiment_named),
    POST("mlflow/experiments/update", experiment_update),
    POST("mlflow/experiments/delete", experiment_delete),
    POST("mlflow/experiments/restore", experiment_restore),
    POST("mlflow/experiments/set-experiment-tag", experiment_tag),
    POST("mlflow/experiments/delete-experiment-tag", experiment_untag),
    LOOK("mlflow/experiments/search", experiment_search),
    GET("mlflow/experiments/search", experiment_search),
    GET("mlflow/experiments/list", experiment_search),
    POST("mlflow/runs/create", run_create),
    GET("mlflow/runs/get", run_get),
    POST("mlflow/runs/update", run_update),
    POST("mlflow/runs/delete", run_delete),
    POST("mlflow/runs/restore", run_restore),
    LOOK("mlflow/runs/search", run_search),
    POST("mlflow/runs/log-metric", log_metric),
    POST("mlflow/runs/log-batch", log_batch),
    POST("mlflow/runs/log-parameter", log_param),
    POST("mlflow/runs/log-inputs", log_inputs),
    POST("mlflow/runs/outputs", log_outputs),
    POST("mlflow/runs/log-model", log_model),
    POST("mlflow/runs/set-tag", set_tag),
    POST("mlflow/runs/delete-tag", delete_tag),
    GET("mlflow/metrics/get-history", history),
    GET("mlflow/metrics/get-history-bulk", history_bulk),
    GET("mlflow/metrics/get-history-bulk-interval", history_bulk),
    GET("mlflow/artifacts/list", artifacts),
    LOOK("mlflow/logged-models/search", model_search),
    POST("mlflow/logged-models", model_create),
    GET("mlflow/logged-models/{id}", model_get),
    PATCH("mlflow/logged-models/{id}", model_update),
    DELETE("mlflow/logged-models/{id}", model_delete),
    PATCH("mlflow/logged-models/{id}/tags", model_tags),
    DELETE("mlflow/logged-models/{id}/tags/{key*}", model_untag),
    POST("mlflow/logged-models/{id}/params", model_params),
    GET("mlflow/logged-models/{id}/artifacts/directories", model_artifacts),
    GET("mlflow/server-info", server_info),
    GET("mlflow-artifacts/artifacts", artifact_list),
    GET("mlflow-artifacts/artifacts/{path*}", artifact_get),
    {KM_PUT, "mlflow-artifacts/artifacts/{path*}", KM_SCOPE_WRITE,
     "artifact_put", NULL, NULL, 0, "application/octet-stream", 0, NULL,
     km_mlflow_artifact_put, KM_ROUTE_ANY_TYPE,
     km_artifact_receive},
    ROW(KM_DELETE, "mlflow-artifacts/artifacts/{path*}", WRITE, artifact_delete,
        READ),
    NONE(KM_POST, "mlflow-artifacts/mpu/{path*}", artifact_multipart),
    NONE(KM_GET, "mlflow/registered-models/{path*}", no_registry),
    NONE(KM_POST, "mlflow/registered-models/{path*}", no_registry),
    NONE(KM_PATCH, "mlflow/registered-models/{path*}", no_registry),
    NONE(KM_DELETE, "mlflow/registered-models/{path*}", no_registry),
    NONE(KM_GET, "mlflow/model-versions/{path*}", no_registry),
    NONE(KM_POST, "mlflow/model-versions/{path*}", no_registry),
    NONE(KM_PATCH, "mlflow/model-versions/{path*}", no_registry),
    NONE(KM_DELETE, "mlflow/model-versions/{path*}", no_registry),
    NONE(KM_POST, "mlflow/traces", no_traces),
    NONE(KM_GET, "mlflow/traces", no_traces),
    NONE(KM_GET, "mlflow/traces/{path*}", no_traces),
    NONE(KM_POST, "mlflow/traces/{path*}", no_traces),
    NONE(KM_PATCH, "mlflow/traces/{path*}", no_traces),
    NONE(KM_DELETE, "mlflow/traces/{path*}", no_traces),
};
const size_t km_mlflow_route_count =
    sizeof km_mlflow_routes / sizeof *km_mlflow_routes;
