/* launch.c - child, pump and listener together, and how it ended. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "launch/launch.h"

#include <knotmeter.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"

struct hearing {
    struct km_listener *listener; /* NULL: the command runs unheard */
};

static void hear(void *user, int stream, const char *bytes, size_t len)
{
    struct hearing *hearing = user;
    if (hearing->listener) {
        km_listener_hear(hearing->listener, stream, bytes, len);
    }
}

/* How it ended, as an event and as the state of the run. */
static void record_end(struct km_run *run, const struct km_child_end *end,
                       int64_t wall_ns)
{
    int status = end->status;
    bool killed = WIFSIGNALED(status);
    char detail[256];
    const struct timeval *user = &end->usage.ru_utime,
                         *system = &end->usage.ru_stime;
    (void)snprintf(detail, sizeof detail,
                   "{\"%s\": %d, \"wall_seconds\": %.3f, \"user_seconds\": "
                   "%.3f, \"system_seconds\": %.3f, \"memory_bytes_max\": %ld}",
                   killed ? "signal" : "status",
                   killed ? WTERMSIG(status) : WEXITSTATUS(status),
                   (double)wall_ns / 1e9,
                   (double)user->tv_sec + (double)user->tv_usec / 1e6,
                   (double)system->tv_sec + (double)system->tv_usec / 1e6,
                   end->usage.ru_maxrss * 1024L);
    km_run_event(run, "stop", killed ? "signal" : "exit", KM_STEP_NONE, detail);
    km_run_finish(run, killed                     ? KM_RUN_END_KILLED
                       : WEXITSTATUS(status) == 0 ? KM_RUN_END_FINISHED
                                                  : KM_RUN_END_FAILED);
}

static enum km_code run_child(const struct km_launch_options *options,
                              const sigset_t *mask,
                              struct km_launched *launched, struct km_err *err)
{
    struct km_child child;
    enum km_code code =
        km_child_start(&child, options->argv, mask, options->pipe_broken, err);
    if (code) {
        return code;
    }
    /* from here on nothing may stop the command: what cannot be had is done
     * without */
    int64_t begun_ns = km_clock_monotonic_ns(&km_clock_system);
    struct km_run *run = km_run_open(NULL);
    if (options->on_start) {
        options->on_start(options->user, mask, km_run_folder(run));
    }
    const struct km_listener_options listen = {
        .arena = options->arena,
        .run = run,
        .pattern = options->pattern,
        .deaf = options->deaf,
        .pid = child.pid,
        .usage_every_ns = options->usage_every_ns,
    };
    struct hearing hearing = {km_listener_start(&listen, NULL)};
    code = km_pump_run(&child, hear, &hearing, &launched->end, err);
    if (hearing.listener) {
        km_listener_end(hearing.listener, &launched->counts);
    }
    km_child_streams_close(&child);
    record_end(run, &launched->end,
               km_clock_monotonic_ns(&km_clock_system) - begun_ns);
    struct km_run_counters counters;
    km_run_count(run, &counters);
    launched->dropped = counters.dropped;
    km_run_close(run);
    return code;
}

enum km_code km_launch(const struct km_launch_options *options,
                       struct km_launched *launched, struct km_err *err)
{
    sigset_t awaited, before;
    *launched = (struct km_launched){0};
    km_pump_signals(&awaited);
    (void)pthread_sigmask(SIG_BLOCK, &awaited, &before);
    enum km_code code = run_child(options, &before, launched, err);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}
