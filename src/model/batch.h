/* batch.h - what a source decoded and a store takes in one transaction.
 *
 *     batch
 *       runs[]      meta and attributes of each run touched
 *       attempts[]  stretches between restarts, each of one run and origin
 *       series[]    points of one metric in one attempt, in order of arrival
 *       events[], evaluations[]
 *       cursor      where the source stands when all of this is stored
 *
 * Everything in a batch comes from one origin: one file, one journal, one run
 * of an imported store. The origin id makes imports exact: the store commits
 * records and cursor together, and `replace` first removes what the origin
 * brought before.
 *
 * Ownership: texts live in the batch's arena; point vectors are owned by the
 * batch and reused after km_batch_reset().   Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MODEL_BATCH_H
#define KM_MODEL_BATCH_H

#include "base/arena.h"
#include "model/record.h"

struct km_batch_run {
    uint64_t id;
    struct km_run_meta meta;
    struct km_attribute *attributes;
    uint32_t attribute_count, attribute_cap;
};

/* Attempts of a run are shown in the order (origin_start_ns, order_key,
 * origin_id, part), those without a start time last: no import order matters.
 * An attempt supersedes, in the series that it shares with earlier ones, their
 * points at steps >= its restart step (see series/view.h). */
struct km_batch_attempt {
    uint64_t id;
    uint32_t run;            /* index into runs */
    uint32_t part;           /* 0-based stretch within the origin */
    int64_t origin_start_ns; /* KM_TIME_ABSENT when unknown */
    int64_t start_ns;        /* first time seen in it, or absent */
    int64_t restart_step; /* explicit (SessionLog START), or KM_STEP_ABSENT */
    struct km_str order_key; /* file name, or whatever orders origins */
    struct km_str reason;    /* "first", "step went back", "session start" */
};

struct km_batch_series {
    uint64_t id;
    uint32_t run, attempt; /* indices into runs and attempts */
    uint32_t flags;        /* enum km_series_flag */
    struct km_str metric, labels;
    struct km_point *points; /* in order of arrival */
    size_t count, cap;
};

struct km_batch_event {
    uint32_t run, attempt;
    struct km_event event;
};

struct km_batch_evaluation {
    uint32_t run, attempt;
    struct km_evaluation evaluation;
};

enum km_source_status {
    KM_SOURCE_COMPLETE, /* read to its present end */
    KM_SOURCE_PARTIAL,  /* ends inside a record; resumes when it grows */
    KM_SOURCE_DAMAGED,  /* a checksum or structure fails at damage_offset */
    KM_SOURCE_BUSY,     /* more is known to be there: import was stopped */
};

/* Where a source stands. One row per source in the store. */
struct km_cursor {
    uint64_t source_id;   /* = origin id of its records */
    struct km_str format; /* "tfevents" */
    struct km_str path;   /* where it was found last, for people */
    uint64_t head_hash;   /* of the first head_len bytes: finds renamed files */
    uint32_t head_len;
    uint64_t consumed_bytes;
    uint64_t consumed_hash; /* of all consumed bytes: proves it is the same */
    uint64_t size_bytes;    /* when last looked at */
    int64_t mtime_ns;
    enum km_source_status status;
    uint64_t damage_offset;
    uint64_t skipped_bytes; /* left out by --salvage */
    uint64_t points;        /* brought in total */
    bool tail_open;         /* the last line had no line end */
    struct km_str state;    /* the source's and the attempts' own memory */
};

struct km_batch {
    struct km_arena arena;
    uint64_t origin_id;
    bool replace; /* remove what origin_id brought before, then add */
    struct km_batch_run *runs;
    uint32_t run_count, run_cap;
    struct km_batch_attempt *attempts;
    uint32_t attempt_count, attempt_cap;
    struct km_batch_series *series;
    uint32_t series_count, series_cap;
    struct km_batch_event *events;
    uint32_t event_count, event_cap;
    struct km_batch_evaluation *evaluations;
    uint32_t evaluation_count, evaluation_cap;
    size_t point_count; /* over all series */
    bool has_cursor;
    struct km_cursor cursor;
    /* Only when the stored cursor of the origin is still the one with this
     * mark (0: there is none); else KM_ECONFLICT, and nothing is stored. So
     * two importers of one file cannot both bring it. */
    bool is_guarded;
    uint64_t cursor_before;
};

/* Tells a stored cursor from every other state of it; never 0. */
uint64_t km_cursor_mark(const struct km_cursor *cursor);

void km_batch_init(struct km_batch *batch);

/* Empty again for `origin_id`; vectors keep their memory. */
void km_batch_reset(struct km_batch *batch, uint64_t origin_id);
void km_batch_finish(struct km_batch *batch);

/* Finds or adds; texts are copied into the batch. They return the index, or
 * KM_BATCH_FULL when memory is short (callers: KM_ELIMIT). A run's meta is
 * merged: what is said later and not empty wins. */
#define KM_BATCH_FULL UINT32_MAX
uint32_t km_batch_run(struct km_batch *batch, const struct km_run_meta *meta);
uint32_t km_batch_attempt(struct km_batch *batch, uint32_t run, uint32_t part);
uint32_t km_batch_series(struct km_batch *batch, uint32_t run, uint32_t attempt,
                         struct km_str metric, struct km_str labels);
bool km_batch_attribute(struct km_batch *batch, uint32_t run,
                        const struct km_attribute *attribute);
bool km_batch_event(struct km_batch *batch, uint32_t run, uint32_t attempt,
                    const struct km_event *event);
bool km_batch_evaluation(struct km_batch *batch, uint32_t run, uint32_t attempt,
                         const struct km_evaluation *evaluation);

/* Makes room for at least one more point; false: memory is short. */
bool km_batch_grow(struct km_batch_series *series);

static inline bool km_batch_point(struct km_batch *batch, uint32_t index,
                                  struct km_point point)
{
    struct km_batch_series *series = &batch->series[index];
    if (series->count == series->cap && !km_batch_grow(series)) {
        return false;
    }
    series->points[series->count++] = point;
    batch->point_count++;
    return true;
}

#endif
