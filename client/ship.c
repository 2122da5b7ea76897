/* ship.c - a shipper beside the program, and what it says has arrived.
 *
 * The program stays alone: no socket, no TLS and no thread for it. A process of
 * its own, `km sync`, reads the journal and sends it. It is nobody's child:
 *
 *     helper -- clone, no signal at its end --> middle -- clone --> km sync
 *                 reaped by its id at once        ends    init's, not ours
 *
 * 1. The middle process never execs, so that the kernel keeps it a child that
 *    sends no SIGCHLD and that no waitpid(-1) of the program can see.
 * 2. Memory is shared until the exec (as with vfork), so nothing is copied and
 *    no handler of pthread_atfork runs; between clone and exec only system
 *    calls are made, with all signals blocked.
 * Document: docs/client.md#live */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __WCLONE
#define __WCLONE 0x80000000
#endif

enum {
    STACK_BYTES = 64 * KM_KIB,
    STARTS_MAX = 5,
    NICENESS = 10,
    LOOK_S = 2,        /* how often the shipper is looked at */
    RESTART_S = 10,    /* doubles with every start */
    POLL_MS = 10,      /* while a close waits */
    GIVE_UP_MS = 1000, /* of it, for a server that cannot be had */
    COUNTED_BYTES = 64 * KM_MIB,
};

extern char **environ;

/* ---- what the shipper wrote ---- */

struct mark {
    uint32_t segment;
    uint64_t offset;
    bool waits, refused;
    char why[512];
};

/* The next line of `text`, which moves on behind it. */
static char *cut_line(char **text)
{
    char *line = *text, *end = strchr(line, '\n');
    if (end) {
        *end = '\0';
        *text = end + 1;
    } else {
        *text = line + strlen(line);
    }
    return line;
}

/* False: there is none, or it speaks of another server. */
static bool read_mark(const struct km_run *run, struct mark *mark)
{
    char path[KM_CLIENT_PATH_BYTES + 16], bytes[4 * KM_KIB], *rest = bytes;
    *mark = (struct mark){0};
    (void)snprintf(path, sizeof path, "%s/shipped", run->folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t len = fd < 0 ? -1 : read(fd, bytes, sizeof bytes - 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (len <= 0) {
        return false;
    }
    bytes[len] = '\0';
    const char *place = cut_line(&rest), *state = cut_line(&rest);
    const char *url = cut_line(&rest), *why = cut_line(&rest);
    char *end = NULL;
    mark->segment = (uint32_t)strtoul(place, &end, 10);
    mark->offset = strtoull(end, NULL, 10);
    mark->waits = strcmp(state, "waiting") == 0;
    mark->refused = strcmp(state, "refused") == 0;
    (void)snprintf(mark->why, sizeof mark->why, "%s", why);
    return strcmp(url, run->url) == 0;
}

/* ---- starting it ---- */

/* A program of that name on $PATH, or NULL; the caller frees. */
static char *on_path(const char *name)
{
    char path[KM_CLIENT_PATH_BYTES];
    const char *at = getenv("PATH");
    while (at && *at) {
        size_t len = strcspn(at, ":");
        int wrote = snprintf(path, sizeof path, "%.*s/%s", (int)len, at, name);
        if (len > 0 && wrote > 0 && (size_t)wrote < sizeof path &&
            access(path, X_OK) == 0) {
            return realpath(path, NULL);
        }
        at += len + (at[len] == ':');
    }
    return NULL;
}

/* The program's surroundings as they are now, with the server's address: other
 * threads may change them later. One block of memory. */
static char **copy_environment(const char *url)
{
    static const char name[] = "KNOTMETER_URL=";
    size_t count = 0, bytes = sizeof name + strlen(url);
    for (; environ && environ[count]; count++) {
        bytes += strlen(environ[count]) + 1;
    }
    char **copy = malloc((count + 2) * sizeof *copy + bytes);
    if (!copy) {
        return NULL;
    }
    char *at = (char *)(copy + count + 2);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(environ[i]) + 1;
        if (strncmp(environ[i], name, sizeof name - 1) != 0) {
            copy[kept++] = memcpy(at, environ[i], len);
            at += len;
        }
    }
    copy[kept++] = at;
    memcpy(at, name, sizeof name - 1);
    memcpy(at + sizeof name - 1, url, strlen(url) + 1);
    copy[kept] = NULL;
    return copy;
}

void km_client_ship_prepare(struct km_run *run, const char *url)
{
    const char *named = getenv("KNOTMETER_KM");
    run->shipper_fd = -1;
    url = url && *url ? url : getenv("KNOTMETER_URL");
    if (!url || !*url) {
        return;
    }
    size_t len = strlen(url);
    run->url = km_client_copy(url);
    while (run->url && len > 0 && run->url[len - 1] == '/') {
        run->url[--len] = '\0';
    }
    run->ship_environment = copy_environment(url);
    run->km = named && *named ? realpath(named, NULL) : on_path("km");
    if (!run->url || !run->ship_environment) {
        km_client_ship_forget(run);
    } else if (!run->km) {
        km_client_say(run,
                      "km is not on PATH: what is recorded stays on disk until "
                      "`km sync` ships it to %s",
                      run->url);
    }
}

void km_client_ship_forget(struct km_run *run)
{
    if (run->shipper_fd >= 0) {
        (void)close(run->shipper_fd);
        run->shipper_fd = -1;
    }
    free(run->url);
    free(run->km);
    free(run->ship_environment);
    run->url = run->km = NULL;
    run->ship_environment = NULL;
}

struct start {
    const char *path;
    char *const *argv, *const *environment;
    unsigned char *stack; /* of the shipper until its exec */
    volatile pid_t pid;   /* of the shipper */
    volatile int why;     /* errno of the exec */
};

#define UNCHECKED __attribute__((no_sanitize("address", "thread", "undefined")))

static UNCHECKED int become_shipper(void *user)
{
    struct start *start = user;
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execve(start->path, start->argv, start->environment);
    start->why = errno;
    _exit(127);
}

/* Nothing of the program's goes along: no terminal, no file, no handler. */
static UNCHECKED int be_middle(void *user)
{
    struct start *start = user;
    struct sigaction normal = {0};
    normal.sa_handler = SIG_DFL;
    (void)setsid();
    for (int i = 1; i < NSIG; i++) {
        (void)sigaction(i, &normal, NULL);
    }
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++) {
        (void)dup2(null, fd);
    }
    if (syscall(SYS_close_range, 3u, ~0u, 0u) != 0) {
        for (int fd = 3; fd < 4096; fd++) {
            (void)close(fd);
        }
    }
    (void)!chdir("/");
    (void)!nice(NICENESS);
    start->pid = clone(become_shipper, start->stack + STACK_BYTES,
                       CLONE_VM | CLONE_VFORK | SIGCHLD, start);
    start->why = start->pid < 0 ? errno : start->why;
    _exit(0);
}

