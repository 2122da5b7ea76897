/* emit.c - the emitter's life, its tables, and what it puts into a batch. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/emit.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/limits.h"
#include "source/emit_private.h"

enum { TABLE_START = 16 };

/* Defines a function that makes room for one more row. The old rows stay in
 * the arena: doubling wastes at most as much again. */
#define DEFINE_GROW(name, items, row)                                          \
    static bool name(struct km_emit *emit, uint32_t count, uint32_t *cap)      \
    {                                                                          \
        if (count < *cap) {                                                    \
            return true;                                                       \
        }                                                                      \
        uint32_t wider = *cap ? *cap * 2 : TABLE_START;                        \
        struct row *rows = km_new(&emit->arena, struct row, wider);            \
        if (!rows) {                                                           \
            km_emit_fail(emit, KM_ELIMIT,                                      \
                         "the names of one source need more than %d MiB",      \
                         KM_EMIT_BYTES_MAX / KM_MIB);                          \
            return false;                                                      \
        }                                                                      \
        if (count) {                                                           \
            memcpy(rows, emit->items, count * sizeof *rows);                   \
        }                                                                      \
        emit->items = rows;                                                    \
        *cap = wider;                                                          \
        return true;                                                           \
    }
DEFINE_GROW(grow_runs, runs, emit_run)
DEFINE_GROW(grow_attempts, attempts, emit_attempt)
DEFINE_GROW(grow_slots, slots, emit_slot)
DEFINE_GROW(grow_names, names, emit_name)

enum km_code km_emit_fail(struct km_emit *emit, enum km_code code,
                          const char *format, ...)
{
    assert(code != KM_OK);
    if (emit->err.code == KM_OK) {
        char message[KM_ERR_BYTES];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(message, sizeof message, format, args);
        va_end(args);
        km_fail(&emit->err, code, "%s", message);
        emit->slot_live = 0; /* points find the slow path, and stop there */
    }
    return emit->err.code;
}

static void fail_full(struct km_emit *emit)
{
    km_emit_fail(emit, KM_ELIMIT,
                 "one batch of a source needs more than %d MiB for names",
                 KM_BATCH_ARENA_BYTES_MAX / KM_MIB);
}

bool km_emit_keep(struct km_emit *emit, struct km_str *text)
{
    if (text->len == 0) {
        *text = KM_STR("");
        return true;
    }
    text->ptr = km_arena_copy(&emit->arena, text->ptr, text->len);
    if (!text->ptr) {
        km_emit_fail(emit, KM_ELIMIT,
                     "the names of one source need more than %d MiB",
                     KM_EMIT_BYTES_MAX / KM_MIB);
    }
    return text->ptr != NULL;
}

uint32_t km_emit_run_add(struct km_emit *emit, struct km_str project,
                         struct km_str external_id)
{
    uint64_t id = km_run_id(project, external_id);
    uint32_t at = emit->run_count;
    if (at >= KM_RUNS_PER_ORIGIN_MAX) {
        km_emit_fail(emit, KM_ELIMIT, "one source holds more than %d runs",
                     KM_RUNS_PER_ORIGIN_MAX);
        return KM_ID_ABSENT;
    }
    if (!km_emit_keep(emit, &project) || !km_emit_keep(emit, &external_id) ||
        !grow_runs(emit, at, &emit->run_cap)) {
        return KM_ID_ABSENT;
    }
    if (!km_id_map_put(&emit->run_of, id, at)) {
        km_emit_fail(emit, KM_EMEMORY, "memory for a run could not be had");
        return KM_ID_ABSENT;
    }
    emit->runs[at] = (struct emit_run){.id = id,
                                       .project = project,
                                       .external_id = external_id,
                                       .first_time_ns = KM_TIME_ABSENT};
    return emit->run_count++;
}

uint32_t km_emit_run_at(struct km_emit *emit, struct km_str project,
                        struct km_str external_id)
{
    uint32_t at =
        km_id_map_find(&emit->run_of, km_run_id(project, external_id));
    if (at != KM_ID_ABSENT) {
        return at;
    }
    at = km_emit_run_add(emit, project, external_id);
    if (at == KM_ID_ABSENT) {
        return KM_ID_ABSENT;
    }
    uint32_t attempt = km_emit_attempt_at(emit, at, 0);
    if (attempt == KM_ID_ABSENT) {
        return KM_ID_ABSENT;
    }
    emit->runs[at].attempt = attempt;
    return at;
}

