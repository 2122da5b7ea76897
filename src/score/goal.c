/* goal.c - goals as notes of the store: read, written, matched. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/goal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/number.h"

static const int64_t DAY_NS = 86400000000000;

/* One value of the document into the goal; texts into the arena. */
static bool take_value(struct km_goal *goal, const char *key,
                       const struct km_json_token *token,
                       struct km_arena *arena)
{
    bool number =
        token->kind == KM_JSON_NUMBER || token->kind == KM_JSON_INTEGER;
    struct {
        const char *key;
        double *at;
    } numbers[] = {{"target", &goal->target},
                   {"budget", &goal->budget},
                   {"steps", &goal->steps},
                   {"tokens", &goal->tokens}};
    for (size_t i = 0; number && i < 4; i++) {
        if (strcmp(numbers[i].key, key) == 0) {
            *numbers[i].at = token->number;
        }
    }
    if (number && strcmp(key, "deadline") == 0) {
        goal->deadline_ns = km_time_of_seconds(token->number);
    }
    struct {
        const char *key, **at;
    } texts[] = {{"runs", &goal->runs},
                 {"metric", &goal->metric},
                 {"currency", &goal->currency}};
    for (size_t i = 0; token->kind == KM_JSON_STRING && i < 3; i++) {
        if (strcmp(texts[i].key, key) == 0) {
            *texts[i].at =
                km_arena_copy(arena, token->text.ptr, token->text.len);
            return *texts[i].at != NULL;
        }
    }
    return true;
}

/* False: it is no goal, or memory is short (`*full`). */
static bool read_goal(const struct km_note *note, struct km_arena *arena,
                      struct km_goal *goal, bool *full)
{
    *goal = (struct km_goal){.runs = "",
                             .metric = "",
                             .currency = "",
                             .target = NAN,
                             .made_ns = note->time_ns,
                             .deadline_ns = KM_TIME_ABSENT,
                             .budget = NAN,
                             .steps = NAN,
                             .tokens = NAN};
    goal->name = km_arena_copy(arena, note->key.ptr, note->key.len);
    struct km_json_reader reader;
    km_json_reader_init(&reader);
    km_json_reader_feed(&reader, note->json.ptr, note->json.len, true);
    struct km_json_token token;
    char key[16] = "";
    bool held = goal->name != NULL, valid = true;
    for (;;) {
        valid = km_json_next(&reader, &token, NULL) == KM_OK;
        if (!valid || !held || token.kind == KM_JSON_MORE) {
            break;
        }
        if (token.kind == KM_JSON_KEY && token.depth == 1) {
            size_t len = token.text.len < sizeof key ? token.text.len : 0;
            memcpy(key, token.text.ptr, len);
            key[len] = '\0';
        } else if (token.depth == 1) {
            held = take_value(goal, key, &token, arena);
        }
    }
    km_json_reader_finish(&reader);
    *full |= !held;
    return held && valid && isfinite(goal->target) && *goal->runs;
}

struct loading {
    struct km_arena *arena;
    const char *label, *name;
    struct km_goal *goals;
    size_t count, unreadable;
    bool full;
};

static bool take_note(void *user, const struct km_note *note)
{
    struct loading *loading = user;
    struct km_goal goal;
    if (note->run_id != 0) {
        return true;
    }
    if (!read_goal(note, loading->arena, &goal, &loading->full)) {
        loading->unreadable++;
        return !loading->full;
    }
    if (!loading->label ||
        km_goal_means(&goal, loading->label, loading->name)) {
        loading->goals[loading->count++] = goal;
    }
    return loading->count < KM_GOALS_MAX;
}

enum km_code km_goals_load(struct km_store *store, const char *label,
                           const char *name, struct km_arena *arena,
                           struct km_goals *goals, struct km_err *err)
{
    struct loading loading = {.arena = arena,
                              .label = label,
                              .name = name,
                              .goals =
                                  km_new(arena, struct km_goal, KM_GOALS_MAX)};
    *goals = (struct km_goals){0};
    enum km_code code = KM_OK;
    if (loading.goals) {
        code = km_store_read_notes(store, KM_STR("goal"), 0, take_note,
                                   &loading, err);
    }
    if (code == KM_OK && (!loading.goals || loading.full)) {
        code = km_fail(err, KM_ELIMIT,
                       "the goals do not fit the memory allowed for one "
                       "command");
    }
    goals->goals = loading.goals;
    goals->count = loading.count;
    goals->unreadable = loading.unreadable;
    return code;
}

