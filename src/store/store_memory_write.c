/* store_memory_write.c - append, replace and delete in the oracle backend. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "store/store_memory.h"
#include "store/store_rules.h"

/* Copies a text into the store; marks the store broken without memory. */
static void keep(struct km_memory_store *store, struct km_str *text)
{
    if (text->len == 0) {
        *text = (struct km_str){"", 0};
        return;
    }
    char *copy = km_arena_copy(&store->texts, text->ptr, text->len);
    store->broken |= copy == NULL;
    *text = (struct km_str){copy ? copy : "", copy ? text->len : 0};
}

static void keep_changed(struct km_memory_store *store, struct km_str *text,
                         struct km_str before)
{
    if (text->ptr != before.ptr) {
        keep(store, text);
    }
}

static void keep_meta(struct km_memory_store *store, struct km_run_meta *meta,
                      const struct km_run_meta *before)
{
    keep_changed(store, &meta->project, before->project);
    keep_changed(store, &meta->external_id, before->external_id);
    keep_changed(store, &meta->name, before->name);
    keep_changed(store, &meta->group, before->group);
    keep_changed(store, &meta->parent, before->parent);
    keep_changed(store, &meta->source, before->source);
    keep_changed(store, &meta->notes, before->notes);
}

/* Drops the items for which `gone(item)`; the order of the others stays. */
#define DROP(owner, items, gone)                                               \
    do {                                                                       \
        size_t kept = 0;                                                       \
        for (size_t at = 0; at < (owner)->items##_count; at++) {               \
            if (!gone(&(owner)->items[at])) {                                  \
                (owner)->items[kept++] = (owner)->items[at];                   \
            }                                                                  \
        }                                                                      \
        (owner)->items##_count = kept;                                         \
    } while (0)

static bool series_is_used(const struct km_memory_run *run, uint64_t series_id)
{
    for (size_t i = 0; i < run->streams_count; i++) {
        if (run->streams[i].series_id == series_id) {
            return true;
        }
    }
    return false;
}

void km_memory_run_free(struct km_memory_run *run)
{
    for (size_t i = 0; i < run->streams_count; i++) {
        free(run->streams[i].points);
    }
    free(run->origins);
    free(run->attributes);
    free(run->attempts);
    free(run->series);
    free(run->streams);
    free(run->events);
    free(run->evaluations);
}

static const struct km_attempt_row *
find_attempt(const struct km_memory_run *run, uint64_t id)
{
    for (size_t i = 0; i < run->attempts_count; i++) {
        if (run->attempts[i].id == id) {
            return &run->attempts[i];
        }
    }
    return NULL;
}

static void remove_origin_of_run(struct km_memory_run *run, uint64_t origin_id)
{
#define OF_ORIGIN(item)     ((item)->id == origin_id)
#define BY_ORIGIN(item)     ((item)->origin_id == origin_id)
#define OF_NO_ATTEMPT(item) (!find_attempt(run, (item)->attempt_id))
#define UNUSED(item)        (!series_is_used(run, (item)->id))
    DROP(run, origins, OF_ORIGIN);
    DROP(run, attributes, BY_ORIGIN);
    DROP(run, attempts, BY_ORIGIN);
    for (size_t i = 0; i < run->streams_count; i++) {
        if (OF_NO_ATTEMPT(&run->streams[i])) {
            free(run->streams[i].points);
        }
    }
    DROP(run, streams, OF_NO_ATTEMPT);
    DROP(run, series, UNUSED);
    DROP(run, events, OF_NO_ATTEMPT);
    DROP(run, evaluations, OF_NO_ATTEMPT);
    for (size_t i = 0; i < run->attempts_count; i++) {
        run->attempts[i].ordinal = (uint32_t)i;
    }
#undef OF_ORIGIN
#undef BY_ORIGIN
#undef OF_NO_ATTEMPT
#undef UNUSED
}

static void remove_origin(struct km_memory_store *store, uint64_t origin_id)
{
    for (size_t i = 0; i < store->runs_count; i++) {
        remove_origin_of_run(&store->runs[i], origin_id);
    }
}

