/* companion.c - posix_spawn of /proc/self/exe, and its end. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "launch/companion.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 10 };

extern char **environ;

pid_t km_companion_start(char *const *argv, const sigset_t *mask)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    pid_t pid = 0;
    if (posix_spawn_file_actions_init(&files) != 0) {
        return 0;
    }
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return 0;
    }
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        (void)posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR,
                                               0);
    }
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
                                                    POSIX_SPAWN_SETSIGMASK);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    (void)posix_spawnattr_setsigmask(&attributes, mask);
    if (posix_spawn(&pid, "/proc/self/exe", &files, &attributes, argv,
                    environ) != 0) {
        pid = 0;
    }
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    return pid;
}

bool km_companion_wait(pid_t pid, int wait_ms, const atomic_bool *stop)
{
    int status = 0;
    for (int waited = 0; pid > 0; waited += LOOK_MS) {
        pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid || (ended < 0 && errno != EINTR)) {
            return ended == pid && WIFEXITED(status) &&
                   WEXITSTATUS(status) == 0;
        }
        if (waited >= wait_ms || (stop && atomic_load(stop))) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            return false;
        }
        const struct timespec pause = {0, LOOK_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

void km_companion_end(pid_t pid, int wait_ms, const atomic_bool *stop)
{
    if (pid > 0) {
        (void)kill(pid, SIGTERM);
        (void)km_companion_wait(pid, wait_ms, stop);
    }
}
