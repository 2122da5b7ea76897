/* log.c - the path of a log call: reserve, fill, publish.
 *
 * Everything before km_run_log() is for the rare call that finds its segment
 * full. Document: docs/formats/journal.md#how-it-is-written */
/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <string.h>
#include <time.h>

#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

enum { MANY_MAX = 256 }; /* slots reserved at once */

void km_client_wake(struct km_run *run)
{
    if (!atomic_load_explicit(&run->wake_pending, memory_order_relaxed) &&
        !atomic_exchange(&run->wake_pending, true)) {
        (void)sem_post(&run->wake);
    }
}

/* Puts the prepared segment in the place of a full one. False when there is
 * none: the caller drops. */
static bool rotate(struct km_run *run, struct km_segment *full)
{
    struct km_segment *next =
        atomic_load_explicit(&run->next, memory_order_acquire);
    if (!next || next == full) {
        if (atomic_load_explicit(&run->current, memory_order_acquire) != full) {
            return true; /* another thread was faster */
        }
        km_client_wake(run);
        return false;
    }
    if (atomic_compare_exchange_strong(&run->current, &full, next)) {
        km_client_wake(run);
    }
    return true;
}

/* A child that was forked opens a journal of its own when it first logs. */
static void open_after_fork(struct km_run *run)
{
    pthread_mutex_lock(&run->lock);
    if (atomic_load(&run->forked)) {
        atomic_store(&run->forked, false);
        (void)km_client_writer_open(run);
    }
    pthread_mutex_unlock(&run->lock);
}

struct km_segment *km_client_reserve(struct km_run *run, uint32_t count,
                                     uint32_t count_dropped, uint32_t *slot)
{
    for (;;) {
        struct km_segment *segment =
            atomic_load_explicit(&run->current, memory_order_acquire);
        uint64_t at = atomic_fetch_add_explicit(&segment->next_slot, count,
                                                memory_order_relaxed);
        if (at + count <= segment->slot_count) {
            *slot = (uint32_t)at;
            return segment;
        }
        if (at < segment->slot_count) {
            uint32_t rest = segment->slot_count - (uint32_t)at;
            km_journal_pad(segment->base, (uint32_t)at, rest, segment->salt);
            atomic_fetch_add(&run->other_slots, rest);
        }
        if (!rotate(run, segment)) {
            atomic_fetch_add(&run->dropped, count_dropped);
            return NULL;
        }
    }
}

/* Only with the option `patient`, and never under the lock, which the helper
 * needs: waits until a next segment is there. */
void km_client_wait_for_room(struct km_run *run)
{
    enum { WAITS_MAX = 10000 };
    const struct timespec pause = {.tv_nsec = 100000};
    for (int i = 0; run->patient && run->has_helper && i < WAITS_MAX; i++) {
        struct km_segment *next = atomic_load(&run->next);
        if (next && next != atomic_load(&run->current)) {
            return;
        }
        km_client_wake(run);
        (void)nanosleep(&pause, NULL);
    }
}

/* The rare half of a log call. */
static __attribute__((noinline)) struct km_segment *
reserve_again(struct km_run *run, uint32_t count, uint32_t *slot)
{
    if (atomic_load_explicit(&run->forked, memory_order_acquire)) {
        open_after_fork(run);
    }
    km_client_wait_for_room(run);
    return km_client_reserve(run, count, count, slot);
}

/* About one call in a thousand is measured, for the figure track.overhead. */
static __attribute__((noinline)) void sample(struct km_run *run, uint64_t start)
{
    uint64_t took = km_client_now(run) - start;
    atomic_fetch_add_explicit(&run->log_ticks, took, memory_order_relaxed);
    atomic_fetch_add_explicit(&run->log_samples, 1, memory_order_relaxed);
}

static inline void log_point(struct km_run *run, int64_t step, uint32_t metric,
                             double value, unsigned kind, uint64_t time,
                             uint64_t start)
{
    struct km_segment *segment =
        atomic_load_explicit(&run->current, memory_order_acquire);
    uint64_t at =
        atomic_fetch_add_explicit(&segment->next_slot, 1, memory_order_relaxed);
    uint32_t slot = (uint32_t)at;
    if (UNLIKELY(at >= segment->slot_count)) {
        segment = reserve_again(run, 1, &slot);
        if (!segment) {
            return;
        }
    }
    uint64_t words[4] = {km_journal_word(kind, metric), (uint64_t)step, time,
                         0};
    memcpy(&words[3], &value, 8);
    km_journal_publish(segment->base, slot, segment->salt, words);
    if (UNLIKELY((slot & (KM_CLIENT_SAMPLE_EVERY - 1)) == 0)) {
        sample(run, start);
    }
}

static bool refuse(struct km_run *run, uint32_t metric)
{
    if (UNLIKELY(!run)) {
        return true;
    }
    if (UNLIKELY(metric == KM_METRIC_NONE)) {
        atomic_fetch_add(&run->dropped, 1);
        return true;
    }
    return false;
}

void km_run_log(struct km_run *run, int64_t step, uint32_t metric, double value)
{
    if (refuse(run, metric)) {
        return;
    }
    uint64_t now = km_client_now(run);
    log_point(run, step, metric, value, run->point_kind, now, now);
}

void km_run_log_at(struct km_run *run, int64_t step, uint32_t metric,
                   double value, int64_t wall_ns)
{
    if (refuse(run, metric)) {
        return;
    }
    log_point(run, step, metric, value, KM_JOURNAL_POINT | KM_JOURNAL_WALL_TIME,
              (uint64_t)wall_ns, km_client_now(run));
}

void km_run_log_name(struct km_run *run, int64_t step, const char *name,
                     double value)
{
    km_run_log(run, step, km_run_metric(run, name), value);
}

static void log_some(struct km_run *run, int64_t step, const uint32_t *metrics,
                     const double *values, uint32_t count, uint64_t now)
{
    uint32_t slot;
    struct km_segment *segment = reserve_again(run, count, &slot);
    if (!segment) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t words[4] = {km_journal_word(run->point_kind, metrics[i]),
                             (uint64_t)step, now, 0};
        memcpy(&words[3], &values[i], 8);
        if (UNLIKELY(metrics[i] == KM_METRIC_NONE)) {
            km_journal_pad(segment->base, slot + i, 1, segment->salt);
            atomic_fetch_add(&run->other_slots, 1);
            atomic_fetch_add(&run->dropped, 1);
            continue;
        }
        km_journal_publish(segment->base, slot + i, segment->salt, words);
    }
}

void km_run_log_many(struct km_run *run, int64_t step, const uint32_t *metrics,
                     const double *values, size_t count)
{
    if (!run) {
        return;
    }
    uint64_t now = km_client_now(run);
    while (count > 0) {
        uint32_t part = count < MANY_MAX ? (uint32_t)count : MANY_MAX;
        log_some(run, step, metrics, values, part, now);
        metrics += part;
        values += part;
        count -= part;
    }
}
