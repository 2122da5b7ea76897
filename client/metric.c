/* metric.c - names to handles: a hash table read without a lock. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABELS_MAX = 32 };

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++) {
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    }
    return hash * 0x100000001b3u;
}

static uint64_t hash_of(const char *name, const char *labels)
{
    uint64_t hash = hash_text(0xcbf29ce484222325u, name);
    hash = labels ? hash_text(hash, labels) : hash;
    return hash ^ hash >> 29;
}

static bool same_labels(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* `labels` canonical, or NULL. */
static struct km_metric *find_metric(const struct km_metric_table *table,
                                     uint64_t hash, const char *name,
                                     const char *labels)
{
    uint32_t mask = table ? table->mask : 0;
    for (uint32_t i = 0; table && i <= mask; i++) {
        struct km_metric *metric = atomic_load_explicit(
            &table->rows[(hash + i) & mask], memory_order_acquire);
        if (!metric) {
            return NULL;
        }
        if (metric->hash == hash && strcmp(metric->name, name) == 0 &&
            same_labels(metric->labels, labels)) {
            return metric;
        }
    }
    return NULL;
}

static void place_metric(struct km_metric_table *table,
                         struct km_metric *metric)
{
    for (uint64_t at = metric->hash;; at++) {
        _Atomic(struct km_metric *) *row = &table->rows[at & table->mask];
        if (!atomic_load_explicit(row, memory_order_relaxed)) {
            atomic_store_explicit(row, metric, memory_order_release);
            return;
        }
    }
}

/* Keeps the table at most half full. An outgrown one stays readable. */
static bool widen_table(struct km_run *run)
{
    struct km_metric_table *old = atomic_load(&run->table);
    uint32_t size = old ? old->mask + 1 : 0;
    if (run->metric_count * 2 < size) {
        return true;
    }
    size = size ? size * 2 : 64;
    struct km_metric_table *wider =
        calloc(1, sizeof *wider + size * sizeof wider->rows[0]);
    if (!wider) {
        return false;
    }
    wider->mask = size - 1;
    wider->older = old;
    for (struct km_metric *m = run->metrics; m; m = m->older) {
        place_metric(wider, m);
    }
    atomic_store_explicit(&run->table, wider, memory_order_release);
    return true;
}

