/* mlflow_log.c - what a run logs: metrics, params, inputs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/number.h"
#include "http/mlflow.h"

enum { METRICS_MAX = 100000 }; /* of one batch; clients send 1000 */

/* A number, or one of the words for what is none. */
static bool value_of(const struct km_json_node *metric, double *value)
{
    const struct km_json_node *node = km_json_tree_find(metric, "value");
    if (node && node->kind == KM_JSON_STRING) {
        return km_number_parse(node->text, value);
    }
    *value = node ? node->number : 0;
    return node &&
           (node->kind == KM_JSON_INTEGER || node->kind == KM_JSON_NUMBER);
}

static enum km_code point_of(const struct km_json_node *metric,
                             struct km_tracked_point *point, struct km_err *err)
{
    point->key = km_mlflow_node_text(metric, "key");
    point->time_ms = km_mlflow_node_number(metric, "timestamp", 0);
    point->step = km_mlflow_node_number(metric, "step", 0);
    if (point->key.len == 0) {
        return km_fail(err, KM_EINPUT,
                       "Missing value for required parameter 'key'.");
    }
    return value_of(metric, &point->value)
               ? KM_OK
               : km_fail(err, KM_EINPUT,
                         "the value of metric '%.*s' is no number",
                         (int)(point->key.len < 80 ? point->key.len : 80),
                         point->key.ptr);
}

enum km_code km_mlflow_log_metric(struct km_request *r, struct km_err *err)
{
    struct km_tracked_run *run;
    struct km_tracked_point point;
    enum km_code code = km_mlflow_live_run(r, &run, err);
    code = code ? code : point_of(r->json, &point, err);
    code = code ? code
                : km_track_points(r->options->tracker, run, &point, 1,
                                  &r->arena, err);
    code = code ? code : km_mlflow_model_metric(r, run, r->json, err);
    return code ? code : km_mlflow_done(r);
}

static enum km_code points_of(struct km_request *r,
                              const struct km_json_node *metrics,
                              struct km_tracked_point **points, size_t *count,
                              struct km_err *err)
{
    size_t n = 0;
    enum km_code code = KM_OK;
    for (const struct km_json_node *at = metrics; at; at = at->next) {
        n++;
    }
    if (n > METRICS_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "A batch logging request can contain at most %d "
                       "metrics. Got %zu metrics. Please split up metrics "
                       "across multiple requests and try again.",
                       METRICS_MAX, n);
    }
    *points = km_new(&r->arena, struct km_tracked_point, n + 1);
    *count = n;
    if (!*points) {
        return km_fail(err, KM_EMEMORY, "no memory for a batch");
    }
    for (size_t i = 0; i < n && code == KM_OK; i++, metrics = metrics->next) {
        code = point_of(metrics, &(*points)[i], err);
    }
    return code;
}

static const struct km_json_node *first_of(const struct km_request *r,
                                           const char *name)
{
    const struct km_json_node *list = km_json_tree_find(r->json, name);
    return list && list->kind == KM_JSON_ARRAY_BEGIN ? list->first : NULL;
}

/* Nothing is changed before all of it is known to be right. */
static enum km_code check_texts(struct km_request *r,
                                const struct km_tracked_run *run,
                                struct km_err *err)
{
    enum km_code code = KM_OK;
    for (const struct km_json_node *at = first_of(r, "params");
         at && code == KM_OK; at = at->next) {
        struct km_str key = km_mlflow_node_text(at, "key");
        struct km_str value = km_mlflow_node_text(at, "value");
        code = km_track_param_check(run, key, value, err);
        for (const struct km_json_node *was = first_of(r, "params");
             was != at && code == KM_OK && run->params.count < 1000;
             was = was->next) {
            if (km_str_equal(km_mlflow_node_text(was, "key"), key) &&
                !km_str_equal(km_mlflow_node_text(was, "value"), value)) {
                code = km_fail(err, KM_EINPUT,
                               "Duplicate parameter keys have been submitted: "
                               "%.*s",
                               (int)(key.len < 80 ? key.len : 80), key.ptr);
            }
        }
    }
    for (const struct km_json_node *at = first_of(r, "tags");
         at && code == KM_OK; at = at->next) {
        code = km_track_tag_check(km_mlflow_node_text(at, "key"),
                                  km_mlflow_node_text(at, "value"), err);
    }
    return code;
}

