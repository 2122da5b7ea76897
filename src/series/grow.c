/* grow.c - new points of the last attempt, put behind those that are there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "series/listing.h"
#include "series/load.h"

struct growing {
    const struct km_run_view *view;
    struct km_track *track;
    uint64_t added, taken;
    size_t known; /* that stand at the tail's step, yet to be passed over */
    int64_t last; /* steps may not fall */
    bool spoilt;
};

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the run does not fit the memory allowed for one command");
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool same_role(const struct km_role_of *a, const struct km_role_of *b)
{
    return a->role == b->role && same_text(a->unit, b->unit) &&
           a->better == b->better && !(a->scale < b->scale) &&
           !(a->scale > b->scale) && a->per_device == b->per_device;
}

/* Is the track of this series the same as before, but for more points? */
static bool may_grow(const struct km_run_view *view,
                     const struct km_track *track,
                     const struct km_candidate *now)
{
    size_t attempts = view->attempt_count;
    if (!track || !now->taken) {
        return !track && !now->taken;
    }
    if (track->series_id != now->row.id || !same_role(&track->of, &now->of) ||
        track->flags != now->row.flags || now->row.summary.n < track->stored ||
        track->every != km_track_every(now->row.summary.n)) {
        return false;
    }
    if (now->row.summary.n == track->stored) {
        return true;
    }
    bool last =
        attempts == 1 ||
        (track->count && track->attempt[track->count - 1] + 1 == attempts);
    return last && track->tail_step != KM_STEP_ABSENT && track->count;
}

static bool same_run(const struct km_run_view *old,
                     const struct km_run_view *now,
                     const struct km_candidate *best)
{
    bool same = old->attempt_count == now->attempt_count &&
                old->origin_ns == now->origin_ns &&
                same_text(old->project, now->project) &&
                same_text(old->name, now->name) &&
                same_text(old->source, now->source);
    for (size_t k = 0; same && k < old->attempt_count; k++) {
        same = old->attempts[k].ordinal == now->attempts[k].ordinal &&
               old->attempts[k].stated_step == now->attempts[k].stated_step &&
               same_text(old->attempts[k].reason, now->attempts[k].reason);
    }
    for (int role = 0; same && role < KM_ROLE_COUNT; role++) {
        same = may_grow(old, old->tracks[role], &best[role]);
    }
    return same;
}

static void move(struct km_track *track, size_t from, size_t to, size_t count)
{
    memmove(track->step + to, track->step + from, count * sizeof(double));
    memmove(track->time_s + to, track->time_s + from, count * sizeof(double));
    memmove(track->value + to, track->value + from, count * sizeof(double));
    memmove(track->attempt + to, track->attempt + from,
            count * sizeof *track->attempt);
}

/* Room for `more` live points before the ghosts. */
static bool open_gap(struct km_track *track, size_t more,
                     struct km_arena *arena)
{
    size_t have = track->count + track->ghost_count, need = have + more, cap;
    double **const columns[] = {&track->step, &track->time_s, &track->value};
    for (size_t i = 0; i < 3; i++) {
        cap = track->cap;
        *columns[i] = km_arena_widen(arena, *columns[i], have, &cap, need,
                                     sizeof(double));
        if (!*columns[i]) {
            return false;
        }
    }
    track->attempt = km_arena_widen(arena, track->attempt, have, &track->cap,
                                    need, sizeof *track->attempt);
    if (track->attempt) {
        move(track, track->count, track->count + more, track->ghost_count);
    }
    return track->attempt != NULL;
}

static bool take_more(void *user, const struct km_columns *columns)
{
    struct growing *g = user;
    struct km_track *track = g->track;
    size_t from = 0;
    if (columns->attempt + 1 != g->view->attempt_count) {
        return true;
    }
    for (; g->known && from < columns->count; from++) {
        g->spoilt |= columns->steps[from] != track->tail_step;
        g->known--;
    }
    for (size_t i = from; i < columns->count; i++) {
        g->spoilt |= columns->steps[i] < g->last;
        g->last = columns->steps[i];
    }
    g->taken += columns->count - from;
    g->spoilt |= g->taken > g->added;
    if (!g->spoilt) {
        km_track_take(track, columns, from, g->view->origin_ns);
        km_track_note_tail(track, columns, from);
    }
    return !g->spoilt;
}

/* False in `*grown`: its past is not what it was. */
static enum km_code grow_track(struct km_store *store,
                               const struct km_run_view *view,
                               const struct km_candidate *now,
                               struct km_track *track, struct km_arena *arena,
                               bool *grown, struct km_err *err)
{
    struct growing g = {.view = view,
                        .track = track,
                        .added = now->row.summary.n - track->stored,
                        .known = track->tail_same,
                        .last = track->tail_step};
    *grown = true;
    if (!g.added) {
        return KM_OK;
    }
    track->stored += g.added;
    size_t gap = (size_t)g.added, ghosts_at = track->count + gap;
    if (!open_gap(track, gap, arena)) {
        return fail_full(err);
    }
    const struct km_point_range tail = {track->tail_step, INT64_MAX};
    enum km_code code =
        km_store_read_points(store, now->row.id, &tail, take_more, &g, err);
    *grown = !g.spoilt && !g.known && g.taken == g.added;
    move(track, ghosts_at, track->count, track->ghost_count);
    return code;
}

enum km_code km_run_view_grow(struct km_store *store,
                              const struct km_role_table *roles,
                              struct km_arena *arena, struct km_arena *scratch,
                              struct km_run_view *view, bool *grown,
                              struct km_err *err)
{
    struct km_run_view now;
    struct km_candidate *best =
        km_new(scratch, struct km_candidate, KM_ROLE_COUNT);
    if (!best) {
        return fail_full(err);
    }
    enum km_code code = km_run_list_tracks(store, view->run_id, roles, scratch,
                                           &now, best, err);
    *grown = code == KM_OK && same_run(view, &now, best);
    for (int role = 0; *grown && role < KM_ROLE_COUNT; role++) {
        if (code == KM_OK && view->tracks[role]) {
            code = grow_track(store, view, &best[role], view->tracks[role],
                              arena, grown, err);
        }
    }
    view->state = now.state;
    view->created_ns = now.created_ns;
    view->ended_ns = now.ended_ns;
    view->last_time_ns = now.last_time_ns;
    view->series_count = now.series_count;
    return code;
}