/* 0, or an errno value. */
static int spawn(struct start *start)
{
    sigset_t all, before;
    unsigned char *stacks =
        mmap(NULL, 2 * STACK_BYTES, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stacks == MAP_FAILED) {
        return errno;
    }
    start->stack = stacks + STACK_BYTES;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t middle =
        clone(be_middle, stacks + STACK_BYTES, CLONE_VM | CLONE_VFORK, start);
    int why = middle < 0 ? errno : start->why;
    while (middle > 0 && waitpid(middle, NULL, (int)__WCLONE) < 0 &&
           errno == EINTR) {
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)munmap(stacks, 2 * STACK_BYTES);
    return why;
}

static void start_shipper(struct km_run *run)
{
    char pid[24], folder[KM_CLIENT_PATH_BYTES];
    char km[] = "km", sync[] = "sync", follow[] = "--follow",
         closed[] = "--until-closed", until_exit[] = "--until-exit",
         quiet[] = "--quiet";
    char *const argv[] = {km,         sync, folder, follow, closed,
                          until_exit, pid,  quiet,  NULL};
    if (run->folder[0] == '/') {
        (void)snprintf(folder, sizeof folder, "%s", run->folder);
    } else if (!realpath(run->folder, folder)) {
        return; /* it was removed: there is nothing to ship */
    }
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    struct start start = {
        .path = run->km, .argv = argv, .environment = run->ship_environment};
    int why = spawn(&start);
    run->ship_starts++;
    if (why) {
        run->ship_starts = STARTS_MAX;
        km_client_say(run, "%s cannot be started: %s; `km sync %s` ships it",
                      run->km, strerror(why), run->folder);
        return;
    }
    run->shipper = start.pid;
    run->shipper_fd = (int)syscall(SYS_pidfd_open, run->shipper, 0);
}

static bool is_alive(struct km_run *run)
{
    struct pollfd fd = {.fd = run->shipper_fd, .events = POLLIN};
    if (run->shipper <= 0) {
        return false;
    }
    (void)waitpid(run->shipper, NULL, WNOHANG); /* ours as init's place */
    bool alive = run->shipper_fd >= 0 ? poll(&fd, 1, 0) != 1
                                      : kill(run->shipper, 0) == 0;
    if (!alive) {
        run->shipper = 0;
        if (run->shipper_fd >= 0) {
            (void)close(run->shipper_fd);
            run->shipper_fd = -1;
        }
    }
    return alive;
}

static void tell_refused(struct km_run *run, const struct mark *mark)
{
    if (mark->refused && !run->ship_refused) {
        run->ship_refused = true;
        km_client_say(run, "not shipped, what is recorded stays in %s: %s",
                      run->folder, mark->why);
    }
}

