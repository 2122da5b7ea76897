/* pump.c - one loop over streams and signals. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "launch/pump.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK_BYTES = 65536,
    PIPE_BYTES = 4096, /* a pipe that is ready takes so many without waiting */
    QUIET_MS = 100,    /* after the child's end: nothing more comes */
    LINGER_MS = 2000,  /* others that hold its output are waited for so long */
};

struct pump {
    struct km_child *child;
    km_pump_hear hear;
    void *user;
    struct km_child_end *end;
    int signals;
    bool ended;
    int64_t ended_ms;
    char bytes[KM_CHILD_STREAMS][CHUNK_BYTES];
    size_t from[KM_CHILD_STREAMS], until[KM_CHILD_STREAMS]; /* not out yet */
};

void km_pump_signals(sigset_t *set)
{
    static const int signals[] = {SIGCHLD, SIGINT,  SIGTERM,  SIGHUP, SIGQUIT,
                                  SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM};
    (void)sigemptyset(set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        (void)sigaddset(set, signals[i]);
    }
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void stop_stream(struct pump *pump, int index)
{
    struct km_child_stream *stream = &pump->child->streams[index];
    (void)close(stream->from);
    stream->from = -1;
    pump->from[index] = pump->until[index] = 0;
}

static void read_stream(struct pump *pump, int index)
{
    struct km_child_stream *stream = &pump->child->streams[index];
    ssize_t got = read(stream->from, pump->bytes[index], CHUNK_BYTES);
    if (got > 0) {
        pump->from[index] = 0;
        pump->until[index] = (size_t)got;
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        stop_stream(pump, index); /* a terminal's end is EIO */
    }
}

static void write_stream(struct pump *pump, int index)
{
    const struct km_child_stream *stream = &pump->child->streams[index];
    const char *bytes = pump->bytes[index] + pump->from[index];
    size_t len = pump->until[index] - pump->from[index];
    len = len < PIPE_BYTES ? len : PIPE_BYTES;
    ssize_t done = write(stream->to, bytes, len);
    if (done > 0) {
        pump->hear(pump->user, index, bytes, (size_t)done);
        pump->from[index] += (size_t)done;
    } else if (done < 0 && errno != EAGAIN && errno != EINTR) {
        stop_stream(pump, index);
    }
}

static void reap(struct pump *pump)
{
    int status;
    struct rusage usage;
    if (!pump->ended &&
        wait4(pump->child->pid, &status, WNOHANG, &usage) == pump->child->pid) {
        pump->ended = true;
        pump->ended_ms = now_ms();
        pump->end->status = status;
        pump->end->usage = usage;
    }
}

static void take_signals(struct pump *pump)
{
    struct signalfd_siginfo info;
    while (read(pump->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        int number = (int)info.ssi_signo;
        if (number == SIGCHLD) {
            reap(pump);
        } else if (number == SIGWINCH) {
            /* it may have looked before its terminal had the new size */
            km_child_resize(pump->child);
            if (!pump->ended) {
                (void)kill(pump->child->pid, SIGWINCH);
            }
        } else if (!pump->ended && info.ssi_code <= 0) {
            (void)kill(pump->child->pid, number); /* sent by a process */
        }
    }
}

/* Fills the table for poll(); how many rows. Row 0 is the signals'. */
static nfds_t ask(const struct pump *pump, struct pollfd *rows, int *streams)
{
    nfds_t count = 1;
    rows[0] = (struct pollfd){.fd = pump->signals, .events = POLLIN};
    for (int i = 0; i < KM_CHILD_STREAMS; i++) {
        const struct km_child_stream *stream = &pump->child->streams[i];
        if (stream->from >= 0) {
            bool waiting = pump->from[i] < pump->until[i];
            streams[count] = i;
            rows[count++] =
                (struct pollfd){.fd = waiting ? stream->to : stream->from,
                                .events = waiting ? POLLOUT : POLLIN};
        }
    }
    return count;
}

/* Everything is handed on, or who holds the output is not the command. */
static bool is_over(const struct pump *pump, int ready)
{
    bool any = false, waiting = false;
    for (int i = 0; i < KM_CHILD_STREAMS; i++) {
        any = any || pump->child->streams[i].from >= 0;
        waiting = waiting || pump->from[i] < pump->until[i];
    }
    return pump->ended && (!any || (ready == 0 && !waiting) ||
                           (now_ms() - pump->ended_ms > LINGER_MS && !waiting));
}

enum km_code km_pump_run(struct km_child *child, km_pump_hear hear, void *user,
                         struct km_child_end *end, struct km_err *err)
{
    static struct pump pump; /* large; one command at a time */
    sigset_t set;
    km_pump_signals(&set);
    pump =
        (struct pump){.child = child, .hear = hear, .user = user, .end = end};
    pump.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (pump.signals < 0) {
        return km_fail_errno(err, errno, "signals cannot be awaited");
    }
    reap(&pump); /* it may have ended before anybody listened */
    int ready = 1;
    while (!is_over(&pump, ready)) {
        struct pollfd rows[1 + KM_CHILD_STREAMS];
        int streams[1 + KM_CHILD_STREAMS];
        nfds_t count = ask(&pump, rows, streams);
        ready = poll(rows, count, pump.ended ? QUIET_MS : -1);
        if (ready > 0 && rows[0].revents) {
            take_signals(&pump);
        }
        for (nfds_t i = 1; ready > 0 && i < count; i++) {
            int index = streams[i];
            if (!rows[i].revents) {
                continue;
            }
            if (pump.from[index] < pump.until[index]) {
                write_stream(&pump, index);
            } else {
                read_stream(&pump, index);
            }
        }
    }
    (void)close(pump.signals);
    return KM_OK;
}
