/* companion.h - this program once more, in the background, beside a command.
 *
 * It has a process group of its own, so that the terminal's signals are not
 * for it, nothing to read, nowhere to write, gives way to the command, and ends
 * when this process does.
 * Threads: one. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_LAUNCH_COMPANION_H
#define KM_LAUNCH_COMPANION_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* 0 when it could not be started. `mask`: its signals. */
pid_t km_companion_start(char *const *argv, const sigset_t *mask);

/* Waits for its end, at most `wait_ms` and not past `stop`, then ends it. True
 * when it ended by itself and well. */
bool km_companion_wait(pid_t pid, int wait_ms, const atomic_bool *stop);

/* Asks it to end, and waits as above. */
void km_companion_end(pid_t pid, int wait_ms, const atomic_bool *stop);

#endif
