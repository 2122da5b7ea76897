/* cli.c - from argv to exit status. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/number.h"
#include "cli/help.h"
#include "cli/outfile.h"
#include "report/text.h"

enum {
    FLUSH_BYTES = 64 * KM_KIB,
    OUT_BYTES_MAX = 256 * KM_MIB,
    LIST_WIDTH = 1 << 20, /* wider than any row */
};

static atomic_bool *stop_flag;

atomic_bool *km_cli_stop_flag(void)
{
    assert(stop_flag);
    return stop_flag;
}

/* The time of SOURCE_DATE_EPOCH, so that output can be reproduced. */
static int64_t frozen_wall_ns(void *user)
{
    return *(const int64_t *)user;
}

static int64_t system_monotonic_ns(void *user)
{
    (void)user;
    return km_clock_monotonic_ns(&km_clock_system);
}

static const struct km_clock *choose_clock(void)
{
    static int64_t frozen;
    static const struct km_clock clock = {frozen_wall_ns, system_monotonic_ns,
                                          &frozen};
    const char *text = getenv("SOURCE_DATE_EPOCH");
    int64_t seconds;
    if (!text || !km_integer_parse(km_str_of(text), &seconds) || seconds < 0 ||
        seconds > INT64_MAX / 1000000000) {
        return &km_clock_system;
    }
    frozen = seconds * 1000000000;
    return &clock;
}

static enum km_code write_all(struct km_cli *cli, const char *bytes, size_t len,
                              struct km_err *err)
{
    while (len && !cli->reader_gone) {
        ssize_t done = write(STDOUT_FILENO, bytes, len);
        if (done < 0 && errno == EPIPE) {
            cli->reader_gone = true;
        } else if (done < 0 && errno != EINTR) {
            return km_fail_errno(err, errno, "output cannot be written");
        } else if (done > 0) {
            bytes += done;
            len -= (size_t)done;
        }
    }
    return KM_OK;
}

enum km_code km_cli_flush(struct km_cli *cli, struct km_err *err)
{
    if (cli->out.failed) {
        return km_fail(err, KM_ELIMIT, "the output of one row exceeds %d MiB",
                       OUT_BYTES_MAX / KM_MIB);
    }
    enum km_code code =
        cli->file
            ? km_outfile_write(cli->file, cli->out.bytes, cli->out.len, err)
            : write_all(cli, cli->out.bytes, cli->out.len, err);
    km_buf_reset(&cli->out);
    return code;
}

bool km_cli_row_end(struct km_cli *cli)
{
    if (cli->out.len >= FLUSH_BYTES && !cli->failed.code) {
        (void)km_cli_flush(cli, &cli->failed);
    }
    return !cli->reader_gone && !cli->failed.code;
}

struct km_terminal km_cli_list_terminal(const struct km_cli *cli)
{
    struct km_terminal terminal = cli->terminal;
    terminal.width = terminal.is_terminal ? terminal.width : LIST_WIDTH;
    return terminal;
}

void km_cli_note(struct km_cli *cli, const char *format, ...)
{
    if (cli->quiet) {
        return;
    }
    struct km_buf line;
    km_buf_init(&line, KM_MIB);
    va_list args;
    va_start(args, format);
    char text[1024];
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    km_text_plain(&line, km_str_of(text));
    (void)fprintf(stderr, "%s\n", line.bytes ? line.bytes : "");
    km_buf_finish(&line);
}

static void print_error(const struct km_cli *cli, const struct km_err *err)
{
    const struct km_command *command = cli->args->command;
    struct km_buf line;
    km_buf_init(&line, KM_MIB);
    km_text_plain(&line, km_str_of(err->message));
    (void)fprintf(stderr, "%skm%s%s:%s %s\n",
                  km_terminal_tone(&cli->messages, KM_TONE_STRONG),
                  command ? " " : "", command ? command->name : "",
                  km_terminal_tone(&cli->messages, KM_TONE_PLAIN),
                  line.bytes ? line.bytes : "");
    km_buf_finish(&line);
}

static void apply_common_options(struct km_cli *cli)
{
    cli->json = km_option_given(cli->args, "json");
    cli->quiet = km_option_given(cli->args, "quiet");
    if (km_option_given(cli->args, "no-color")) {
        cli->terminal.colour = cli->messages.colour = false;
    }
}

static enum km_code run_command(struct km_cli *cli, struct km_err *err)
{
    const struct km_command *command = cli->args->command;
    if (km_option_given(cli->args, "help")) {
        return km_help_print(cli, command, err);
    }
    if (!command) {
        (void)km_help_print(cli, NULL, err);
        return KM_OK;
    }
    enum km_code code = (command->flags & KM_COMMAND_NO_CONFIG)
                            ? KM_OK
                            : km_config_load(&cli->arena, &cli->config, err);
    return code ? code : command->run(cli, err);
}

/* Whoever started us learns what the command ended by; its core is its own. */
static void end_by(int signal_number)
{
    const struct rlimit none = {0, 0};
    sigset_t set;
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(signal_number, SIG_DFL);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, signal_number);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
    (void)raise(signal_number);
}

int km_cli_main(int argc, char *const *argv, atomic_bool *stop)
{
    assert(argc >= 0 && stop);
    stop_flag = stop;
    struct km_invocation invocation;
    struct km_cli cli = {.args = &invocation,
                         .clock = choose_clock(),
                         .pipe_broken = signal(SIGPIPE, SIG_IGN) == SIG_IGN,
                         .exit_status = -1};
    km_config_init(&cli.config);
    km_arena_init(&cli.arena, KM_ARENA_COMMAND_BYTES_MAX);
    const char **words = km_new(&cli.arena, const char *, (size_t)argc + 1);
    if (!words) {
        return km_code_exit(KM_EMEMORY);
    }
    km_buf_init(&cli.out, OUT_BYTES_MAX);
    km_terminal_judge(&cli.terminal, STDOUT_FILENO);
    km_terminal_judge(&cli.messages, STDERR_FILENO);

    struct km_err err = {0};
    enum km_code code = km_options_parse(argc, argv, words, &invocation, &err);
    if (!code) {
        apply_common_options(&cli);
        code = run_command(&cli, &err);
    }
    struct km_err late = {0};
    enum km_code flushed = km_cli_flush(&cli, &late);
    if (cli.failed.code) {
        code = cli.failed.code;
        err = cli.failed;
    } else if (!code && flushed) {
        code = flushed;
        err = late;
    }
    if (code && err.message[0]) {
        print_error(&cli, &err);
    }
    km_store_close(cli.store);
    km_buf_finish(&cli.out);
    km_arena_finish(&cli.arena);
    if (cli.exit_signal) {
        end_by(cli.exit_signal);
    }
    return cli.exit_status >= 0 ? cli.exit_status : km_code_exit(code);
}
