/* load.c - columns of the store, appended to arrays that were sized from the
 * series' summary; what would not fit is thinned by averaging neighbours. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/load.h"

#include <math.h>

#include "base/limits.h"

struct loading {
    struct km_track *track;
    int64_t origin_ns;
    uint32_t attempt_count;
};

static void put(struct km_track *track, double step, double time_s,
                double value, uint32_t attempt)
{
    if (track->count < track->cap) {
        track->step[track->count] = step;
        track->time_s[track->count] = time_s;
        track->value[track->count] = value;
        track->attempt[track->count] = attempt;
        track->count++;
    }
}

/* Piles are of one attempt; one that is not full is no point. */
static void add(struct km_track *track, double step, double time_s,
                double value, uint32_t attempt)
{
    struct km_pile *pile = &track->pile;
    if (pile->attempt != attempt) {
        *pile = (struct km_pile){.attempt = attempt};
    }
    pile->step += step;
    pile->time_s += time_s;
    pile->value += value;
    if (++pile->count == track->every) {
        double n = pile->count;
        put(track, pile->step / n, pile->time_s / n, pile->value / n, attempt);
        *pile = (struct km_pile){.attempt = attempt};
    }
}

static double seconds_between(int64_t from_ns, int64_t to_ns)
{
    int64_t span_ns;
    if (to_ns == KM_TIME_ABSENT || from_ns == KM_TIME_ABSENT ||
        __builtin_sub_overflow(to_ns, from_ns, &span_ns)) {
        return NAN;
    }
    return (double)span_ns * 1e-9;
}

void km_track_take(struct km_track *track, const struct km_columns *columns,
                   size_t from, int64_t origin_ns)
{
    double scale = track->of.scale;
    for (size_t i = from; i < columns->count; i++) {
        int64_t time_ns = columns->times_ns[i];
        double step = (double)columns->steps[i];
        double value = columns->values[i] * scale;
        double time_s = seconds_between(origin_ns, time_ns);
        if (!(fabs(value) <= KM_TRACK_VALUE_MAX) ||
            columns->steps[i] == KM_STEP_ABSENT) {
            if (!track->nonfinite++) {
                track->nonfinite_step = columns->steps[i];
            }
        } else if (track->every == 1) {
            put(track, step, time_s, value, columns->attempt);
        } else {
            add(track, step, time_s, value, columns->attempt);
        }
    }
}

void km_track_note_tail(struct km_track *track,
                        const struct km_columns *columns, size_t from)
{
    for (size_t i = from; i < columns->count; i++) {
        int64_t step = columns->steps[i];
        if (step >= track->tail_step && step != KM_STEP_ABSENT) {
            track->tail_same =
                step > track->tail_step ? 1 : track->tail_same + 1;
            track->tail_step = step;
        }
    }
}

uint32_t km_track_every(uint64_t points)
{
    uint64_t most = KM_TRACK_POINTS_MAX;
    return points > most ? (uint32_t)((points + most - 1) / most) : 1;
}

static bool take_columns(void *user, const struct km_columns *columns)
{
    struct loading *load = user;
    if (columns->attempt >= load->attempt_count) {
        return true; /* came after the attempts were listed */
    }
    km_track_take(load->track, columns, 0, load->origin_ns);
    if (columns->attempt + 1 == load->attempt_count) {
        km_track_note_tail(load->track, columns, 0);
    }
    return true;
}

enum km_code km_track_load(struct km_store *store,
                           const struct km_series_row *row, int64_t origin_ns,
                           uint32_t attempt_count, struct km_arena *arena,
                           struct km_track *track, struct km_err *err)
{
    uint64_t n = row->summary.n;
    track->stored = n;
    track->nonfinite_step = track->tail_step = KM_STEP_ABSENT;
    track->every = km_track_every(n);
    track->cap = (size_t)(n / track->every) + 1;
    track->step = km_arena_alloc(arena, track->cap * sizeof *track->step);
    track->time_s = km_arena_alloc(arena, track->cap * sizeof *track->time_s);
    track->value = km_arena_alloc(arena, track->cap * sizeof *track->value);
    track->attempt = km_arena_alloc(arena, track->cap * sizeof *track->attempt);
    if (!track->step || !track->time_s || !track->value || !track->attempt) {
        return km_fail(err, KM_ELIMIT,
                       "series %s: %llu points do not fit the memory allowed "
                       "for one command",
                       track->name, (unsigned long long)n);
    }
    struct loading load = {
        .track = track, .origin_ns = origin_ns, .attempt_count = attempt_count};
    const struct km_point_range all = {INT64_MIN, INT64_MAX};
    return km_store_read_points(store, row->id, &all, take_columns, &load, err);
}
