/* launch.h - a training command, started, listened to, recorded.
 *
 * The command runs as it would without us: same terminal, same input, same
 * signals, and its exit status is what this gives back. What it prints and
 * uses becomes a run in a journal of the client library.
 * Threads: one call at a time; changes the signal mask of the calling thread
 * and gives it back. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_LAUNCH_LAUNCH_H
#define KM_LAUNCH_LAUNCH_H

#include "launch/listener.h"
#include "launch/pump.h"

struct km_launch_options {
    struct km_arena *arena;
    char *const *argv; /* NULL-terminated */
    struct km_str pattern;
    bool deaf;        /* do not read what it prints */
    bool pipe_broken; /* it inherits an ignored SIGPIPE, as this program did */
    int64_t usage_every_ns;
    /* Called when the command runs, with the signals still blocked: what else
     * goes along is started here, with `mask`. `folder` is where the journal
     * is, "" where there is none. May be NULL. */
    void (*on_start)(void *user, const sigset_t *mask, const char *folder);
    void *user;
};

struct km_launched {
    struct km_child_end end;
    struct km_listener_counts counts;
    uint64_t dropped; /* points that the journal could not keep */
};

/* Fails only where the command was not started. The surroundings (environment)
 * say where the run is recorded, as to any program that uses the client
 * library. */
enum km_code km_launch(const struct km_launch_options *options,
                       struct km_launched *launched, struct km_err *err);

#endif
