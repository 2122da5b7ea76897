/* request.h - one request, from its first header to its answer.
 *
 * Ownership: the server makes and frees it; texts live in its arena.
 * Threads: one of the server's. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_REQUEST_H
#define KM_HTTP_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_tree.h"
#include "base/json_write.h"
#include "http/http.h"
#include "http/route.h"

struct MHD_Connection;
struct km_viewer;

struct km_request {
    struct km_http *http;
    const struct km_http_options *options;
    struct MHD_Connection *connection;
    const struct km_route *route;
    struct km_str parameters[KM_ROUTE_PARAMETERS_MAX];
    struct km_grant grant;
    struct km_arena arena;
    struct km_buf body;              /* as it came */
    struct km_str taken;             /* the body, unpacked */
    const struct km_json_node *json; /* the same, of KM_ROUTE_JSON; or NULL */
    enum km_protocol protocol;
    struct km_upload {
        int fd; /* of the file that a body goes to; -1 */
        int folder_fd;
        char name[64];
        uint64_t bytes;
    } upload;
    int reply_fd; /* a file that is the answer; -1: `reply` is */
    uint64_t reply_fd_bytes;
    struct km_buf reply;
    unsigned status;          /* 200 unless a handler says otherwise */
    const char *content_type; /* of the reply */
    const char *etag;         /* without quotes; NULL: none */
    bool head;
    struct km_viewer *viewer; /* the answer is its stream; NULL: `reply` */
};

/* By the rules of paths ('+' is itself) or of forms; NULL: a NUL, half an
 * escape, no memory. */
const char *km_request_decode(struct km_request *request, struct km_str text,
                              bool form);
/* A query parameter, decoded once; NULL: not given. */
const char *km_request_query(struct km_request *request, const char *name);
/* A whole number in [least, most]; `otherwise` when it is not given. */
enum km_code km_request_number(struct km_request *request, const char *name,
                               int64_t least, int64_t most, int64_t otherwise,
                               int64_t *out, struct km_err *err);
/* A header; NULL: not given. */
const char *km_request_header(struct km_request *request, const char *name);

/* 16 hexadecimal digits, as runs and series are named. */
enum km_code km_request_id(struct km_request *request, size_t parameter,
                           uint64_t *id, struct km_err *err);
void km_json_id(struct km_json_writer *w, const char *key, uint64_t id);

/* What was asked for has this tag: true when the client has it already (the
 * answer is then 304 and empty). */
bool km_request_is_known(struct km_request *request, const char *etag);

/* May the token see a run of this project? */
bool km_request_may_see(const struct km_request *request,
                        struct km_str project);

/* What the path's protocol says of a failure, in place of what the reply held:
 * {"error": {...}}, or MLflow's {"error_code": ..., "message": ...}. */
void km_request_fail(struct km_request *request, unsigned status,
                     const char *code, const char *message);

#endif