bool km_goal_means(const struct km_goal *goal, const char *label,
                   const char *name)
{
    struct km_str glob = km_str_of(goal->runs);
    return km_glob_match(glob, km_str_of(label)) ||
           km_glob_match(glob, km_str_of(name));
}

static void write_number(struct km_json_writer *w, const char *key,
                         double value)
{
    if (isfinite(value)) {
        km_json_key(w, key);
        km_json_double(w, value);
    }
}

static void write_text(struct km_json_writer *w, const char *key,
                       const char *text)
{
    if (text && *text) {
        km_json_key(w, key);
        km_json_text(w, text);
    }
}

static enum km_code put_note(struct km_store *store, const char *name,
                             int64_t time_ns, struct km_str json,
                             struct km_err *err)
{
    enum km_code code = km_name_check(km_str_of(name), "the goal", err);
    const struct km_note note = {.kind = KM_STR("goal"),
                                 .key = km_str_of(name),
                                 .time_ns = time_ns,
                                 .json = json};
    return code ? code : km_store_put_notes(store, &note, 1, err);
}

enum km_code km_goal_put(struct km_store *store, const struct km_goal *goal,
                         struct km_err *err)
{
    struct km_buf buf;
    struct km_json_writer w;
    km_buf_init(&buf, KM_NOTE_BYTES_MAX);
    km_json_writer_init(&w, &buf);
    km_json_object_begin(&w);
    write_text(&w, "runs", goal->runs);
    write_text(&w, "metric", goal->metric);
    write_number(&w, "target", goal->target);
    if (goal->deadline_ns != KM_TIME_ABSENT) {
        write_number(&w, "deadline", (double)goal->deadline_ns * 1e-9);
    }
    write_number(&w, "budget", goal->budget);
    write_text(&w, "currency", goal->currency);
    write_number(&w, "steps", goal->steps);
    write_number(&w, "tokens", goal->tokens);
    km_json_object_end(&w);
    enum km_code code =
        buf.failed ? km_fail(err, KM_ELIMIT, "the goal is too long to be kept")
                   : put_note(store, goal->name, goal->made_ns,
                              (struct km_str){buf.bytes, buf.len}, err);
    km_buf_finish(&buf);
    return code;
}

enum km_code km_goal_delete(struct km_store *store, const char *name,
                            struct km_err *err)
{
    return put_note(store, name, KM_TIME_ABSENT, KM_STR(""), err);
}

/* "+3d": the nanoseconds. */
static bool parse_span(const char *text, int64_t *span_ns)
{
    size_t len = strlen(text);
    double count;
    if (len < 3 || text[0] != '+' ||
        !km_number_parse((struct km_str){text + 1, len - 2}, &count) ||
        !(count > 0) || count > 1e6) {
        return false;
    }
    static const struct {
        char letter;
        double seconds;
    } units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    for (size_t i = 0; i < 4; i++) {
        double seconds = count * units[i].seconds;
        if (text[len - 1] == units[i].letter && seconds < 4e9) {
            *span_ns = (int64_t)(seconds * 1e9);
            return true;
        }
    }
    return false;
}

bool km_deadline_parse(const char *text, int64_t now_ns, int64_t *deadline_ns)
{
    int64_t span_ns;
    if (text[0] == '+') {
        bool valid = parse_span(text, &span_ns);
        *deadline_ns = valid ? now_ns + span_ns : 0;
        return valid;
    }
    char full[32];
    size_t len = strlen(text);
    if (len != 10) {
        return km_time_parse(text, len, deadline_ns) != 0;
    }
    memcpy(full, text, len);
    memcpy(full + len, "T00:00:00Z", 11);
    bool valid = km_time_parse(full, strlen(full), deadline_ns) != 0;
    *deadline_ns += valid ? DAY_NS : 0;
    return valid;
}
