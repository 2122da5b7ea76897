/* emit.h - how a source hands on what it reads.
 *
 * A source knows bytes; the emitter knows runs, attempts and batches. It turns
 * "metric, step, time, value" into points of the right attempt:
 *   - a step that goes back in a series that was rising opens an attempt of the
 *     whole origin, unless the point is late (its time is older than the last
 *     one's, or its step falls between the last two distinct steps);
 *   - km_emit_restart() opens one explicitly;
 *   - equal steps, and steps of a series that never rose, stay in arrival
 * order. With KM_EMIT_BY_SERIES (stores that list one series after the other)
 * attempts are counted per series.
 *
 * All calls return KM_OK or the first failure, which stays (sticky): a source
 * may look at km_emit_failed() once per record.
 * Ownership: everything is copied.   Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_EMIT_H
#define KM_SOURCE_EMIT_H

#include "base/buf.h"
#include "model/batch.h"

enum km_emit_mode { KM_EMIT_INTERLEAVED, KM_EMIT_BY_SERIES };

struct km_emit; /* see emit.c */

/* The run that the following records belong to. The importer has already set
 * one from the file's place; a source calls this only when the file knows
 * better. Empty fields keep the importer's choice; an empty external_id adds
 * meta to the present run. Series handles of another run must not be used
 * after it. */
enum km_code km_emit_run(struct km_emit *emit, const struct km_run_meta *meta);

/* The external id of the run that the importer set. */
struct km_str km_emit_first_run(const struct km_emit *emit);

/* A handle for a series of the present run; the same names give the same
 * handle. `labels` canonical or empty. UINT32_MAX after a failure (a name that
 * km_name_check() refuses is counted, named in a warning once, and gives
 * KM_EMIT_IGNORED, whose points are counted and dropped visibly). */
#define KM_EMIT_IGNORED (UINT32_MAX - 1)
uint32_t km_emit_series(struct km_emit *emit, struct km_str metric,
                        struct km_str labels, uint32_t flags);

void km_emit_point(struct km_emit *emit, uint32_t series, int64_t step,
                   int64_t time_ns, double value);

/* Shorthand for sources that see each name once per record. */
void km_emit_value(struct km_emit *emit, struct km_str metric, int64_t step,
                   int64_t time_ns, double value);

void km_emit_attribute(struct km_emit *emit, enum km_attribute_kind kind,
                       struct km_str key, struct km_str value_json);
/* The same with a text value that is not JSON yet. */
void km_emit_attribute_text(struct km_emit *emit, enum km_attribute_kind kind,
                            struct km_str key, struct km_str text);
void km_emit_event(struct km_emit *emit, const struct km_event *event);
void km_emit_evaluation(struct km_emit *emit,
                        const struct km_evaluation *evaluation);

/* Opens a new attempt of the origin. `restart_step` is the first step that it
 * supersedes, or KM_STEP_ABSENT: the first step it logs. */
void km_emit_restart(struct km_emit *emit, int64_t restart_step,
                     const char *reason);
void km_emit_mode_set(struct km_emit *emit, enum km_emit_mode mode);

/* Start time of the whole origin (orders it among the run's origins); without
 * it the first point's time is taken. */
void km_emit_origin_start(struct km_emit *emit, int64_t start_ns);

/* Something odd that does not stop the import: counted, the first few shown.
 * `offset` in bytes from the start of the file. */
void km_emit_warn(struct km_emit *emit, uint64_t offset, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));

/* True when the batch should be committed: a stream source then returns from
 * feed() after the record at hand; a scanning source calls
 * km_emit_checkpoint(), which commits. */
bool km_emit_full(const struct km_emit *emit);
enum km_code km_emit_checkpoint(struct km_emit *emit, struct km_err *err);
bool km_emit_failed(const struct km_emit *emit);

/* What the importer (or a test) sets up around a source. */
struct km_emit_options {
    uint64_t origin_id;
    struct km_run_meta run;  /* the default run: project, external_id, ... */
    struct km_str labels;    /* added to every series, e.g. subset=validation */
    struct km_str order_key; /* orders this origin among the run's others */
    struct km_str saved;     /* what km_emit_save() wrote, or empty */
    /* Commits the batch (full, or at the end of a feed). NULL: drop it. */
    enum km_code (*flush)(void *user, struct km_batch *batch,
                          struct km_err *err);
    void (*on_warning)(void *user, uint64_t offset, const char *text);
    void *user;
};

struct km_emit *km_emit_create(const struct km_emit_options *options,
                               struct km_err *err);
struct km_batch *km_emit_batch(struct km_emit *emit);

/* Empties the batch after it was committed; handles stay valid. */
void km_emit_batch_done(struct km_emit *emit);

/* The attempts' memory (per series: part, last two steps, last time). */
void km_emit_save(const struct km_emit *emit, struct km_buf *out);
/* The runs that a saved state speaks of, in it; false when it is damaged. */
bool km_emit_saved_runs(struct km_str saved,
                        void (*visit)(void *user, struct km_str project,
                                      struct km_str external_id),
                        void *user);
enum km_code km_emit_error(const struct km_emit *emit, struct km_err *err);
uint64_t km_emit_warning_count(const struct km_emit *emit);
uint64_t km_emit_ignored_points(const struct km_emit *emit);
void km_emit_destroy(struct km_emit *emit);

#endif
