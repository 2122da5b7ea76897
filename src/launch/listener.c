/* listener.c - a queue, a thread, and lines into points. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "launch/listener.h"

#include <knotmeter.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/wait.h"
#include "launch/pump.h"
#include "launch/usage.h"
#include "source/text_log.h"

enum {
    STREAMS = KM_CHILD_STREAMS,
    TAKE_BYTES = 64 * KM_KIB,
    LOOK_MS = 1000, /* how soon a look at the machine is noticed to be due */
    HANDLES_MAX = 4096, /* names that get a handle; a power of two */
};

struct queue {
    char *bytes;
    size_t head, len;
    struct km_buf line; /* what has no end yet */
    bool skipping;      /* inside a line that is too long */
};

/* A series of the emitter and the metric of the run that it is. */
struct handle {
    uint64_t series;
    uint32_t metric;
    bool taken;
};

struct km_listener {
    struct km_listener_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    bool ending;
    struct queue queues[STREAMS]; /* head, len under the lock */
    uint64_t missed_bytes;        /* under the lock */
    struct km_listener_counts counts;
    struct km_source_options text_options;
    struct km_source source;
    struct handle handles[HANDLES_MAX];
    struct km_usage usage;
    int64_t usage_next_ns, begun_ns;
};

/* The handle of a series; more names than there is room for are looked up by
 * the run each time. */
static uint32_t metric_of(struct km_listener *listener, uint64_t id,
                          struct km_str name, struct km_arena *arena)
{
    size_t at = (size_t)(id % HANDLES_MAX);
    for (size_t i = 0; i < 16; i++) {
        struct handle *handle = &listener->handles[(at + i) % HANDLES_MAX];
        if (handle->taken && handle->series != id) {
            continue;
        }
        if (!handle->taken) {
            char *text = km_arena_copy(arena, name.ptr, name.len);
            handle->metric = text ? km_run_metric(listener->options.run, text)
                                  : KM_METRIC_NONE;
            handle->series = id;
            handle->taken = text != NULL;
        }
        return handle->metric;
    }
    char *text = km_arena_copy(arena, name.ptr, name.len);
    return text ? km_run_metric(listener->options.run, text) : KM_METRIC_NONE;
}

static void record_settings(struct km_listener *listener,
                            const struct km_batch *batch)
{
    for (uint32_t r = 0; r < batch->run_count; r++) {
        const struct km_batch_run *row = &batch->runs[r];
        for (uint32_t i = 0; i < row->attribute_count; i++) {
            const struct km_attribute *a = &row->attributes[i];
            char key[KM_NAME_BYTES_MAX + 1];
            if (a->key.len == 0 || a->key.len >= sizeof key) {
                continue;
            }
            memcpy(key, a->key.ptr, a->key.len);
            key[a->key.len] = '\0';
            struct km_buf value;
            km_buf_init(&value, KM_MIB);
            km_buf_append(&value, a->value_json.ptr, a->value_json.len);
            km_buf_append_char(&value, '\0');
            if (!value.failed && a->kind == KM_ATTRIBUTE_CONFIG) {
                km_run_config_json(listener->options.run, key, value.bytes);
            } else if (!value.failed) {
                km_run_tag(listener->options.run, key, value.bytes);
            }
            km_buf_finish(&value);
        }
    }
}

/* What one line said, at the time at which it was heard. */
static void record_batch(struct km_listener *listener)
{
    struct km_batch *batch = km_emit_batch(listener->source.emit);
    int64_t now_ns = km_clock_wall_ns(&km_clock_system);
    for (uint32_t i = 0; i < batch->series_count; i++) {
        struct km_batch_series *series = &batch->series[i];
        if (series->count == 0) {
            continue;
        }
        uint32_t metric =
            metric_of(listener, series->id, series->metric, &batch->arena);
        for (size_t p = 0; p < series->count; p++) {
            km_run_log_at(listener->options.run, series->points[p].step, metric,
                          series->points[p].value, now_ns);
        }
        listener->counts.points += series->count;
    }
    record_settings(listener, batch);
    km_emit_batch_done(listener->source.emit);
}

