/* test_client_host.c - texts that cannot be stored and a standard error that
 * nobody reads cost the program nothing, and no points. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal_folder.h"
#include "knotmeter.h"
#include "tap.h"

static struct seen seen;

static void texts_that_cannot_be_stored_cost_no_points(void)
{
    static char notes[100000];
    memset(notes, 'n', sizeof notes - 1);
    const struct km_run_options options = {.dir = scratch_make(),
                                           .id = "a\nb",
                                           .project = "\xff",
                                           .group = "a\tb",
                                           .name = "kept",
                                           .notes = notes,
                                           .quiet = 1};
    char folder[1024];
    struct km_run *run = km_run_open(&options);
    CHECK(strchr(km_run_key(run), '\n') == NULL);
    km_run_log_name(run, 1, "loss", 2.5);
    (void)snprintf(folder, sizeof folder, "%s", km_run_folder(run));
    km_run_close(run);
    seen_read(&seen, folder);
    CHECK_INT(seen.count, 1);
    CHECK(strstr(seen.texts, "=kept"));
    CHECK(!strstr(seen.texts, "=a\tb") && !strstr(seen.texts, "\xff"));
    seen_free(&seen);
    scratch_remove();
}

/* A program whose standard error is `fd`, and which is told three things. */
static int log_beside(const char *dir, int fd)
{
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(fd, STDERR_FILENO);
        (void)alarm(20);
        struct km_run *run =
            km_run_open(&(struct km_run_options){.dir = dir, .id = "a\nb"});
        km_run_log_name(run, 1, "\xff", 1);
        km_run_close(run);
        _exit(17);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void a_closed_standard_error_sends_no_signal(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    (void)close(ends[0]);
    CHECK_INT(log_beside(scratch_make(), ends[1]), 17);
    (void)close(ends[1]);
    scratch_remove();
}

static void a_standard_error_that_is_full_is_not_waited_for(void)
{
    static const char block[4096];
    int ends[2];
    CHECK(pipe(ends) == 0);
    (void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], block, sizeof block) > 0) {
    }
    (void)fcntl(ends[1], F_SETFL, 0);
    CHECK_INT(log_beside(scratch_make(), ends[1]), 17);
    (void)close(ends[0]);
    (void)close(ends[1]);
    scratch_remove();
}

int main(void)
{
    RUN(texts_that_cannot_be_stored_cost_no_points);
    RUN(a_closed_standard_error_sends_no_signal);
    RUN(a_standard_error_that_is_full_is_not_waited_for);
    return tap_end();
}
