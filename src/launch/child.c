/* child.c - pipes, pseudo-terminals, fork and exec. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "launch/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { TERMINAL_NAME_BYTES = 128 };

/* A terminal that hands on every byte as it is; what follows it, the real one,
 * turns line ends into what it needs. */
static bool open_terminal(struct km_child_stream *stream)
{
    char name[TERMINAL_NAME_BYTES];
    struct winsize size;
    struct termios modes;
    int outer = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    int inner = -1;
    if (outer >= 0 && grantpt(outer) == 0 && unlockpt(outer) == 0 &&
        ptsname_r(outer, name, sizeof name) == 0) {
        inner = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    }
    if (inner < 0) {
        if (outer >= 0) {
            (void)close(outer);
        }
        return false;
    }
    if (tcgetattr(stream->to, &modes) == 0) {
        modes.c_oflag &= (tcflag_t)~OPOST;
        modes.c_lflag &= (tcflag_t)~ECHO;
        (void)tcsetattr(inner, TCSANOW, &modes);
    }
    if (ioctl(stream->to, TIOCGWINSZ, &size) == 0) {
        (void)ioctl(inner, TIOCSWINSZ, &size);
    }
    stream->from = outer;
    stream->child = inner;
    return true;
}

static bool open_pipe(struct km_child_stream *stream)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    stream->from = ends[0];
    stream->child = ends[1];
    return true;
}

static bool lead_to_one_place(int a, int b)
{
    struct stat first, second;
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino &&
           first.st_rdev == second.st_rdev;
}

static bool open_stream(struct km_child_stream *stream)
{
    if (fcntl(stream->to, F_GETFD) < 0) {
        return true; /* ours is closed: so is the child's */
    }
    stream->is_terminal = isatty(stream->to) == 1;
    bool opened =
        (stream->is_terminal && open_terminal(stream)) || open_pipe(stream);
    if (opened) {
        (void)fcntl(stream->from, F_SETFL, O_NONBLOCK);
    }
    return opened;
}

void km_child_streams_close(struct km_child *child)
{
    for (int i = 0; i < KM_CHILD_STREAMS; i++) {
        struct km_child_stream *stream = &child->streams[i];
        if (stream->from >= 0) {
            (void)close(stream->from);
        }
        if (stream->child >= 0) {
            (void)close(stream->child);
        }
        stream->from = stream->child = -1;
    }
}

static bool open_streams(struct km_child *child)
{
    for (int i = 0; i < KM_CHILD_STREAMS; i++) {
        child->streams[i] = (struct km_child_stream){
            .from = -1, .child = -1, .to = STDOUT_FILENO + i};
    }
    bool opened = open_stream(&child->streams[0]);
    if (opened && !lead_to_one_place(STDOUT_FILENO, STDERR_FILENO)) {
        opened = open_stream(&child->streams[1]);
    }
    if (!opened) {
        km_child_streams_close(child);
    }
    return opened;
}

/* In the child, between fork and exec: only calls that are safe there. */
static void become(const struct km_child *child, char *const *argv,
                   const sigset_t *mask, bool pipe_broken, int report)
{
    int out = child->streams[0].child, err = child->streams[1].child;
    bool together = err < 0 && out >= 0 && fcntl(STDERR_FILENO, F_GETFD) >= 0;
    if (out >= 0) {
        (void)dup2(out, STDOUT_FILENO);
    }
    if (err >= 0 || together) {
        (void)dup2(err >= 0 ? err : out, STDERR_FILENO);
    }
    /* what this program ignores or handles is its own affair */
    (void)signal(SIGPIPE, pipe_broken ? SIG_IGN : SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, mask, NULL);
    (void)execvp(argv[0], argv);
    int why = errno;
    (void)!write(report, &why, sizeof why);
    _exit(127);
}

static enum km_code refuse(const char *name, int why, struct km_err *err)
{
    if (why == ENOENT) {
        return km_fail(err, KM_ENOTFOUND, "there is no command %.200s", name);
    }
    if (why == EACCES || why == ENOEXEC) {
        return km_fail(err, KM_EDENIED, "%.200s cannot be run: %s", name,
                       strerror(why));
    }
    return km_fail_errno(err, why, "%.200s cannot be run", name);
}

enum km_code km_child_start(struct km_child *child, char *const *argv,
                            const sigset_t *mask, bool pipe_broken,
                            struct km_err *err)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        return km_fail_errno(err, errno, "no pipe can be had");
    }
    if (!open_streams(child)) {
        int why = errno;
        (void)close(report[0]);
        (void)close(report[1]);
        return km_fail_errno(err, why, "no pipe can be had");
    }
    child->pid = fork();
    if (child->pid == 0) {
        become(child, argv, mask, pipe_broken, report[1]);
    }
    int why = child->pid < 0 ? errno : 0;
    (void)close(report[1]);
    /* ends at once when exec took place: the pipe is closed by it */
    while (why == 0 && read(report[0], &why, sizeof why) < 0 &&
           errno == EINTR) {
    }
    (void)close(report[0]);
    for (int i = 0; i < KM_CHILD_STREAMS; i++) {
        if (child->streams[i].child >= 0) {
            (void)close(child->streams[i].child);
            child->streams[i].child = -1;
        }
    }
    if (why) {
        km_child_streams_close(child);
        return refuse(argv[0], why, err);
    }
    return KM_OK;
}

void km_child_resize(const struct km_child *child)
{
    for (int i = 0; i < KM_CHILD_STREAMS; i++) {
        const struct km_child_stream *stream = &child->streams[i];
        struct winsize size;
        if (stream->is_terminal && stream->from >= 0 &&
            ioctl(stream->to, TIOCGWINSZ, &size) == 0) {
            (void)ioctl(stream->from, TIOCSWINSZ, &size);
        }
    }
}
