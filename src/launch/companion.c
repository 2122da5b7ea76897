/* companion.c - this program once more: started, waited for, ended. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "launch/companion.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 10, NICER = 5 };

/* Between fork and exec: only calls that are safe there. It ends when we do,
 * whatever we end by. */
static void become(char *const *argv, const sigset_t *mask, pid_t parent)
{
    int null = open("/dev/null", O_RDWR);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        (void)dup2(null, fd);
    }
    (void)setpgid(0, 0);
    (void)setpriority(PRIO_PROCESS, 0, NICER);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent) {
        (void)sigprocmask(SIG_SETMASK, mask, NULL);
        (void)execv("/proc/self/exe", argv);
    }
    _exit(127);
}

pid_t km_companion_start(char *const *argv, const sigset_t *mask)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        become(argv, mask, parent);
    }
    return pid > 0 ? pid : 0;
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
