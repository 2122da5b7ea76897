/* events.c - a watcher, a ring, and viewers that wait. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/events.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/wait.h"
#include "report/fleet_json.h"

enum {
    LOOK_MS = 500,
    BEAT_MS = 15 * 1000,
    ROW_BYTES_MAX = 64 * KM_KIB,
    TOLD_MAX = 256, /* events that a viewer takes at once */
};
static const int64_t MS = 1000000;

struct event {
    uint64_t number, run_id;
    char *project; /* both in one block, with the row behind */
    const char *row;
};

struct km_viewer {
    struct km_events *events;
    struct km_viewer *next, *before;
    struct MHD_Connection *connection;
    uint64_t after, run;
    char *project; /* NULL: all */
    struct km_buf out;
    size_t at; /* of `out`, given already */
    bool reload, suspended;
    int64_t beat_ns; /* when it was told something last */
};

/* What was told of a run. */
struct told {
    uint64_t version;
    uint64_t look; /* in which it was there */
    uint64_t run_id;
    bool fresh;
};

struct km_events {
    struct km_store *store;
    struct km_fleet_share *share;
    const struct km_clock *clock;
    pthread_mutex_t lock;
    pthread_cond_t change;
    pthread_t thread;
    bool end;
    uint64_t epoch; /* of this server: numbers of another mean nothing */
    struct event ring[KM_EVENTS_KEPT_MAX];
    uint64_t number;        /* of the newest event */
    struct km_viewer first; /* of the ring of viewers */
    size_t viewer_count;
    /* the watcher's own */
    struct km_arena kept;
    struct km_id_map at;
    struct told *told;
    size_t told_count, told_cap;
    uint64_t look, generation;
    bool looked;
};

static int64_t now_ns(const struct km_events *events)
{
    return km_clock_monotonic_ns(events->clock);
}

/* ---- the watcher ---- */

/* Under the lock. `row` is NUL-terminated. */
static void add_event(struct km_events *events, uint64_t run_id,
                      struct km_str project, const char *row, size_t row_len)
{
    char *block = malloc(project.len + 1 + row_len + 1);
    struct event *event =
        &events->ring[(events->number + 1) % KM_EVENTS_KEPT_MAX];
    if (!block) {
        return; /* viewers see it with the next change */
    }
    memcpy(block, project.ptr ? project.ptr : "", project.len);
    block[project.len] = '\0';
    memcpy(block + project.len + 1, row, row_len);
    block[project.len + 1 + row_len] = '\0';
    free(event->project);
    *event = (struct event){++events->number, run_id, block,
                            block + project.len + 1};
}

/* The memory of a run; NULL: none can be had. */
static struct told *told_of(struct km_events *events, uint64_t run_id)
{
    uint32_t at = km_id_map_find(&events->at, run_id);
    if (at != KM_ID_ABSENT) {
        return &events->told[at];
    }
    struct told *told =
        km_arena_widen(&events->kept, events->told, events->told_count,
                       &events->told_cap, events->told_count + 1, sizeof *told);
    if (!told ||
        !km_id_map_put(&events->at, run_id, (uint32_t)events->told_count)) {
        return NULL;
    }
    events->told = told;
    told[events->told_count] = (struct told){.run_id = run_id};
    return &told[events->told_count++];
}

static void tell_row(struct km_events *events, const struct km_fleet_row *row)
{
    struct km_json_writer w;
    struct km_arena arena;
    struct km_buf out;
    km_arena_init(&arena, KM_MIB);
    km_buf_init(&out, ROW_BYTES_MAX);
    km_json_writer_init(&w, &out);
    km_json_fleet_row(&w, &arena, row);
    if (!out.failed) {
        (void)pthread_mutex_lock(&events->lock);
        add_event(events, row->run.id, row->run.meta.project, out.bytes,
                  out.len);
        (void)pthread_mutex_unlock(&events->lock);
    }
    km_buf_finish(&out);
    km_arena_finish(&arena);
}

/* Runs that are not there any more. */
static void tell_gone(struct km_events *events)
{
    for (size_t i = 0; i < events->told_count; i++) {
        struct told *told = &events->told[i];
        if (told->version && told->look != events->look) {
            char row[64];
            int len = snprintf(row, sizeof row,
                               "{\"id\":\"%016" PRIx64 "\",\"gone\":true}",
                               told->run_id);
            told->version = 0;
            (void)pthread_mutex_lock(&events->lock);
            add_event(events, told->run_id, (struct km_str){"", 0}, row,
                      (size_t)len);
            (void)pthread_mutex_unlock(&events->lock);
        }
    }
}

