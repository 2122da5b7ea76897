/* waits.c - what is logged of waiting, put on one clock. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/waits.h"

#include <math.h>

#include "score/memory.h"

static const struct {
    enum km_time_use use;
    enum km_role role;
    const char *event; /* kind; NULL: none */
} kinds[KM_WAIT_COUNT] = {
    [KM_WAIT_DATA] = {KM_TIME_DATA, KM_ROLE_DATA_TIME, NULL},
    [KM_WAIT_CHECKPOINT] = {KM_TIME_CHECKPOINT, KM_ROLE_CHECKPOINT_TIME,
                            "checkpoint"},
    [KM_WAIT_EVALUATION] = {KM_TIME_EVALUATION, KM_ROLE_EVAL_TIME,
                            "evaluation"},
};

enum km_time_use km_wait_use(enum km_wait wait)
{
    return kinds[wait].use;
}

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the run does not fit the memory allowed for one command");
}

/* A name like accumulated_eval_time says that values are sums. */
static bool is_sum(const struct km_track *track)
{
    struct km_str name = km_str_of(track->name);
    return km_glob_match(KM_STR("*accumulated*"), name) ||
           km_glob_match(KM_STR("*cumulative*"), name) ||
           km_glob_match(KM_STR("*total*"), name);
}

static bool begins_attempt(const struct km_track *track, size_t i)
{
    return i == 0 || track->attempt[i] != track->attempt[i - 1];
}

/* Steps that a point speaks for: those since the one before. */
static double steps_of(const struct km_track *track, size_t i)
{
    return begins_attempt(track, i) ? 1 : track->step[i] - track->step[i - 1];
}

/* What a sum rose by since the point before, or the start of the attempt, of
 * which only the first is known to have begun at 0. */
static double rise_of(const struct km_track *track, size_t i)
{
    double before =
        begins_attempt(track, i) ? track->value[i] : track->value[i - 1];
    return i ? fmax(track->value[i] - before, 0) : track->value[0];
}

/* Sums up what has come since the last look. */
static bool sum_data(const struct km_track *track, struct km_memory *memory,
                     struct km_waits *waits)
{
    struct km_data_memory *kept = &memory->data;
    if (kept->track != track) {
        *kept = (struct km_data_memory){.track = track};
    }
    size_t cap = kept->cap;
    kept->sum = km_arena_widen(memory->arena, kept->sum, kept->count, &cap,
                               track->count, sizeof(double));
    kept->steps = km_arena_widen(memory->arena, kept->steps, kept->count,
                                 &kept->cap, track->count, sizeof(double));
    if (!kept->sum || !kept->steps) {
        return false;
    }
    bool sums = is_sum(track);
    for (size_t i = kept->count; i < track->count; i++) {
        double steps = steps_of(track, i);
        double seconds =
            sums ? rise_of(track, i) : steps * fmax(track->value[i], 0);
        kept->sum[i] = i ? kept->sum[i - 1] + seconds : 0;
        kept->steps[i] = steps;
    }
    kept->count = track->count;
    waits->data = track;
    waits->data_sum = kept->sum;
    waits->data_steps = kept->steps;
    return true;
}

/* When the clock stood at a step; NaN when it never did. */
static double time_at(const struct km_track *clock, double step)
{
    size_t i = km_track_find(clock, step);
    bool exact = i < clock->count && clock->step[i] <= step;
    return exact ? clock->time_s[i] : i ? clock->time_s[i - 1] : (double)NAN;
}

static struct km_pause pause_of(const struct km_track *clock, double end,
                                double step, double seconds)
{
    double from = isnan(end) ? time_at(clock, step) : end - seconds;
    return (struct km_pause){from, from + seconds};
}

