/* fork.c - what a forked child gets: the run's names, and nothing that it could
 * corrupt. The parent goes on as if nothing had happened. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"

#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct km_run *open_runs;

/* Holding every lock across the fork, the child finds nothing half done. */
static void before_fork(void)
{
    pthread_mutex_lock(&list_lock);
    for (struct km_run *run = open_runs; run; run = run->older) {
        pthread_mutex_lock(&run->lock);
    }
}

static void after_fork_in_parent(void)
{
    for (struct km_run *run = open_runs; run; run = run->older) {
        pthread_mutex_unlock(&run->lock);
    }
    pthread_mutex_unlock(&list_lock);
}

static void become_child(struct km_run *run)
{
    atomic_store(&run->current, &run->none);
    atomic_store(&run->next, NULL);
    while (run->segments) {
        struct km_segment *older = run->segments->older;
        km_client_segment_unmap(run->segments);
        free(run->segments);
        run->segments = older;
    }
    run->has_helper = false; /* threads stay with the parent */
    run->owns_finish = false;
    run->child_pid = (long)getpid();
    run->dropped_said = 0;
    atomic_store(&run->dropped, 0);
    atomic_store(&run->other_slots, 0);
    atomic_store(&run->log_ticks, 0);
    atomic_store(&run->log_samples, 0);
    atomic_store(&run->disk_bytes, 0);
    atomic_store(&run->wake_pending, false);
    (void)sem_init(&run->wake, 0, 0);
    run->folder[0] = '\0';
    if (run->shipper_fd >= 0) { /* the parent's; this process may have its own */
        (void)close(run->shipper_fd);
        run->shipper_fd = -1;
    }
    run->shipper = 0;
    run->ship_starts = 0;
    run->ship_look_ns = run->ship_start_ns = 0;
    run->end_bytes = 0;
    atomic_store(&run->forked, true);
}

static void after_fork_in_child(void)
{
    for (struct km_run *run = open_runs; run; run = run->older) {
        become_child(run);
        pthread_mutex_unlock(&run->lock);
    }
    pthread_mutex_unlock(&list_lock);
}

static void register_once(void)
{
    (void)pthread_atfork(before_fork, after_fork_in_parent,
                         after_fork_in_child);
}

void km_client_fork_watch(struct km_run *run)
{
    (void)pthread_once(&once, register_once);
    pthread_mutex_lock(&list_lock);
    run->older = open_runs;
    open_runs = run;
    pthread_mutex_unlock(&list_lock);
}

void km_client_fork_forget(struct km_run *run)
{
    pthread_mutex_lock(&list_lock);
    struct km_run **at = &open_runs;
    while (*at && *at != run) {
        at = &(*at)->older;
    }
    if (*at) {
        *at = run->older;
    }
    pthread_mutex_unlock(&list_lock);
}
