/* store_kill.c - a writer is killed with SIGKILL at random moments: what it was
 * told is stored is stored, once, and the store is clean. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "common.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "tap.h"

enum { POINTS_PER_BATCH = 50 };

static char folder[256];

/* Where the source stands: the cursor tells, as it tells an importer. */
static bool read_cursor(void *user, const struct km_cursor *cursor)
{
    *(uint64_t *)user = cursor->consumed_bytes;
    return true;
}

/* Appends from the cursor on, for ever; writes each acknowledged number to
 * `told`. */
static void write_until_killed(int told)
{
    struct km_batch batch;
    uint64_t at = 0;
    struct km_store *store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    km_batch_init(&batch);
    if (!store ||
        km_store_find_cursors(store, NULL, read_cursor, &at, NULL) != KM_OK) {
        _exit(2);
    }
    for (int round = 0;; round++) {
        plain_batch(&batch, 1, "run", "loss");
        for (int i = 0; i < POINTS_PER_BATCH; i++) {
            (void)km_batch_point(
                &batch, 0,
                (struct km_point){(int64_t)at, KM_TIME_ABSENT, (double)at / 3});
            at++;
        }
        batch.has_cursor = true;
        batch.cursor = (struct km_cursor){.source_id = 1, .consumed_bytes = at};
        if (km_store_append(store, &batch, NULL) != KM_OK ||
            write(told, &at, sizeof at) != sizeof at) {
            _exit(3);
        }
        if (round % 20 == 19 &&
            km_store_maintain(store, 5000000, NULL, NULL) != KM_OK) {
            _exit(4);
        }
    }
}

/* Lets a writer live for a while; returns what it was told last. */
static uint64_t kill_a_writer(useconds_t after_us, uint64_t told_before)
{
    int pipes[2], status = 0;
    uint64_t told = told_before, one;
    CHECK_INT(pipe(pipes), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        (void)close(pipes[0]);
        write_until_killed(pipes[1]);
    }
    (void)close(pipes[1]);
    (void)usleep(after_us);
    CHECK_INT(kill(child, SIGKILL), 0);
    while (read(pipes[0], &one, sizeof one) == sizeof one) {
        told = one;
    }
    (void)close(pipes[0]);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return told;
}

struct counted {
    int64_t next;
    int wrong;
};

static bool count_points(void *user, const struct km_columns *columns)
{
    struct counted *counted = user;
    for (size_t i = 0; i < columns->count; i++, counted->next++) {
        counted->wrong += columns->steps[i] != counted->next ||
                          columns->values[i] != (double)counted->next / 3;
    }
    return true;
}

static uint64_t check_store(uint64_t told, bool deep)
{
    struct km_batch batch;
    struct counted counted = {0, 0};
    uint64_t at = 0;
    struct km_err err = {.message = ""};
    struct km_store *store = open_store(BACKEND_SQLITE, folder, NULL, &err);
    CHECK_TEXT(err.message, "");
    km_batch_init(&batch);
    plain_batch(&batch, 1, "run", "loss");
    CHECK_INT(km_store_read_points(store, batch.series[0].id, NULL,
                                   count_points, &counted, NULL),
              KM_OK);
    CHECK_INT(km_store_find_cursors(store, NULL, read_cursor, &at, NULL),
              KM_OK);
    CHECK_INT(counted.wrong, 0);
    CHECK_INT(counted.next, at); /* records and cursor together */
    CHECK((uint64_t)counted.next >= told);
    CHECK((uint64_t)counted.next <= told + POINTS_PER_BATCH);
    if (deep) {
        CHECK_INT(count_findings(store, true, false), 0);
    }
    km_store_close(store);
    km_batch_finish(&batch);
    return at;
}

static void nothing_told_is_lost_and_nothing_is_doubled(void)
{
    long kills = amount_of(25, 200);
    struct random_state random = {4711};
    uint64_t told = 0;
    make_folder(folder);
    for (long i = 0; i < kills; i++) {
        told = kill_a_writer((useconds_t)random_below(&random, 30000), told);
        told = check_store(told, i % 10 == 9);
    }
    printf("# %ld kills, %llu points\n", kills, (unsigned long long)told);
    CHECK(told > 0);
    remove_folder(folder);
}

int main(void)
{
    RUN(nothing_told_is_lost_and_nothing_is_doubled);
    return tap_end();
}