static void take_line(struct km_listener *listener, struct queue *queue)
{
    km_buf_append_char(&queue->line, '\n');
    if (!queue->line.failed && !queue->skipping) {
        struct km_err err;
        size_t used;
        struct km_str line = {queue->line.bytes, queue->line.len};
        listener->counts.lines++;
        /* a line that does not match is no failure, and others are no reason
         * to stop listening */
        (void)km_source_text_log.feed(&listener->source, line, false, &used,
                                      &err);
        record_batch(listener);
    }
    queue->skipping = false;
    km_buf_reset(&queue->line);
}

/* Lines end at '\n', and at '\r', by which progress bars redraw theirs. */
static void take_bytes(struct km_listener *listener, struct queue *queue,
                       const char *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t end = at;
        while (end < len && bytes[end] != '\n' && bytes[end] != '\r') {
            end++;
        }
        km_buf_append(&queue->line, bytes + at, end - at);
        if (queue->line.len >= KM_LINE_BYTES_MAX - 1 || queue->line.failed) {
            queue->skipping = true;
            km_buf_reset(&queue->line);
        }
        if (end < len && (queue->line.len || queue->skipping)) {
            take_line(listener, queue);
        }
        at = end + 1;
    }
}

static void look_at_usage(struct km_listener *listener)
{
    int64_t now_ns = km_clock_monotonic_ns(&km_clock_system);
    int64_t every_ns = listener->options.usage_every_ns;
    if (every_ns == 0 || now_ns < listener->usage_next_ns) {
        return;
    }
    listener->usage_next_ns = now_ns + every_ns;
    struct km_usage_sample sample;
    if (!km_usage_look(&listener->usage, listener->options.pid, now_ns,
                       &sample)) {
        return;
    }
    int64_t second = (now_ns - listener->begun_ns) / 1000000000;
    struct km_run *run = listener->options.run;
    km_run_log_name(run, second, "system/cpu_percent", sample.cpu_percent);
    km_run_log_name(run, second, "system/memory_bytes", sample.memory_bytes);
    km_run_log_name(run, second, "system/host_memory_percent",
                    sample.host_memory_percent);
}

/* Waits for bytes, the end, or the next look; copies out at most TAKE_BYTES of
 * a stream. False: it is over. */
static bool wait_for_bytes(struct km_listener *listener, char *bytes,
                           size_t *len, int *stream)
{
    pthread_mutex_lock(&listener->lock);
    *len = 0;
    for (;;) {
        for (int i = 0; i < STREAMS && *len == 0; i++) {
            struct queue *queue = &listener->queues[i];
            size_t run = KM_LISTEN_BYTES - queue->head; /* up to its wrap */
            size_t take = queue->len < run ? queue->len : run;
            take = take < TAKE_BYTES ? take : TAKE_BYTES;
            memcpy(bytes, queue->bytes + queue->head, take);
            queue->head = (queue->head + take) % KM_LISTEN_BYTES;
            queue->len -= take;
            *len = take;
            *stream = i;
        }
        if (*len || listener->ending) {
            break;
        }
        if (!km_wait_ms(&listener->more, &listener->lock, LOOK_MS)) {
            break; /* a second went by: time for a look */
        }
    }
    bool goes_on = *len || !listener->ending;
    pthread_mutex_unlock(&listener->lock);
    return goes_on;
}

static void *listen(void *user)
{
    struct km_listener *listener = user;
    static _Thread_local char bytes[TAKE_BYTES];
    size_t len;
    int stream;
    while (wait_for_bytes(listener, bytes, &len, &stream)) {
        if (len && !listener->options.deaf) {
            take_bytes(listener, &listener->queues[stream], bytes, len);
        }
        look_at_usage(listener);
    }
    for (int i = 0; i < STREAMS; i++) {
        if (listener->queues[i].line.len) {
            take_line(listener, &listener->queues[i]);
        }
    }
    return NULL;
}

