/* cli.h - what a command works with: its words, its output, its store.
 *
 * Output is collected and leaves in large writes; a reader that went away ends
 * the command quietly. Errors go to stderr as `km COMMAND: sentence`.
 * Ownership: main owns the struct; commands use its arena freely.
 * Threads: one. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_CLI_H
#define KM_CLI_CLI_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "cli/options.h"
#include "model/config.h"
#include "report/terminal.h"
#include "store/store.h"

struct km_outfile;

struct km_cli {
    const struct km_invocation *args;
    struct km_arena arena;                 /* of the whole command */
    struct km_buf out;                     /* goes to `file`, else to stdout */
    struct km_outfile *file;               /* NULL: stdout */
    struct km_terminal terminal, messages; /* of stdout, of stderr */
    const struct km_clock *clock;
    bool json, quiet;
    bool reader_gone;        /* stdout was closed by its reader */
    struct km_err failed;    /* the first failure of writing output */
    struct km_config config; /* what the user's file says */
    struct km_store *store;  /* opened by km_cli_store(), closed by main */
    bool pipe_broken;        /* SIGPIPE was ignored before we ignored it */
    int exit_status;         /* of a command that passes on another's; or -1 */
    int exit_signal;         /* ends by it, as the other did; 0: none */
};

/* The whole program: parses, runs, reports; the exit status. */
int km_cli_main(int argc, char *const *argv, atomic_bool *stop);

/* Set by a signal handler; lives as long as the program. */
atomic_bool *km_cli_stop_flag(void);

/* Lets output leave when enough has come together. False: nobody reads any
 * more, the command may end. */
bool km_cli_row_end(struct km_cli *cli);
enum km_code km_cli_flush(struct km_cli *cli, struct km_err *err);

/* For lists of runs: the terminal, or no limit of width in a pipe, where names
 * are for programs and must not be cut. */
struct km_terminal km_cli_list_terminal(const struct km_cli *cli);

/* A line on stderr, with a name like "warning" before it; silent under --quiet.
 */
void km_cli_note(struct km_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum km_store_access { KM_ACCESS_READ, KM_ACCESS_WRITE, KM_ACCESS_CREATE };

/* Where the store is: --store, $KNOTMETER_STORE, or the user's data folder. */
enum km_code km_cli_store_path(struct km_cli *cli, const char **path,
                               struct km_err *err);
/* Opens it once; later calls give the same. */
enum km_code km_cli_store(struct km_cli *cli, enum km_store_access access,
                          struct km_store **store, struct km_err *err);

#endif
