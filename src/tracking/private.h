/* private.h - the tracker's own. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TRACKING_PRIVATE_H
#define KM_TRACKING_PRIVATE_H

#include <pthread.h>

#include "base/json_write.h"
#include "source/emit.h"
#include "tracking/tracker.h"

/* Kinds of notes; what their JSON holds: load.c reads, note.c writes. */
#define KM_NOTE_EXPERIMENT     KM_STR("mlflow.experiment")
#define KM_NOTE_EXPERIMENT_TAG KM_STR("mlflow.experiment-tag")
#define KM_NOTE_RUN            KM_STR("mlflow.run")
#define KM_NOTE_PARAM          KM_STR("mlflow.param")
#define KM_NOTE_TAG            KM_STR("mlflow.tag")
#define KM_NOTE_INPUT          KM_STR("mlflow.input")
#define KM_NOTE_OUTPUT         KM_STR("mlflow.output")
#define KM_NOTE_MODEL          KM_STR("mlflow.model")

/* A run whose points are on their way into the store. */
struct km_tracked_session {
    struct km_tracker *tracker;
    struct km_tracked_run *run;
    struct km_emit *emit;
    struct km_cursor cursor;
    struct km_buf state;
    uint64_t mark;
    bool dirty;   /* something is to be committed */
    bool flushed; /* part of it is in the open transaction already */
    struct km_tracked_session *next;
};

struct km_tracker {
    struct km_store *store;
    struct km_receiver *receiver;
    const struct km_clock *clock;
    struct km_book book;
    pthread_rwlock_t lock;
    pthread_mutex_t knowing; /* readers that make metrics known take turns */
    struct km_tracked_session *sessions;
    uint32_t session_count;
    struct km_arena notes_arena; /* of the group */
    struct km_note *notes;
    size_t note_count, note_cap;
    bool grouped, lost;
};

enum km_code km_tracker_load(struct km_tracker *tracker, struct km_err *err);

/* note.c: down on the list of the group; KM_EMEMORY. Empty JSON: delete. */
enum km_code km_tracker_note(struct km_tracker *tracker, struct km_str kind,
                             uint64_t run_id, struct km_str key,
                             struct km_str json, struct km_err *err);
enum km_code km_tracker_note_text(struct km_tracker *tracker,
                                  struct km_str kind, uint64_t run_id,
                                  struct km_str key, struct km_str text,
                                  struct km_err *err);
enum km_code km_tracker_note_experiment(struct km_tracker *tracker,
                                        const struct km_experiment *one,
                                        struct km_err *err);
enum km_code km_tracker_note_run(struct km_tracker *tracker,
                                 const struct km_tracked_run *run,
                                 struct km_err *err);

/* session.c: ready for what the run says; NULL with `err`. */
struct km_tracked_session *km_tracker_session(struct km_tracker *tracker,
                                              struct km_tracked_run *run,
                                              struct km_err *err);
enum km_code km_tracker_flush(struct km_tracker *tracker, struct km_err *err);
void km_tracker_close_sessions(struct km_tracker *tracker, bool all);

#endif