/* One look at the fleet; what is other than it was is told, but for the first
 * time, when nobody can have seen anything before. */
static void look_at_fleet(struct km_events *events)
{
    struct km_err err = {.code = KM_OK};
    enum km_code code = km_fleet_share_hold(events->share, true, &err);
    const struct km_fleet *fleet = &events->share->fleet;
    events->look++;
    for (size_t i = 0; i < fleet->count && code == KM_OK; i++) {
        const struct km_fleet_row *row = &fleet->rows[i];
        struct told *told = told_of(events, row->run.id);
        if (!told) {
            continue;
        }
        bool other =
            told->version != row->version || (row->fresh && !told->fresh);
        if (other && events->looked) {
            tell_row(events, row);
        }
        told->version = row->version;
        told->fresh = row->fresh;
        told->look = events->look;
    }
    if (code == KM_OK) {
        tell_gone(events);
        events->looked = true;
    }
    km_fleet_share_release(events->share);
}

/* Under the lock: those who have something to hear go on. */
static void wake(struct km_events *events)
{
    int64_t now = now_ns(events);
    for (struct km_viewer *v = events->first.next; v != &events->first;
         v = v->next) {
        bool due = events->end || v->reload || v->after < events->number ||
                   now - v->beat_ns > BEAT_MS * MS;
        if (v->suspended && due) {
            v->suspended = false;
            MHD_resume_connection(v->connection);
        }
    }
}

static void *watch(void *user)
{
    struct km_events *events = user;
    (void)pthread_mutex_lock(&events->lock);
    while (!events->end) {
        (void)pthread_mutex_unlock(&events->lock);
        uint64_t generation = 0;
        bool asked =
            km_store_generation(events->store, &generation, NULL) == KM_OK;
        if (!events->looked || events->share->more ||
            (asked && generation != events->generation)) {
            events->generation = generation;
            look_at_fleet(events);
        }
        (void)pthread_mutex_lock(&events->lock);
        wake(events);
        if (!events->end) {
            (void)km_wait_ms(&events->change, &events->lock, LOOK_MS);
        }
    }
    wake(events);
    (void)pthread_mutex_unlock(&events->lock);
    return NULL;
}

struct km_events *km_events_start(struct km_store *store,
                                  struct km_fleet_share *share,
                                  const struct km_clock *clock)
{
    struct km_events *events = calloc(1, sizeof *events);
    if (!events) {
        return NULL;
    }
    events->store = store;
    events->share = share;
    events->clock = clock;
    events->epoch = (uint64_t)km_clock_wall_ns(clock);
    events->first.next = events->first.before = &events->first;
    km_arena_init(&events->kept, KM_ARENA_COMMAND_BYTES_MAX);
    km_id_map_init(&events->at, &events->kept);
    (void)pthread_mutex_init(&events->lock, NULL);
    (void)pthread_cond_init(&events->change, NULL);
    if (pthread_create(&events->thread, NULL, watch, events) != 0) {
        events->end = true;
        km_events_destroy(events);
        return NULL;
    }
    return events;
}

void km_events_end(struct km_events *events)
{
    (void)pthread_mutex_lock(&events->lock);
    events->end = true;
    (void)pthread_cond_signal(&events->change);
    (void)pthread_mutex_unlock(&events->lock);
    (void)pthread_join(events->thread, NULL);
}

void km_events_destroy(struct km_events *events)
{
    for (size_t i = 0; i < KM_EVENTS_KEPT_MAX; i++) {
        free(events->ring[i].project);
    }
    km_arena_finish(&events->kept);
    (void)pthread_cond_destroy(&events->change);
    (void)pthread_mutex_destroy(&events->lock);
    free(events);
}

/* ---- viewers ---- */

void km_events_cursor(struct km_events *events, char out[48])
{
    (void)pthread_mutex_lock(&events->lock);
    (void)snprintf(out, 48, "%016" PRIx64 "-%" PRIu64, events->epoch,
                   events->number);
    (void)pthread_mutex_unlock(&events->lock);
}

size_t km_viewer_count(struct km_events *events)
{
    (void)pthread_mutex_lock(&events->lock);
    size_t count = events->viewer_count;
    (void)pthread_mutex_unlock(&events->lock);
    return count;
}

/* Under the lock. "EPOCH-NUMBER" of this server whose successors are all in
 * the ring; else the viewer is to load anew. */