static size_t take_track(const struct km_track *track,
                         const struct km_track *clock, struct km_pause *out)
{
    bool sums = is_sum(track);
    for (size_t i = 0; i < track->count; i++) {
        double seconds =
            sums ? rise_of(track, i) : track->value[i] * track->every;
        out[i] = pause_of(clock, track->time_s[i], track->step[i], seconds);
    }
    return track->count;
}

static size_t take_events(const struct km_score_input *input, enum km_wait wait,
                          const struct km_track *clock, struct km_pause *out)
{
    const struct km_run_events *events = &input->events;
    int64_t origin_ns = input->view.origin_ns, since_ns;
    size_t count = 0;
    for (size_t i = 0; i < events->timed_count; i++) {
        const struct km_timed_event *event = &events->timed[i];
        bool known =
            event->end_ns != KM_TIME_ABSENT && origin_ns != KM_TIME_ABSENT &&
            !__builtin_sub_overflow(event->end_ns, origin_ns, &since_ns);
        double end = known ? (double)since_ns * 1e-9 : (double)NAN;
        if (strcmp(event->kind, kinds[wait].event) == 0) {
            out[count++] =
                pause_of(clock, end, (double)event->step, event->seconds);
        }
    }
    return count;
}

static enum km_code load_pauses(const struct km_score_input *input,
                                const struct km_track *clock, enum km_wait wait,
                                struct km_waits *waits, struct km_err *err)
{
    const struct km_track *track = input->view.tracks[kinds[wait].role];
    size_t room = input->events.timed_count + (track ? track->count : 0);
    struct km_pause *list = km_new(input->arena, struct km_pause, room + 1);
    if (!list) {
        return fail_full(err);
    }
    size_t logged = track ? take_track(track, clock, list) : 0;
    size_t noted = take_events(input, wait, clock, list + logged);
    waits->pauses[wait] = list;
    waits->pause_count[wait] = km_pauses_join(list, logged + noted);
    waits->source[wait] = km_arena_printf(
        input->arena, "%s%s%s", track ? track->name : "",
        track && noted ? " and " : "", noted ? "events that say how long" : "");
    return waits->source[wait] ? KM_OK : fail_full(err);
}

enum km_code km_waits_load(const struct km_score_input *input,
                           const struct km_track *clock, struct km_waits *waits,
                           struct km_err *err)
{
    const struct km_track *data = input->view.tracks[KM_ROLE_DATA_TIME];
    *waits = (struct km_waits){.pace = NAN};
    if (data && data->count) {
        waits->source[KM_WAIT_DATA] = data->name;
        if (!sum_data(data, input->memory, waits)) {
            return fail_full(err);
        }
    }
    enum km_code code =
        load_pauses(input, clock, KM_WAIT_CHECKPOINT, waits, err);
    return code ? code
                : load_pauses(input, clock, KM_WAIT_EVALUATION, waits, err);
}

bool km_waits_any(const struct km_waits *waits)
{
    return waits->data || waits->pause_count[KM_WAIT_CHECKPOINT] ||
           waits->pause_count[KM_WAIT_EVALUATION];
}

/* Seconds waited up to and with `step`. */
static double waited_until(const struct km_waits *waits, double step)
{
    const struct km_track *data = waits->data;
    size_t next = km_track_find(data, nextafter(step, INFINITY));
    double sum = next ? waits->data_sum[next - 1] : 0;
    if (next == data->count) {
        return sum;
    }
    double ahead = data->step[next] - step, all = waits->data_steps[next];
    double part = all > 0 ? fmax(1 - ahead / all, 0) : 0;
    return sum + part * (waits->data_sum[next] - sum);
}

double km_waits_for_data(const struct km_waits *waits, double from, double to)
{
    return waits->data && from < to
               ? fmax(waited_until(waits, to) - waited_until(waits, from), 0)
               : 0;
}

double km_waits_in_pauses(const struct km_waits *waits, enum km_wait wait,
                          double from, double to)
{
    return km_pauses_within(waits->pauses[wait], waits->pause_count[wait], from,
                            to);
}
