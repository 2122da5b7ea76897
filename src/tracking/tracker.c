/* tracker.c - life of the book, and changes of experiments and models. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tracking/tracker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/limits.h"
#include "tracking/private.h"

struct km_tracker *km_tracker_open(struct km_store *store,
                                   struct km_receiver *receiver,
                                   const struct km_clock *clock,
                                   struct km_err *err)
{
    struct km_tracker *tracker = calloc(1, sizeof *tracker);
    if (!tracker) {
        km_fail(err, KM_EMEMORY, "no memory for the runs of clients");
        return NULL;
    }
    tracker->store = store;
    tracker->receiver = receiver;
    tracker->clock = clock ? clock : &km_clock_system;
    km_arena_init(&tracker->notes_arena, KM_TRACKED_GROUP_BYTES_MAX);
    pthread_rwlock_init(&tracker->lock, NULL);
    pthread_mutex_init(&tracker->knowing, NULL);
    if (km_tracker_load(tracker, err)) {
        km_tracker_close(tracker);
        return NULL;
    }
    return tracker;
}

void km_tracker_close(struct km_tracker *tracker)
{
    if (tracker) {
        km_tracker_close_sessions(tracker, true);
        km_book_finish(&tracker->book);
        km_arena_finish(&tracker->notes_arena);
        pthread_rwlock_destroy(&tracker->lock);
        pthread_mutex_destroy(&tracker->knowing);
        free(tracker);
    }
}

const struct km_book *km_tracker_read(struct km_tracker *tracker)
{
    pthread_rwlock_rdlock(&tracker->lock);
    return &tracker->book;
}

void km_tracker_read_done(struct km_tracker *tracker)
{
    pthread_rwlock_unlock(&tracker->lock);
}

void km_tracker_change(struct km_tracker *tracker)
{
    pthread_rwlock_wrlock(&tracker->lock);
}

void km_tracker_change_done(struct km_tracker *tracker)
{
    pthread_rwlock_unlock(&tracker->lock);
}

const struct km_book *km_tracker_book(const struct km_tracker *tracker)
{
    return &tracker->book;
}

int64_t km_tracker_now_ms(const struct km_tracker *tracker)
{
    return km_clock_wall_ns(tracker->clock) / 1000000;
}

/* What was believed and is not so: the store knows. */
static enum km_code reload(struct km_tracker *tracker, struct km_err *err)
{
    km_tracker_change(tracker);
    km_tracker_close_sessions(tracker, true);
    km_book_finish(&tracker->book);
    enum km_code code = km_tracker_load(tracker, err);
    tracker->lost = code != KM_OK;
    km_tracker_change_done(tracker);
    return code;
}

enum km_code km_tracker_begin(struct km_tracker *tracker, struct km_err *err)
{
    assert(!tracker->grouped);
    enum km_code code = tracker->lost ? reload(tracker, err) : KM_OK;
    if (code) {
        return code;
    }
    km_receiver_lock(tracker->receiver);
    code = km_store_group_begin(tracker->store, err);
    tracker->grouped = code == KM_OK;
    if (code) {
        km_receiver_unlock(tracker->receiver);
    }
    return code;
}

enum km_code km_tracker_end(struct km_tracker *tracker, struct km_err *err)
{
    assert(tracker->grouped);
    enum km_code code = km_tracker_flush(tracker, err);
    if (code == KM_OK && tracker->note_count) {
        code = km_store_put_notes(tracker->store, tracker->notes,
                                  tracker->note_count, err);
    }
    code = km_store_group_end(tracker->store, code, err);
    km_receiver_unlock(tracker->receiver);
    tracker->grouped = false;
    tracker->notes = NULL;
    tracker->note_count = tracker->note_cap = 0;
    km_arena_reset(&tracker->notes_arena);
    if (code) {
        struct km_err again;
        tracker->lost = true;
        (void)reload(tracker, &again); /* else at the next begin */
    } else {
        km_tracker_close_sessions(tracker, false);
    }
    return code;
}

/* ---- experiments ---- */

static enum km_code fail_memory(struct km_err *err)
{
    return km_fail(err, KM_EMEMORY, "no memory for what a client says");
}

/* Made from the name, so that two servers agree; the next one when an
 * experiment that was renamed has it. */
static void make_id(const struct km_book *book, struct km_str name,
                    char id[KM_TRACKED_ID_BYTES])
{
    const uint64_t digits = 1000000000000000000u; /* 18 of them */
    uint64_t hash = km_hash(name.ptr, name.len, 0) % digits;
    if (km_str_is(name, "Default")) {
        hash = 0;
    }
    do {
        (void)snprintf(id, KM_TRACKED_ID_BYTES, "%" PRIu64, hash++ % digits);
    } while (km_book_find_experiment(book, km_str_of(id)));
}

