/* route.c - segment by segment. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/route.h"

#include <string.h>

static const char *const names[KM_METHOD_COUNT] = {
    [KM_GET] = "GET", [KM_POST] = "POST"};

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
        struct km_str want = next_part(&wanted), have = next_part(&path);
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

void km_route_find(const char *method, struct km_str path,
                   struct km_route_match *match)
{
    bool head = strcmp(method, "HEAD") == 0;
    *match = (struct km_route_match){.route = NULL};
    for (size_t i = 0; i < km_route_count; i++) {
        const struct km_route *route = &km_routes[i];
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
