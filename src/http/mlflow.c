/* mlflow.c - fields, names, pages and errors, as MLflow has them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/mlflow.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>

#include "base/number.h"

/* Our outcomes and theirs. A client tries 429 and 5xx again for minutes, so
 * nothing that stays so is answered with one of them. */
static const struct {
    const char *ours, *theirs;
    unsigned status; /* 0: ours */
} codes[] = {
    {"EUSAGE", "INVALID_PARAMETER_VALUE", 0},
    {"EINPUT", "INVALID_PARAMETER_VALUE", 0},
    {"ECORRUPT", "INVALID_PARAMETER_VALUE", 400},
    {"EFORMAT", "BAD_REQUEST", 0},
    {"ENOTFOUND", "RESOURCE_DOES_NOT_EXIST", 0},
    {"ECONFLICT", "RESOURCE_ALREADY_EXISTS", 400},
    {"ELIMIT", "INVALID_PARAMETER_VALUE", 400},
    {"EBUSY", "TEMPORARILY_UNAVAILABLE", 503},
    {"ENOSPACE", "TEMPORARILY_UNAVAILABLE", 503},
    {"EIO", "INTERNAL_ERROR", 500},
    {"EMEMORY", "TEMPORARILY_UNAVAILABLE", 503},
    {"EDENIED", "PERMISSION_DENIED", 0},
};

void km_mlflow_fail(struct km_request *r, struct km_json_writer *w,
                    const char *code, const char *message)
{
    const char *theirs = "BAD_REQUEST";
    if (!r->route && r->status == 404) {
        theirs = "ENDPOINT_NOT_FOUND";
    } else if (r->status == 401) {
        theirs = "UNAUTHENTICATED";
        message = "this server wants a token for it: set MLFLOW_TRACKING_TOKEN "
                  "to one of its token file (km serve says where that is)";
    } else {
        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
            if (strcmp(codes[i].ours, code) == 0) {
                theirs = codes[i].theirs;
                r->status = codes[i].status ? codes[i].status : r->status;
            }
        }
    }
    km_json_object_begin(w);
    km_json_key(w, "error_code");
    km_json_text(w, theirs);
    km_json_key(w, "message");
    km_json_text(w, message);
    km_json_object_end(w);
}

/* ---- fields ---- */

struct km_str km_mlflow_node_text(const struct km_json_node *object,
                                  const char *name)
{
    const struct km_json_node *node = km_json_tree_find(object, name);
    return node && node->text.ptr ? node->text : KM_STR("");
}

int64_t km_mlflow_node_number(const struct km_json_node *object,
                              const char *name, int64_t otherwise)
{
    const struct km_json_node *node = km_json_tree_find(object, name);
    int64_t value;
    if (!node) {
        return otherwise;
    }
    if (node->kind == KM_JSON_INTEGER) {
        return node->integer;
    }
    if (node->kind == KM_JSON_NUMBER && node->number > -9e18 &&
        node->number < 9e18) {
        return (int64_t)node->number;
    }
    return node->kind == KM_JSON_STRING && km_integer_parse(node->text, &value)
               ? value
               : otherwise;
}

struct km_str km_mlflow_text(struct km_request *r, const char *name)
{
    const struct km_json_node *node = km_json_tree_find(r->json, name);
    if (node) {
        return node->text.ptr ? node->text : KM_STR("");
    }
    const char *text = km_request_query(r, name);
    return km_str_of(text ? text : "");
}

int64_t km_mlflow_number(struct km_request *r, const char *name,
                         int64_t otherwise)
{
    int64_t value;
    if (km_json_tree_find(r->json, name)) {
        return km_mlflow_node_number(r->json, name, otherwise);
    }
    const char *text = km_request_query(r, name);
    return text && km_integer_parse(km_str_of(text), &value) ? value
                                                             : otherwise;
}

struct repeated {
    struct km_request *r;
    const char *name;
    struct km_str *list;
    size_t max, count;
};

