/* writer.c - the journal of one process: its folder, its segments in turn, and
 * the helper thread that keeps the path of a log call free of system calls. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FLUSH_NS = 100 * 1000000,   /* buffered: how often memory goes to disk */
    RETRY_NS = 1000000000,      /* how often room is looked for again */
    CLOCK_SPAN_NS_MIN = 200000, /* for a first guess of the counter's rate */
    HELPER_STACK_BYTES = 256 * KM_KIB,
};

/* When clock records are written, after the start; then every last one. */
static const int64_t clock_after_ns[] = {20000000, 1000000000, 10000000000};

/* Creates every missing part of `path`. 0, or an errno value. */
static int make_folders(const char *path)
{
    char part[KM_CLIENT_PATH_BYTES];
    size_t len = strlen(path);
    if (len >= sizeof part) {
        return ENAMETOOLONG;
    }
    for (size_t i = 1; i <= len; i++) {
        if (path[i] == '/' || path[i] == '\0') {
            memcpy(part, path, i);
            part[i] = '\0';
            if (mkdir(part, 0777) != 0 && errno != EEXIST) {
                return errno;
            }
        }
    }
    return access(path, W_OK | X_OK) == 0 ? 0 : errno;
}

/* <dir>/<run>/<start><random>: folders of one run sort by their start. */
static int make_folder(struct km_run *run)
{
    char hex[2 * KM_JOURNAL_WRITER_BYTES + 1];
    char *key = km_client_file_name(run->key);
    if (!key) {
        return ENOMEM;
    }
    uint64_t start = (uint64_t)run->start_ns;
    for (size_t i = 0; i < 8; i++) {
        run->writer[i] = (unsigned char)(start >> (56 - 8 * i));
    }
    km_client_random(run->writer + 8, 8);
    for (size_t i = 0; i < sizeof run->writer; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", run->writer[i]);
    }
    int outer =
        snprintf(run->folder, sizeof run->folder, "%s/%s", run->dir, key);
    free(key);
    if (outer < 0 || (size_t)outer >= sizeof run->folder - 64) {
        return ENAMETOOLONG;
    }
    run->resumed = access(run->folder, F_OK) == 0;
    (void)snprintf(run->folder + outer, 64, "/%s", hex);
    return make_folders(run->folder);
}

static uint64_t bytes_of_next(struct km_run *run)
{
    uint64_t bytes = run->segment_bytes;
    if (bytes == 0) {
        bytes = run->segment_bytes_next;
        if (run->segment_bytes_next < KM_CLIENT_SEGMENT_BYTES_LAST &&
            !run->buffered) {
            run->segment_bytes_next *= 2;
        }
    }
    uint64_t preamble =
        atomic_load(&run->definition_slots) * KM_JOURNAL_SLOT_BYTES;
    while (bytes < KM_JOURNAL_SEGMENT_BYTES_MAX && bytes / 2 < preamble) {
        bytes *= 2;
    }
    return bytes;
}

static int buffers_in_use(const struct km_run *run)
{
    int count = 0;
    for (struct km_segment *s = run->segments; s; s = s->older) {
        count += s->base != NULL;
    }
    return count;
}

/* Makes the next segment when there is none. False: not now. */
static bool install_next(struct km_run *run)
{
    struct km_segment *next = atomic_load(&run->next);
    if (next && next != atomic_load(&run->current)) {
        return true;
    }
    if (run->buffered && buffers_in_use(run) >= KM_CLIENT_BUFFERS_MAX) {
        return false;
    }
    uint64_t bytes = bytes_of_next(run);
    while (atomic_load(&run->disk_bytes) + bytes > run->disk_bytes_max &&
           km_client_ship_release(run)) {
    }
    struct km_segment *segment = km_client_segment_create(run, bytes);
    int why = errno;
    while (!segment && why == ENOSPC && km_client_ship_release(run)) {
        segment = km_client_segment_create(run, bytes);
        why = errno;
    }
    if (!segment && run->segment_count > 0) { /* the first one was said */
        km_client_say(run, "no more room in %s (%s): points are dropped",
                      run->folder, strerror(why));
    }
    if (!segment) {
        return false;
    }
    pthread_mutex_lock(&run->lock);
    km_client_preamble(run, segment);
    segment->older = run->segments;
    run->segments = segment;
    run->segment_count++;
    atomic_store_explicit(&run->next, segment, memory_order_release);
    pthread_mutex_unlock(&run->lock);
    return true;
}

/* Old segments go as soon as nobody can own a slot of them. */
static void settle_all(struct km_run *run, bool last)
{
    struct km_segment *next = atomic_load(&run->next);
    struct km_segment *current = atomic_load(&run->current);
    for (struct km_segment *s = run->segments; s; s = s->older) {
        bool in_use = s == current || s == next;
        if (in_use && !run->buffered) {
            continue;
        }
        bool settled = km_client_segment_settle(run, s, last);
        if (settled && !in_use && s->base) {
            pthread_mutex_lock(&run->lock); /* a fork sees all or nothing */
            km_client_segment_unmap(s);
            pthread_mutex_unlock(&run->lock);
        }
    }
}

static void tell_dropped(struct km_run *run)
{
    char detail[64];
    uint64_t dropped = atomic_load(&run->dropped);
    if (dropped > run->dropped_said) {
        (void)snprintf(detail, sizeof detail, "{\"count\":%llu}",
                       (unsigned long long)(dropped - run->dropped_said));
        run->dropped_said = dropped;
        pthread_mutex_lock(&run->lock); /* not km_run_event(): a patient one
                                           would wait here for this thread */
        km_client_event(run, "incident", "points dropped", KM_STEP_NONE,
                        detail);
        pthread_mutex_unlock(&run->lock);
    }
}