/* Removes the runs that no origin names any more. */
static void purge_runs(struct km_memory_store *store)
{
    size_t kept = 0;
    for (size_t i = 0; i < store->runs_count; i++) {
        struct km_memory_run *run = &store->runs[i];
        if (run->origins_count == 0) {
            km_memory_run_free(run);
        } else {
            store->runs[kept++] = *run;
        }
    }
    store->runs_count = kept;
}

static void put_attribute(struct km_memory_store *store,
                          struct km_memory_run *run, uint64_t origin_id,
                          struct km_attribute said)
{
    keep(store, &said.key);
    keep(store, &said.value_json);
    for (size_t i = 0; i < run->attributes_count; i++) {
        struct km_memory_attribute *known = &run->attributes[i];
        if (known->origin_id == origin_id &&
            known->attribute.kind == said.kind &&
            km_str_equal(known->attribute.key, said.key)) {
            known->attribute = said;
            return;
        }
    }
    struct km_memory_attribute *added = KM_MEMORY_PUSH(run, attributes);
    store->broken |= !added;
    if (added) {
        *added = (struct km_memory_attribute){origin_id, said};
    }
}

static struct km_memory_run *put_run(struct km_memory_store *store,
                                     uint64_t origin_id,
                                     const struct km_batch_run *said)
{
    struct km_memory_run *run = km_memory_run_find(store, said->id);
    if (!run) {
        run = KM_MEMORY_PUSH(store, runs);
        if (!run) {
            store->broken = true;
            return NULL;
        }
        run->id = said->id;
        run->added_ns = km_clock_wall_ns(store->clock);
    }
    struct km_memory_origin *origin = NULL;
    for (size_t i = 0; i < run->origins_count; i++) {
        if (run->origins[i].id == origin_id) {
            origin = &run->origins[i];
        }
    }
    if (!origin) {
        origin = KM_MEMORY_PUSH(run, origins);
        if (!origin) {
            store->broken = true;
            return NULL;
        }
        origin->id = origin_id;
        origin->meta = (struct km_run_meta){.created_ns = KM_TIME_ABSENT,
                                            .ended_ns = KM_TIME_ABSENT};
    }
    struct km_run_meta before = origin->meta;
    km_run_meta_update(&origin->meta, &said->meta);
    keep_meta(store, &origin->meta, &before);
    for (uint32_t i = 0; i < said->attribute_count; i++) {
        put_attribute(store, run, origin_id, said->attributes[i]);
    }
    return run;
}

static int compare_attempts(const void *left, const void *right)
{
    const struct km_attempt_row *a = left, *b = right;
    const struct km_attempt_rank a_rank = {a->origin_start_ns, a->order_key,
                                           a->origin_id, a->part};
    const struct km_attempt_rank b_rank = {b->origin_start_ns, b->order_key,
                                           b->origin_id, b->part};
    return km_attempt_rank_compare(&a_rank, &b_rank);
}

static void put_attempt(struct km_memory_store *store,
                        struct km_memory_run *run, uint64_t origin_id,
                        const struct km_batch_attempt *said)
{
    struct km_attempt_row *row = NULL;
    for (size_t i = 0; i < run->attempts_count; i++) {
        if (run->attempts[i].id == said->id) {
            row = &run->attempts[i];
        }
    }
    if (!row) {
        row = KM_MEMORY_PUSH(run, attempts);
        if (!row) {
            store->broken = true;
            return;
        }
        *row = (struct km_attempt_row){.id = said->id,
                                       .run_id = run->id,
                                       .origin_id = origin_id,
                                       .part = said->part,
                                       .origin_start_ns = KM_TIME_ABSENT,
                                       .start_ns = KM_TIME_ABSENT,
                                       .restart_step = KM_STEP_ABSENT};
    }
    struct km_attempt_row before = *row;
    km_attempt_row_update(row, said);
    keep_changed(store, &row->order_key, before.order_key);
    keep_changed(store, &row->reason, before.reason);
    qsort(run->attempts, run->attempts_count, sizeof *run->attempts,
          compare_attempts);
    for (size_t i = 0; i < run->attempts_count; i++) {
        run->attempts[i].ordinal = (uint32_t)i;
    }
}

