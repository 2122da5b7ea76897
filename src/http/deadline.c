/* deadline.c - a list, and a thread that walks it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/deadline.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/wait.h"

enum { TICK_MS = 200 };
static const int64_t MS = 1000000;

struct km_deadline {
    struct km_deadline *next, *before;
    int64_t until_ns; /* INT64_MAX: none */
    int fd;
};

struct km_deadlines {
    const struct km_clock *clock;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    pthread_t thread;
    struct km_deadline first; /* of the ring */
    bool end;
};

static void cut_late(struct km_deadlines *d)
{
    int64_t now = km_clock_monotonic_ns(d->clock);
    for (struct km_deadline *i = d->first.next; i != &d->first; i = i->next) {
        if (i->until_ns <= now) {
            (void)shutdown(i->fd, SHUT_RDWR); /* the library closes it */
            i->until_ns = INT64_MAX;
        }
    }
}

static void *watch(void *user)
{
    struct km_deadlines *d = user;
    (void)pthread_mutex_lock(&d->lock);
    while (!d->end) {
        (void)km_wait_ms(&d->ended, &d->lock, TICK_MS);
        cut_late(d);
    }
    (void)pthread_mutex_unlock(&d->lock);
    return NULL;
}

struct km_deadlines *km_deadlines_create(const struct km_clock *clock)
{
    struct km_deadlines *d = calloc(1, sizeof *d);
    if (!d) {
        return NULL;
    }
    d->clock = clock;
    d->first.next = d->first.before = &d->first;
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_cond_init(&d->ended, NULL);
    if (pthread_create(&d->thread, NULL, watch, d) != 0) {
        (void)pthread_cond_destroy(&d->ended);
        (void)pthread_mutex_destroy(&d->lock);
        free(d);
        return NULL;
    }
    return d;
}

void km_deadlines_destroy(struct km_deadlines *d)
{
    if (!d) {
        return;
    }
    (void)pthread_mutex_lock(&d->lock);
    d->end = true;
    (void)pthread_cond_signal(&d->ended);
    (void)pthread_mutex_unlock(&d->lock);
    (void)pthread_join(d->thread, NULL);
    for (struct km_deadline *i = d->first.next; i != &d->first;) {
        struct km_deadline *next = i->next;
        free(i);
        i = next;
    }
    (void)pthread_cond_destroy(&d->ended);
    (void)pthread_mutex_destroy(&d->lock);
    free(d);
}

static int64_t after(const struct km_deadlines *d, int64_t ms)
{
    return ms < 0 ? INT64_MAX : km_clock_monotonic_ns(d->clock) + ms * MS;
}

struct km_deadline *km_deadline_add(struct km_deadlines *d, int fd, int64_t ms)
{
    struct km_deadline *one = malloc(sizeof *one);
    if (one) {
        *one = (struct km_deadline){.fd = fd, .until_ns = after(d, ms)};
        (void)pthread_mutex_lock(&d->lock);
        one->next = d->first.next;
        one->before = &d->first;
        one->next->before = d->first.next = one;
        (void)pthread_mutex_unlock(&d->lock);
    }
    return one;
}

void km_deadline_set(struct km_deadlines *d, struct km_deadline *one,
                     int64_t ms)
{
    if (one) {
        int64_t until = after(d, ms);
        (void)pthread_mutex_lock(&d->lock);
        one->until_ns = until;
        (void)pthread_mutex_unlock(&d->lock);
    }
}

void km_deadline_remove(struct km_deadlines *d, struct km_deadline *one)
{
    if (one) {
        (void)pthread_mutex_lock(&d->lock);
        one->before->next = one->next;
        one->next->before = one->before;
        (void)pthread_mutex_unlock(&d->lock);
        free(one);
    }
}