static void wait_until(struct km_run *run, int64_t monotonic_ns)
{
    struct timespec until = {.tv_sec = monotonic_ns / 1000000000,
                             .tv_nsec = monotonic_ns % 1000000000};
    (void)sem_clockwait(&run->wake, CLOCK_MONOTONIC, &until);
}

static void *help(void *user)
{
    struct km_run *run = user;
    size_t clock_index = 0;
    int64_t start_ns = km_client_monotonic_ns();
    int64_t clock_ns = start_ns + clock_after_ns[0];
    while (!atomic_load(&run->stop)) {
        atomic_store(&run->wake_pending, false);
        bool ready = install_next(run);
        settle_all(run, false);
        int64_t now_ns = km_client_monotonic_ns();
        if (now_ns >= clock_ns) {
            pthread_mutex_lock(&run->lock);
            km_client_clock_record(run);
            pthread_mutex_unlock(&run->lock);
            size_t last = sizeof clock_after_ns / sizeof clock_after_ns[0] - 1;
            clock_index += clock_index < last;
            clock_ns = now_ns + clock_after_ns[clock_index];
            if (ready) {
                tell_dropped(run);
            }
        }
        int64_t until_ns = km_client_ship_look(run, now_ns);
        until_ns = until_ns < clock_ns ? until_ns : clock_ns;
        int64_t soon_ns = now_ns + (run->buffered ? FLUSH_NS : RETRY_NS);
        if ((run->buffered || !ready) && soon_ns < until_ns) {
            until_ns = soon_ns;
        }
        wait_until(run, until_ns);
    }
    return NULL;
}

/* The helper takes none of the program's signals. */
static bool start_helper(struct km_run *run)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    (void)pthread_attr_setstacksize(&attributes, HELPER_STACK_BYTES);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    atomic_store(&run->stop, false);
    bool started = pthread_create(&run->helper, &attributes, help, run) == 0 ||
                   pthread_create(&run->helper, NULL, help, run) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    if (started) {
        (void)pthread_setname_np(run->helper, "knotmeter");
    }
    return started;
}

bool km_client_writer_open(struct km_run *run)
{
    km_client_clock_read(run, &run->clock_first);
    run->start_ns = run->clock_first.wall_ns;
    run->segment_count = 0;
    run->segment_bytes_next = KM_CLIENT_SEGMENT_BYTES_FIRST;
    int why = make_folder(run);
    if (why) {
        km_client_say(run, "cannot write to %s: %s; nothing is recorded",
                      run->folder, strerror(why));
        return false;
    }
    if (!run->buffered && !km_client_mapping_is_safe(run->folder)) {
        run->buffered = true;
        km_client_say(run,
                      "%s is on a file system that may fail late: points "
                      "reach it through memory, within %d ms",
                      run->folder, FLUSH_NS / 1000000);
    }
    struct km_segment *first =
        km_client_segment_create(run, bytes_of_next(run));
    if (!first && errno == EOPNOTSUPP && !run->buffered) {
        run->buffered = true;
        first = km_client_segment_create(run, bytes_of_next(run));
    }
    if (first) {
        while (km_client_monotonic_ns() - run->clock_first.monotonic_ns <
               CLOCK_SPAN_NS_MIN) {
            (void)sched_yield();
        }
        km_client_preamble(run, first);
        first->older = run->segments;
        run->segments = first;
        run->segment_count = 1;
        atomic_store(&run->next, first);
        atomic_store(&run->current, first);
    } else {
        km_client_say(run, "no room in %s: %s", run->folder, strerror(errno));
    }
    run->has_helper = start_helper(run);
    if (!run->has_helper) {
        km_client_say(run, "no thread could be started: recording ends with "
                           "the first segment");
    }
    return first != NULL;
}

/* Cuts the current segment to what was used; one in waiting goes. */
static void close_segment(struct km_run *run, struct km_segment *segment,
                          bool is_current, bool is_later)
{
    char path[KM_CLIENT_PATH_BYTES + 16];
    uint64_t reserved = atomic_load(&segment->next_slot);
    uint64_t used =
        reserved < segment->slot_count ? reserved : segment->slot_count;
    km_client_segment_path(run, segment->index, path, sizeof path);
    if (is_current) {
        run->end_segment = segment->index;
        run->end_bytes = KM_JOURNAL_HEADER_BYTES + used * KM_JOURNAL_SLOT_BYTES;
    }
    if (is_later) {
        (void)unlink(path);
    } else if (is_current && segment->fd < 0) {
        off_t end =
            (off_t)(KM_JOURNAL_HEADER_BYTES + used * KM_JOURNAL_SLOT_BYTES);
        if (truncate(path, end) != 0) {
            km_client_say(run, "%s keeps its unused end", path);
        }
    }
    km_client_segment_unmap(segment);
}

void km_client_writer_close(struct km_run *run)
{
    if (run->has_helper) {
        atomic_store(&run->stop, true);
        (void)sem_post(&run->wake);
        (void)pthread_join(run->helper, NULL);
        run->has_helper = false;
    }
    struct km_segment *current = atomic_exchange(&run->current, &run->none);
    if (run->buffered) {
        settle_all(run, true);
    }
    bool is_later = current != &run->none; /* newest first */
    while (run->segments) {
        struct km_segment *segment = run->segments;
        run->segments = segment->older;
        is_later = is_later && segment != current;
        close_segment(run, segment, segment == current, is_later);
        free(segment);
    }
}
