/* guard.c - deny by default. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/guard.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool km_address_is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* Is `host` this name, with this port or none? */
static bool is_name(const char *host, const char *name, unsigned port)
{
    char whole[320];
    int len = snprintf(whole, sizeof whole, "%s:%u", name, port);
    return len > 0 && (size_t)len < sizeof whole &&
           (strcasecmp(host, whole) == 0 ||
            ((port == 80 || port == 443) && strcasecmp(host, name) == 0));
}

unsigned km_guard_host(const struct km_http_options *options, const char *host,
                       unsigned port, const char **words)
{
    static const char *const loopback[] = {"localhost", "127.0.0.1", "[::1]"};
    *words = "the Host header names another server; --host NAME allows a name";
    for (size_t i = 0; host && i < 3; i++) {
        if (is_name(host, loopback[i], port)) {
            return 0;
        }
    }
    for (size_t i = 0; host && i < options->host_count; i++) {
        if (is_name(host, options->host[i], port) ||
            strcasecmp(host, options->host[i]) == 0) {
            return 0;
        }
    }
    return 421;
}

unsigned km_guard_origin(const char *method, const char *origin,
                         const char *host, const char **words)
{
    *words = "a request from another origin";
    if (!origin || strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
        return 0;
    }
    const char *name = strncmp(origin, "http://", 7) == 0    ? origin + 7
                       : strncmp(origin, "https://", 8) == 0 ? origin + 8
                                                             : NULL;
    return name && host && strcasecmp(name, host) == 0 ? 0 : 403;
}

unsigned km_guard_token(const struct km_http_options *options,
                        enum km_scope needed, const char *authorization,
                        struct km_grant *grant, const char **words)
{
    static const char bearer[] = "Bearer ";
    *grant = (struct km_grant){.scope = KM_SCOPE_NOBODY};
    bool local = km_address_is_loopback(options->address);
    if (authorization) {
        bool known = strncasecmp(authorization, bearer, 7) == 0 &&
                     options->tokens &&
                     km_tokens_find(options->tokens,
                                    km_str_of(authorization + 7), grant);
        if (!known) {
            *words = "the token is not known";
            return 401;
        }
    } else if (local) {
        grant->scope = KM_SCOPE_READ; /* this machine may look */
    }
    if (grant->scope >= needed) {
        return 0;
    }
    *words = authorization ? "the token does not allow this"
                           : "a token is needed: Authorization: Bearer TOKEN";
    return authorization ? 403 : 401;
}
