/* route.c - segment by segment. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/route.h"

#include <string.h>

static const char *const names[KM_METHOD_COUNT] = {
    [KM_GET] = "GET",     [KM_POST] = "POST",     [KM_PUT] = "PUT",
    [KM_PATCH] = "PATCH", [KM_DELETE] = "DELETE",
};

const char *km_method_name(enum km_method method)
{
    return names[method];
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* The text up to the next '/'; it goes on behind that. */
static struct km_str next_part(struct km_str *rest)
{
    const char *slash = memchr(rest->ptr, '/', rest->len);
    size_t len = slash ? (size_t)(slash - rest->ptr) : rest->len;
    struct km_str part = {rest->ptr, len};
    len += slash != NULL;
    rest->ptr += len;
    rest->len -= len;
    return part;
}

static bool matches(const char *pattern, struct km_str path,
                    struct km_str *parameters)
{
    struct km_str wanted = km_str_of(pattern);
    size_t count = 0;
    while (wanted.len && path.len) {
        const struct km_str left = path;
        struct km_str want = next_part(&wanted), have = next_part(&path);
        if (want.len > 2 && want.ptr[want.len - 2] == '*') {
            parameters[count] = left;
            return left.len > 0;
        }
        bool open = want.len && want.ptr[0] == '{';
        bool plain = have.len > 0;
        for (size_t i = 0; i < have.len; i++) {
            plain = plain && is_plain(have.ptr[i]);
        }
        if (open ? !plain : !km_str_equal(want, have)) {
            return false;
        }
        if (open && count < KM_ROUTE_PARAMETERS_MAX) {
            parameters[count++] = have;
        }
    }
    return wanted.len == 0 && path.len == 0;
}

/* Behind the prefix of MLflow's paths, or empty. */
static struct km_str mlflow_path(struct km_str path)
{
    static const char *const prefixes[] = {"/api/2.0/", "/api/3.0/",
                                           "/ajax-api/2.0/", "/ajax-api/3.0/"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t len = strlen(prefixes[i]);
        if (km_str_starts(path, (struct km_str){prefixes[i], len})) {
            return (struct km_str){path.ptr + len, path.len - len};
        }
    }
    return (struct km_str){path.ptr, 0};
}

static void find_in(const struct km_route *rows, size_t count,
                    const char *method, struct km_str path,
                    struct km_route_match *match)
{
    bool head = strcmp(method, "HEAD") == 0;
    for (size_t i = 0; i < count; i++) {
        const struct km_route *route = &rows[i];
        struct km_str found[KM_ROUTE_PARAMETERS_MAX] = {{0}};
        if (!matches(route->path, path, found)) {
            continue;
        }
        match->known = true;
        if (strcmp(method, names[route->method]) == 0 ||
            (head && route->method == KM_GET)) {
            match->route = route;
            memcpy(match->parameters, found, sizeof found);
            return;
        }
    }
}

void km_route_find(const char *method, struct km_str path,
                   struct km_route_match *match)
{
    const struct km_str rest = mlflow_path(path);
    *match = (struct km_route_match){.route = NULL};
    if (rest.len) {
        match->protocol = KM_PROTOCOL_MLFLOW;
        find_in(km_mlflow_routes, km_mlflow_route_count, method, rest, match);
    } else {
        find_in(km_routes, km_route_count, method, path, match);
    }
}
