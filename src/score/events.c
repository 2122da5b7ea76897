/* events.c - what happened to a run at a step, as marks for its charts. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/input.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score/note_fields.h"

enum { NAME_BYTES_SHOWN = 48, CHECKPOINTS_MAX = 3 };

struct collecting {
    struct km_arena *arena;
    struct km_run_events *events;
    size_t checkpoints_cap;
    size_t seen, every; /* each `every`-th of those seen is kept */
    bool full;
};

/* Starts, epochs and evaluations are too many, restarts have their marks. */
static bool is_shown(struct km_str kind)
{
    static const char *const kinds[] = {"checkpoint", "release", "data_switch",
                                        "incident", "alert"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (km_str_is(kind, kinds[i])) {
            return true;
        }
    }
    return false;
}

/* All of them, for what their waits cost. False: memory is short. */
static bool take_checkpoint(struct collecting *c, double step)
{
    struct km_run_events *events = c->events;
    size_t count = events->checkpoint_count;
    if (count == KM_RUN_CHECKPOINTS_MAX) {
        return true;
    }
    events->checkpoints =
        km_arena_widen(c->arena, events->checkpoints, count,
                       &c->checkpoints_cap, count + 1, sizeof step);
    if (events->checkpoints) {
        events->checkpoints[events->checkpoint_count++] = step;
    }
    return events->checkpoints != NULL;
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* {"seconds": 12.5} and its kin; NaN: it does not say. */
static double read_duration(struct collecting *c, struct km_str detail)
{
    double seconds = NAN, ms = NAN;
    const struct km_note_field fields[] = {
        {.key = "seconds", .number = &seconds},
        {.key = "duration", .number = &seconds},
        {.key = "duration_s", .number = &seconds},
        {.key = "duration_seconds", .number = &seconds},
        {.key = "duration_ms", .number = &ms},
    };
    const struct km_note note = {.json = detail};
    (void)km_note_read(&note, fields, sizeof fields / sizeof *fields, c->arena,
                       &c->full);
    return isnan(seconds) ? ms / 1e3 : seconds;
}

static void take_duration(struct collecting *c, const struct km_event *event)
{
    struct km_run_events *events = c->events;
    bool saved = km_str_is(event->kind, "checkpoint");
    if ((!saved && !km_str_is(event->kind, "evaluation")) ||
        !event->detail_json.len || events->timed_count == KM_TIMED_EVENTS_MAX) {
        return;
    }
    double seconds = read_duration(c, event->detail_json);
    if (!(seconds > 0) || isinf(seconds)) {
        return;
    }
    events->timed = km_arena_widen(c->arena, events->timed, events->timed_count,
                                   &events->timed_cap, events->timed_count + 1,
                                   sizeof *events->timed);
    if (!events->timed) {
        c->full = true;
        return;
    }
    events->timed[events->timed_count++] =
        (struct km_timed_event){saved ? "checkpoint" : "evaluation",
                                event->time_ns, event->step, seconds};
}

static bool take_event(void *user, uint32_t attempt,
                       const struct km_event *event)
{
    (void)attempt;
    struct collecting *c = user;
    struct km_run_events *events = c->events;
    take_duration(c, event);
    if (c->full || event->step == KM_STEP_ABSENT || !is_shown(event->kind)) {
        return !c->full;
    }
    if (km_str_is(event->kind, "checkpoint") &&
        !take_checkpoint(c, (double)event->step)) {
        c->full = true;
        return false;
    }
    if (c->seen++ % c->every) {
        return true;
    }
    if (events->count == KM_RUN_EVENTS_MAX) {
        for (size_t i = 0; i < KM_RUN_EVENTS_MAX / 2; i++) {
            events->marks[i] = events->marks[2 * i];
        }
        events->count /= 2;
        c->every *= 2;
    }
    const char *kind =
        km_arena_copy(c->arena, event->kind.ptr, event->kind.len);
    bool named = event->name.len && event->name.len <= NAME_BYTES_SHOWN;
    const char *name =
        named ? km_arena_copy(c->arena, event->name.ptr, event->name.len) : "";
    const char *text = kind && name && named
                           ? km_arena_printf(c->arena, "%s %s", kind, name)
                           : kind;
    c->full = !kind || !name || !text;
    events->marks[events->count++] =
        (struct km_mark){(double)event->step, kind, text};
    return !c->full;
}

/* A few checkpoints say something; one every so many steps is routine, and ten
 * hairlines hide the curve. */
static void drop_routine(struct km_run_events *events)
{
    size_t checkpoints = 0, kept = 0;
    for (size_t i = 0; i < events->count; i++) {
        checkpoints += strcmp(events->marks[i].kind, "checkpoint") == 0;
    }
    for (size_t i = 0; i < events->count && checkpoints > CHECKPOINTS_MAX;
         i++) {
        if (strcmp(events->marks[i].kind, "checkpoint") != 0) {
            events->marks[kept++] = events->marks[i];
        }
    }
    events->count = checkpoints > CHECKPOINTS_MAX ? kept : events->count;
}

enum km_code km_run_events_load(struct km_store *store, uint64_t run_id,
                                struct km_arena *arena,
                                struct km_run_events *events,
                                struct km_err *err)
{
    struct collecting collecting = {
        .arena = arena, .events = events, .every = 1};
    *events = (struct km_run_events){.count = 0};
    events->marks = km_new(arena, struct km_mark, KM_RUN_EVENTS_MAX);
    enum km_code code = KM_OK;
    if (events->marks) {
        code =
            km_store_read_events(store, run_id, take_event, &collecting, err);
    }
    drop_routine(events);
    if (events->checkpoint_count) {
        qsort(events->checkpoints, events->checkpoint_count,
              sizeof *events->checkpoints, rising);
    }
    if (code == KM_OK && (!events->marks || collecting.full)) {
        return km_fail(err, KM_ELIMIT,
                       "the events of the run do not fit the memory allowed "
                       "for one command");
    }
    return code;
}
