/* cmd_sync.c - `km sync`: journals shipped to a server. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_write.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "report/quantity.h"
#include "ship/ship.h"

enum { WAIT_S = 60, WAIT_FOLLOW_S = 86400, TIMEOUT_S = 30 };

static void say(void *user, const char *sentence)
{
    km_cli_note(user, "km sync: %s", sentence);
}

/* The file's one word, or the variable's; NULL: none. */
static enum km_code read_token(struct km_cli *cli, const char **token,
                               struct km_err *err)
{
    const char *path = km_option_text(cli->args, "token-file");
    struct km_str text = km_str_of(getenv("KNOTMETER_TOKEN"));
    char bytes[KM_TOKEN_BYTES_MAX + 1];
    if (path) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t len = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
        int why = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        if (len < 0) {
            return km_fail_errno(err, why, "cannot read the token in %s", path);
        }
        text = (struct km_str){bytes, (size_t)len};
    }
    text = km_str_trim(text);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f ||
            i == KM_TOKEN_BYTES_MAX) {
            return km_fail(err, KM_EUSAGE,
                           "%s holds no token: expected one word of letters "
                           "and digits",
                           path ? path : "$KNOTMETER_TOKEN");
        }
    }
    *token = text.len ? km_arena_copy(&cli->arena, text.ptr, text.len) : NULL;
    return KM_OK;
}

static void print_json(struct km_cli *cli, const struct km_ship_counts *counts)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"journals", counts->journals},       {"refused", counts->refused},
        {"points", counts->points},           {"bytes", counts->bytes},
        {"sent_bytes", counts->sent_bytes},   {"ranges", counts->ranges},
        {"tries_again", counts->tries_again}, {"damaged", counts->damaged},
        {"left_bytes", counts->left_bytes}};
    struct km_json_writer w;
    km_json_writer_init(&w, &cli->out);
    km_json_object_begin(&w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        km_json_key(&w, rows[i].name);
        km_json_int(&w, (int64_t)rows[i].value);
    }
    km_json_object_end(&w);
    km_buf_append_char(&cli->out, '\n');
}

static void print(struct km_cli *cli, const struct km_ship_counts *counts,
                  const char *url)
{
    if (cli->json) {
        print_json(cli, counts);
        return;
    }
    if (cli->quiet) {
        return;
    }
    km_buf_printf(&cli->out, "%s points of %s journal%s are in %s (%s)\n",
                  km_show_count(counts->points).text,
                  km_show_count(counts->journals - counts->refused).text,
                  counts->journals - counts->refused == 1 ? "" : "s", url,
                  km_show_bytes(counts->sent_bytes).text);
    if (counts->damaged) {
        km_cli_note(cli,
                    "km sync: %" PRIu64 " damaged records were passed over",
                    counts->damaged);
    }
}

enum km_code km_run_sync(struct km_cli *cli, struct km_err *err)
{
    const struct km_invocation *args = cli->args;
    const char *url = km_option_text(args, "to"), *token = NULL;
    bool follow = km_option_given(args, "follow");
    url = url ? url : getenv("KNOTMETER_URL");
    if (!url || !*url) {
        return km_fail(err, KM_EUSAGE,
                       "to which server? Say --to URL or set $KNOTMETER_URL");
    }
    enum km_code code = read_token(cli, &token, err);
    if (code) {
        return code;
    }
    const struct km_ship_options options = {
        .arena = &cli->arena,
        .folders = args->words,
        .folder_count = args->word_count,
        .url = url,
        .token = token,
        .wait_ns = (int64_t)(km_option_number(args, "wait",
                                              follow ? WAIT_FOLLOW_S : WAIT_S) *
                             1e9),
        .timeout_s = (int)km_option_number(args, "timeout", TIMEOUT_S),
        .follow = follow,
        .until_closed = km_option_given(args, "until-closed"),
        .until_exit = (pid_t)km_option_number(args, "until-exit", 0),
        .stop = km_cli_stop_flag(),
        .say = say,
        .user = cli,
    };
    struct km_ship_counts counts;
    code = km_ship(&options, &counts, err);
    if (code == KM_EINTERRUPTED && follow) {
        code = KM_OK; /* that is how following ends */
    }
    if (code == KM_OK || counts.points || cli->json) {
        print(cli, &counts, url);
    }
    if (counts.left_bytes) {
        km_cli_note(cli,
                    "km sync: what was not shipped stays on disk: up to %s",
                    km_show_bytes(counts.left_bytes).text);
    }
    return code;
}