static enum MHD_Result take_repeated(void *user, enum MHD_ValueKind kind,
                                     const char *key, const char *value)
{
    struct repeated *all = user;
    (void)kind;
    if (value && strcmp(key, all->name) == 0) {
        const char *text = km_request_decode(all->r, km_str_of(value), true);
        if (text && all->count < all->max) {
            all->list[all->count] = km_str_of(text);
        }
        all->count++;
    }
    return MHD_YES;
}

enum km_code km_mlflow_texts(struct km_request *r, const char *name,
                             struct km_str *list, size_t max, size_t *count,
                             struct km_err *err)
{
    const struct km_json_node *node = km_json_tree_find(r->json, name);
    struct repeated all = {r, name, list, max, 0};
    for (node = node ? node->first : NULL; node; node = node->next) {
        if (all.count < max) {
            list[all.count] = node->text.ptr ? node->text : KM_STR("");
        }
        all.count++;
    }
    if (!r->json) {
        (void)MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND,
                                        take_repeated, &all);
    }
    *count = all.count;
    return all.count <= max ? KM_OK
                            : km_fail(err, KM_ELIMIT,
                                      "%s has %zu elements, expected at "
                                      "most %zu",
                                      name, all.count, max);
}

/* ---- names ---- */

static int shown(struct km_str text)
{
    return (int)(text.len < 80 ? text.len : 80);
}

enum km_code km_mlflow_find_experiment(struct km_request *r, struct km_str id,
                                       struct km_experiment **out,
                                       struct km_err *err)
{
    const struct km_book *book = km_tracker_book(r->options->tracker);
    *out = km_book_find_experiment(book, id);
    if (*out && km_request_may_see(r, km_str_of((*out)->name))) {
        return KM_OK;
    }
    return km_fail(err, KM_ENOTFOUND, "No Experiment with id=%.*s exists",
                   shown(id), id.ptr);
}

enum km_code km_mlflow_find_run(struct km_request *r, struct km_str id,
                                struct km_tracked_run **out, struct km_err *err)
{
    const struct km_book *book = km_tracker_book(r->options->tracker);
    if (id.len == 0) {
        return km_fail(err, KM_EINPUT,
                       "Missing value for required parameter 'run_id'.");
    }
    *out = km_book_find_run(book, id);
    if (*out && km_request_may_see(r, km_str_of((*out)->project))) {
        return KM_OK;
    }
    return km_fail(err, KM_ENOTFOUND, "Run with id=%.*s not found", shown(id),
                   id.ptr);
}

enum km_code km_mlflow_run_of(struct km_request *r, struct km_tracked_run **out,
                              struct km_err *err)
{
    struct km_str id = km_mlflow_text(r, "run_id");
    return km_mlflow_find_run(r, id.len ? id : km_mlflow_text(r, "run_uuid"),
                              out, err);
}

enum km_code km_mlflow_live_run(struct km_request *r,
                                struct km_tracked_run **out, struct km_err *err)
{
    enum km_code code = km_mlflow_run_of(r, out, err);
    return code || !(*out)->deleted
               ? code
               : km_fail(err, KM_EINPUT,
                         "The run %s must be in the 'active' state. Current "
                         "state is deleted.",
                         (*out)->id);
}

enum km_code km_mlflow_find_model(struct km_request *r, struct km_str id,
                                  struct km_tracked_model **out,
                                  struct km_err *err)
{
    *out = km_book_find_model(km_tracker_book(r->options->tracker), id);
    if (*out && !(*out)->deleted &&
        km_request_may_see(r, km_str_of((*out)->experiment->name))) {
        return KM_OK;
    }
    return km_fail(err, KM_ENOTFOUND, "Logged model with ID '%.*s' not found.",
                   shown(id), id.ptr);
}

/* ---- answers ---- */

void km_mlflow_begin(struct km_request *r, struct km_json_writer *w)
{
    km_json_writer_init(w, &r->reply);
    km_json_object_begin(w);
}

