/* timeline.c - stretches between neighbouring points of one attempt. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/timeline.h"

#include <math.h>

/* A cumulative clock (training time, or the times of points), or one value per
 * step. */
struct clock_track {
    const struct km_track *track;
    const double *reading; /* cumulative seconds, or seconds a step */
    bool per_step;
};

static bool has_times(const struct km_track *track)
{
    size_t timed = 0;
    for (size_t i = 0; i < track->count && timed < 2; i++) {
        timed += isfinite(track->time_s[i]) != 0;
    }
    return timed == 2;
}

/* The longest loaded series that has times, or an earlier role's that is nearly
 * as long: two that are logged together do not take turns. */
static const struct km_track *find_timed(const struct km_run_view *view)
{
    size_t longest = 0;
    bool has[KM_ROLE_COUNT] = {false};
    for (int role = 0; role < KM_ROLE_COUNT; role++) {
        const struct km_track *track = view->tracks[role];
        has[role] = track && has_times(track);
        longest = has[role] && track->count > longest ? track->count : longest;
    }
    for (int role = 0; role < KM_ROLE_COUNT; role++) {
        const struct km_track *track = view->tracks[role];
        if (has[role] && track->count >= longest - longest / 10) {
            return track;
        }
    }
    return NULL;
}

/* A name like step_avg or mean_step_time says that values are averages. */
static bool is_average(const char *name)
{
    struct km_str text = km_str_of(name);
    return km_glob_match(KM_STR("*avg*"), text) ||
           km_glob_match(KM_STR("*mean*"), text) ||
           km_glob_match(KM_STR("*average*"), text);
}

/* Stretches up to the points that were not taken up yet. */
static void fill(struct km_timeline *timeline, const struct clock_track *clock)
{
    const struct km_track *track = clock->track;
    const double *step = track->step, *reading = clock->reading;
    for (size_t i = timeline->taken; i < track->count; i++) {
        bool first = i == 0 || track->attempt[i] != track->attempt[i - 1];
        timeline->first = first ? i : timeline->first;
        if (first && !clock->per_step) {
            continue;
        }
        double enough = step[timeline->first] +
                        (timeline->skip ? KM_TIMELINE_START_STEPS : -1);
        double before = first ? step[i] - 1 : step[i - 1];
        double steps = step[i] - before;
        double seconds =
            clock->per_step ? steps * reading[i] : reading[i] - reading[i - 1];
        if (before >= enough && steps > 0 && seconds > 0 &&
            seconds < (double)INFINITY) {
            timeline->at[timeline->count] = step[i];
            timeline->steps[timeline->count] = steps;
            timeline->seconds[timeline->count] = seconds;
            timeline->count++;
        }
    }
    timeline->taken = track->count;
}

static struct clock_track choose_clock(const struct km_run_view *view,
                                       const struct km_track *timed,
                                       struct km_arena *arena,
                                       struct km_timeline *timeline)
{
    const struct km_track *train = view->tracks[KM_ROLE_TRAIN_TIME];
    const struct km_track *steps = view->tracks[KM_ROLE_STEP_TIME];
    if (train && train->count >= 2) {
        timeline->source =
            km_arena_printf(arena, "training time logged as %s", train->name);
        return (struct clock_track){train, train->value, false};
    }
    bool averaged = steps && is_average(steps->name);
    if (steps && steps->count && (!averaged || !timed)) {
        timeline->source =
            km_arena_printf(arena, "step time logged as %s", steps->name);
        timeline->averaged = averaged;
        return (struct clock_track){steps, steps->value, true};
    }
    if (timed) {
        timeline->estimated = timed->flags & KM_SERIES_TIME_ESTIMATED;
        timeline->source = km_arena_printf(
            arena, "%stimes of the points of %s",
            timeline->estimated ? "estimated " : "", timed->name);
        return (struct clock_track){timed, timed->time_s, false};
    }
    return (struct clock_track){0};
}

/* Room for a stretch a point. */
static bool make_room(struct km_timeline *timeline, size_t need,
                      struct km_arena *arena)
{
    double **const columns[] = {&timeline->at, &timeline->steps,
                                &timeline->seconds};
    size_t cap = timeline->cap;
    for (size_t i = 0; i < 3; i++) {
        cap = timeline->cap;
        *columns[i] = km_arena_widen(arena, *columns[i], timeline->count, &cap,
                                     need, sizeof(double));
        if (!*columns[i]) {
            return false;
        }
    }
    timeline->cap = cap;
    return true;
}

/* Goes on where `old` was, if that may be: of a run so short that its start is
 * not left out, that may be so no longer. */
static void go_on(struct km_timeline *timeline, const struct km_timeline *old,
                  const struct km_track *clock)
{
    bool same = old->clock == clock && old->skip;
    timeline->clock = clock;
    timeline->skip = true;
    timeline->at = old->at;
    timeline->steps = old->steps;
    timeline->seconds = old->seconds;
    timeline->cap = old->cap;
    timeline->count = same ? old->count : 0;
    timeline->taken = same ? old->taken : 0;
    timeline->first = same ? old->first : 0;
}

enum km_code km_timeline_build(const struct km_run_view *view,
                               struct km_arena *arena,
                               struct km_timeline *timeline, struct km_err *err)
{
    *timeline = (struct km_timeline){.count = 0};
    return km_timeline_more(view, arena, timeline, err);
}

enum km_code km_timeline_more(const struct km_run_view *view,
                              struct km_arena *arena,
                              struct km_timeline *timeline, struct km_err *err)
{
    struct km_timeline old = *timeline;
    *timeline = (struct km_timeline){.timed = find_timed(view)};
    struct clock_track clock =
        choose_clock(view, timeline->timed, arena, timeline);
    if (!clock.track) {
        return KM_OK;
    }
    go_on(timeline, &old, clock.track);
    if (!make_room(timeline, clock.track->count, arena) || !timeline->source) {
        return km_fail(err, KM_ELIMIT,
                       "%zu step times do not fit the memory allowed for one "
                       "command",
                       clock.track->count);
    }
    fill(timeline, &clock);
    if (timeline->count == 0) {
        timeline->skip = false;
        timeline->taken = 0;
        fill(timeline, &clock);
    }
    return KM_OK;
}
