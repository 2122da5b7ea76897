/* server.c - libmicrohttpd's callbacks around requests.
 *
 * A request is checked as soon as its headers are there; one that is refused
 * never has its body read. Handlers run on the library's threads. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "http/body.h"
#include "http/deadline.h"
#include "http/guard.h"
#include "http/mlflow.h"
#include "http/private.h"
#include "http/write_queue.h"

enum {
    CONNECTIONS_MAX = 1024,
    CONNECTIONS_OF_ADDRESS_MAX = 64,
    CONNECTION_BYTES = 32 * KM_KIB,
    IDLE_S = 60,
    HEADER_MS = 10 * 1000, /* to the end of the first headers */
    BODY_MS = 30 * 1000,
    THREADS = 4,
    ARENA_BYTES_MAX = 256 * KM_MIB,
    REPLY_BYTES_MAX = 64 * KM_MIB,
    STREAM_BYTES = 4 * KM_KIB,
};

static const struct {
    const char *name, *value;
} always[] = {
    {"Content-Security-Policy",
     "default-src 'self'; script-src 'self'; object-src 'none'; base-uri "
     "'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-cache"},
};

/* A request with what only the server needs. */
struct exchange {
    struct km_request request;
    const char *method;
    const char *path; /* as it came */
    int64_t since_ns;
    bool refused;
    bool waiting;        /* for the writer */
    enum km_code broken; /* of a body that goes elsewhere */
    struct km_err why;
    uint64_t deadline_bytes; /* of that body, when it got its time */
};

static int64_t now_ns(const struct km_http *http)
{
    return km_clock_monotonic_ns(http->options.clock);
}

static void log_line(const struct exchange *x)
{
    const struct km_http_options *options = &x->request.http->options;
    char line[512];
    if (!options->on_request) {
        return;
    }
    double ms = (double)(now_ns(x->request.http) - x->since_ns) * 1e-6;
    (void)snprintf(line, sizeof line, "%s %.200s %u %zu B %.1f ms", x->method,
                   x->path, x->request.status, x->request.reply.len, ms);
    for (char *c = line; *c; c++) { /* nothing of a client moves a cursor */
        *c = *c < ' ' || *c == 0x7f ? '?' : *c;
    }
    options->on_request(options->user, line);
}

static ssize_t read_stream(void *user, uint64_t at, char *bytes, size_t max)
{
    (void)at;
    long given = km_viewer_read(user, bytes, max);
    return given < 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)given;
}

static void end_stream(void *user)
{
    km_viewer_destroy(user);
}

static enum MHD_Result answer(struct exchange *x)
{
    struct km_request *r = &x->request;
    if (r->reply.failed) {
        km_buf_finish(&r->reply);
        km_buf_init(&r->reply, REPLY_BYTES_MAX);
        km_request_fail(r, 413, "ELIMIT", "the answer exceeds 64 MiB");
    }
    bool file = r->reply_fd >= 0;
    struct MHD_Response *response =
        r->viewer ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
                                                      STREAM_BYTES, read_stream,
                                                      r->viewer, end_stream)
        : file ? MHD_create_response_from_fd64(r->reply_fd_bytes, r->reply_fd)
               : MHD_create_response_from_buffer(r->reply.len, r->reply.bytes,
                                                 MHD_RESPMEM_MUST_COPY);
    if (!response) {
        if (r->viewer) {
            km_viewer_destroy(r->viewer);
        }
        return MHD_NO;
    }
    if (file) {
        r->reply_fd = -1; /* the response closes it */
        (void)MHD_add_response_header(response, "Content-Disposition",
                                      "attachment");
    }
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        (void)MHD_add_response_header(response, always[i].name,
                                      always[i].value);
    }
    (void)MHD_add_response_header(response, "Content-Type",
                                  r->content_type ? r->content_type
                                                  : "application/json");
    if (r->etag) {
        char quoted[80];
        (void)snprintf(quoted, sizeof quoted, "\"%s\"", r->etag);
        (void)MHD_add_response_header(response, "ETag", quoted);
    }
    if (r->status == 401) {
        (void)MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    }
    if (r->status == 503 || r->status == 507) {
        (void)MHD_add_response_header(response, "Retry-After", "1");
    }
    if (r->status == 405) {
        (void)MHD_add_response_header(response, "Allow",
                                      "GET, HEAD, POST, PUT, PATCH, DELETE");
    }
    struct km_http_counters *counters = &r->http->counters;
    unsigned class = r->status / 100;
    if (class >= 2 && class < 2 + KM_STATUS_CLASSES) {
        counters->answers[class - 2]++;
    }
    counters->received_bytes += r->body.len;
    counters->sent_bytes += r->reply.len;
    enum MHD_Result done =
        MHD_queue_response(r->connection, r->status, response);
    MHD_destroy_response(response);
    log_line(x);
    return done;
}