enum km_code km_mlflow_log_batch(struct km_request *r, struct km_err *err)
{
    struct km_tracker *tracker = r->options->tracker;
    struct km_tracked_run *run;
    struct km_tracked_point *points = NULL;
    size_t count = 0;
    const struct km_json_node *metrics = first_of(r, "metrics");
    enum km_code code = km_mlflow_live_run(r, &run, err);
    code = code ? code : check_texts(r, run, err);
    code = code ? code : points_of(r, metrics, &points, &count, err);
    if (code == KM_OK && count) {
        code = km_track_points(tracker, run, points, count, &r->arena, err);
    }
    for (const struct km_json_node *at = first_of(r, "params");
         at && code == KM_OK; at = at->next) {
        code = km_track_param(tracker, run, km_mlflow_node_text(at, "key"),
                              km_mlflow_node_text(at, "value"), err);
    }
    for (const struct km_json_node *at = first_of(r, "tags");
         at && code == KM_OK; at = at->next) {
        const struct km_str value = km_mlflow_node_text(at, "value");
        code = km_track_tag(tracker, run, km_mlflow_node_text(at, "key"),
                            &value, err);
    }
    for (; metrics && code == KM_OK; metrics = metrics->next) {
        code = km_mlflow_model_metric(r, run, metrics, err);
    }
    return code ? code : km_mlflow_done(r);
}

enum km_code km_mlflow_log_param(struct km_request *r, struct km_err *err)
{
    struct km_tracked_run *run;
    enum km_code code = km_mlflow_live_run(r, &run, err);
    code = code ? code
                : km_track_param(r->options->tracker, run,
                                 km_mlflow_text(r, "key"),
                                 km_mlflow_text(r, "value"), err);
    return code ? code : km_mlflow_done(r);
}

/* A document of the request, kept as it is under prefix and name. */
static enum km_code keep(struct km_request *r, struct km_tracked_run *run,
                         bool output, const struct km_json_node *document,
                         const char *prefix, struct km_str name,
                         struct km_err *err)
{
    struct km_buf json;
    const char *key =
        km_arena_printf(&r->arena, "%s%.*s", prefix, (int)name.len, name.ptr);
    km_buf_init(&json, KM_NOTE_BYTES_MAX);
    km_json_tree_write(document, &json);
    enum km_code code =
        !key || json.failed
            ? km_fail(err, KM_ELIMIT, "an input has more than %d bytes",
                      KM_NOTE_BYTES_MAX)
            : km_track_input(r->options->tracker, run, output, km_str_of(key),
                             (struct km_str){json.bytes, json.len}, err);
    km_buf_finish(&json);
    return code;
}

enum km_code km_mlflow_log_inputs(struct km_request *r, struct km_err *err)
{
    struct km_tracked_run *run;
    enum km_code code = km_mlflow_live_run(r, &run, err);
    for (const struct km_json_node *at = first_of(r, "datasets");
         at && code == KM_OK; at = at->next) {
        const struct km_json_node *set = km_json_tree_find(at, "dataset");
        struct km_str name = km_mlflow_node_text(set, "name");
        struct km_str digest = km_mlflow_node_text(set, "digest");
        const char *key =
            km_arena_printf(&r->arena, "%.*s/%.*s", (int)name.len, name.ptr,
                            (int)digest.len, digest.ptr);
        code = key ? keep(r, run, false, at, "dataset/", km_str_of(key), err)
                   : km_fail(err, KM_EMEMORY, "no memory for an input");
    }
    for (const struct km_json_node *at = first_of(r, "models");
         at && code == KM_OK; at = at->next) {
        code = keep(r, run, false, at, "model/",
                    km_mlflow_node_text(at, "model_id"), err);
    }
    return code ? code : km_mlflow_done(r);
}

enum km_code km_mlflow_log_outputs(struct km_request *r, struct km_err *err)
{
    struct km_tracked_run *run;
    enum km_code code = km_mlflow_live_run(r, &run, err);
    for (const struct km_json_node *at = first_of(r, "models");
         at && code == KM_OK; at = at->next) {
        code = keep(r, run, true, at, "model/",
                    km_mlflow_node_text(at, "model_id"), err);
    }
    return code ? code : km_mlflow_done(r);
}

/* 2.x: what it knows of a model goes on the tag that lists them. */
enum km_code km_mlflow_log_model(struct km_request *r, struct km_err *err)
{
    const struct km_str key = KM_STR("mlflow.log-model.history");
    struct km_tracked_run *run;
    struct km_str model = km_mlflow_text(r, "model_json");
    enum km_code code = km_mlflow_live_run(r, &run, err);
    if (code) {
        return code;
    }
    const char *known = km_pairs_find(&run->tags, key);
    const struct km_json_node *one = km_json_tree_parse(model, &r->arena, err);
    if (!one || one->kind != KM_JSON_OBJECT_BEGIN) {
        return km_fail(err, KM_EINPUT, "model_json is no JSON object");
    }
    size_t len = known ? strlen(known) : 0;
    const char *list = km_arena_printf(
        &r->arena, "%.*s%s%.*s]", len > 2 ? (int)len - 1 : 1,
        len > 2 ? known : "[", len > 2 ? ", " : "", (int)model.len, model.ptr);
    const struct km_str value = km_str_of(list ? list : "[]");
    code = km_track_tag(r->options->tracker, run, key, &value, err);
    return code ? code : km_mlflow_done(r);
}
