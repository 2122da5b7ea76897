/* write_queue.c - the thread that commits for clients of tracking APIs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/write_queue.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>

struct km_write_queue {
    struct km_tracker *tracker;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t come;
    struct km_request *list[KM_WRITE_QUEUE_MAX];
    size_t count;
    bool started, ending;
    struct km_request *taken[KM_WRITE_QUEUE_MAX]; /* the thread's */
};

static void fail(struct km_request *r, enum km_code code,
                 const struct km_err *err)
{
    km_request_fail(r, (unsigned)km_code_http(code), km_code_name(code),
                    err->message);
}

static void commit(struct km_write_queue *queue, size_t count)
{
    struct km_err err = {.code = KM_OK};
    enum km_code code = km_tracker_begin(queue->tracker, &err);
    if (code == KM_OK) {
        km_tracker_change(queue->tracker);
        for (size_t i = 0; i < count; i++) {
            struct km_request *r = queue->taken[i];
            struct km_err own = {.code = KM_OK};
            enum km_code one = r->route->handle(r, &own);
            if (one && r->status == 200) {
                fail(r, one, &own);
            }
        }
        km_tracker_change_done(queue->tracker);
        code = km_tracker_end(queue->tracker, &err);
    }
    for (size_t i = 0; i < count; i++) {
        struct km_request *r = queue->taken[i];
        if (code && r->status == 200) { /* it was promised, and is not so */
            fail(r, code == KM_ECONFLICT ? KM_EBUSY : code, &err);
        }
        MHD_resume_connection(r->connection);
    }
}

static void *work(void *user)
{
    struct km_write_queue *queue = user;
    pthread_mutex_lock(&queue->lock);
    while (queue->count || !queue->ending) {
        size_t count = queue->count;
        if (count == 0) {
            pthread_cond_wait(&queue->come, &queue->lock);
            continue;
        }
        memcpy(queue->taken, queue->list, count * sizeof *queue->list);
        queue->count = 0;
        pthread_mutex_unlock(&queue->lock);
        commit(queue, count);
        pthread_mutex_lock(&queue->lock);
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

struct km_write_queue *km_write_queue_create(struct km_tracker *tracker)
{
    struct km_write_queue *queue = calloc(1, sizeof *queue);
    if (!queue) {
        return NULL;
    }
    queue->tracker = tracker;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->come, NULL);
    queue->started = pthread_create(&queue->thread, NULL, work, queue) == 0;
    if (!queue->started) {
        km_write_queue_destroy(queue);
        return NULL;
    }
    return queue;
}

enum km_code km_write_queue_add(struct km_write_queue *queue,
                                struct km_request *request, struct km_err *err)
{
    pthread_mutex_lock(&queue->lock);
    bool taken = !queue->ending && queue->count < KM_WRITE_QUEUE_MAX;
    if (taken) {
        queue->list[queue->count++] = request;
        pthread_cond_signal(&queue->come);
    }
    pthread_mutex_unlock(&queue->lock);
    return taken
               ? KM_OK
               : km_fail(err, KM_EBUSY, "%d requests wait to be written, retry",
                         KM_WRITE_QUEUE_MAX);
}

void km_write_queue_stop(struct km_write_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool join = queue->started;
    queue->ending = true;
    queue->started = false;
    pthread_cond_signal(&queue->come);
    pthread_mutex_unlock(&queue->lock);
    if (join) {
        (void)pthread_join(queue->thread, NULL);
    }
}

void km_write_queue_destroy(struct km_write_queue *queue)
{
    if (queue) {
        km_write_queue_stop(queue);
        pthread_mutex_destroy(&queue->lock);
        pthread_cond_destroy(&queue->come);
        free(queue);
    }
}