static enum MHD_Result refuse(struct exchange *x, unsigned status,
                              const char *words)
{
    static const struct {
        unsigned status;
        const char *code;
    } codes[] = {{400, "EUSAGE"},    {401, "EDENIED"}, {403, "EDENIED"},
                 {404, "ENOTFOUND"}, {405, "EUSAGE"},  {413, "ELIMIT"},
                 {415, "EFORMAT"},   {421, "EDENIED"}};
    const char *code = "EUSAGE";
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        code = codes[i].status == status ? codes[i].code : code;
    }
    x->refused = true;
    km_request_fail(&x->request, status, code, words);
    return answer(x);
}

static enum MHD_Result count_hosts(void *user, enum MHD_ValueKind kind,
                                   const char *key, const char *value)
{
    (void)kind;
    (void)value;
    *(int *)user += strcasecmp(key, "Host") == 0;
    return MHD_YES;
}

/* Content type before a ';'. */
static bool is_type(const char *have, const char *want)
{
    size_t len = strlen(want);
    return have && strncasecmp(have, want, len) == 0 &&
           (have[len] == '\0' || have[len] == ';' || have[len] == ' ');
}

/* Looks at the headers; 0: go on. */
static unsigned check(struct exchange *x, const char **words)
{
    struct km_request *r = &x->request;
    const struct km_http_options *options = r->options;
    const char *host = km_request_header(r, "Host");
    struct km_route_match match;
    int hosts = 0;
    (void)MHD_get_connection_values(r->connection, MHD_HEADER_KIND, count_hosts,
                                    &hosts);
    if (hosts > 1) {
        *words = "more than one Host header";
        return 400;
    }
    unsigned status = km_guard_host(options, host, r->http->port, words);
    if (!status) {
        status = km_guard_origin(x->method, km_request_header(r, "Origin"),
                                 host, words);
    }
    if (status) {
        return status;
    }
    km_route_find(x->method, km_str_of(x->path), &match);
    r->protocol = match.protocol;
    if (!match.route) {
        *words = match.known ? "this is not asked for with that method"
                             : "there is nothing at this path";
        return match.known ? 405 : 404;
    }
    r->route = match.route;
    memcpy(r->parameters, match.parameters, sizeof r->parameters);
    status =
        km_guard_token(options, match.route->scope,
                       km_request_header(r, "Authorization"), &r->grant, words);
    const char *length = km_request_header(r, "Content-Length");
    const char *type = km_request_header(r, "Content-Type");
    bool bodiless = match.route->flags & KM_ROUTE_JSON && !type &&
                    !km_request_header(r, "Transfer-Encoding") &&
                    (!length || strcmp(length, "0") == 0);
    if (!status && match.route->takes && !bodiless &&
        !(match.route->flags & KM_ROUTE_ANY_TYPE) &&
        !is_type(type, match.route->takes)) {
        *words = km_arena_printf(&r->arena, "expected Content-Type: %s",
                                 match.route->takes);
        status = 415;
    }
    size_t most = match.route->takes ? match.route->body_max : 0;
    if (!status && !match.route->receive && length &&
        strtoull(length, NULL, 10) > most) {
        *words = km_arena_printf(&r->arena, "the body has more than %zu bytes",
                                 most);
        status = 413;
    }
    return status;
}

static enum MHD_Result fail(struct exchange *x, enum km_code code,
                            const struct km_err *err)
{
    km_request_fail(&x->request, (unsigned)km_code_http(code),
                    km_code_name(code), err->message);
    return answer(x);
}

/* What is written waits for its turn, and the connection with it. */
static enum MHD_Result queue(struct exchange *x)
{
    struct km_request *r = &x->request;
    struct km_err err;
    MHD_suspend_connection(r->connection);
    x->waiting = true;
    enum km_code code = km_write_queue_add(r->http->writes, r, &err);
    if (code) { /* it is not going to be woken by anybody else */
        km_request_fail(r, (unsigned)km_code_http(code), km_code_name(code),
                        err.message);
        MHD_resume_connection(r->connection);
    }
    return MHD_YES;
}

