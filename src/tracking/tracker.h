/* tracker.h - changes to the book, at rest in the store before they are
 * answered.
 *
 * Changes come in groups: many requests, one transaction.
 *
 *     km_tracker_begin()
 *         km_track_...()      each checks all, then changes book and store
 *     km_tracker_end()        durable; or the book is read anew from the store
 *
 * A change that is refused has changed nothing. What is read between a change
 * and the end of its group may be lost by a crash: nobody was told yet that it
 * was kept.
 * Ownership: the tracker's; texts are copied.   Threads: one changes, within
 * km_tracker_change(); any number read, within km_tracker_read().
 * Errors: KM_EINPUT, KM_ELIMIT, KM_ENOTFOUND, KM_ECONFLICT, the store's.
 * Units: times in milliseconds since 1970, as the protocol has them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TRACKING_TRACKER_H
#define KM_TRACKING_TRACKER_H

#include "base/err.h"
#include "ingest/receive.h"
#include "store/store.h"
#include "tracking/book.h"

struct km_tracker;

struct km_tracker *km_tracker_open(struct km_store *store,
                                   struct km_receiver *receiver,
                                   const struct km_clock *clock,
                                   struct km_err *err);
void km_tracker_close(struct km_tracker *tracker);

/* The book for the length of a read or a change. */
const struct km_book *km_tracker_read(struct km_tracker *tracker);
void km_tracker_read_done(struct km_tracker *tracker);
void km_tracker_change(struct km_tracker *tracker);
void km_tracker_change_done(struct km_tracker *tracker);
const struct km_book *km_tracker_book(const struct km_tracker *tracker);
int64_t km_tracker_now_ms(const struct km_tracker *tracker);

/* One thread; around km_tracker_change(). */
enum km_code km_tracker_begin(struct km_tracker *tracker, struct km_err *err);
enum km_code km_tracker_end(struct km_tracker *tracker, struct km_err *err);

/* ---- experiments ---- */

/* KM_ECONFLICT: the name is taken. */
enum km_code km_track_experiment(struct km_tracker *tracker, struct km_str name,
                                 struct km_experiment **out,
                                 struct km_err *err);
enum km_code km_track_experiment_rename(struct km_tracker *tracker,
                                        struct km_experiment *experiment,
                                        struct km_str name, struct km_err *err);
/* Its runs go, or come back, with it. */
enum km_code km_track_experiment_delete(struct km_tracker *tracker,
                                        struct km_experiment *experiment,
                                        bool deleted, struct km_err *err);
/* `value` NULL: removes it, KM_ENOTFOUND when it is not there. */
enum km_code km_track_experiment_tag(struct km_tracker *tracker,
                                     struct km_experiment *experiment,
                                     struct km_str key,
                                     const struct km_str *value,
                                     struct km_err *err);

/* ---- runs ---- */

struct km_track_run_options {
    struct km_experiment *experiment;
    struct km_str name, user;
    int64_t start_ms;
};
enum km_code km_track_run(struct km_tracker *tracker,
                          const struct km_track_run_options *options,
                          struct km_tracked_run **out, struct km_err *err);

/* status 0, end_ms 0, an empty name: as it is. */
struct km_track_run_update {
    enum km_tracked_status status;
    int64_t end_ms;
    struct km_str name;
};
enum km_code km_track_run_update(struct km_tracker *tracker,
                                 struct km_tracked_run *run,
                                 const struct km_track_run_update *update,
                                 struct km_err *err);
enum km_code km_track_run_delete(struct km_tracker *tracker,
                                 struct km_tracked_run *run, bool deleted,
                                 struct km_err *err);

/* The same value again is fine; another one is KM_EINPUT. _check() alone looks
 * and changes nothing. */
enum km_code km_track_param_check(const struct km_tracked_run *run,
                                  struct km_str key, struct km_str value,
                                  struct km_err *err);
enum km_code km_track_param(struct km_tracker *tracker,
                            struct km_tracked_run *run, struct km_str key,
                            struct km_str value, struct km_err *err);
enum km_code km_track_tag_check(struct km_str key, struct km_str value,
                                struct km_err *err);
enum km_code km_track_tag(struct km_tracker *tracker,
                          struct km_tracked_run *run, struct km_str key,
                          const struct km_str *value, struct km_err *err);
/* JSON of an input (a data set, a model) or an output, by a name. */
enum km_code km_track_input(struct km_tracker *tracker,
                            struct km_tracked_run *run, bool output,
                            struct km_str key, struct km_str json,
                            struct km_err *err);

/* ---- points ---- */

struct km_tracked_point {
    struct km_str key;
    double value;
    int64_t time_ms, step;
};
/* Points that the run has already (same key, step, time and value) are left
 * out: a request that comes again changes nothing. */
enum km_code km_track_points(struct km_tracker *tracker,
                             struct km_tracked_run *run,
                             const struct km_tracked_point *points,
                             size_t count, struct km_arena *scratch,
                             struct km_err *err);

/* Makes the latest metrics of a run known; within a read or a change. */
enum km_code km_tracker_know(struct km_tracker *tracker,
                             struct km_tracked_run *run, struct km_err *err);

/* ---- logged models ---- */

enum km_code km_track_model(struct km_tracker *tracker,
                            struct km_experiment *experiment,
                            struct km_tracked_model **out, struct km_err *err);
/* Writes down what the model has become. */
enum km_code km_track_model_keep(struct km_tracker *tracker,
                                 struct km_tracked_model *model,
                                 struct km_err *err);

#endif
