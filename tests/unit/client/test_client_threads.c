/* test_client_threads.c - threads log through rotations, new metrics, events
 * and forks; every point whose call returned undropped is there once. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal_folder.h"
#include "knotmeter.h"
#include "tap.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER
#endif

enum { THREADS = 4, POINTS = 30000 };

static struct km_run *run;
static struct seen seen;

static void *log_much(void *user)
{
    int thread = (int)(intptr_t)user;
    char name[32];
    (void)snprintf(name, sizeof name, "thread %d", thread);
    uint32_t metric = km_run_metric(run, name);
    for (int i = 0; i < POINTS; i++) {
        km_run_log(run, i, metric, thread * 1e6 + i);
        if (i % 5000 == 0) {
            km_run_event(run, "text", name, i, NULL);
        }
        if (i % 500 == 0) {
            (void)usleep(1000);
        }
    }
    return NULL;
}

static void log_from_threads(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, log_much, (void *)(intptr_t)i);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

static void check_all(const char *folder, uint64_t dropped)
{
    static unsigned char got[THREADS][POINTS];
    size_t doubled = 0, wrong = 0, missing = 0;
    memset(got, 0, sizeof got);
    seen_read(&seen, folder);
    for (size_t i = 0; i < seen.count; i++) {
        int thread = seen.points[i].metric[7] - '0';
        int64_t step = seen.points[i].step;
        wrong += seen.points[i].value != thread * 1e6 + (double)step;
        doubled += got[thread][step]++ > 0;
    }
    for (int t = 0; t < THREADS; t++) {
        for (int i = 0; i < POINTS; i++) {
            missing += !got[t][i];
        }
    }
    CHECK_INT(wrong + doubled, 0);
    /* events are counted as well when they are dropped */
    CHECK(missing <= dropped && dropped - missing <= THREADS * 6);
    CHECK_INT(seen.undefined + seen.damaged + seen.gaps, 0);
    seen_free(&seen);
}

static void run_threads(int buffered)
{
    struct km_run_counters counters;
    char folder[1024];
    run = km_run_open(
        &(struct km_run_options){.dir = scratch_make(),
                                 .segment_bytes = buffered ? 1 << 20 : 1 << 17,
                                 .buffered = buffered,
                                 .quiet = 1});
    (void)snprintf(folder, sizeof folder, "%s", km_run_folder(run));
    log_from_threads();
    km_run_count(run, &counters);
    km_run_close(run);
    CHECK(counters.points <= THREADS * POINTS);
    check_all(folder, counters.dropped);
    printf("# dropped %llu\n", (unsigned long long)counters.dropped);
    scratch_remove();
}

static void threads_share_segments_without_loss(void)
{
    run_threads(0);
}

static void threads_share_buffers_without_loss(void)
{
    run_threads(1);
}

static void *log_until(void *user)
{
    atomic_bool *stop = user;
    uint32_t metric = km_run_metric(run, "beside");
    for (int64_t i = 0; !atomic_load(stop); i++) {
        km_run_log(run, i, metric, (double)i);
        (void)usleep(20);
    }
    return NULL;
}

static void forks_beside_a_logging_thread_do_no_harm(void)
{
    pthread_t thread;
    atomic_bool stop = false;
    int clean = 0;
    run = km_run_open(&(struct km_run_options){
        .dir = scratch_make(), .segment_bytes = 1 << 17, .quiet = 1});
    (void)pthread_create(&thread, NULL, log_until, &stop);
    for (int i = 0; i < 30; i++) {
        pid_t child = fork();
        if (child == 0) {
            km_run_log_name(run, 1, "in child", 1);
            _exit(0);
        }
        int status = 1;
        (void)waitpid(child, &status, 0);
        clean += status == 0;
    }
    atomic_store(&stop, true);
    (void)pthread_join(thread, NULL);
    char folder[1024];
    (void)snprintf(folder, sizeof folder, "%s", km_run_folder(run));
    km_run_close(run);
    CHECK_INT(clean, 30);
    seen_read(&seen, folder);
    CHECK(seen.count > 10);
    for (size_t i = 0; i < seen.count; i++) {
        CHECK(seen.points[i].step == (int64_t)i);
    }
    CHECK_INT(seen.undefined + seen.damaged + seen.gaps, 0);
    seen_free(&seen);
    scratch_remove();
}

int main(void)
{
    RUN(threads_share_segments_without_loss);
    RUN(threads_share_buffers_without_loss);
#ifdef THREAD_SANITIZER
    SKIP(forks_beside_a_logging_thread_do_no_harm,
         "the sanitizer forbids threads after such a fork");
    (void)forks_beside_a_logging_thread_do_no_harm;
#else
    RUN(forks_beside_a_logging_thread_do_no_harm);
#endif
    return tap_end();
}
