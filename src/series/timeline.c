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

/* The longest loaded series that has times. */
static const struct km_track *find_timed(const struct km_run_view *view)
{
    const struct km_track *best = NULL;
    for (int role = 0; role < KM_ROLE_COUNT; role++) {
        const struct km_track *track = view->tracks[role];
        if (track && (!best || track->count > best->count) &&
            has_times(track)) {
            best = track;
        }
    }
    return best;
}

/* A name like step_avg or mean_step_time says that values are averages. */
static bool is_average(const char *name)
{
    struct km_str text = km_str_of(name);
    return km_glob_match(KM_STR("*avg*"), text) ||
           km_glob_match(KM_STR("*mean*"), text) ||
           km_glob_match(KM_STR("*average*"), text);
}

/* Stretches of points [from, to), which are of one attempt. */
static void fill_attempt(struct km_timeline *timeline,
                         const struct clock_track *clock, size_t from,
                         size_t to, bool skip)
{
    const double *step = clock->track->step, *reading = clock->reading;
    double enough = step[from] + (skip ? KM_TIMELINE_START_STEPS : -1);
    size_t count = timeline->count;
    for (size_t i = clock->per_step ? from : from + 1; i < to; i++) {
        double before = i > from ? step[i - 1] : step[i] - 1;
        double steps = step[i] - before;
        double seconds =
            clock->per_step ? steps * reading[i] : reading[i] - reading[i - 1];
        if (before >= enough && steps > 0 && seconds > 0 &&
            seconds < (double)INFINITY) {
            timeline->at[count] = step[i];
            timeline->steps[count] = steps;
            timeline->seconds[count] = seconds;
            count++;
        }
    }
    timeline->count = count;
}

/* Fills the stretches; `skip` leaves out the first steps of each attempt. */
static void fill(struct km_timeline *timeline, const struct clock_track *clock,
                 bool skip)
{
    const struct km_track *track = clock->track;
    timeline->count = 0;
    for (size_t from = 0, to; from < track->count; from = to) {
        to = from + 1;
        while (to < track->count &&
               track->attempt[to] == track->attempt[from]) {
            to++;
        }
        fill_attempt(timeline, clock, from, to, skip);
    }
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

enum km_code km_timeline_build(const struct km_run_view *view,
                               struct km_arena *arena,
                               struct km_timeline *timeline, struct km_err *err)
{
    *timeline = (struct km_timeline){.timed = find_timed(view)};
    struct clock_track clock =
        choose_clock(view, timeline->timed, arena, timeline);
    if (!clock.track) {
        return KM_OK;
    }
    size_t count = clock.track->count;
    timeline->at = km_arena_alloc(arena, count * sizeof(double));
    timeline->steps = km_arena_alloc(arena, count * sizeof(double));
    timeline->seconds = km_arena_alloc(arena, count * sizeof(double));
    if (!timeline->at || !timeline->steps || !timeline->seconds ||
        !timeline->source) {
        return km_fail(err, KM_ELIMIT,
                       "%zu step times do not fit the memory allowed for one "
                       "command",
                       count);
    }
    fill(timeline, &clock, true);
    if (timeline->count == 0) {
        fill(timeline, &clock, false);
    }
    return KM_OK;
}