uint32_t km_emit_attempt_at(struct km_emit *emit, uint32_t run, uint32_t part)
{
    const uint32_t names[] = {run, part};
    uint64_t key = km_hash(names, sizeof names, 0) | 1;
    uint32_t at = km_id_map_find(&emit->attempt_of, key);
    if (at != KM_ID_ABSENT) {
        return at;
    }
    at = emit->attempt_count;
    if (!grow_attempts(emit, at, &emit->attempt_cap)) {
        return KM_ID_ABSENT;
    }
    emit->attempts[at] = (struct emit_attempt){
        .run = run,
        .part = part,
        .start_ns = KM_TIME_ABSENT,
        .restart_step = KM_STEP_ABSENT,
        .reason = part ? KM_STR("step went back") : KM_STR("first"),
    };
    if (!km_id_map_put(&emit->attempt_of, key, at)) {
        km_emit_fail(emit, KM_EMEMORY,
                     "memory for an attempt could not be had");
        return KM_ID_ABSENT;
    }
    return emit->attempt_count++;
}

uint32_t km_emit_slot_at(struct km_emit *emit, uint64_t key, uint32_t run)
{
    uint32_t at = emit->slot_count;
    if (at >= KM_SERIES_PER_RUN_MAX) {
        km_emit_fail(emit, KM_ELIMIT, "one source holds more than %d series",
                     KM_SERIES_PER_RUN_MAX);
        return KM_ID_ABSENT;
    }
    uint32_t names_cap = emit->slot_cap;
    if (!grow_slots(emit, at, &emit->slot_cap) ||
        !grow_names(emit, at, &names_cap)) {
        return KM_ID_ABSENT;
    }
    if (!km_id_map_put(&emit->slot_of, key, at)) {
        km_emit_fail(emit, KM_EMEMORY, "memory for a series could not be had");
        return KM_ID_ABSENT;
    }
    emit->slots[at] = (struct emit_slot){.last_time_ns = KM_TIME_ABSENT};
    emit->names[at] = (struct emit_name){.key = key, .run = run};
    emit->slot_live = ++emit->slot_count;
    return at;
}

bool km_emit_bind_run(struct km_emit *emit, uint32_t run)
{
    struct emit_run *row = &emit->runs[run];
    if (row->epoch == emit->epoch) {
        return true;
    }
    struct km_run_meta meta = {.created_ns = KM_TIME_ABSENT,
                               .ended_ns = KM_TIME_ABSENT};
    if (!row->described && run == 0) {
        meta = emit->defaults;
    } else if (!row->described) {
        meta.source = emit->defaults.source;
        meta.group = emit->defaults.group;
    }
    meta.project = row->project;
    meta.external_id = row->external_id;
    row->index = km_batch_run(&emit->batch, &meta);
    if (row->index == KM_BATCH_FULL) {
        fail_full(emit);
        return false;
    }
    row->described = true;
    row->epoch = emit->epoch;
    return true;
}

bool km_emit_bind_attempt(struct km_emit *emit, uint32_t attempt)
{
    struct emit_attempt *row = &emit->attempts[attempt];
    if (row->epoch == emit->epoch) {
        return true;
    }
    if (!km_emit_bind_run(emit, row->run)) {
        return false;
    }
    const struct emit_run *run = &emit->runs[row->run];
    row->index = km_batch_attempt(&emit->batch, run->index, row->part);
    if (row->index == KM_BATCH_FULL) {
        fail_full(emit);
        return false;
    }
    struct km_batch_attempt *bound = &emit->batch.attempts[row->index];
    bound->origin_start_ns = emit->origin_start_ns != KM_TIME_ABSENT
                                 ? emit->origin_start_ns
                                 : run->first_time_ns;
    bound->start_ns = row->start_ns;
    bound->restart_step = row->restart_step;
    bound->order_key = emit->order_key;
    bound->reason = row->reason;
    row->epoch = emit->epoch;
    return true;
}

