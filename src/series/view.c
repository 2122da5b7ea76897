/* view.c - chooses a series for each role, loads it, and resolves attempts. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/view.h"

#include <assert.h>
#include <math.h>

#include "base/limits.h"
#include "series/load.h"
#include "series/sort.h"

/* One series that may become the track of its role. */
struct candidate {
    struct km_series_row row; /* texts copied into the arena */
    struct km_role_of of;
    bool taken;
};

struct choosing {
    struct km_arena *arena;
    const struct km_role_table *roles;
    struct candidate best[KM_ROLE_COUNT];
    size_t series_count;
    bool full; /* the arena is */
};

struct listing {
    struct km_arena *arena;
    struct km_run_view *view;
    size_t capacity;
    bool found, full;
};

/* Figures read these; the rest of a run's series are never loaded. */
static bool is_wanted(enum km_role role)
{
    return role != KM_ROLE_NONE && role != KM_ROLE_MFU;
}

/* Of two series of one role: not a test set, in nats, with many points, and
 * with a plain name. Points within a factor of two count as equally many. */
static bool is_better(const struct candidate *a, const struct candidate *b)
{
    if (!b->taken) {
        return true;
    }
    const struct km_str test = KM_STR("*test*");
    bool a_test = km_glob_match(test, a->row.metric);
    bool b_test = km_glob_match(test, b->row.metric);
    if (a_test != b_test) {
        return b_test;
    }
    uint64_t a_n = a->row.summary.n, b_n = b->row.summary.n;
    if (a_n / 2 >= b_n || b_n / 2 >= a_n) {
        return a_n > b_n;
    }
    size_t a_len = a->row.metric.len + a->row.labels.len;
    size_t b_len = b->row.metric.len + b->row.labels.len;
    if (a_len != b_len) {
        return a_len < b_len;
    }
    size_t shared = a->row.metric.len < b->row.metric.len ? a->row.metric.len
                                                          : b->row.metric.len;
    int order = memcmp(a->row.metric.ptr, b->row.metric.ptr, shared);
    return order != 0 ? order < 0 : a->row.id < b->row.id;
}

static bool copy_text(struct km_arena *arena, struct km_str *text)
{
    text->ptr = km_arena_copy(arena, text->len ? text->ptr : "", text->len);
    return text->ptr != NULL;
}

static bool consider_series(void *user, const struct km_series_row *row)
{
    struct choosing *choosing = user;
    choosing->series_count++;
    if (row->flags & (KM_SERIES_HISTOGRAM | KM_SERIES_SYSTEM)) {
        return true;
    }
    struct candidate candidate = {
        .row = *row,
        .of = km_role_find(choosing->roles, row->metric, row->labels),
        .taken = true};
    struct candidate *best = &choosing->best[candidate.of.role];
    if (!is_wanted(candidate.of.role) || !row->summary.n ||
        !is_better(&candidate, best)) {
        return true;
    }
    if (!copy_text(choosing->arena, &candidate.row.metric) ||
        !copy_text(choosing->arena, &candidate.row.labels)) {
        choosing->full = true;
        return false;
    }
    *best = candidate;
    return true;
}

static bool take_run(void *user, const struct km_run_row *row)
{
    struct listing *listing = user;
    struct km_run_view *view = listing->view;
    const struct km_run_meta *meta = &row->meta;
    struct km_str name = meta->name.len ? meta->name : meta->external_id;
    struct km_str project = meta->project, source = meta->source;
    listing->full = !copy_text(listing->arena, &name) ||
                    !copy_text(listing->arena, &project) ||
                    !copy_text(listing->arena, &source);
    listing->found = true;
    listing->capacity = row->attempt_count;
    view->name = name.ptr;
    view->project = project.ptr;
    view->source = source.ptr;
    view->state = meta->state;
    view->created_ns = meta->created_ns;
    view->ended_ns = meta->ended_ns;
    view->first_time_ns = row->first_time_ns;
    view->last_time_ns = row->last_time_ns;
    view->origin_ns = row->first_time_ns;
    return false;
}

static bool take_attempt(void *user, const struct km_attempt_row *row)
{
    struct listing *listing = user;
    struct km_run_view *view = listing->view;
    if (view->attempt_count >= listing->capacity) {
        return false; /* came while we were reading */
    }
    struct km_str reason = row->reason;
    if (!copy_text(listing->arena, &reason)) {
        listing->full = true;
        return false;
    }
    view->attempts[view->attempt_count++] =
        (struct km_attempt_view){.ordinal = row->ordinal,
                                 .restart_step = row->restart_step,
                                 .start_ns = row->start_ns,
                                 .reason = reason.ptr};
    return true;
}

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the run does not fit the memory allowed for one command");
}

static enum km_code load_run(struct km_store *store, struct listing *listing,
                             struct km_err *err)
{
    struct km_run_view *view = listing->view;
    struct km_run_filter filter = {.id = view->run_id, .limit = 1};
    enum km_code code =
        km_store_list_runs(store, &filter, take_run, listing, err);
    if (code != KM_OK) {
        return code;
    }
    if (!listing->found) {
        return km_fail(err, KM_ENOTFOUND, "no run with id %016llx",
                       (unsigned long long)view->run_id);
    }
    if (listing->capacity > KM_ATTEMPTS_MAX) {
        return km_fail(err, KM_ELIMIT, "%zu attempts, expected at most %d",
                       listing->capacity, KM_ATTEMPTS_MAX);
    }
    view->attempts =
        km_new(listing->arena, struct km_attempt_view, listing->capacity);
    if (listing->full || !view->attempts) {
        return fail_full(err);
    }
    code =
        km_store_list_attempts(store, view->run_id, take_attempt, listing, err);
    return code != KM_OK ? code : listing->full ? fail_full(err) : KM_OK;
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
                                const struct choosing *choosing,
                                struct km_run_view *view, struct km_err *err)
{
    struct km_arena *arena = choosing->arena;
    for (int role = 0; role < KM_ROLE_COUNT; role++) {
        const struct candidate *chosen = &choosing->best[role];
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
    *view = (struct km_run_view){.run_id = run_id};
    struct listing listing = {.arena = arena, .view = view};
    enum km_code code = load_run(store, &listing, err);
    if (code != KM_OK) {
        return code;
    }
    struct choosing choosing = {.arena = arena, .roles = roles};
    code = km_store_list_series(store, run_id, consider_series, &choosing, err);
    if (code == KM_OK && choosing.full) {
        code = fail_full(err);
    }
    view->series_count = choosing.series_count;
    if (code == KM_OK) {
        code = load_tracks(store, &choosing, view, err);
    }
    return code != KM_OK ? code : resolve(view, arena, err);
}

size_t km_track_find(const struct km_track *track, double step)
{
    size_t low = 0, high = track->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (track->step[middle] < step) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