enum km_code km_mlflow_done(struct km_request *r)
{
    km_buf_append_text(&r->reply, "{}");
    return KM_OK;
}

void km_mlflow_write_pairs(struct km_json_writer *w, const char *key,
                           const struct km_pairs *pairs)
{
    km_json_key(w, key);
    km_json_array_begin(w);
    for (uint32_t i = 0; i < pairs->count; i++) {
        km_json_object_begin(w);
        km_json_key(w, "key");
        km_json_text(w, pairs->list[i].key);
        km_json_key(w, "value");
        km_json_text(w, pairs->list[i].value);
        km_json_object_end(w);
    }
    km_json_array_end(w);
}

enum km_code km_mlflow_page(struct km_request *r, size_t count, int64_t most,
                            int64_t otherwise, size_t *from, size_t *until,
                            struct km_err *err)
{
    int64_t page = km_mlflow_number(r, "max_results", otherwise);
    struct km_str token = km_mlflow_text(r, "page_token");
    int64_t at = 0;
    if (page < 1 || page > most) {
        return km_fail(err, KM_EINPUT,
                       "Invalid value for max_results: %" PRId64
                       ". It must be a positive integer of at most %" PRId64,
                       page, most);
    }
    if (token.len && (!km_integer_parse(token, &at) || at < 0)) {
        return km_fail(err, KM_EINPUT, "page_token '%.*s' is none of ours",
                       shown(token), token.ptr);
    }
    *from = (size_t)at < count ? (size_t)at : count;
    *until = count - *from > (size_t)page ? *from + (size_t)page : count;
    return KM_OK;
}

void km_mlflow_write_next(struct km_json_writer *w, size_t until, size_t count)
{
    char token[24];
    if (until < count) {
        (void)snprintf(token, sizeof token, "%zu", until);
        km_json_key(w, "next_page_token");
        km_json_text(w, token);
    }
}

static enum km_code plain(struct km_request *r, unsigned status,
                          const char *code, const char *message)
{
    struct km_json_writer w;
    r->status = status;
    km_mlflow_begin(r, &w);
    km_json_key(&w, "error_code");
    km_json_text(&w, code);
    km_json_key(&w, "message");
    km_json_text(&w, message);
    km_json_object_end(&w);
    return KM_OK;
}

enum km_code km_mlflow_no_registry(struct km_request *r, struct km_err *err)
{
    (void)err;
    return plain(r, 400, "FEATURE_DISABLED",
                 "this server keeps runs and logged models; it has no model "
                 "registry");
}

enum km_code km_mlflow_no_traces(struct km_request *r, struct km_err *err)
{
    (void)err;
    return plain(r, 501, "NOT_IMPLEMENTED",
                 "this server keeps runs and logged models; it has no traces");
}

enum km_code km_mlflow_artifact_multipart(struct km_request *r,
                                          struct km_err *err)
{
    (void)err;
    return plain(r, 501, "NOT_IMPLEMENTED",
                 "artifacts are taken whole; multipart uploads are not "
                 "offered");
}

enum km_code km_mlflow_server_info(struct km_request *r, struct km_err *err)
{
    static const char *const no[] = {
        "workspaces_enabled", "trace_archival_enabled",
        "multipart_uploads_enabled", "multipart_downloads_enabled"};
    struct km_json_writer w;
    (void)err;
    km_mlflow_begin(r, &w);
    km_json_key(&w, "store_type");
    km_json_text(&w, "knotmeter");
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        km_json_key(&w, no[i]);
        km_json_bool(&w, false);
    }
    km_json_object_end(&w);
    return KM_OK;
}

/* That of this server: clients ask which one they are talking to. */
enum km_code km_mlflow_version(struct km_request *r, struct km_err *err)
{
    (void)err;
    r->content_type = "text/plain; charset=utf-8";
    km_buf_append_text(&r->reply, KM_VERSION);
    return KM_OK;
}