static bool keep_defaults(struct km_emit *emit,
                          const struct km_emit_options *options)
{
    emit->defaults = options->run;
    emit->labels = options->labels;
    emit->order_key = options->order_key;
    struct km_str *texts[] = {
        &emit->defaults.project, &emit->defaults.external_id,
        &emit->defaults.name,    &emit->defaults.group,
        &emit->defaults.parent,  &emit->defaults.source,
        &emit->defaults.notes,   &emit->labels,
        &emit->order_key};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!km_emit_keep(emit, texts[i])) {
            return false;
        }
    }
    return true;
}

static enum km_code start(struct km_emit *emit,
                          const struct km_emit_options *options)
{
    if (!keep_defaults(emit, options)) {
        return emit->err.code;
    }
    if (options->saved.len) {
        return km_emit_restore(emit, options->saved);
    }
    struct km_err err = {.code = KM_OK};
    if (km_name_check(options->run.project, "the project's name", &err) ||
        km_name_check(options->run.external_id, "the run's name", &err)) {
        return km_emit_fail(emit, err.code, "%s", err.message);
    }
    emit->run =
        km_emit_run_at(emit, options->run.project, options->run.external_id);
    return emit->err.code;
}

struct km_emit *km_emit_create(const struct km_emit_options *options,
                               struct km_err *err)
{
    struct km_arena arena;
    km_arena_init(&arena, KM_EMIT_BYTES_MAX);
    struct km_emit *emit = km_new(&arena, struct km_emit, 1);
    if (!emit) {
        km_fail(err, KM_EMEMORY, "memory for an import could not be had");
        return NULL;
    }
    emit->arena = arena;
    emit->epoch = 1;
    emit->origin_id = options->origin_id;
    emit->origin_start_ns = KM_TIME_ABSENT;
    emit->flush = options->flush;
    emit->on_warning = options->on_warning;
    emit->user = options->user;
    km_id_map_init(&emit->slot_of, &emit->arena);
    km_id_map_init(&emit->run_of, &emit->arena);
    km_id_map_init(&emit->attempt_of, &emit->arena);
    km_buf_init(&emit->text, KM_LINE_BYTES_MAX);
    km_batch_init(&emit->batch);
    km_batch_reset(&emit->batch, emit->origin_id);
    if (start(emit, options) != KM_OK) {
        km_emit_error(emit, err);
        km_emit_destroy(emit);
        return NULL;
    }
    return emit;
}

void km_emit_destroy(struct km_emit *emit)
{
    if (emit) {
        km_batch_finish(&emit->batch);
        km_buf_finish(&emit->text);
        struct km_arena arena = emit->arena; /* it holds `emit` itself */
        km_arena_finish(&arena);
    }
}

struct km_batch *km_emit_batch(struct km_emit *emit)
{
    return &emit->batch;
}

void km_emit_batch_done(struct km_emit *emit)
{
    km_batch_reset(&emit->batch, emit->origin_id);
    emit->record_count = 0;
    emit->epoch++;
}

bool km_emit_full(const struct km_emit *emit)
{
    const struct km_batch *batch = &emit->batch;
    return batch->point_count >= KM_BATCH_POINTS_MAX ||
           emit->record_count >= KM_BATCH_RECORDS_MAX ||
           batch->series_count >= KM_BATCH_RECORDS_MAX ||
           batch->arena.total > KM_BATCH_ARENA_BYTES_MAX / 2 ||
           emit->err.code != KM_OK;
}

enum km_code km_emit_checkpoint(struct km_emit *emit, struct km_err *err)
{
    if (emit->err.code == KM_OK && emit->flush) {
        struct km_err why = {.code = KM_OK};
        enum km_code code = emit->flush(emit->user, &emit->batch, &why);
        if (code != KM_OK) {
            km_emit_fail(emit, code, "%s", why.message);
        }
    }
    if (emit->err.code == KM_OK) {
        km_emit_batch_done(emit);
    }
    return km_emit_error(emit, err);
}

struct km_str km_emit_first_run(const struct km_emit *emit)
{
    return emit->runs[0].external_id;
}

bool km_emit_failed(const struct km_emit *emit)
{
    return emit->err.code != KM_OK;
}

enum km_code km_emit_error(const struct km_emit *emit, struct km_err *err)
{
    if (err && emit->err.code != KM_OK) {
        *err = emit->err;
    }
    return emit->err.code;
}

uint64_t km_emit_warning_count(const struct km_emit *emit)
{
    return emit->warning_count;
}

uint64_t km_emit_ignored_points(const struct km_emit *emit)
{
    return emit->ignored_points;
}