static struct km_memory_stream *
get_stream(struct km_memory_run *run, uint64_t series_id, uint64_t attempt_id)
{
    for (size_t i = 0; i < run->streams_count; i++) {
        if (run->streams[i].series_id == series_id &&
            run->streams[i].attempt_id == attempt_id) {
            return &run->streams[i];
        }
    }
    struct km_memory_stream *stream = KM_MEMORY_PUSH(run, streams);
    if (stream) {
        stream->series_id = series_id;
        stream->attempt_id = attempt_id;
    }
    return stream;
}

static void put_points(struct km_memory_store *store, struct km_memory_run *run,
                       uint64_t attempt_id, const struct km_batch_series *said)
{
    if (said->count == 0) {
        return; /* a series is there when it has points */
    }
    if (!series_is_used(run, said->id)) {
        struct km_memory_series *series = KM_MEMORY_PUSH(run, series);
        if (!series) {
            store->broken = true;
            return;
        }
        *series =
            (struct km_memory_series){said->id, said->metric, said->labels};
        keep(store, &series->metric);
        keep(store, &series->labels);
    }
    struct km_memory_stream *stream = get_stream(run, said->id, attempt_id);
    if (!stream) {
        store->broken = true;
        return;
    }
    stream->flags |= said->flags;
    for (size_t i = 0; i < said->count; i++) {
        struct km_point *point = KM_MEMORY_PUSH(stream, points);
        if (!point) {
            store->broken = true;
            return;
        }
        *point = said->points[i];
    }
}

static void put_event(struct km_memory_store *store, struct km_memory_run *run,
                      uint64_t attempt_id, const struct km_event *said)
{
    struct km_memory_event *event = KM_MEMORY_PUSH(run, events);
    if (!event) {
        store->broken = true;
        return;
    }
    *event = (struct km_memory_event){attempt_id, *said};
    keep(store, &event->event.kind);
    keep(store, &event->event.name);
    keep(store, &event->event.detail_json);
}

static void put_evaluation(struct km_memory_store *store,
                           struct km_memory_run *run, uint64_t attempt_id,
                           const struct km_evaluation *said)
{
    struct km_memory_evaluation *row = KM_MEMORY_PUSH(run, evaluations);
    if (!row) {
        store->broken = true;
        return;
    }
    *row = (struct km_memory_evaluation){attempt_id, *said};
    struct km_evaluation *kept = &row->evaluation;
    struct km_str *texts[] = {&kept->task,      &kept->version, &kept->metric,
                              &kept->filter,    &kept->subset,  &kept->model,
                              &kept->task_hash, &kept->stage};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        keep(store, texts[i]);
    }
}

static void put_cursor(struct km_memory_store *store,
                       const struct km_cursor *said)
{
    size_t at = 0;
    while (at < store->cursors_count &&
           store->cursors[at].source_id < said->source_id) {
        at++;
    }
    if (at == store->cursors_count ||
        store->cursors[at].source_id != said->source_id) {
        const struct km_cursor *added = KM_MEMORY_PUSH(store, cursors);
        if (!added) {
            store->broken = true;
            return;
        }
        memmove(&store->cursors[at + 1], &store->cursors[at],
                (store->cursors_count - 1 - at) * sizeof store->cursors[0]);
    }
    struct km_cursor *cursor = &store->cursors[at];
    *cursor = *said;
    keep(store, &cursor->format);
    keep(store, &cursor->path);
    keep(store, &cursor->state);
}

