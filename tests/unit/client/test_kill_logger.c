/* test_kill_logger.c - kill -9 of a logging program at 200 random instants:
 * every value whose log call had returned is in the journal, none twice. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "journal_folder.h"
#include "knotmeter.h"
#include "tap.h"

enum { KILLS = 200, THREADS = 2, STEPS_MAX = 1 << 20 };

/* Outlives the killed program: what it knows that it logged. */
struct progress {
    _Atomic uint32_t logged[THREADS]; /* calls returned, steps 0.. */
    _Atomic uint64_t dropped;
};

static struct km_run *run;
static struct progress *progress;
static struct seen seen;

static void *log_on(void *user)
{
    int thread = (int)(intptr_t)user;
    char name[16];
    (void)snprintf(name, sizeof name, "thread %d", thread);
    uint32_t metric = km_run_metric(run, name);
    for (uint32_t step = 0; step < STEPS_MAX; step++) {
        km_run_log(run, step, metric, thread + 0.5 * step);
        atomic_store(&progress->logged[thread], step + 1);
        if (step % 64 == 0) {
            km_run_event(run, "text", "a record of several slots", step, NULL);
            const struct timespec pause = {.tv_nsec = 20000};
            (void)nanosleep(&pause, NULL);
        }
    }
    return NULL;
}

static void be_logger(const char *dir)
{
    pthread_t threads[THREADS];
    struct km_run_counters counters;
    run = km_run_open(&(struct km_run_options){
        .dir = dir, .segment_bytes = 1 << 17, .patient = 1, .quiet = 1});
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, log_on, (void *)(intptr_t)i);
    }
    for (;;) {
        const struct timespec pause = {.tv_nsec = 200000};
        km_run_count(run, &counters);
        atomic_store(&progress->dropped, counters.dropped);
        (void)nanosleep(&pause, NULL);
    }
}

static bool check_journal(const char *dir)
{
    static unsigned char got[THREADS][STEPS_MAX];
    char writers[2][512];
    size_t doubled = 0, missing = 0, wrong = 0;
    uint32_t logged[THREADS];
    memset(got, 0, sizeof got);
    for (int t = 0; t < THREADS; t++) {
        logged[t] = atomic_load(&progress->logged[t]);
    }
    if (find_writers(dir, writers, 2) == 0) {
        return logged[0] == 0 && logged[1] == 0;
    }
    seen_read(&seen, writers[0]);
    for (size_t i = 0; i < seen.count; i++) {
        const struct seen_point *point = &seen.points[i];
        int thread = point->metric[7] - '0';
        wrong += point->value != thread + 0.5 * (double)point->step;
        doubled += got[thread][point->step]++ > 0;
    }
    for (int t = 0; t < THREADS; t++) {
        for (uint32_t step = 0; step < logged[t]; step++) {
            missing += !got[t][step];
        }
    }
    bool sound = missing <= atomic_load(&progress->dropped) &&
                 doubled + wrong + seen.damaged + seen.undefined == 0;
    if (!sound) {
        printf("# logged %u and %u: %zu missing, %zu doubled, %zu wrong, %llu "
               "damaged, %llu undefined, %llu dropped\n",
               (unsigned)logged[0], (unsigned)logged[1], missing, doubled,
               wrong, (unsigned long long)seen.damaged,
               (unsigned long long)seen.undefined,
               (unsigned long long)atomic_load(&progress->dropped));
    }
    seen_free(&seen);
    return sound;
}

static void nothing_that_was_logged_is_lost_or_doubled(void)
{
    uint64_t random = 0x9e3779b97f4a7c15u, points = 0;
    int sound = 0, dropped = 0;
    for (int i = 0; i < KILLS; i++) {
        const char *dir = scratch_make();
        memset(progress, 0, sizeof *progress);
        pid_t child = fork();
        if (child == 0) {
            be_logger(dir);
            _exit(0);
        }
        random = random * 6364136223846793005u + 1442695040888963407u;
        const struct timespec pause = {.tv_nsec =
                                           (long)(random >> 33) % 30000000};
        (void)nanosleep(&pause, NULL);
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        sound += check_journal(dir);
        dropped += atomic_load(&progress->dropped) > 0;
        points += atomic_load(&progress->logged[0]) +
                  atomic_load(&progress->logged[1]);
        scratch_remove();
    }
    printf("# %d kills, %llu points logged before them, %d runs with drops\n",
           KILLS, (unsigned long long)points, dropped);
    CHECK_INT(sound, KILLS);
    CHECK(points > 10000);
}

int main(void)
{
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED) {
        return 1;
    }
    RUN(nothing_that_was_logged_is_lost_or_doubled);
    return tap_end();
}