static void finish(struct km_listener *listener)
{
    if (listener->source.state) {
        km_source_text_log.finish(&listener->source);
    }
    km_emit_destroy(listener->source.emit);
    km_arena_finish(&listener->source.arena);
    for (int i = 0; i < STREAMS; i++) {
        km_buf_finish(&listener->queues[i].line);
    }
    (void)pthread_cond_destroy(&listener->more);
    (void)pthread_mutex_destroy(&listener->lock);
}

static enum km_code open_source(struct km_listener *listener,
                                struct km_err *err)
{
    const struct km_emit_options emit = {
        .run = {.project = KM_STR("run"), .external_id = KM_STR("run")}};
    struct km_source *source = &listener->source;
    km_arena_init(&source->arena, KM_ARENA_COMMAND_BYTES_MAX);
    listener->text_options.pattern = listener->options.pattern;
    source->ops = &km_source_text_log;
    source->options = &listener->text_options;
    source->emit = km_emit_create(&emit, err);
    source->state =
        km_arena_calloc(&source->arena, 1, km_source_text_log.state_bytes);
    if (!source->emit || !source->state) {
        return km_fail(err, KM_EMEMORY, "memory for reading output is short");
    }
    return km_source_text_log.begin(source, (struct km_str){NULL, 0}, err);
}

struct km_listener *km_listener_start(const struct km_listener_options *options,
                                      struct km_err *err)
{
    struct km_arena *arena = options->arena;
    struct km_listener *listener = km_new(arena, struct km_listener, 1);
    if (!listener) {
        (void)km_fail(err, KM_EMEMORY, "memory for reading output is short");
        return NULL;
    }
    listener->options = *options;
    listener->begun_ns = km_clock_monotonic_ns(&km_clock_system);
    (void)pthread_mutex_init(&listener->lock, NULL);
    (void)pthread_cond_init(&listener->more, NULL);
    bool ready = true;
    for (int i = 0; i < STREAMS; i++) {
        km_buf_init(&listener->queues[i].line, KM_LINE_BYTES_MAX);
        listener->queues[i].bytes = km_arena_alloc(arena, KM_LISTEN_BYTES);
        ready = ready && listener->queues[i].bytes;
    }
    enum km_code code =
        ready ? open_source(listener, err)
              : km_fail(err, KM_EMEMORY, "memory for reading output is short");
    if (code == KM_OK &&
        pthread_create(&listener->thread, NULL, listen, listener) != 0) {
        code = km_fail(err, KM_EMEMORY, "no thread can be had");
    }
    if (code) {
        finish(listener);
        return NULL;
    }
    return listener;
}

void km_listener_hear(struct km_listener *listener, int stream,
                      const char *bytes, size_t len)
{
    struct queue *queue = &listener->queues[stream];
    pthread_mutex_lock(&listener->lock);
    size_t room = KM_LISTEN_BYTES - queue->len;
    size_t take = len < room ? len : room;
    size_t tail = (queue->head + queue->len) % KM_LISTEN_BYTES;
    size_t first =
        take < KM_LISTEN_BYTES - tail ? take : KM_LISTEN_BYTES - tail;
    memcpy(queue->bytes + tail, bytes, first);
    memcpy(queue->bytes, bytes + first, take - first);
    queue->len += take;
    listener->missed_bytes += len - take;
    pthread_cond_signal(&listener->more);
    pthread_mutex_unlock(&listener->lock);
}

void km_listener_end(struct km_listener *listener,
                     struct km_listener_counts *counts)
{
    pthread_mutex_lock(&listener->lock);
    listener->ending = true;
    pthread_cond_signal(&listener->more);
    pthread_mutex_unlock(&listener->lock);
    (void)pthread_join(listener->thread, NULL);
    listener->counts.missed_bytes = listener->missed_bytes;
    *counts = listener->counts;
    finish(listener);
}