static void apply(struct km_memory_store *store, const struct km_batch *batch)
{
    if (batch->replace) {
        remove_origin(store, batch->origin_id);
    }
    for (uint32_t i = 0; i < batch->run_count; i++) {
        (void)put_run(store, batch->origin_id, &batch->runs[i]);
    }
    if (store->broken) {
        return; /* the runs below might be missing */
    }
#define RUN_OF(item)     km_memory_run_find(store, batch->runs[(item)->run].id)
#define ATTEMPT_OF(item) batch->attempts[(item)->attempt].id
    for (uint32_t i = 0; i < batch->attempt_count; i++) {
        const struct km_batch_attempt *item = &batch->attempts[i];
        put_attempt(store, RUN_OF(item), batch->origin_id, item);
    }
    for (uint32_t i = 0; i < batch->series_count; i++) {
        const struct km_batch_series *item = &batch->series[i];
        put_points(store, RUN_OF(item), ATTEMPT_OF(item), item);
    }
    for (uint32_t i = 0; i < batch->event_count; i++) {
        const struct km_batch_event *item = &batch->events[i];
        put_event(store, RUN_OF(item), ATTEMPT_OF(item), &item->event);
    }
    for (uint32_t i = 0; i < batch->evaluation_count; i++) {
        const struct km_batch_evaluation *item = &batch->evaluations[i];
        put_evaluation(store, RUN_OF(item), ATTEMPT_OF(item),
                       &item->evaluation);
    }
#undef RUN_OF
#undef ATTEMPT_OF
    if (batch->has_cursor) {
        put_cursor(store, &batch->cursor);
    }
    purge_runs(store);
    km_memory_notes_purge(store);
}

static uint64_t points_bytes(const struct km_memory_store *store)
{
    uint64_t points = 0;
    for (size_t i = 0; i < store->runs_count; i++) {
        for (size_t j = 0; j < store->runs[i].streams_count; j++) {
            points += store->runs[i].streams[j].points_count;
        }
    }
    return points * sizeof(struct km_point);
}

static bool is_guard_met(const struct km_memory_store *store,
                         const struct km_batch *batch)
{
    uint64_t mark = 0;
    for (size_t i = 0; i < store->cursors_count; i++) {
        if (store->cursors[i].source_id == batch->origin_id) {
            mark = km_cursor_mark(&store->cursors[i]);
        }
    }
    return !batch->is_guarded || mark == batch->cursor_before;
}

enum km_code km_memory_append(struct km_store *base,
                              const struct km_batch *batch, struct km_err *err)
{
    struct km_memory_store *store = (struct km_memory_store *)base;
    enum km_code code = KM_OK;
    (void)pthread_rwlock_wrlock(&store->lock);
    store->generation++;
    if (!is_guard_met(store, batch)) {
        code = km_guard_fail(err);
    } else if (store->quota_bytes &&
               points_bytes(store) >= store->quota_bytes) {
        code = km_fail(err, KM_ENOSPACE, "the store is over its quota");
    } else if (!store->broken) {
        apply(store, batch);
    }
    if (code == KM_OK && store->broken) {
        code = km_fail(err, KM_EMEMORY, "memory ran out in a memory store");
    }
    (void)pthread_rwlock_unlock(&store->lock);
    return code;
}

static bool origin_has_run(const struct km_memory_store *store,
                           uint64_t origin_id)
{
    for (size_t i = 0; i < store->runs_count; i++) {
        for (size_t j = 0; j < store->runs[i].origins_count; j++) {
            if (store->runs[i].origins[j].id == origin_id) {
                return true;
            }
        }
    }
    return false;
}

static bool drop_run(struct km_memory_store *store, uint64_t run_id)
{
    struct km_memory_run *found = km_memory_run_find(store, run_id);
    if (!found) {
        return false;
    }
    struct km_memory_run gone = *found;
#define IS_GONE(item) ((item)->id == run_id)
    DROP(store, runs, IS_GONE);
#undef IS_GONE
    /* a source that brought nothing else may bring it again */
    for (size_t i = 0; i < gone.origins_count; i++) {
        uint64_t origin_id = gone.origins[i].id;
#define IS_ORPHAN(item)                                                        \
    ((item)->source_id == origin_id && !origin_has_run(store, origin_id))
        DROP(store, cursors, IS_ORPHAN);
#undef IS_ORPHAN
    }
    km_memory_run_free(&gone);
    km_memory_notes_purge(store);
    return true;
}

enum km_code km_memory_delete_run(struct km_store *base, uint64_t run_id,
                                  struct km_err *err)
{
    struct km_memory_store *store = (struct km_memory_store *)base;
    (void)pthread_rwlock_wrlock(&store->lock);
    store->generation++;
    bool found = drop_run(store, run_id);
    (void)pthread_rwlock_unlock(&store->lock);
    return found ? KM_OK
                 : km_fail(err, KM_ENOTFOUND, "the store has no such run");
}
