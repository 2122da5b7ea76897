/* pump.h - hands on what a command prints, its signals, and how it ended.
 *
 * Bytes go to where they would have gone, unchanged and first; a listener
 * hears them afterwards. When our reader goes away the child's pipe is closed,
 * so that it learns of it as it would have. Signals that another process sends
 * to us go to the child; those of the terminal reach it by themselves.
 * Threads: one; blocks until the command has ended. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_LAUNCH_PUMP_H
#define KM_LAUNCH_PUMP_H

#include <stddef.h>
#include <sys/resource.h>

#include "launch/child.h"

/* How it ended: as of wait4(). */
struct km_child_end {
    int status;
    struct rusage usage;
};

/* The signals that the pump waits for; to be blocked in all threads. */
void km_pump_signals(sigset_t *set);

/* `stream` is 0 or 1. Must not block. */
typedef void (*km_pump_hear)(void *user, int stream, const char *bytes,
                             size_t len);

enum km_code km_pump_run(struct km_child *child, km_pump_hear hear, void *user,
                         struct km_child_end *end, struct km_err *err);

#endif