static enum MHD_Result handle(struct exchange *x)
{
    struct km_request *r = &x->request;
    struct km_err err = {.code = KM_OK};
    enum km_code code = KM_OK;
    if (r->route->takes && !r->route->receive) {
        code = km_body_unpack(km_request_header(r, "Content-Encoding"),
                              (struct km_str){r->body.bytes, r->body.len},
                              r->route->body_max, &r->arena, &r->taken, &err);
    }
    if (code == KM_OK && r->route->flags & KM_ROUTE_JSON && r->taken.len) {
        r->json = km_json_tree_parse(r->taken, &r->arena, &err);
        code = r->json ? KM_OK : err.code;
    }
    if (code == KM_OK && r->route->flags & KM_ROUTE_QUEUED) {
        return queue(x);
    }
    bool tracked = code == KM_OK && r->route->flags & KM_ROUTE_TRACKED;
    if (tracked) {
        (void)km_tracker_read(r->options->tracker);
    }
    code = code ? code : r->route->handle(r, &err);
    if (tracked) {
        km_tracker_read_done(r->options->tracker);
    }
    return code && r->status == 200 ? fail(x, code, &err) : answer(x);
}

static struct exchange *begin(struct km_http *http,
                              struct MHD_Connection *connection,
                              const char *path, const char *method)
{
    struct exchange *x = calloc(1, sizeof *x);
    if (!x) {
        return NULL;
    }
    struct km_request *r = &x->request;
    r->http = http;
    r->options = &http->options;
    r->connection = connection;
    r->status = 200;
    r->upload.fd = r->upload.folder_fd = r->reply_fd = -1;
    r->head = strcmp(method, "HEAD") == 0;
    km_arena_init(&r->arena, ARENA_BYTES_MAX);
    km_buf_init(&r->reply, REPLY_BYTES_MAX);
    x->since_ns = now_ns(http);
    x->method = method;
    x->path = km_arena_copy(&r->arena, path, strlen(path));
    return x;
}

static void set_deadline(struct km_http *http,
                         struct MHD_Connection *connection, int64_t ms)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    km_deadline_set(http->deadlines, info ? info->socket_context : NULL, ms);
}

static void on_connection(void *user, struct MHD_Connection *connection,
                          void **own, enum MHD_ConnectionNotificationCode what)
{
    struct km_http *http = user;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        km_deadline_remove(http->deadlines, *own);
        *own = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *own = info ? km_deadline_add(http->deadlines, info->connect_fd, HEADER_MS)
                : NULL;
}

/* A body that goes elsewhere: it has its time again with every MiB. */
static void receive(struct exchange *x, struct km_str piece)
{
    enum { PROGRESS = KM_MIB };
    struct km_request *r = &x->request;
    if (x->broken == KM_OK) {
        x->broken = r->route->receive(r, piece, &x->why);
    }
    if (r->upload.bytes - x->deadline_bytes >= PROGRESS) {
        x->deadline_bytes = r->upload.bytes;
        set_deadline(r->http, r->connection, BODY_MS);
    }
}

/* Called with the headers, with each piece of the body, at its end, and when
 * what it waited for is done. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection,
                                  const char *path, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **own)
{
    struct km_http *http = user;
    struct exchange *x = *own;
    const char *words = "";
    (void)version;
    if (!x) {
        x = *own = begin(http, connection, path, method);
        if (!x || !x->path) {
            return MHD_NO;
        }
        unsigned status = check(x, &words);
        bool takes = !status && x->request.route->takes;
        if (takes && !x->request.route->receive) {
            km_buf_init(&x->request.body, x->request.route->body_max);
        }
        set_deadline(http, connection, takes || status ? BODY_MS : -1);
        return status ? refuse(x, status, words) : MHD_YES;
    }
    struct km_request *r = &x->request;
    if (x->refused) {
        *size = 0;
        return MHD_YES;
    }
    if (*size) {
        if (!r->route->takes) {
            return MHD_NO;
        }
        if (r->route->receive) {
            receive(x, (struct km_str){data, *size});
        } else {
            km_buf_append(&r->body, data, *size);
        }
        *size = 0;
        return MHD_YES;
    }
    if (x->waiting) {
        x->waiting = false;
        return answer(x);
    }
    set_deadline(http, connection, -1); /* a handler takes what it takes */
    if (x->broken) {
        return fail(x, x->broken, &x->why);
    }
    if (r->body.failed) {
        return refuse(x, 413, "the body has more bytes than this path takes");
    }
    return handle(x);
}

