/* child.h - starts a command behind streams that somebody can listen to.
 *
 * Where our output is a terminal the child's is one too (a pseudo-terminal of
 * the same size that changes no byte), else it is a pipe. Standard output and
 * error that lead to the same place stay one stream, so that their order is
 * kept. Standard input, the session and the process group are ours: the
 * terminal's signals reach the child as if nobody were between.
 * Ownership: km_child_streams_close().   Threads: one. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_LAUNCH_CHILD_H
#define KM_LAUNCH_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

enum { KM_CHILD_STREAMS = 2 };

struct km_child_stream {
    int from;  /* what the child writes is read here; -1: none, or at its end */
    int to;    /* where it goes: 1 or 2 */
    int child; /* the child's end, while it is not started yet */
    bool is_terminal;
};

struct km_child {
    pid_t pid;
    struct km_child_stream streams[KM_CHILD_STREAMS];
};

/* Starts argv[0], found on PATH, with `mask` as its signal mask and SIGPIPE
 * ignored or not. KM_ENOTFOUND
 * or KM_EDENIED when the command cannot be run; then nothing is left behind. */
enum km_code km_child_start(struct km_child *child, char *const *argv,
                            const sigset_t *mask, bool pipe_broken,
                            struct km_err *err);

/* The terminal has another size now: tells the child's. */
void km_child_resize(const struct km_child *child);
void km_child_streams_close(struct km_child *child);

#endif