enum km_code km_track_experiment(struct km_tracker *tracker, struct km_str name,
                                 struct km_experiment **out, struct km_err *err)
{
    struct km_book *book = &tracker->book;
    char id[KM_TRACKED_ID_BYTES];
    enum km_code code = km_name_check(name, "the name of an experiment", err);
    const struct km_experiment *taken =
        code ? NULL : km_book_find_named(book, name);
    if (taken) {
        return km_fail(err, KM_ECONFLICT, "Experiment '%.*s' already exists%s",
                       (int)name.len, name.ptr,
                       taken->deleted ? " in deleted state; restore it, or "
                                        "choose another name"
                                      : ".");
    }
    if (code == KM_OK && book->experiment_count >= KM_TRACKED_EXPERIMENTS_MAX) {
        code = km_fail(err, KM_ELIMIT, "there are %d experiments already",
                       KM_TRACKED_EXPERIMENTS_MAX);
    }
    if (code) {
        return code;
    }
    make_id(book, name, id);
    struct km_experiment *one = km_book_experiment(book, km_str_of(id));
    if (!one || !km_book_text(&one->name, name)) {
        tracker->lost = true;
        return fail_memory(err);
    }
    one->created_ms = one->updated_ms = km_tracker_now_ms(tracker);
    *out = one;
    return km_tracker_note_experiment(tracker, one, err);
}

enum km_code km_track_experiment_rename(struct km_tracker *tracker,
                                        struct km_experiment *experiment,
                                        struct km_str name, struct km_err *err)
{
    enum km_code code = km_name_check(name, "the name of an experiment", err);
    if (code) {
        return code;
    }
    const struct km_experiment *taken =
        km_book_find_named(&tracker->book, name);
    if (taken && taken != experiment) {
        return km_fail(err, KM_ECONFLICT, "Experiment '%.*s' already exists.",
                       (int)name.len, name.ptr);
    }
    if (!km_book_text(&experiment->name, name)) {
        return fail_memory(err);
    }
    experiment->updated_ms = km_tracker_now_ms(tracker);
    return km_tracker_note_experiment(tracker, experiment, err);
}

enum km_code km_track_experiment_delete(struct km_tracker *tracker,
                                        struct km_experiment *experiment,
                                        bool deleted, struct km_err *err)
{
    enum km_code code = KM_OK;
    for (uint32_t i = 0; i < tracker->book.run_count && code == KM_OK; i++) {
        struct km_tracked_run *run = tracker->book.runs[i];
        if (run->experiment == experiment && run->deleted != deleted) {
            run->deleted = deleted;
            code = km_tracker_note_run(tracker, run, err);
        }
    }
    experiment->deleted = deleted;
    experiment->updated_ms = km_tracker_now_ms(tracker);
    code = code ? code : km_tracker_note_experiment(tracker, experiment, err);
    tracker->lost |= code != KM_OK;
    return code;
}

enum km_code km_track_experiment_tag(struct km_tracker *tracker,
                                     struct km_experiment *experiment,
                                     struct km_str key,
                                     const struct km_str *value,
                                     struct km_err *err)
{
    char name[KM_NAME_BYTES_MAX + 1];
    enum km_code code =
        km_track_tag_check(key, value ? *value : KM_STR(""), err);
    int len = snprintf(name, sizeof name, "%s/%.*s", experiment->id,
                       (int)key.len, key.ptr);
    if (code == KM_OK && (len < 0 || (size_t)len >= sizeof name)) {
        code = km_fail(err, KM_ELIMIT, "the key of a tag is too long");
    }
    if (code == KM_OK && !value && !km_pairs_find(&experiment->tags, key)) {
        code = km_fail(err, KM_ENOTFOUND, "experiment %s has no tag '%.*s'",
                       experiment->id, (int)key.len, key.ptr);
    }
    if (code) {
        return code;
    }
    experiment->updated_ms = km_tracker_now_ms(tracker);
    code = km_tracker_note_experiment(tracker, experiment, err);
    if (!value) {
        km_pairs_remove(&experiment->tags, key);
        return code ? code
                    : km_tracker_note(tracker, KM_NOTE_EXPERIMENT_TAG, 0,
                                      km_str_of(name), KM_STR(""), err);
    }
    if (!km_pairs_put(&experiment->tags, key, *value)) {
        return fail_memory(err);
    }
    return code ? code
                : km_tracker_note_text(tracker, KM_NOTE_EXPERIMENT_TAG, 0,
                                       km_str_of(name), *value, err);
}

/* ---- logged models ---- */

enum km_code km_track_model(struct km_tracker *tracker,
                            struct km_experiment *experiment,
                            struct km_tracked_model **out, struct km_err *err)
{
    unsigned char random[16];
    char id[KM_TRACKED_ID_BYTES] = "m-";
    if (tracker->book.model_count >= KM_TRACKED_RUNS_MAX) {
        return km_fail(err, KM_ELIMIT, "there are %d models already",
                       KM_TRACKED_RUNS_MAX);
    }
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return km_fail(err, KM_EIO, "the system gives no random numbers");
    }
    for (size_t i = 0; i < sizeof random; i++) {
        (void)snprintf(id + 2 + 2 * i, 3, "%02x", random[i]);
    }
    struct km_tracked_model *one = km_book_model(&tracker->book, km_str_of(id));
    if (!one) {
        return fail_memory(err);
    }
    one->experiment = experiment;
    one->created_ms = one->updated_ms = km_tracker_now_ms(tracker);
    *out = one;
    return KM_OK;
}