static void on_completed(void *user, struct MHD_Connection *connection,
                         void **own, enum MHD_RequestTerminationCode why)
{
    struct exchange *x = *own;
    (void)why;
    /* idle, then the next headers */
    set_deadline(user, connection, IDLE_S * 1000 + HEADER_MS);
    if (x) {
        km_artifact_upload_drop(&x->request);
        km_buf_finish(&x->request.body);
        km_buf_finish(&x->request.reply);
        km_arena_finish(&x->request.arena);
        free(x);
        *own = NULL;
    }
}

/* Paths and queries come as they are: they are decoded once, by us. */
static size_t leave_escaped(void *user, struct MHD_Connection *connection,
                            char *text)
{
    (void)user;
    (void)connection;
    return strlen(text);
}

static int open_socket(const struct km_http_options *options, unsigned *port,
                       struct km_err *err)
{
    bool six = strchr(options->address, ':') != NULL;
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)options->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_port = htons((uint16_t)options->port)};
    void *at = six ? (void *)&in6.sin6_addr : (void *)&in.sin_addr;
    struct sockaddr *address =
        six ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
    socklen_t len = six ? sizeof in6 : sizeof in;
    if (inet_pton(six ? AF_INET6 : AF_INET, options->address, at) != 1) {
        (void)km_fail(err, KM_EUSAGE,
                      "'%.100s' is no address: 127.0.0.1, ::1 or 0.0.0.0 are",
                      options->address);
        return -1;
    }
    int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    }
    if (fd < 0 || bind(fd, address, len) != 0 || listen(fd, 511) != 0 ||
        getsockname(fd, address, &len) != 0) {
        (void)km_fail_errno(err, errno, "cannot listen on %s, port %u",
                            options->address, options->port);
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    *port = ntohs(six ? in6.sin6_port : in.sin_port);
    return fd;
}

static void finish(struct km_http *http)
{
    km_write_queue_destroy(http->writes);
    km_deadlines_destroy(http->deadlines);
    if (http->events) {
        km_events_destroy(http->events);
    }
    km_score_cache_finish(&http->cards);
    km_fleet_share_finish(&http->fleet);
    free(http);
}

struct km_http *km_http_start(const struct km_http_options *options,
                              struct km_err *err)
{
    struct km_http *http = calloc(1, sizeof *http);
    if (!http || !km_score_cache_init(&http->cards)) {
        free(http);
        km_fail(err, KM_EMEMORY, "no memory for a server");
        return NULL;
    }
    http->options = *options;
    http->options.clock = options->clock ? options->clock : &km_clock_system;
    http->counters.since_ns = km_clock_monotonic_ns(http->options.clock);
    struct km_score_options cards;
    km_score_options_init(&cards);
    cards.roles = options->roles;
    cards.clock = http->options.clock;
    if (!km_fleet_share_init(&http->fleet, options->store, &cards)) {
        km_score_cache_finish(&http->cards);
        free(http);
        km_fail(err, KM_EMEMORY, "no memory for a server");
        return NULL;
    }
    http->deadlines = km_deadlines_create(http->options.clock);
    http->writes = km_write_queue_create(options->tracker);
    int fd = http->deadlines && http->writes
                 ? open_socket(options, &http->port, err)
                 : -1;
    if (fd < 0) {
        if (!http->deadlines || !http->writes) {
            km_fail(err, KM_EMEMORY, "no memory, or no thread, for a server");
        }
        finish(http);
        return NULL;
    }
    http->events =
        km_events_start(options->store, &http->fleet, http->options.clock);
    if (!http->events) {
        (void)close(fd);
        finish(http);
        km_fail(err, KM_EMEMORY, "no memory, or no thread, for a server");
        return NULL;
    }
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        on_request, http, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_THREAD_POOL_SIZE,
        options->threads ? options->threads : (unsigned)THREADS,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        km_address_is_loopback(options->address)
            ? (unsigned)CONNECTIONS_MAX
            : (unsigned)CONNECTIONS_OF_ADDRESS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
        MHD_OPTION_END);
    if (!http->daemon) {
        (void)close(fd);
        km_events_end(http->events);
        finish(http);
        km_fail(err, KM_EIO, "the server does not start");
        return NULL;
    }
    return http;
}

unsigned km_http_port(const struct km_http *http)
{
    return http->port;
}

void km_http_stop(struct km_http *http)
{
    if (http) {
        km_write_queue_stop(http->writes); /* nobody waits any more */
        km_events_end(http->events);       /* nobody stays suspended */
        MHD_stop_daemon(http->daemon);
        finish(http);
    }
}
