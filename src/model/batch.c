/* batch.c - growing vectors of a batch; lookups are linear over the few runs
 * and attempts of one origin, and the caller keeps series handles. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"

enum { VECTOR_START = 8, POINTS_START = 8 };

void km_batch_init(struct km_batch *batch)
{
    *batch = (struct km_batch){0};
    km_arena_init(&batch->arena, KM_BATCH_ARENA_BYTES_MAX);
}

/* Doubles a full vector of `size`-byte items. Returns where it stands now, or
 * NULL, with the old one intact, when memory is short. New memory is cleared,
 * so that kept inner vectors (points, attributes) start as NULL. */
static void *widen(void *items, uint32_t *cap, size_t size)
{
    if (*cap > UINT32_MAX / 4) {
        return NULL;
    }
    uint32_t wider = *cap ? *cap * 2 : VECTOR_START;
    char *bytes = realloc(items, wider * size);
    if (!bytes) {
        return NULL;
    }
    memset(bytes + *cap * size, 0, (wider - *cap) * size);
    *cap = wider;
    return bytes;
}

/* Defines a function that makes room for one more item. */
#define DEFINE_GROW(name, owner_type, items)                                   \
    static bool name(struct owner_type *owner, uint32_t count, uint32_t *cap)  \
    {                                                                          \
        if (count < *cap) {                                                    \
            return true;                                                       \
        }                                                                      \
        void *wider = widen(owner->items, cap, sizeof *owner->items);          \
        if (wider) {                                                           \
            owner->items = wider;                                              \
        }                                                                      \
        return wider != NULL;                                                  \
    }
DEFINE_GROW(grow_runs, km_batch, runs)
DEFINE_GROW(grow_attempts, km_batch, attempts)
DEFINE_GROW(grow_series, km_batch, series)
DEFINE_GROW(grow_events, km_batch, events)
DEFINE_GROW(grow_evaluations, km_batch, evaluations)
DEFINE_GROW(grow_attributes, km_batch_run, attributes)

static bool copy_str(struct km_batch *batch, struct km_str *text)
{
    if (text->len == 0) {
        *text = (struct km_str){"", 0};
        return true;
    }
    char *copy = km_arena_copy(&batch->arena, text->ptr, text->len);
    if (!copy) {
        return false;
    }
    text->ptr = copy;
    return true;
}

/* Vectors are kept for the next batch, but not those that other places in the
 * table needed once: together they may hold two full batches. */
static void trim_points(struct km_batch *batch)
{
    size_t kept = 0;
    for (uint32_t i = 0; i < batch->series_cap; i++) {
        struct km_batch_series *series = &batch->series[i];
        series->count = 0;
        kept += series->cap;
        if (kept > (size_t)2 * KM_BATCH_POINTS_MAX &&
            series->cap > POINTS_START) {
            kept -= series->cap;
            free(series->points);
            series->points = NULL;
            series->cap = 0;
        }
    }
}

void km_batch_reset(struct km_batch *batch, uint64_t origin_id)
{
    trim_points(batch);
    for (uint32_t i = 0; i < batch->run_count; i++) {
        batch->runs[i].attribute_count = 0;
    }
    batch->run_count = batch->attempt_count = batch->series_count = 0;
    batch->event_count = batch->evaluation_count = 0;
    batch->point_count = 0;
    batch->replace = batch->has_cursor = batch->is_guarded = false;
    batch->cursor_before = 0;
    batch->cursor = (struct km_cursor){0};
    batch->origin_id = origin_id;
    km_arena_reset(&batch->arena);
}

void km_batch_finish(struct km_batch *batch)
{
    for (uint32_t i = 0; i < batch->series_cap; i++) {
        free(batch->series[i].points);
    }
    for (uint32_t i = 0; i < batch->run_cap; i++) {
        free(batch->runs[i].attributes);
    }
    free(batch->runs);
    free(batch->attempts);
    free(batch->series);
    free(batch->events);
    free(batch->evaluations);
    km_arena_finish(&batch->arena);
    *batch = (struct km_batch){0};
}

/* What is said later and not empty wins. */
static bool merge_meta(struct km_batch *batch, struct km_run_meta *known,
                       const struct km_run_meta *said)
{
    struct {
        struct km_str *known;
        struct km_str said;
    } texts[] = {
        {&known->project, said->project},
        {&known->external_id, said->external_id},
        {&known->name, said->name},
        {&known->group, said->group},
        {&known->parent, said->parent},
        {&known->source, said->source},
        {&known->notes, said->notes},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].said.len &&
            !km_str_equal(texts[i].said, *texts[i].known)) {
            if (!copy_str(batch, &texts[i].said)) {
                return false;
            }
            *texts[i].known = texts[i].said;
        }
    }
    if (said->state != KM_RUN_UNKNOWN) {
        known->state = said->state;
    }
    if (said->created_ns != KM_TIME_ABSENT) {
        known->created_ns = said->created_ns;
    }
    if (said->ended_ns != KM_TIME_ABSENT) {
        known->ended_ns = said->ended_ns;
    }
    return true;
}

