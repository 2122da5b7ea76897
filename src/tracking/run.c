/* run.c - a run of a client: made, described, ended. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/random.h>

#include "base/limits.h"
#include "source/attribute_text.h"
#include "source/mlflow_terms.h"
#include "tracking/private.h"

static enum km_code fail_memory(struct km_tracker *tracker, struct km_err *err)
{
    tracker->lost = true; /* the book may be half of what it should be */
    return km_fail(err, KM_EMEMORY, "no memory for what a client says");
}

static enum km_code make_id(char id[KM_TRACKED_ID_BYTES], struct km_err *err)
{
    unsigned char random[16];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return km_fail(err, KM_EIO, "the system gives no random numbers");
    }
    random[6] = (unsigned char)((random[6] & 0x0f) | 0x40); /* a UUID, 4 */
    random[8] = (unsigned char)((random[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof random; i++) {
        (void)snprintf(id + 2 * i, 3, "%02x", random[i]);
    }
    return KM_OK;
}

/* What the store's run says: state, name, times. */
static enum km_code tell(struct km_tracker *tracker, struct km_tracked_run *run,
                         struct km_err *err)
{
    static const enum km_run_state states[] = {
        [KM_TRACKED_RUNNING] = KM_RUN_RUNNING,
        [KM_TRACKED_SCHEDULED] = KM_RUN_UNKNOWN,
        [KM_TRACKED_FINISHED] = KM_RUN_FINISHED,
        [KM_TRACKED_FAILED] = KM_RUN_FAILED,
        [KM_TRACKED_KILLED] = KM_RUN_KILLED,
    };
    struct km_tracked_session *session = km_tracker_session(tracker, run, err);
    if (!session) {
        return err ? err->code : KM_EMEMORY;
    }
    const struct km_run_meta meta = {
        .name = km_str_of(run->name),
        .state = states[run->status],
        .created_ns = km_mlflow_time(run->start_ms),
        .ended_ns = km_mlflow_time(run->end_ms),
    };
    return km_emit_run(session->emit, &meta)
               ? km_emit_error(session->emit, err)
               : km_tracker_note_run(tracker, run, err);
}

enum km_code km_track_run(struct km_tracker *tracker,
                          const struct km_track_run_options *options,
                          struct km_tracked_run **out, struct km_err *err)
{
    struct km_book *book = &tracker->book;
    char id[KM_TRACKED_ID_BYTES];
    enum km_code code = KM_OK;
    if (book->run_count >= KM_TRACKED_RUNS_MAX) {
        return km_fail(err, KM_ELIMIT, "there are %d runs already",
                       KM_TRACKED_RUNS_MAX);
    }
    if (options->name.len) {
        code = km_name_check(options->name, "the name of a run", err);
    }
    if (code == KM_OK && !km_utf8_is_valid(options->user)) {
        code = km_fail(err, KM_EINPUT, "a user id must be UTF-8");
    }
    code = code ? code : make_id(id, err);
    if (code) {
        return code;
    }
    struct km_tracked_run *run = km_book_run(book, km_str_of(id));
    if (!run || !km_book_text(&run->name, options->name) ||
        !km_book_text(&run->user, options->user) ||
        !km_book_text(&run->project, km_str_of(options->experiment->name))) {
        return fail_memory(tracker, err);
    }
    run->experiment = options->experiment;
    run->start_ms = options->start_ms;
    run->store_id = km_run_id(km_str_of(run->project), km_str_of(run->id));
    run->metrics_known = true;
    *out = run;
    return tell(tracker, run, err);
}

enum km_code km_track_run_update(struct km_tracker *tracker,
                                 struct km_tracked_run *run,
                                 const struct km_track_run_update *update,
                                 struct km_err *err)
{
    if (update->name.len) {
        const struct km_str key = KM_STR("mlflow.runName");
        enum km_code code = km_track_tag(tracker, run, key, &update->name, err);
        if (code) {
            return code;
        }
    }
    run->status = update->status ? update->status : run->status;
    run->end_ms = update->end_ms ? update->end_ms : run->end_ms;
    if (update->status == KM_TRACKED_RUNNING) {
        run->end_ms = 0; /* it goes on */
    }
    return tell(tracker, run, err);
}

enum km_code km_track_run_delete(struct km_tracker *tracker,
                                 struct km_tracked_run *run, bool deleted,
                                 struct km_err *err)
{
    run->deleted = deleted;
    return km_tracker_note_run(tracker, run, err);
}

static enum km_code check_pair(struct km_str key, struct km_str value,
                               const char *what, struct km_err *err)
{
    enum km_code code = km_name_check(key, what, err);
    if (code == KM_OK && value.len > KM_CONFIG_VALUE_BYTES_MAX) {
        code = km_fail(err, KM_ELIMIT,
                       "the value of '%.*s' has %zu bytes, expected at most "
                       "%d",
                       (int)(key.len < 80 ? key.len : 80), key.ptr, value.len,
                       KM_CONFIG_VALUE_BYTES_MAX);
    }
    return code;
}

enum km_code km_track_param_check(const struct km_tracked_run *run,
                                  struct km_str key, struct km_str value,
                                  struct km_err *err)
{
    enum km_code code = check_pair(key, value, "the key of a param", err);
    const char *known = code ? NULL : km_pairs_find(&run->params, key);
    if (known && !km_str_is(value, known)) {
        return km_fail(err, KM_EINPUT,
                       "Changing param values is not allowed. Param with "
                       "key='%.*s' was already logged with value='%.200s' for "
                       "run ID='%s'. Attempted logging new value '%.*s'.",
                       (int)(key.len < 80 ? key.len : 80), key.ptr, known,
                       run->id, (int)(value.len < 200 ? value.len : 200),
                       value.ptr);
    }
    if (code == KM_OK && !known && run->params.count >= KM_CONFIG_KEYS_MAX) {
        return km_fail(err, KM_ELIMIT, "run %s has %d params already", run->id,
                       KM_CONFIG_KEYS_MAX);
    }
    return code;
}

enum km_code km_track_param(struct km_tracker *tracker,
                            struct km_tracked_run *run, struct km_str key,
                            struct km_str value, struct km_err *err)
{
    enum km_code code = km_track_param_check(run, key, value, err);
    if (code || km_pairs_find(&run->params, key)) {
        return code;
    }
    struct km_tracked_session *session = km_tracker_session(tracker, run, err);
    if (!session) {
        return err ? err->code : KM_EMEMORY;
    }
    if (!km_pairs_put(&run->params, key, value)) {
        return fail_memory(tracker, err);
    }
    km_attribute_emit(session->emit, KM_ATTRIBUTE_CONFIG, key, value);
    return km_tracker_note_text(tracker, KM_NOTE_PARAM, run->store_id, key,
                                value, err);
}

enum km_code km_track_tag_check(struct km_str key, struct km_str value,
                                struct km_err *err)
{
    return check_pair(key, value, "the key of a tag", err);
}

static enum km_code remove_tag(struct km_tracker *tracker,
                               struct km_tracked_run *run, struct km_str key,
                               struct km_err *err)
{
    struct km_tracked_session *session = NULL;
    if (!km_pairs_find(&run->tags, key)) {
        return km_fail(err, KM_ENOTFOUND,
                       "No tag with name: %.*s in run with "
                       "id %s",
                       (int)(key.len < 80 ? key.len : 80), key.ptr, run->id);
    }
    session = km_tracker_session(tracker, run, err);
    if (!session) {
        return err ? err->code : KM_EMEMORY;
    }
    km_emit_attribute(session->emit, KM_ATTRIBUTE_TAG, key, KM_STR("null"));
    enum km_code code = km_tracker_note(tracker, KM_NOTE_TAG, run->store_id,
                                        key, KM_STR(""), err);
    km_pairs_remove(&run->tags, key);
    return code;
}

enum km_code km_track_tag(struct km_tracker *tracker,
                          struct km_tracked_run *run, struct km_str key,
                          const struct km_str *value, struct km_err *err)
{
    bool name = km_str_is(key, "mlflow.runName");
    enum km_code code =
        km_track_tag_check(key, value ? *value : KM_STR(""), err);
    if (code == KM_OK && name && value) {
        code = km_name_check(*value, "the name of a run", err);
    }
    if (code == KM_OK && !km_pairs_find(&run->tags, key) &&
        run->tags.count >= KM_CONFIG_KEYS_MAX) {
        code = km_fail(err, KM_ELIMIT, "run %s has %d tags already", run->id,
                       KM_CONFIG_KEYS_MAX);
    }
    if (code || !value) {
        return code ? code : remove_tag(tracker, run, key, err);
    }
    struct km_tracked_session *session = km_tracker_session(tracker, run, err);
    if (!session) {
        return err ? err->code : KM_EMEMORY;
    }
    if (!km_pairs_put(&run->tags, key, *value) ||
        (name && !km_book_text(&run->name, *value))) {
        return fail_memory(tracker, err);
    }
    struct km_run_meta said = {.created_ns = KM_TIME_ABSENT,
                               .ended_ns = KM_TIME_ABSENT};
    km_mlflow_tag(session->emit, &said, key, *value);
    if (said.name.len || said.notes.len || said.parent.len) {
        code = km_emit_run(session->emit, &said)
                   ? km_emit_error(session->emit, err)
                   : KM_OK;
    }
    if (code == KM_OK && name) {
        code = km_tracker_note_run(tracker, run, err);
    }
    return code ? code
                : km_tracker_note_text(tracker, KM_NOTE_TAG, run->store_id, key,
                                       *value, err);
}

enum km_code km_track_input(struct km_tracker *tracker,
                            struct km_tracked_run *run, bool output,
                            struct km_str key, struct km_str json,
                            struct km_err *err)
{
    struct km_pairs *pairs = output ? &run->outputs : &run->inputs;
    enum km_code code = km_name_check(key, "the name of an input", err);
    if (code == KM_OK && pairs->count >= KM_TRACKED_INPUTS_MAX &&
        !km_pairs_find(pairs, key)) {
        code = km_fail(err, KM_ELIMIT, "run %s has %d inputs already", run->id,
                       KM_TRACKED_INPUTS_MAX);
    }
    code =
        code ? code
             : km_tracker_note(tracker, output ? KM_NOTE_OUTPUT : KM_NOTE_INPUT,
                               run->store_id, key, json, err);
    if (code == KM_OK && !km_pairs_put(pairs, key, json)) {
        code = fail_memory(tracker, err);
    }
    return code;
}
