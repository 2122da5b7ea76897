/* goal.c - goals as notes of the store: read, written, matched. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/goal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "score/note_fields.h"

static const int64_t DAY_NS = 86400000000000;

enum { FIELDS = 8 };

/* The document of a goal. */
static void list_fields(struct km_goal *goal, double *deadline_s,
                        struct km_note_field *fields)
{
    const struct km_note_field rows[FIELDS] = {
        {"runs", NULL, &goal->runs},     {"metric", NULL, &goal->metric},
        {"target", &goal->target, NULL}, {"deadline", deadline_s, NULL},
        {"budget", &goal->budget, NULL}, {"currency", NULL, &goal->currency},
        {"steps", &goal->steps, NULL},   {"tokens", &goal->tokens, NULL},
    };
    memcpy(fields, rows, sizeof rows);
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
    struct km_note_field fields[FIELDS];
    double deadline_s = NAN;
    list_fields(goal, &deadline_s, fields);
    goal->name = km_arena_copy(arena, note->key.ptr, note->key.len);
    *full |= !goal->name;
    bool valid = km_note_read(note, fields, FIELDS, arena, full);
    if (isfinite(deadline_s)) {
        goal->deadline_ns = km_time_of_seconds(deadline_s);
    }
    return valid && goal->name && isfinite(goal->target) && *goal->runs;
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

enum km_code km_goal_put(struct km_store *store, const struct km_goal *goal,
                         struct km_err *err)
{
    struct km_goal kept = *goal;
    struct km_note_field fields[FIELDS];
    double deadline_s = goal->deadline_ns == KM_TIME_ABSENT
                            ? (double)NAN
                            : (double)goal->deadline_ns * 1e-9;
    list_fields(&kept, &deadline_s, fields);
    const struct km_note note = {.kind = KM_STR("goal"),
                                 .key = km_str_of(goal->name),
                                 .time_ns = goal->made_ns};
    enum km_code code = km_name_check(note.key, "the goal", err);
    return code ? code : km_note_write(store, &note, fields, FIELDS, err);
}

enum km_code km_goal_delete(struct km_store *store, const char *name,
                            struct km_err *err)
{
    const struct km_note note = {.kind = KM_STR("goal"),
                                 .key = km_str_of(name),
                                 .time_ns = KM_TIME_ABSENT,
                                 .json = KM_STR("")};
    enum km_code code = km_name_check(note.key, "the goal", err);
    return code ? code : km_store_put_notes(store, &note, 1, err);
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