static int compare_texts(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

/* Sorted by key, without empty parts. NULL with `*bad` when refused. */
static char *canonical_labels(const char *labels, bool *bad)
{
    char *copy = km_client_copy(labels), *parts[LABELS_MAX], *rest = copy;
    size_t count = 0, len = copy ? strlen(copy) : 0;
    *bad = labels && (!copy || len > KM_LABELS_BYTES_MAX - 64 ||
                      !km_utf8_is_name(km_str_of(copy)));
    while (!*bad && rest) {
        char *part = strsep(&rest, ",");
        if (*part) {
            *bad = count == LABELS_MAX || !strchr(part, '=') || *part == '=';
            parts[*bad ? 0 : count++] = part;
        }
    }
    char *out = *bad || count == 0 ? NULL : malloc(len + 2);
    if (out) {
        qsort(parts, count, sizeof parts[0], compare_texts);
        size_t at = 0;
        for (size_t i = 0; i < count; i++) {
            at += (size_t)snprintf(out + at, len + 2 - at, "%s%s", i ? "," : "",
                                   parts[i]);
        }
    }
    free(copy);
    return out;
}

/* User labels, pid and rank, in the order of keys. */
static void full_labels(const struct km_run *run, const char *labels, char *out,
                        size_t out_size)
{
    char pid[32] = "", rank[32] = "", room[KM_LABELS_BYTES_MAX];
    const char *parts[LABELS_MAX + 2];
    size_t count = 0, at = 0;
    char *rest = room;
    (void)snprintf(room, sizeof room, "%s", labels ? labels : "");
    while (rest && *rest && count < LABELS_MAX) {
        parts[count++] = strsep(&rest, ",");
    }
    if (run->child_pid) {
        (void)snprintf(pid, sizeof pid, "pid=%ld", run->child_pid);
        parts[count++] = pid;
    }
    if (run->world_size > 1) {
        (void)snprintf(rank, sizeof rank, "rank=%d", run->rank);
        parts[count++] = rank;
    }
    qsort(parts, count, sizeof parts[0], compare_texts);
    out[0] = '\0';
    for (size_t i = 0; i < count && at < out_size; i++) {
        at += (size_t)snprintf(out + at, out_size - at, "%s%s", i ? "," : "",
                               parts[i]);
    }
}

/* Builds the definition in the run's scratch; returns its slots. */
uint32_t km_client_metric_payload(struct km_run *run,
                                  const struct km_metric *metric)
{
    char labels[KM_LABELS_BYTES_MAX + 80];
    full_labels(run, metric->labels, labels, sizeof labels);
    km_journal_put_integer(&run->scratch, KM_FIELD_ID, metric->id);
    km_client_put_string(run, KM_FIELD_NAME, metric->name);
    km_client_put_string(run, KM_FIELD_LABELS, labels);
    return km_journal_slots_of(run->scratch.len);
}

/* Defines the metric in the current segment and in the one that waits; later
 * ones get it in their preamble (invariant 3). */
static void define_metric(struct km_run *run, const struct km_metric *metric)
{
    uint32_t slot = 0, count = km_client_metric_payload(run, metric);
    struct km_journal_payload *payload = &run->scratch;
    struct km_segment *segment = km_client_reserve(run, count, 0, &slot);
    struct km_segment *next = atomic_load(&run->next);
    atomic_fetch_add(&run->definition_slots, count);
    if (segment) {
        km_journal_record_publish(segment->base, slot, segment->salt,
                                  KM_JOURNAL_METRIC, payload->bytes,
                                  payload->len);
        atomic_fetch_add(&run->other_slots, count);
    }
    uint64_t at = 0;
    if (next && next != segment) {
        at = atomic_fetch_add(&next->next_slot, count);
    }
    if (next && next != segment && at + count <= next->slot_count) {
        km_journal_record_publish(next->base, (uint32_t)at, next->salt,
                                  KM_JOURNAL_METRIC, payload->bytes,
                                  payload->len);
        atomic_fetch_add(&run->other_slots, count);
    } else if (next && next != segment && at < next->slot_count) {
        uint32_t rest = next->slot_count - (uint32_t)at;
        km_journal_pad(next->base, (uint32_t)at, rest, next->salt);
        atomic_fetch_add(&run->other_slots, rest);
    }
    payload->len = 0;
    payload->failed = false;
}

/* Caller holds the lock. Takes `labels` over. */
static uint32_t add_metric(struct km_run *run, uint64_t hash, const char *name,
                           char *labels)
{
    struct km_metric *metric = calloc(1, sizeof *metric);
    char *copy = km_client_copy(name);
    if (!metric || !copy || run->metric_count >= KM_JOURNAL_METRICS_MAX ||
        !widen_table(run)) {
        free(metric);
        free(copy);
        free(labels);
        return KM_METRIC_NONE;
    }
    *metric = (struct km_metric){copy, labels, hash, run->metric_count++,
                                 run->metrics};
    run->metrics = metric;
    define_metric(run, metric);
    place_metric(atomic_load(&run->table), metric);
    return metric->id;
}

uint32_t km_run_metric_labelled(struct km_run *run, const char *name,
                                const char *labels)
{
    bool bad = false;
    if (!run || !name) {
        return KM_METRIC_NONE;
    }
    labels = labels && *labels ? labels : NULL;
    if (!labels) {
        uint64_t hash = hash_of(name, NULL);
        struct km_metric *known =
            find_metric(atomic_load_explicit(&run->table, memory_order_acquire),
                        hash, name, NULL);
        if (known) {
            return known->id;
        }
    }
    size_t len = strnlen(name, KM_NAME_BYTES_MAX + 1);
    char *canonical = canonical_labels(labels, &bad);
    if (bad || len == 0 || len > KM_NAME_BYTES_MAX ||
        !km_utf8_is_name((struct km_str){name, len})) {
        free(canonical);
        km_client_say(run,
                      "a metric was refused: names are UTF-8 of 1 to %d "
                      "bytes, labels key=value,key=value",
                      KM_NAME_BYTES_MAX);
        return KM_METRIC_NONE;
    }
    uint64_t hash = hash_of(name, canonical);
    km_client_wait_for_room(run);
    pthread_mutex_lock(&run->lock);
    struct km_metric *known =
        find_metric(atomic_load(&run->table), hash, name, canonical);
    uint32_t id;
    if (known) {
        id = known->id;
        free(canonical);
    } else {
        id = add_metric(run, hash, name, canonical);
    }
    pthread_mutex_unlock(&run->lock);
    return id;
}

uint32_t km_run_metric(struct km_run *run, const char *name)
{
    return km_run_metric_labelled(run, name, NULL);
}

void km_client_metrics_free(struct km_run *run)
{
    struct km_metric_table *table = atomic_load(&run->table);
    while (table) {
        struct km_metric_table *older = table->older;
        free(table);
        table = older;
    }
    while (run->metrics) {
        struct km_metric *older = run->metrics->older;
        free(run->metrics->name);
        free(run->metrics->labels);
        free(run->metrics);
        run->metrics = older;
    }
}
