/* http.h - the server: one store, watched and fed over HTTP.
 *
 * Secure as it starts: loopback, a token for every write (and for every read
 * from elsewhere), only known Host names, no cross-origin request, bounded
 * everything. docs/protocol.md says what is spoken, docs/server.md how it is
 * set up.
 * Ownership: what the options name belongs to the caller and outlives the
 * server.   Threads: start and stop from one; it has its own.
 * Errors: KM_EIO (the address), KM_EMEMORY, KM_EUSAGE (no token but an open
 * address). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_HTTP_H
#define KM_HTTP_HTTP_H

#include "base/clock.h"
#include "http/token.h"
#include "ingest/receive.h"
#include "model/role.h"
#include "tracking/tracker.h"

struct km_http_options {
    struct km_store *store;
    struct km_receiver *receiver;
    struct km_tracker *tracker; /* for clients of MLflow's API */
    const char *folder; /* of the store: artifacts go below it; NULL: none */
    const struct km_role_table *roles; /* NULL: the built-in names */
    const struct km_clock *clock;      /* NULL: the system's */
    const struct km_tokens *tokens;
    const char *address;     /* "127.0.0.1", "::1", "0.0.0.0" */
    unsigned port;           /* 0: any that is free */
    const char *const *host; /* further names that clients may use */
    size_t host_count;
    unsigned threads;                                 /* 0: 4 */
    void (*on_request)(void *user, const char *line); /* a log line; NULL */
    void *user;
};

struct km_http;

struct km_http *km_http_start(const struct km_http_options *options,
                              struct km_err *err);
unsigned km_http_port(const struct km_http *http);

/* Takes no new connection, lets what is under way finish, ends. */
void km_http_stop(struct km_http *http);

#endif