static void begin_after(struct km_viewer *viewer, const char *after)
{
    const struct km_events *events = viewer->events;
    viewer->after = events->number;
    if (!after) {
        return;
    }
    char *end = NULL;
    uint64_t epoch = strtoull(after, &end, 16);
    uint64_t number = *end == '-' ? strtoull(end + 1, &end, 10) : UINT64_MAX;
    bool mine = epoch == events->epoch && number <= events->number;
    viewer->reload = !mine || events->number - number >= KM_EVENTS_KEPT_MAX;
    viewer->after = viewer->reload ? events->number : number;
}

struct km_viewer *km_viewer_create(struct km_events *events,
                                   struct MHD_Connection *connection,
                                   const char *after, uint64_t run,
                                   struct km_str project)
{
    struct km_viewer *viewer = calloc(1, sizeof *viewer);
    char *copy = project.len ? malloc(project.len + 1) : NULL;
    if (!viewer || (project.len && !copy)) {
        free(viewer);
        free(copy);
        return NULL;
    }
    if (copy) {
        memcpy(copy, project.ptr, project.len);
        copy[project.len] = '\0';
    }
    viewer->events = events;
    viewer->connection = connection;
    viewer->run = run;
    viewer->project = copy;
    viewer->beat_ns = now_ns(events);
    km_buf_init(&viewer->out, KM_MIB);
    km_buf_append_text(&viewer->out, "retry: 2000\n\n");
    (void)pthread_mutex_lock(&events->lock);
    bool room = events->viewer_count < KM_VIEWERS_MAX && !events->end;
    if (room) {
        begin_after(viewer, after);
        viewer->next = events->first.next;
        viewer->before = &events->first;
        viewer->next->before = events->first.next = viewer;
        events->viewer_count++;
    }
    (void)pthread_mutex_unlock(&events->lock);
    if (!room) {
        km_buf_finish(&viewer->out);
        free(viewer->project);
        free(viewer);
        return NULL;
    }
    return viewer;
}

void km_viewer_destroy(struct km_viewer *viewer)
{
    struct km_events *events = viewer->events;
    (void)pthread_mutex_lock(&events->lock);
    viewer->before->next = viewer->next;
    viewer->next->before = viewer->before;
    events->viewer_count--;
    (void)pthread_mutex_unlock(&events->lock);
    km_buf_finish(&viewer->out);
    free(viewer->project);
    free(viewer);
}

static bool is_for(const struct km_viewer *viewer, const struct event *event)
{
    return (!viewer->run || viewer->run == event->run_id) &&
           (!viewer->project || !*event->project ||
            strcmp(viewer->project, event->project) == 0);
}

/* Under the lock: what it has not heard yet. */
static void collect(struct km_viewer *viewer)
{
    struct km_events *events = viewer->events;
    int64_t now = now_ns(events);
    km_buf_reset(&viewer->out);
    viewer->at = 0;
    if (events->number - viewer->after >= KM_EVENTS_KEPT_MAX) {
        viewer->reload = true; /* it fell behind */
        viewer->after = events->number;
    }
    if (viewer->reload) {
        km_buf_printf(&viewer->out,
                      "event: reload\nid: %016" PRIx64 "-%" PRIu64
                      "\ndata: {}\n\n",
                      events->epoch, viewer->after);
        viewer->reload = false;
    }
    for (int n = 0; n < TOLD_MAX && viewer->after < events->number; n++) {
        const struct event *event =
            &events->ring[++viewer->after % KM_EVENTS_KEPT_MAX];
        if (event->number == viewer->after && is_for(viewer, event)) {
            km_buf_printf(&viewer->out,
                          "event: run\nid: %016" PRIx64 "-%" PRIu64
                          "\ndata: %s\n\n",
                          events->epoch, event->number, event->row);
        }
    }
    if (!viewer->out.len && now - viewer->beat_ns > BEAT_MS * MS) {
        km_buf_append_text(&viewer->out, ":\n\n");
    }
    if (viewer->out.len) {
        viewer->beat_ns = now;
    }
}

long km_viewer_read(struct km_viewer *viewer, char *bytes, size_t max)
{
    struct km_events *events = viewer->events;
    long given = 0;
    (void)pthread_mutex_lock(&events->lock);
    if (viewer->at == viewer->out.len) {
        collect(viewer);
    }
    size_t left = viewer->out.len - viewer->at;
    if (viewer->out.failed) {
        given = -1;
    } else if (left) {
        left = left < max ? left : max;
        memcpy(bytes, viewer->out.bytes + viewer->at, left);
        viewer->at += left;
        given = (long)left;
    } else if (events->end) {
        given = -1;
    } else {
        viewer->suspended = true;
        MHD_suspend_connection(viewer->connection);
    }
    (void)pthread_mutex_unlock(&events->lock);
    return given;
}