int64_t km_client_ship_look(struct km_run *run, int64_t now_ns)
{
    struct mark mark;
    const int64_t s = 1000000000;
    if (!run->km || run->folder[0] == '\0' || run->ship_starts > STARTS_MAX) {
        return INT64_MAX;
    }
    if (now_ns < run->ship_look_ns) {
        return run->ship_look_ns;
    }
    run->ship_look_ns = now_ns + LOOK_S * s;
    if (run->ship_starts > 0 && read_mark(run, &mark)) {
        tell_refused(run, &mark);
    }
    if (run->ship_refused || is_alive(run) || now_ns < run->ship_start_ns) {
        return run->ship_look_ns;
    }
    if (run->ship_starts == STARTS_MAX) {
        run->ship_starts++;
        km_client_say(run,
                      "the shipper ended %d times and is not started again: "
                      "`km sync %s` ships what is left",
                      STARTS_MAX, run->folder);
        return INT64_MAX;
    }
    start_shipper(run);
    run->ship_start_ns = now_ns + (RESTART_S * s << (run->ship_starts - 1));
    return run->ship_look_ns;
}

/* ---- room on the disk ---- */

bool km_client_ship_release(struct km_run *run)
{
    struct mark mark;
    char path[KM_CLIENT_PATH_BYTES + 16];
    if (!run->url || run->keep_shipped || !read_mark(run, &mark)) {
        return false;
    }
    struct km_segment *oldest = NULL;
    for (struct km_segment *s = run->segments; s; s = s->older) {
        oldest = s->is_deleted ? oldest : s;
    }
    if (!oldest || oldest->base || oldest->index >= mark.segment ||
        oldest == atomic_load(&run->current)) {
        return false;
    }
    km_client_segment_path(run, oldest->index, path, sizeof path);
    if (unlink(path) != 0 && errno != ENOENT) {
        return false;
    }
    oldest->is_deleted = true;
    atomic_fetch_sub(&run->disk_bytes, oldest->bytes);
    return true;
}

/* ---- the end ---- */

/* Points of a segment's file behind `offset`; beyond `*budget` bytes every slot
 * is taken for one. */
static uint64_t count_points(const struct km_run *run, uint32_t index,
                             uint64_t offset, uint64_t *budget)
{
    char path[KM_CLIENT_PATH_BYTES + 16], bytes[8 * KM_KIB];
    uint64_t points = 0;
    struct stat about;
    km_client_segment_path(run, index, path, sizeof path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return 0;
    }
    offset = offset ? offset : KM_JOURNAL_HEADER_BYTES;
    ssize_t got = 0;
    while (*budget > 0 &&
           (got = pread(fd, bytes, sizeof bytes, (off_t)offset)) > 0) {
        for (ssize_t at = 0; at + KM_JOURNAL_SLOT_BYTES <= got;
             at += KM_JOURNAL_SLOT_BYTES) {
            points += (unsigned char)bytes[at] == KM_JOURNAL_POINT;
        }
        offset += (uint64_t)got;
        *budget -= *budget < (uint64_t)got ? *budget : (uint64_t)got;
    }
    if (*budget == 0 && fstat(fd, &about) == 0 &&
        (uint64_t)about.st_size > offset) {
        points += ((uint64_t)about.st_size - offset) / KM_JOURNAL_SLOT_BYTES;
    }
    (void)close(fd);
    return points;
}

static uint64_t count_left(const struct km_run *run, const struct mark *mark)
{
    uint64_t points = 0, budget = COUNTED_BYTES;
    for (uint32_t i = mark->segment; i <= run->end_segment; i++) {
        points += count_points(run, i, i == mark->segment ? mark->offset : 0,
                               &budget);
    }
    return points;
}

static bool has_all(const struct km_run *run, const struct mark *mark)
{
    return mark->segment > run->end_segment ||
           (mark->segment == run->end_segment &&
            mark->offset >= run->end_bytes);
}

uint64_t km_client_ship_wait(struct km_run *run, int wait_ms)
{
    struct mark mark = {0};
    if (!run->url || run->end_bytes == 0) {
        return 0;
    }
    int64_t start_ns = km_client_monotonic_ns();
    for (;;) {
        int64_t ms = (km_client_monotonic_ns() - start_ns) / 1000000;
        bool there = read_mark(run, &mark);
        if (!there) {
            mark = (struct mark){0};
        }
        if (has_all(run, &mark)) {
            return 0;
        }
        bool alive = is_alive(run);
        if (!alive && run->km && run->ship_starts < STARTS_MAX &&
            !mark.refused && !run->ship_refused) {
            start_shipper(run);
            alive = run->shipper > 0;
        }
        if (ms >= wait_ms || mark.refused || (mark.waits && ms >= GIVE_UP_MS) ||
            !alive) {
            break;
        }
        const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    uint64_t left = count_left(run, &mark);
    tell_refused(run, &mark);
    if (left > 0 && wait_ms > 0 && !run->ship_refused) {
        km_client_say(
            run, "%llu points are not at %s yet%s%s; they are kept in %s%s",
            (unsigned long long)left, run->url, mark.why[0] ? ": " : "",
            mark.why, run->folder,
            run->shipper > 0 ? " and still on their way"
                             : "; `km sync` ships them");
    }
    return left;
}
