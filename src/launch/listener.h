/* listener.h - reads what a command prints, and records what it finds.
 *
 * Lines of the known shapes (docs/formats/text_log.md) become points of a run
 * of the client library, at the time at which they were printed; beside them,
 * what the command and its children use of the machine. All of it happens on
 * a thread of its own behind a bounded queue: whoever prints never waits, and
 * what the queue cannot hold is counted.
 * Ownership: the run stays the caller's.   Threads: hear and end from one. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_LAUNCH_LISTENER_H
#define KM_LAUNCH_LISTENER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct km_run;
struct km_listener;

struct km_listener_options {
    struct km_arena *arena; /* outlives the listener */
    struct km_run *run;
    struct km_str pattern;  /* the user's shape of lines; empty: the table */
    bool deaf;              /* only what is used of the machine */
    pid_t pid;              /* whose use is looked at, with its children's */
    int64_t usage_every_ns; /* 0: never */
};

/* What was heard. */
struct km_listener_counts {
    uint64_t lines, points;
    uint64_t missed_bytes; /* printed faster than they could be read */
};

struct km_listener *km_listener_start(const struct km_listener_options *options,
                                      struct km_err *err);
void km_listener_hear(struct km_listener *listener, int stream,
                      const char *bytes, size_t len);

/* Reads what is queued, and ends the thread. */
void km_listener_end(struct km_listener *listener,
                     struct km_listener_counts *counts);

#endif
