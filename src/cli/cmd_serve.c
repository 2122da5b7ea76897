/* cmd_serve.c - `km serve`: the store, watched and fed over HTTP. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "http/guard.h"
#include "http/http.h"

enum { PORT = 7878, WAIT_MS = 100 };

static void on_request(void *user, const char *line)
{
    (void)user;
    (void)fprintf(stderr, "%s\n", line);
}

static void wait_for_stop(void)
{
    while (!atomic_load(km_cli_stop_flag())) {
        const struct timespec pause = {0, WAIT_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
}

/* Others are served only after somebody has looked at who may do what. */
static enum km_code open_tokens(struct km_cli *cli, const char *address,
                                struct km_tokens *tokens, struct km_err *err)
{
    const char *path = km_option_text(cli->args, "tokens"), *store;
    bool made = false;
    enum km_code code = km_cli_store_path(cli, &store, err);
    if (code == KM_OK && !path) {
        path = km_arena_printf(&cli->arena, "%s/tokens", store);
    }
    if (code == KM_OK && path && !km_address_is_loopback(address) &&
        access(path, F_OK) != 0) {
        return km_fail(err, KM_EUSAGE,
                       "there are no tokens yet, and %s is open to others: run "
                       "`km serve` once on this machine, which makes %s",
                       address, path);
    }
    if (code == KM_OK) {
        code = path ? km_tokens_open(path, &cli->arena, tokens, &made, err)
                    : km_fail(err, KM_EMEMORY, "no memory for a path");
    }
    if (made) {
        km_cli_note(cli, "made a token: %s", path);
    }
    return code;
}

static enum km_code serve(struct km_cli *cli, struct km_store *store,
                          struct km_err *err)
{
    struct km_tokens tokens;
    const char *host = km_option_text(cli->args, "host");
    const char *address = km_option_text(cli->args, "listen");
    address = address ? address : "127.0.0.1";
    enum km_code code = open_tokens(cli, address, &tokens, err);
    const char *folder = NULL;
    code = code ? code : km_cli_store_path(cli, &folder, err);
    struct km_receiver *receiver = code ? NULL : km_receiver_create(store, err);
    struct km_tracker *tracker =
        receiver ? km_tracker_open(store, receiver, cli->clock, err) : NULL;
    if (!tracker) {
        km_receiver_destroy(receiver);
        return code ? code : err->code;
    }
    const struct km_http_options options = {
        .store = store,
        .receiver = receiver,
        .tracker = tracker,
        .folder = folder,
        .roles = &cli->config.roles,
        .clock = cli->clock,
        .tokens = &tokens,
        .address = address,
        .port = (unsigned)km_option_number(cli->args, "port", PORT),
        .host = &host,
        .host_count = host ? 1 : 0,
        .on_request = km_option_given(cli->args, "verbose") ? on_request : NULL,
    };
    struct km_http *http = km_http_start(&options, err);
    if (http) {
        bool six = strchr(options.address, ':') != NULL;
        km_buf_printf(&cli->out, "http://%s%s%s:%u\n", six ? "[" : "",
                      options.address, six ? "]" : "", km_http_port(http));
        code = km_cli_flush(cli, err);
        wait_for_stop();
        km_http_stop(http);
    } else {
        code = err->code;
    }
    km_tracker_close(tracker);
    km_receiver_destroy(receiver);
    return code;
}

enum km_code km_run_serve(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    enum km_code code = km_cli_store(cli, KM_ACCESS_CREATE, &store, err);
    return code ? code : serve(cli, store, err);
}
