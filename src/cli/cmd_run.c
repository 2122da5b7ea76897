/* cmd_run.c - `km run`: a training command, recorded without a line of code. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/commands.h"
#include "launch/companion.h"
#include "launch/launch.h"
#include "report/quantity.h"
#include "source/pattern.h"

enum {
    USAGE_SECONDS = 10,
    END_WAIT_MS = 5000,     /* for what follows along to end */
    IMPORT_WAIT_MS = 60000, /* for the last look into what was written */
    NOT_FOUND_STATUS = 127, /* as shells have it */
    NOT_RUN_STATUS = 126,
    ARGUMENTS_MAX = 16,
};

struct recording {
    struct km_cli *cli;
    const char *project, *key, *name, *store, *watch;
    char *folder;            /* of the run's journals; NULL: none */
    pid_t journal, watching; /* imports that follow; 0: none */
};

static char *copy(struct km_cli *cli, const char *text)
{
    return km_arena_copy(&cli->arena, text, strlen(text));
}

/* "km import FOLDER --quiet ...", with --follow while the command runs. */
static char **import_arguments(const struct recording *r, const char *path,
                               bool watching, bool follow)
{
    struct km_cli *cli = r->cli;
    char **argv = km_new(&cli->arena, char *, ARGUMENTS_MAX + 1);
    size_t count = 0;
    const char *const words[] = {"km",      "import", path,        "--quiet",
                                 "--store", r->store, "--project", r->project};
    for (size_t i = 0; argv && i < sizeof words / sizeof *words; i++) {
        argv[count++] = copy(cli, words[i]);
    }
    if (argv && watching) {
        argv[count++] = copy(cli, "--run");
        argv[count++] = copy(cli, r->key);
    }
    if (argv && follow) {
        argv[count++] = copy(cli, "--follow");
    }
    for (size_t i = 0; argv && i < count; i++) {
        if (!argv[i]) {
            return NULL;
        }
    }
    return argv;
}

static pid_t start_import(const struct recording *r, const char *path,
                          bool watching, bool follow, const sigset_t *mask)
{
    char **argv = path ? import_arguments(r, path, watching, follow) : NULL;
    return argv ? km_companion_start(argv, mask) : 0;
}

/* The folder above that of the writer holds the journals of the whole run,
 * also those that the command itself writes. */
static void on_start(void *user, const sigset_t *mask, const char *folder)
{
    struct recording *r = user;
    r->folder = *folder ? copy(r->cli, folder) : NULL;
    char *slash = r->folder ? strrchr(r->folder, '/') : NULL;
    if (slash) {
        *slash = '\0';
    }
    if (r->store) {
        r->journal = start_import(r, r->folder, false, true, mask);
        r->watching = start_import(r, r->watch, true, true, mask);
    }
}

/* What was written since the last look. */
static void import_rest(const struct recording *r)
{
    sigset_t mask;
    (void)sigprocmask(SIG_SETMASK, NULL, &mask);
    const atomic_bool *stop = km_cli_stop_flag();
    if (!r->store) {
        return;
    }
    km_companion_end(r->journal, END_WAIT_MS, stop);
    km_companion_end(r->watching, END_WAIT_MS, stop);
    pid_t last = start_import(r, r->folder, false, false, &mask);
    bool well = !r->folder || km_companion_wait(last, IMPORT_WAIT_MS, stop);
    if (r->watch) {
        last = start_import(r, r->watch, true, false, &mask);
        well = km_companion_wait(last, IMPORT_WAIT_MS, stop) && well;
    }
    if (!well) {
        km_cli_note(r->cli,
                    "km run: not everything is in the store yet: `km "
                    "import %s` brings the rest",
                    r->folder ? r->folder : r->watch);
    }
}

static void say(const struct recording *r, const struct km_launched *done)
{
    const struct km_listener_counts *counts = &done->counts;
    if (counts->missed_bytes) {
        km_cli_note(r->cli,
                    "km run: %" PRIu64 " bytes were printed faster than they "
                    "could be read, and are not in the record",
                    counts->missed_bytes);
    }
    if (done->dropped) {
        km_cli_note(r->cli, "km run: %" PRIu64 " points could not be kept",
                    done->dropped);
    }
    if (counts->lines && !counts->points) {
        km_cli_note(r->cli,
                    "km run: none of the lines printed has a known shape; "
                    "--pattern can describe them");
    }
    km_cli_note(r->cli, "km run: %s points in %s lines; km report '%s/%s'",
                km_show_count(counts->points).text,
                km_show_count(counts->lines).text, r->project, r->name);
}