uint32_t km_batch_run(struct km_batch *batch, const struct km_run_meta *meta)
{
    assert(meta->project.len && meta->external_id.len);
    uint64_t id = km_run_id(meta->project, meta->external_id);
    uint32_t index = 0;
    while (index < batch->run_count && batch->runs[index].id != id) {
        index++;
    }
    if (index == batch->run_count) {
        if (!grow_runs(batch, batch->run_count, &batch->run_cap)) {
            return KM_BATCH_FULL;
        }
        struct km_batch_run *run = &batch->runs[index];
        run->id = id;
        run->meta = (struct km_run_meta){.created_ns = KM_TIME_ABSENT,
                                         .ended_ns = KM_TIME_ABSENT};
        batch->run_count++;
    }
    return merge_meta(batch, &batch->runs[index].meta, meta) ? index
                                                             : KM_BATCH_FULL;
}

uint32_t km_batch_attempt(struct km_batch *batch, uint32_t run, uint32_t part)
{
    assert(run < batch->run_count);
    for (uint32_t i = 0; i < batch->attempt_count; i++) {
        if (batch->attempts[i].run == run && batch->attempts[i].part == part) {
            return i;
        }
    }
    if (!grow_attempts(batch, batch->attempt_count, &batch->attempt_cap)) {
        return KM_BATCH_FULL;
    }
    batch->attempts[batch->attempt_count] = (struct km_batch_attempt){
        .id = km_attempt_id(batch->runs[run].id, batch->origin_id, part),
        .run = run,
        .part = part,
        .origin_start_ns = KM_TIME_ABSENT,
        .start_ns = KM_TIME_ABSENT,
        .restart_step = KM_STEP_ABSENT,
    };
    return batch->attempt_count++;
}

uint32_t km_batch_series(struct km_batch *batch, uint32_t run, uint32_t attempt,
                         struct km_str metric, struct km_str labels)
{
    assert(run < batch->run_count && attempt < batch->attempt_count);
    if (!copy_str(batch, &metric) || !copy_str(batch, &labels) ||
        !grow_series(batch, batch->series_count, &batch->series_cap)) {
        return KM_BATCH_FULL;
    }
    struct km_batch_series *series = &batch->series[batch->series_count];
    series->id = km_series_id(batch->runs[run].id, metric, labels);
    series->run = run;
    series->attempt = attempt;
    series->flags = 0;
    series->metric = metric;
    series->labels = labels;
    series->count = 0; /* points and cap are kept from an earlier use */
    return batch->series_count++;
}

bool km_batch_grow(struct km_batch_series *series)
{
    size_t cap = series->cap ? series->cap * 2 : POINTS_START;
    struct km_point *points = realloc(series->points, cap * sizeof *points);
    if (!points) {
        return false;
    }
    series->points = points;
    series->cap = cap;
    return true;
}

bool km_batch_attribute(struct km_batch *batch, uint32_t run,
                        const struct km_attribute *attribute)
{
    assert(run < batch->run_count);
    struct km_batch_run *owner = &batch->runs[run];
    struct km_attribute copy = *attribute;
    if (!copy_str(batch, &copy.key) || !copy_str(batch, &copy.value_json)) {
        return false;
    }
    for (uint32_t i = 0; i < owner->attribute_count; i++) {
        struct km_attribute *known = &owner->attributes[i];
        if (known->kind == copy.kind && km_str_equal(known->key, copy.key)) {
            *known = copy;
            return true;
        }
    }
    if (!grow_attributes(owner, owner->attribute_count,
                         &owner->attribute_cap)) {
        return false;
    }
    owner->attributes[owner->attribute_count++] = copy;
    return true;
}

bool km_batch_event(struct km_batch *batch, uint32_t run, uint32_t attempt,
                    const struct km_event *event)
{
    struct km_event copy = *event;
    if (!copy_str(batch, &copy.kind) || !copy_str(batch, &copy.name) ||
        !copy_str(batch, &copy.detail_json) ||
        !grow_events(batch, batch->event_count, &batch->event_cap)) {
        return false;
    }
    batch->events[batch->event_count++] =
        (struct km_batch_event){run, attempt, copy};
    return true;
}

bool km_batch_evaluation(struct km_batch *batch, uint32_t run, uint32_t attempt,
                         const struct km_evaluation *evaluation)
{
    struct km_evaluation copy = *evaluation;
    struct km_str *texts[] = {&copy.task,      &copy.version, &copy.metric,
                              &copy.filter,    &copy.subset,  &copy.model,
                              &copy.task_hash, &copy.stage};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!copy_str(batch, texts[i])) {
            return false;
        }
    }
    if (!grow_evaluations(batch, batch->evaluation_count,
                          &batch->evaluation_cap)) {
        return false;
    }
    batch->evaluations[batch->evaluation_count++] =
        (struct km_batch_evaluation){run, attempt, copy};
    return true;
}

uint64_t km_cursor_mark(const struct km_cursor *cursor)
{
    const uint64_t numbers[] = {
        cursor->source_id,
        cursor->head_hash,
        cursor->head_len,
        cursor->consumed_bytes,
        cursor->consumed_hash,
        cursor->size_bytes,
        (uint64_t)cursor->mtime_ns,
        (uint64_t)cursor->status,
        cursor->damage_offset,
        cursor->skipped_bytes,
        cursor->points,
        cursor->tail_open,
        cursor->format.len,
        cursor->path.len,
        cursor->state.len,
    };
    const struct km_str texts[] = {cursor->format, cursor->path, cursor->state};
    uint64_t mark = km_hash(numbers, sizeof numbers, 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].len) {
            mark = km_hash(texts[i].ptr, texts[i].len, mark);
        }
    }
    return mark ? mark : 1;
}
