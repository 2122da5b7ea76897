/* api_about.c - is it well, what can be asked, what the figures mean. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "http/api.h"
#include "score/figure.h"

static bool stop(void *user, const struct km_run_row *row)
{
    (void)user;
    (void)row;
    return false;
}

/* The store can be read. */
enum km_code km_api_health(struct km_request *r, struct km_err *err)
{
    const struct km_run_filter any = {.limit = 1};
    enum km_code code =
        km_store_list_runs(r->options->store, &any, stop, NULL, err);
    if (code == KM_OK) {
        struct km_json_writer w;
        km_json_writer_init(&w, &r->reply);
        km_json_object_begin(&w);
        km_json_key(&w, "status");
        km_json_text(&w, "ok");
        km_json_key(&w, "version");
        km_json_text(&w, KM_VERSION);
        km_json_object_end(&w);
    }
    return code;
}

enum km_code km_api_figures(struct km_request *r, struct km_err *err)
{
    struct km_json_writer w;
    (void)err;
    km_json_writer_init(&w, &r->reply);
    km_json_object_begin(&w);
    km_json_key(&w, "figures");
    km_json_array_begin(&w);
    for (size_t i = 0; i < km_figure_count(); i++) {
        km_figure_json(km_figure_at(i), NULL, &w);
    }
    km_json_array_end(&w);
    km_json_object_end(&w);
    return KM_OK;
}

/* ---- OpenAPI 3.1, made from the table ---- */

static void parameter(struct km_json_writer *w, const char *place,
                      struct km_str name, const char *about)
{
    bool path = strcmp(place, "path") == 0;
    km_json_object_begin(w);
    km_json_key(w, "name");
    km_json_str(w, name);
    km_json_key(w, "in");
    km_json_text(w, place);
    km_json_key(w, "required");
    km_json_bool(w, path);
    if (about) {
        km_json_key(w, "description");
        km_json_text(w, about);
    }
    km_json_key(w, "schema");
    km_json_object_begin(w);
    km_json_key(w, "type");
    km_json_text(w, "string");
    km_json_object_end(w);
    km_json_object_end(w);
}

static void parameters(struct km_json_writer *w, const struct km_route *route)
{
    km_json_key(w, "parameters");
    km_json_array_begin(w);
    for (const char *at = strchr(route->path, '{'); at; at = strchr(at, '{')) {
        const char *end = strchr(++at, '}');
        parameter(w, "path", (struct km_str){at, (size_t)(end - at)}, NULL);
    }
    for (size_t i = 0; i < route->query_count; i++) {
        parameter(w, "query", km_str_of(route->query[i].name),
                  route->query[i].about);
    }
    km_json_array_end(w);
}

static void content(struct km_json_writer *w, const char *type)
{
    km_json_key(w, "content");
    km_json_object_begin(w);
    km_json_key(w, type);
    km_json_object_begin(w);
    km_json_object_end(w);
    km_json_object_end(w);
}

static void operation(struct km_json_writer *w, const struct km_route *route)
{
    km_json_key(w, route->method == KM_GET ? "get" : "post");
    km_json_object_begin(w);
    km_json_key(w, "operationId");
    km_json_text(w, route->name);
    km_json_key(w, "summary");
    km_json_text(w, route->summary);
    parameters(w, route);
    if (route->takes) {
        km_json_key(w, "requestBody");
        km_json_object_begin(w);
        content(w, route->takes);
        km_json_object_end(w);
    }
    km_json_key(w, "responses");
    km_json_object_begin(w);
    km_json_key(w, "200");
    km_json_object_begin(w);
    km_json_key(w, "description");
    km_json_text(w, route->summary);
    content(w, route->answers ? route->answers : "application/json");
    km_json_object_end(w);
    km_json_key(w, "default");
    km_json_object_begin(w);
    km_json_key(w, "description");
    km_json_text(w, "{\"error\": {\"code\", \"status\", \"message\"}}");
    km_json_object_end(w);
    km_json_object_end(w);
    km_json_key(w, "security");
    km_json_array_begin(w);
    km_json_object_begin(w);
    if (route->scope > KM_SCOPE_NOBODY) {
        km_json_key(w, "token");
        km_json_array_begin(w);
        km_json_array_end(w);
    }
    km_json_object_end(w);
    km_json_array_end(w);
    km_json_object_end(w);
}

static bool is_told(size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(km_routes[i].path, km_routes[index].path) == 0) {
            return true;
        }
    }
    return false;
}

enum km_code km_api_openapi(struct km_request *r, struct km_err *err)
{
    struct km_json_writer w;
    (void)err;
    km_json_writer_init(&w, &r->reply);
    km_json_object_begin(&w);
    km_json_key(&w, "openapi");
    km_json_text(&w, "3.1.0");
    km_json_key(&w, "info");
    km_json_object_begin(&w);
    km_json_key(&w, "title");
    km_json_text(&w, "Knotmeter");
    km_json_key(&w, "version");
    km_json_text(&w, KM_VERSION);
    km_json_object_end(&w);
    km_json_key(&w, "paths");
    km_json_object_begin(&w);
    for (size_t i = 0; i < km_route_count; i++) {
        if (is_told(i)) {
            continue;
        }
        km_json_key(&w, km_routes[i].path);
        km_json_object_begin(&w);
        for (size_t k = i; k < km_route_count; k++) {
            if (strcmp(km_routes[k].path, km_routes[i].path) == 0) {
                operation(&w, &km_routes[k]);
            }
        }
        km_json_object_end(&w);
    }
    km_json_object_end(&w);
    km_json_key(&w, "components");
    km_json_object_begin(&w);
    km_json_key(&w, "securitySchemes");
    km_json_object_begin(&w);
    km_json_key(&w, "token");
    km_json_object_begin(&w);
    km_json_key(&w, "type");
    km_json_text(&w, "http");
    km_json_key(&w, "scheme");
    km_json_text(&w, "bearer");
    km_json_object_end(&w);
    km_json_object_end(&w);
    km_json_object_end(&w);
    km_json_object_end(&w);
    return KM_OK;
}
