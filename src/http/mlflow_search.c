/* mlflow_search.c - searches, and the course of metrics. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "http/mlflow.h"

enum { EXPERIMENTS_MAX = 1000, RUNS_MAX = 1000, HISTORY_PAGE = 25000 };

/* Fills filter, order, view and project of a search from the request. */
static enum km_code search_of(struct km_request *r, struct km_search *search,
                              struct km_err *err)
{
    struct km_str view = km_mlflow_text(r, "run_view_type");
    view = view.len ? view : km_mlflow_text(r, "view_type");
    search->filter = km_mlflow_text(r, "filter");
    search->project = r->grant.project;
    search->view = km_str_is(view, "ALL") || km_str_is(view, "3") ? KM_VIEW_ALL
                   : km_str_is(view, "DELETED_ONLY") || km_str_is(view, "2")
                       ? KM_VIEW_DELETED
                       : KM_VIEW_ACTIVE;
    const struct km_json_node *order = km_json_tree_find(r->json, "order_by");
    if (order && order->first &&
        order->first->kind == KM_JSON_OBJECT_BEGIN) { /* of logged models */
        for (order = order->first;
             order && search->order_count < KM_FILTER_CLAUSES_MAX;
             order = order->next) {
            struct km_str field = km_mlflow_node_text(order, "field_name");
            const struct km_json_node *up =
                km_json_tree_find(order, "ascending");
            const char *text =
                km_arena_printf(&r->arena, "%.*s %s", (int)field.len, field.ptr,
                                up && !up->integer ? "DESC" : "ASC");
            if (!text) {
                return km_fail(err, KM_EMEMORY, "no memory for a search");
            }
            search->order[search->order_count++] = km_str_of(text);
        }
        return KM_OK;
    }
    return km_mlflow_texts(r, "order_by", search->order, KM_FILTER_CLAUSES_MAX,
                           &search->order_count, err);
}

/* The experiments that are asked for and may be seen. */
static enum km_code experiments_of(struct km_request *r,
                                   struct km_search *search, struct km_err *err)
{
    struct km_str *ids = km_new(&r->arena, struct km_str, EXPERIMENTS_MAX);
    struct km_experiment **list =
        km_new(&r->arena, struct km_experiment *, EXPERIMENTS_MAX);
    size_t count = 0;
    if (!ids || !list) {
        return km_fail(err, KM_EMEMORY, "no memory for a search");
    }
    enum km_code code =
        km_mlflow_texts(r, "experiment_ids", ids, EXPERIMENTS_MAX, &count, err);
    search->experiments = list;
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        struct km_err why; /* what is not there has no runs */
        struct km_experiment *one;
        if (km_mlflow_find_experiment(r, ids[i], &one, &why) == KM_OK) {
            list[search->experiment_count++] = one;
        }
    }
    return code;
}

static enum km_code write_run(struct km_request *r, struct km_json_writer *w,
                              const void *found, struct km_err *err)
{
    const struct km_book *book = km_tracker_book(r->options->tracker);
    const struct km_tracked_run *run = found;
    return km_mlflow_write_run(r, w, km_book_find_run(book, km_str_of(run->id)),
                               err);
}

static enum km_code write_model(struct km_request *r, struct km_json_writer *w,
                                const void *found, struct km_err *err)
{
    (void)r;
    (void)err;
    km_mlflow_write_model(w, found);
    return KM_OK;
}

static enum km_code write_experiment(struct km_request *r,
                                     struct km_json_writer *w,
                                     const void *found, struct km_err *err)
{
    (void)r;
    (void)err;
    km_mlflow_write_experiment(w, found);
    return KM_OK;
}

/* What can be searched for: what is found, as which key, how many of it a page
 * has at most and unless it is asked for. */
static const struct searched {
    enum km_search_subject subject;
    const char *key;
    int64_t most, usual;
    bool within; /* of experiments that are named */
    enum km_code (*write)(struct km_request *r, struct km_json_writer *w,
                          const void *found, struct km_err *err);
} runs = {KM_SEARCH_RUNS, "runs", 50000, 1000, true, write_run},
  models = {KM_SEARCH_MODELS, "models", 1000, 100, true, write_model},
  experiments = {KM_SEARCH_EXPERIMENTS, "experiments", 50000, 1000, false,
                 write_experiment};