/* "20261127-101112-4f2a": sorts by time. */
static const char *make_key(struct km_cli *cli)
{
    struct tm utc;
    int64_t now_ns = km_clock_wall_ns(&km_clock_system);
    time_t now = (time_t)(now_ns / 1000000000);
    char text[32];
    (void)gmtime_r(&now, &utc);
    (void)strftime(text, sizeof text, "%Y%m%d-%H%M%S", &utc);
    return km_arena_printf(&cli->arena, "%s-%04x", text,
                           (unsigned)(now_ns / 1000 + getpid()) & 0xffff);
}

static const char *folder_name(struct km_cli *cli)
{
    char path[KM_PATH_BYTES_MAX];
    const char *slash = getcwd(path, sizeof path) ? strrchr(path, '/') : NULL;
    return slash && slash[1] ? copy(cli, slash + 1) : "default";
}

/* The option, else the variable, else the other; and says it to the command,
 * whose own use of the library then joins the run. */
static const char *choose(struct km_cli *cli, const char *option,
                          const char *variable, const char *other)
{
    const char *text = km_option_text(cli->args, option);
    text = text ? text : getenv(variable);
    text = text && *text ? text : other;
    if (text && setenv(variable, text, 1) != 0) {
        text = other;
    }
    return text;
}

/* A store that cannot be had is no reason not to train: the journal stays. */
static void find_store(struct recording *r)
{
    struct km_err err = {.code = KM_OK};
    struct km_store *store;
    const char *url = getenv("KNOTMETER_URL"), *path = NULL;
    if (url && *url && !r->watch) {
        return; /* a server takes it */
    }
    enum km_code code = km_cli_store_path(r->cli, &path, &err);
    code = code ? code : km_cli_store(r->cli, KM_ACCESS_CREATE, &store, &err);
    if (code) {
        km_cli_note(r->cli, "km run: only the journal is written: %s",
                    err.message);
        return;
    }
    r->store = path;
    km_store_close(store); /* the imports open it by themselves */
    r->cli->store = NULL;
}

static enum km_code prepare(struct recording *r, struct km_err *err)
{
    struct km_cli *cli = r->cli;
    struct km_str pattern = km_str_of(km_option_text(cli->args, "pattern"));
    enum km_code code = pattern.len ? km_pattern_check(pattern, err) : KM_OK;
    if (code) {
        return code;
    }
    r->project = choose(cli, "project", "KNOTMETER_PROJECT", folder_name(cli));
    r->key = choose(cli, "id", "KNOTMETER_RUN_ID", make_key(cli));
    r->name = choose(cli, "name", "KNOTMETER_RUN_NAME", NULL);
    r->name = r->name ? r->name : r->key;
    (void)choose(cli, "dir", "KNOTMETER_DIR", "knotmeter");
    r->watch = km_option_text(cli->args, "watch");
    if (!r->project || !r->key) {
        return km_fail(err, KM_ELIMIT, "the command is too long");
    }
    find_store(r);
    return KM_OK;
}

static char **arguments_of(struct km_cli *cli)
{
    size_t count = cli->args->word_count;
    char **argv = km_new(&cli->arena, char *, count + 1);
    for (size_t i = 0; argv && i < count; i++) {
        argv[i] = copy(cli, cli->args->words[i]);
        if (!argv[i]) {
            return NULL;
        }
    }
    return argv;
}

enum km_code km_run_run(struct km_cli *cli, struct km_err *err)
{
    struct recording recording = {.cli = cli};
    enum km_code code = prepare(&recording, err);
    char **argv = arguments_of(cli);
    if (code || !argv) {
        return code ? code : km_fail(err, KM_ELIMIT, "the command is too long");
    }
    const struct km_launch_options options = {
        .arena = &cli->arena,
        .argv = argv,
        .pattern = km_str_of(km_option_text(cli->args, "pattern")),
        .deaf = km_option_given(cli->args, "no-output"),
        .pipe_broken = cli->pipe_broken,
        .usage_every_ns =
            (int64_t)(km_option_number(cli->args, "every", USAGE_SECONDS) *
                      1e9),
        .on_start = on_start,
        .user = &recording,
    };
    struct km_launched done;
    code = km_launch(&options, &done, err);
    if (code) {
        cli->exit_status =
            code == KM_ENOTFOUND ? NOT_FOUND_STATUS : NOT_RUN_STATUS;
        return code;
    }
    import_rest(&recording);
    say(&recording, &done);
    cli->exit_status =
        WIFEXITED(done.end.status) ? WEXITSTATUS(done.end.status) : -1;
    cli->exit_signal =
        WIFSIGNALED(done.end.status) ? WTERMSIG(done.end.status) : 0;
    return KM_OK;
}
