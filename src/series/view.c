/* view.c - loads a series for each role, and resolves attempts. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/view.h"

#include <assert.h>
#include <math.h>

#include "series/bins.h"
#include "series/listing.h"
#include "series/load.h"
#include "series/sort.h"

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the run does not fit the memory allowed for one command");
}

static const char *track_name(struct km_arena *arena,
                              const struct km_series_row *row)
{
    if (!row->labels.len) {
        return row->metric.ptr;
    }
    return km_arena_printf(arena, "%s {%s}", row->metric.ptr, row->labels.ptr);
}

static enum km_code load_tracks(struct km_store *store,
                                const struct km_candidate *best,
                                struct km_arena *arena,
                                struct km_run_view *view, struct km_err *err)
{
    for (int role = 0; role < KM_ROLE_COUNT; role++) {
        const struct km_candidate *chosen = &best[role];
        if (!chosen->taken) {
            continue;
        }
        struct km_track *track = km_new(arena, struct km_track, 1);
        const char *name = track_name(arena, &chosen->row);
        if (!track || !name) {
            return fail_full(err);
        }
        *track = (struct km_track){.series_id = chosen->row.id,
                                   .name = name,
                                   .of = chosen->of,
                                   .flags = chosen->row.flags};
        enum km_code code =
            km_track_load(store, &chosen->row, view->origin_ns,
                          (uint32_t)view->attempt_count, arena, track, err);
        if (code != KM_OK) {
            return code;
        }
        view->tracks[role] = track;
    }
    return KM_OK;
}

/* What each attempt has in one track: scratch of resolve(). */
struct presence {
    bool *has;           /* [attempt] has points in this track */
    double *first_step;  /* [attempt] of its first point there */
    double *restart;     /* [attempt] over all tracks, NaN: none */
    double *superseding; /* [attempt] steps from here on are superseded */
};

static void find_presence(const struct km_track *track, size_t attempts,
                          struct presence *presence)
{
    memset(presence->has, 0, attempts * sizeof *presence->has);
    if (attempts == 1 && track->count) { /* the usual case, in no time */
        presence->has[0] = true;
        presence->first_step[0] = track->step[0];
        return;
    }
    uint32_t current = UINT32_MAX;
    for (size_t i = 0; i < track->count; i++) {
        uint32_t attempt = track->attempt[i];
        if (attempt != current && !presence->has[attempt]) {
            presence->has[attempt] = true;
            presence->first_step[attempt] = track->step[i];
        }
        current = attempt;
    }
}

/* Lowers each attempt's restart step to its first step in this track, where an
 * earlier attempt has the track too. */
static void lower_restarts(const struct km_run_view *view,
                           struct presence *presence)
{
    bool earlier = false;
    for (size_t k = 0; k < view->attempt_count; k++) {
        bool stated = view->attempts[k].restart_step != KM_STEP_ABSENT;
        double first = presence->first_step[k];
        if (presence->has[k] && earlier && !stated &&
            !(presence->restart[k] <= first)) {
            presence->restart[k] = first;
        }
        earlier |= presence->has[k];
    }
}

/* Books each ghost on the first later attempt that went over it. */
static void count_superseded(struct km_run_view *view,
                             const struct km_track *track,
                             const struct presence *presence)
{
    size_t end = track->count + track->ghost_count;
    for (size_t i = track->count; i < end; i++) {
        size_t k = track->attempt[i] + 1;
        while (k < view->attempt_count &&
               !(presence->has[k] && presence->restart[k] <= track->step[i])) {
            k++;
        }
        assert(k < view->attempt_count);
        view->attempts[k].superseded++;
    }
}

/* Splits a track into what stands and what was superseded, in place. */
static bool split_track(struct km_run_view *view, struct km_track *track,
                        struct presence *presence, struct km_arena *arena)
{
    size_t attempts = view->attempt_count, total = track->count;
    find_presence(track, attempts, presence);
    double bound = INFINITY;
    for (size_t k = attempts; k-- > 0;) {
        presence->superseding[k] = bound;
        if (presence->has[k] && presence->restart[k] < bound) {
            bound = presence->restart[k];
        }
    }
    uint32_t *ghosts = NULL;
    size_t live = 0, ghost_count = 0;
    for (size_t i = 0; attempts > 1 && i < total; i++) {
        ghost_count +=
            track->step[i] >= presence->superseding[track->attempt[i]];
    }
    if (ghost_count) {
        ghosts = km_arena_alloc(arena, total * sizeof *ghosts);
        if (!ghosts) {
            return false;
        }
        size_t ghost = total - ghost_count;
        for (size_t i = 0; i < total; i++) {
            bool gone =
                track->step[i] >= presence->superseding[track->attempt[i]];
            ghosts[gone ? ghost++ : live++] = (uint32_t)i;
        }
        if (!km_track_permute(track, ghosts, total, arena)) {
            return false;
        }
    }
    track->count = total - ghost_count;
    track->ghost_count = ghost_count;
    count_superseded(view, track, presence);
    return km_track_sort(track, arena);
}

static enum km_code resolve(struct km_run_view *view, struct km_arena *arena,
                            struct km_err *err)
{
    size_t n = view->attempt_count;
    struct presence presence = {.has = km_new(arena, bool, n),
                                .first_step = km_new(arena, double, n),
                                .restart = km_new(arena, double, n),
                                .superseding = km_new(arena, double, n)};
    if (!presence.has || !presence.first_step || !presence.restart ||
        !presence.superseding) {
        return fail_full(err);
    }
    for (size_t k = 0; k < n; k++) {
        int64_t stated = view->attempts[k].restart_step;
        presence.restart[k] =
            stated == KM_STEP_ABSENT ? (double)NAN : (double)stated;
    }
    for (int role = 0; role < KM_ROLE_COUNT; role++) {
        if (view->tracks[role]) {
            find_presence(view->tracks[role], n, &presence);
            lower_restarts(view, &presence);
        }
    }
    for (int role = 0; role < KM_ROLE_COUNT; role++) {
        if (view->tracks[role] &&
            !split_track(view, view->tracks[role], &presence, arena)) {
            return fail_full(err);
        }
    }
    for (size_t k = 0; k < n; k++) {
        if (!isnan(presence.restart[k])) {
            view->attempts[k].restart_step = presence.restart[k] < 0x1p63
                                                 ? (int64_t)presence.restart[k]
                                                 : INT64_MAX;
        }
    }
    return KM_OK;
}

enum km_code km_run_view_load(struct km_store *store, uint64_t run_id,
                              const struct km_role_table *roles,
                              struct km_arena *arena, struct km_run_view *view,
                              struct km_err *err)
{
    struct km_candidate *best =
        km_new(arena, struct km_candidate, KM_ROLE_COUNT);
    if (!best) {
        return fail_full(err);
    }
    enum km_code code =
        km_run_list_tracks(store, run_id, roles, arena, view, best, err);
    if (code == KM_OK) {
        code = load_tracks(store, best, arena, view, err);
    }
    return code != KM_OK ? code : resolve(view, arena, err);
}

size_t km_track_find(const struct km_track *track, double step)
{
    return km_bins_find(track->step, track->count, step);
}