static enum km_code find_page(struct km_request *r, const struct searched *of,
                              struct km_err *err)
{
    struct km_search search = {.subject = of->subject};
    const void **list;
    size_t count = 0, from = 0, until = 0;
    enum km_code code = search_of(r, &search, err);
    if (code == KM_OK && of->within) {
        code = experiments_of(r, &search, err);
    }
    code = code ? code
                : km_search(r->options->tracker, &search, &r->arena, &list,
                            &count, err);
    code = code ? code
                : km_mlflow_page(r, count, of->most, of->usual, &from, &until,
                                 err);
    if (code) {
        return code;
    }
    struct km_json_writer w;
    km_mlflow_begin(r, &w);
    km_json_key(&w, of->key);
    km_json_array_begin(&w);
    for (size_t i = from; i < until && code == KM_OK; i++) {
        code = of->write(r, &w, list[i], err);
    }
    km_json_array_end(&w);
    km_mlflow_write_next(&w, until, count);
    km_json_object_end(&w);
    return code;
}

enum km_code km_mlflow_run_search(struct km_request *r, struct km_err *err)
{
    return find_page(r, &runs, err);
}

enum km_code km_mlflow_model_search(struct km_request *r, struct km_err *err)
{
    return find_page(r, &models, err);
}

enum km_code km_mlflow_experiment_search(struct km_request *r,
                                         struct km_err *err)
{
    return find_page(r, &experiments, err);
}

/* ---- history ---- */

struct history {
    struct km_json_writer *w;
    struct km_str key;
    const char *run_id; /* NULL: is not written */
    size_t at, from, until;
};

static bool write_points(void *user, const struct km_columns *columns)
{
    struct history *h = user;
    struct km_json_writer *w = h->w;
    for (size_t i = 0; i < columns->count; i++, h->at++) {
        if (h->at < h->from || h->at >= h->until) {
            continue;
        }
        km_json_object_begin(w);
        km_json_key(w, "key");
        km_json_str(w, h->key);
        km_json_key(w, "value");
        km_json_double(w, columns->values[i]);
        km_json_key(w, "timestamp");
        km_json_int(w, columns->times_ns[i] == KM_TIME_ABSENT
                           ? 0
                           : columns->times_ns[i] / 1000000);
        km_json_key(w, "step");
        km_json_int(w, columns->steps[i]);
        if (h->run_id) {
            km_json_key(w, "run_id");
            km_json_text(w, h->run_id);
        }
        km_json_object_end(w);
    }
    return true;
}

static enum km_code write_history(struct km_request *r,
                                  const struct km_tracked_run *run,
                                  const struct km_point_range *range,
                                  struct history *history, struct km_err *err)
{
    uint64_t series = km_series_id(run->store_id, history->key, KM_STR(""));
    return km_store_read_points(r->options->store, series, range, write_points,
                                history, err);
}

enum km_code km_mlflow_history(struct km_request *r, struct km_err *err)
{
    static const struct km_point_range all = {INT64_MIN, INT64_MAX};
    struct km_tracked_run *run;
    struct km_json_writer w;
    struct history h = {.w = &w, .key = km_mlflow_text(r, "metric_key")};
    enum km_code code = km_mlflow_run_of(r, &run, err);
    code = code ? code
                : km_mlflow_page(r, SIZE_MAX, HISTORY_PAGE * 40, HISTORY_PAGE,
                                 &h.from, &h.until, err);
    if (code) {
        return code;
    }
    km_mlflow_begin(r, &w);
    km_json_key(&w, "metrics");
    km_json_array_begin(&w);
    code = write_history(r, run, &all, &h, err);
    km_json_array_end(&w);
    km_mlflow_write_next(&w, h.until, h.at);
    km_json_object_end(&w);
    return code;
}

enum km_code km_mlflow_history_bulk(struct km_request *r, struct km_err *err)
{
    struct km_str ids[100];
    size_t count = 0;
    struct km_json_writer w;
    struct history h = {.w = &w, .key = km_mlflow_text(r, "metric_key")};
    int64_t low = km_mlflow_number(r, "start_step", INT64_MIN);
    int64_t high = km_mlflow_number(r, "end_step", INT64_MAX - 1);
    const struct km_point_range range = {low,
                                         high < INT64_MAX ? high + 1 : high};
    enum km_code code = km_mlflow_texts(r, "run_ids", ids, 100, &count, err);
    if (count == 0 && code == KM_OK) {
        code = km_mlflow_texts(r, "run_id", ids, 100, &count, err);
    }
    code = code ? code
                : km_mlflow_page(r, SIZE_MAX, HISTORY_PAGE * 40, HISTORY_PAGE,
                                 &h.from, &h.until, err);
    if (code) {
        return code;
    }
    km_mlflow_begin(r, &w);
    km_json_key(&w, "metrics");
    km_json_array_begin(&w);
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        struct km_tracked_run *run;
        code = km_mlflow_find_run(r, ids[i], &run, err);
        if (code == KM_OK) {
            h.run_id = run->id;
            code = write_history(r, run, &range, &h, err);
        }
    }
    km_json_array_end(&w);
    km_json_object_end(&w);
    return code;
}
