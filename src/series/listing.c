/* listing.c - what a run has: its attempts, and a series for each role. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/listing.h"

#include <string.h>

#include "base/limits.h"

struct choosing {
    struct km_arena *arena;
    const struct km_role_table *roles;
    struct km_candidate *best; /* [KM_ROLE_COUNT] */
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
static bool is_better(const struct km_candidate *a,
                      const struct km_candidate *b)
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
    struct km_candidate candidate = {
        .row = *row,
        .of = km_role_find(choosing->roles, row->metric, row->labels),
        .taken = true};
    struct km_candidate *best = &choosing->best[candidate.of.role];
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
                                 .stated_step = row->restart_step,
                                 .start_ns = row->start_ns,
                                 .reason = reason.ptr};
    return true;
}

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the run does not fit the memory allowed for one command");
}

static enum km_code list_run(struct km_store *store, struct listing *listing,
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

enum km_code km_run_list_tracks(struct km_store *store, uint64_t run_id,
                                const struct km_role_table *roles,
                                struct km_arena *arena,
                                struct km_run_view *view,
                                struct km_candidate *best, struct km_err *err)
{
    *view = (struct km_run_view){.run_id = run_id};
    memset(best, 0, KM_ROLE_COUNT * sizeof *best);
    struct listing listing = {.arena = arena, .view = view};
    enum km_code code = list_run(store, &listing, err);
    if (code != KM_OK) {
        return code;
    }
    struct choosing choosing = {.arena = arena, .roles = roles, .best = best};
    code = km_store_list_series(store, run_id, consider_series, &choosing, err);
    if (code == KM_OK && choosing.full) {
        code = fail_full(err);
    }
    view->series_count = choosing.series_count;
    return code;
}
