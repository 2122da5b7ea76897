/* route.h - the table of what can be asked for.
 *
 * A row says method, path, who may, what it takes and what it answers; the
 * OpenAPI document, the index of the API and the checks before a handler are
 * made from the rows.   Threads: any.   Document: docs/protocol.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_ROUTE_H
#define KM_HTTP_ROUTE_H

#include "base/err.h"
#include "http/token.h"

struct km_request;

enum km_method {
    KM_GET,
    KM_POST,
    KM_PUT,
    KM_PATCH,
    KM_DELETE,
    KM_METHOD_COUNT
};

/* Whose protocol a path belongs to: how refusals are worded. */
enum km_protocol { KM_PROTOCOL_OWN, KM_PROTOCOL_MLFLOW, KM_PROTOCOL_OTLP };

enum km_route_flag {
    KM_ROUTE_QUEUED = 1,   /* runs on the writer's thread, many together */
    KM_ROUTE_JSON = 2,     /* the body, when there is one, is a document */
    KM_ROUTE_ANY_TYPE = 4, /* of the body */
    KM_ROUTE_TRACKED = 8,  /* reads the tracker's book */
};

enum { KM_ROUTE_PARAMETERS_MAX = 4 };

/* What is taken in the query. */
struct km_route_query {
    const char *name, *about;
};

struct km_route {
    enum km_method method;
    const char *path; /* "/api/v1/runs/{run}" */
    enum km_scope scope;
    const char *name;    /* operation: "listRuns" */
    const char *summary; /* one line */
    const struct km_route_query *query;
    size_t query_count;
    const char *takes;   /* content type of the body; NULL: none */
    size_t body_max;     /* bytes, unpacked */
    const char *answers; /* content type; NULL: JSON */
    enum km_code (*handle)(struct km_request *request, struct km_err *err);
    unsigned flags; /* enum km_route_flag */
    /* Takes the body piece by piece, before `handle`; it is kept nowhere else,
     * and `body_max` is not the library's to hold. NULL: a body is kept. */
    enum km_code (*receive)(struct km_request *request, struct km_str piece,
                            struct km_err *err);
};

extern const struct km_route km_routes[];
extern const size_t km_route_count;

/* MLflow's own, below /api/2.0/, /api/3.0/ and their /ajax- twins; in no
 * OpenAPI document: they are not ours to describe. */
extern const struct km_route km_mlflow_routes[];
extern const size_t km_mlflow_route_count;

struct km_route_match {
    const struct km_route *route; /* NULL: see `known` */
    bool known;                   /* the path is, with another method */
    enum km_protocol protocol;
    struct km_str parameters[KM_ROUTE_PARAMETERS_MAX];
};

/* `path` as it came, not decoded: parameters are of letters, digits, '-', '_'
 * and '.', and nothing else matches; one written {name*} at the end of a row
 * takes all that is left, whatever it is, for its handler to decode. */
void km_route_find(const char *method, struct km_str path,
                   struct km_route_match *match);

const char *km_method_name(enum km_method method);

#endif
