/* load.c - columns of the store, appended to arrays that were sized from the
 * series' summary; what would not fit is thinned by averaging neighbours. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/load.h"

#include <math.h>

#include "base/limits.h"

/* Several neighbours on their way to become one point. */
struct pile {
    double step, time_s, value;
    uint32_t count, attempt;
};

struct loading {
    struct km_track *track;
    struct pile pile;
    size_t capacity;
    int64_t origin_ns;
    uint32_t attempt_count;
};

static void put(struct loading *load, double step, double time_s, double value,
                uint32_t attempt)
{
    struct km_track *track = load->track;
    if (track->count < load->capacity) {
        track->step[track->count] = step;
        track->time_s[track->count] = time_s;
        track->value[track->count] = value;
        track->attempt[track->count] = attempt;
        track->count++;
    }
}

static void flush_pile(struct loading *load)
{
    struct pile *pile = &load->pile;
    if (pile->count) {
        double n = pile->count;
        put(load, pile->step / n, pile->time_s / n, pile->value / n,
            pile->attempt);
    }
    *pile = (struct pile){0};
}

static void add(struct loading *load, double step, double time_s, double value,
                uint32_t attempt)
{
    struct pile *pile = &load->pile;
    if (pile->count && pile->attempt != attempt) {
        flush_pile(load);
    }
    pile->step += step;
    pile->time_s += time_s;
    pile->value += value;
    pile->attempt = attempt;
    if (++pile->count == load->track->every) {
        flush_pile(load);
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

static bool take_columns(void *user, const struct km_columns *columns)
{
    struct loading *load = user;
    struct km_track *track = load->track;
    if (columns->attempt >= load->attempt_count) {
        return true; /* came after the attempts were listed */
    }
    double scale = track->of.scale;
    for (size_t i = 0; i < columns->count; i++) {
        int64_t time_ns = columns->times_ns[i];
        double step = (double)columns->steps[i];
        double value = columns->values[i] * scale;
        double time_s = seconds_between(load->origin_ns, time_ns);
        if (!isfinite(value) || columns->steps[i] == KM_STEP_ABSENT) {
            if (!track->nonfinite++) {
                track->nonfinite_step = columns->steps[i];
            }
        } else if (track->every == 1) {
            put(load, step, time_s, value, columns->attempt);
        } else {
            add(load, step, time_s, value, columns->attempt);
        }
    }
    return true;
}

enum km_code km_track_load(struct km_store *store,
                           const struct km_series_row *row, int64_t origin_ns,
                           uint32_t attempt_count, struct km_arena *arena,
                           struct km_track *track, struct km_err *err)
{
    uint64_t n = row->summary.n;
    uint64_t most = KM_TRACK_POINTS_MAX;
    track->stored = n;
    track->nonfinite_step = KM_STEP_ABSENT;
    track->every = n > most ? (uint32_t)((n + most - 1) / most) : 1;
    /* each attempt may end in a pile that is not full */
    size_t capacity = (size_t)(n / track->every) + attempt_count + 1;
    track->step = km_arena_alloc(arena, capacity * sizeof *track->step);
    track->time_s = km_arena_alloc(arena, capacity * sizeof *track->time_s);
    track->value = km_arena_alloc(arena, capacity * sizeof *track->value);
    track->attempt = km_arena_alloc(arena, capacity * sizeof *track->attempt);
    if (!track->step || !track->time_s || !track->value || !track->attempt) {
        return km_fail(err, KM_ELIMIT,
                       "series %s: %llu points do not fit the memory allowed "
                       "for one command",
                       track->name, (unsigned long long)n);
    }
    struct loading load = {.track = track,
                           .capacity = capacity,
                           .origin_ns = origin_ns,
                           .attempt_count = attempt_count};
    const struct km_point_range all = {INT64_MIN, INT64_MAX};
    enum km_code code =
        km_store_read_points(store, row->id, &all, take_columns, &load, err);
    flush_pile(&load);
    return code;
}
