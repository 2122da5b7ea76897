/* store_memory.h - the plain structures of the oracle backend.
 *
 * Everything is a vector searched from its start: slow, short, and hard to get
 * wrong, because the other backends are held against it.
 * Ownership: the store owns all; texts live in its arena until it is closed.
 * Threads: one lock, shared by readers. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_STORE_STORE_MEMORY_H
#define KM_STORE_STORE_MEMORY_H

#include <pthread.h>

#include "base/arena.h"
#include "store/store.h"

/* A growing vector of `type`, named after its items. */
#define KM_MEMORY_VECTOR(type, items)                                          \
    type *items;                                                               \
    size_t items##_count, items##_cap

struct km_memory_origin { /* what one origin says about a run */
    uint64_t id;
    struct km_run_meta meta;
};

struct km_memory_attribute {
    uint64_t origin_id;
    struct km_attribute attribute;
};

struct km_memory_series {
    uint64_t id;
    struct km_str metric, labels;
};

struct km_memory_stream { /* the points of one series in one attempt */
    uint64_t series_id, attempt_id;
    uint32_t flags;
    KM_MEMORY_VECTOR(struct km_point, points);
};

struct km_memory_event {
    uint64_t attempt_id;
    struct km_event event;
};

struct km_memory_evaluation {
    uint64_t attempt_id;
    struct km_evaluation evaluation;
};

struct km_memory_run {
    uint64_t id;
    int64_t added_ns;
    KM_MEMORY_VECTOR(struct km_memory_origin, origins);
    KM_MEMORY_VECTOR(struct km_memory_attribute, attributes);
    KM_MEMORY_VECTOR(struct km_attempt_row, attempts); /* by ordinal */
    KM_MEMORY_VECTOR(struct km_memory_series, series);
    KM_MEMORY_VECTOR(struct km_memory_stream, streams);
    KM_MEMORY_VECTOR(struct km_memory_event, events);
    KM_MEMORY_VECTOR(struct km_memory_evaluation, evaluations);
};

struct km_memory_lease {
    struct km_str name, owner;
    int64_t until_ns;
};

struct km_memory_store {
    struct km_store base;
    const struct km_clock *clock;
    uint64_t quota_bytes;
    pthread_rwlock_t lock;
    struct km_arena texts;
    uint64_t generation; /* rises with each writing verb */
    bool broken; /* memory ran out half-way: nothing more is accepted */
    KM_MEMORY_VECTOR(struct km_memory_run, runs);
    KM_MEMORY_VECTOR(struct km_cursor, cursors);
    KM_MEMORY_VECTOR(struct km_memory_lease, leases);
    KM_MEMORY_VECTOR(struct km_note, notes); /* texts: in `texts` */
};

/* Makes room for one more item of `size` bytes, cleared, in the vector whose
 * pointer stands at `items`; false: no memory. */
bool km_memory_widen(void *items, size_t count, size_t *cap, size_t size);

/* A pointer to a new, cleared item at the end, or NULL. */
#define KM_MEMORY_PUSH(owner, items)                                           \
    (km_memory_widen(&(owner)->items, (owner)->items##_count,                  \
                     &(owner)->items##_cap, sizeof *(owner)->items)            \
         ? &(owner)->items[(owner)->items##_count++]                           \
         : NULL)

/* Gives back what a run holds, not the run itself. */
void km_memory_run_free(struct km_memory_run *run);

struct km_memory_run *km_memory_run_find(struct km_memory_store *store,
                                         uint64_t run_id); /* or NULL */

/* store_memory_notes.c */
enum km_code km_memory_put_notes(struct km_store *base,
                                 const struct km_note *notes, size_t count,
                                 struct km_err *err);
enum km_code km_memory_read_notes(struct km_store *base, struct km_str kind,
                                  uint64_t run_id, km_note_fn visit, void *user,
                                  struct km_err *err);
/* Notes of runs that are not there any more. */
void km_memory_notes_purge(struct km_memory_store *store);

/* store_memory_write.c */
enum km_code km_memory_append(struct km_store *base,
                              const struct km_batch *batch, struct km_err *err);
enum km_code km_memory_delete_run(struct km_store *base, uint64_t run_id,
                                  struct km_err *err);

/* store_memory_read.c */
enum km_code km_memory_list_runs(struct km_store *base,
                                 const struct km_run_filter *filter,
                                 km_run_fn visit, void *user,
                                 struct km_err *err);
enum km_code km_memory_list_series(struct km_store *base, uint64_t run_id,
                                   km_series_fn visit, void *user,
                                   struct km_err *err);
enum km_code km_memory_list_attempts(struct km_store *base, uint64_t run_id,
                                     km_attempt_fn visit, void *user,
                                     struct km_err *err);
enum km_code km_memory_list_attributes(struct km_store *base, uint64_t run_id,
                                       km_attribute_fn visit, void *user,
                                       struct km_err *err);
enum km_code km_memory_read_points(struct km_store *base, uint64_t series_id,
                                   const struct km_point_range *range,
                                   km_columns_fn visit, void *user,
                                   struct km_err *err);
enum km_code km_memory_reduce(struct km_store *base, uint64_t series_id,
                              const struct km_point_range *range,
                              struct km_bucket *buckets, size_t count,
                              struct km_err *err);
enum km_code km_memory_read_events(struct km_store *base, uint64_t run_id,
                                   km_event_fn visit, void *user,
                                   struct km_err *err);
enum km_code km_memory_read_evaluations(struct km_store *base, uint64_t run_id,
                                        km_evaluation_fn visit, void *user,
                                        struct km_err *err);
enum km_code km_memory_find_cursors(struct km_store *base,
                                    const struct km_cursor *like,
                                    km_cursor_fn visit, void *user,
                                    struct km_err *err);
enum km_code km_memory_usage(struct km_store *base,
                             struct km_store_usage *usage, struct km_err *err);

#endif
