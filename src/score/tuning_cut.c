/* tuning_cut.c - stages out of a run: from one switch of data to the next, or
 * from where its parent stopped. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "score/task_rows.h"
#include "score/tuning.h"

enum { SWITCHES_MAX = 255 };

struct switches {
    struct km_arena *arena;
    double step[SWITCHES_MAX];
    const char *name[SWITCHES_MAX];
    size_t count;
    bool full;
};

/* In the order of steps; one that a restart repeats counts once. */
static bool take_switch(void *user, uint32_t attempt,
                        const struct km_event *event)
{
    (void)attempt;
    struct switches *s = user;
    if (!km_str_is(event->kind, "data_switch") || event->step < 0 ||
        s->count == SWITCHES_MAX) {
        return true;
    }
    double step = (double)event->step;
    size_t at = s->count;
    while (at > 0 && s->step[at - 1] > step) {
        at--;
    }
    if (at > 0 && s->step[at - 1] >= step) {
        return true;
    }
    const char *name =
        event->name.len
            ? km_arena_copy(s->arena, event->name.ptr, event->name.len)
            : "switch";
    s->full = s->full || !name;
    memmove(&s->step[at + 1], &s->step[at], (s->count - at) * sizeof *s->step);
    memmove(&s->name[at + 1], &s->name[at], (s->count - at) * sizeof *s->name);
    s->step[at] = step;
    s->name[at] = name;
    s->count++;
    return !s->full;
}

/* The points in (from, to] as they were logged, steps from `from` on, binned
 * anew: bins of the whole run are too wide for a stage, and where the task
 * changes the curve jumps, which is no spike. */
static bool cut(const struct km_curve_input *curve, double from, double to,
                struct km_arena *arena, struct km_member_curve *stage)
{
    const struct km_track *track = curve->track;
    if (!track || !stage->count) {
        return true;
    }
    size_t low = km_bins_find(track->step, track->count, nextafter(from, to));
    size_t high =
        km_bins_find(track->step, track->count, nextafter(to, INFINITY));
    size_t n = high > low ? high - low : 0;
    struct km_bins *bins = km_arena_alloc(arena, sizeof *bins);
    double *x = km_new(arena, double, 2 * n + 1), *y = x + n;
    if (!bins || !x) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        x[i] = track->step[low + i] - from;
        y[i] = curve->sign * track->value[low + i];
    }
    km_bins_fill(bins, x, y, n);
    stage->x = bins->x;
    stage->y = bins->y;
    stage->n = bins->n;
    stage->count = bins->count;
    return true;
}

static enum km_code load_switches(struct km_store *store, uint64_t run_id,
                                  struct km_arena *arena,
                                  struct switches *switches, struct km_err *err)
{
    *switches = (struct switches){.arena = arena};
    enum km_code code =
        km_store_read_events(store, run_id, take_switch, switches, err);
    return code == KM_OK && switches->full
               ? km_fail(err, KM_ELIMIT,
                         "the events of the run do not fit the memory allowed "
                         "for one command")
               : code;
}

enum km_code km_tuning_count_switches(struct km_store *store, uint64_t run_id,
                                      struct km_arena *arena, size_t *count,
                                      struct km_err *err)
{
    struct switches switches;
    enum km_code code = load_switches(store, run_id, arena, &switches, err);
    *count = switches.count;
    return code;
}

/* `member` from step `from` to `to` only. */
static bool cut_member(const struct km_score_input *input, double from,
                       double to, struct km_arena *arena,
                       struct km_member *member)
{
    member->x_now = fmin(member->x_now, to) - from;
    return cut(&input->learn, from, to, arena, &member->learn) &&
           cut(&input->valid, from, to, arena, &member->valid);
}

static bool add_stages(const struct switches *s, const struct km_member *member,
                       const struct km_score_input *input,
                       struct km_arena *arena, struct km_tuning *tuning)
{
    const char *said = km_task_setting(member);
    for (size_t i = 0; i <= s->count; i++) {
        struct km_member stage = *member;
        double from = i ? s->step[i - 1] : 0;
        double to = i < s->count ? s->step[i] : member->x_now;
        if (!(to > from)) {
            continue;
        }
        if (!cut_member(input, from, to, arena, &stage)) {
            return false;
        }
        if (stage.learn.count || stage.valid.count) {
            tuning->tasks[tuning->chain_count] = i      ? s->name[i - 1]
                                                 : said ? said
                                                        : "start";
            tuning->chain[tuning->chain_count++] = stage;
        }
    }
    return true;
}

/* The run's points, in `scratch`, which the caller finishes. */
static enum km_code open_input(struct km_store *store, uint64_t run_id,
                               const struct km_score_options *options,
                               struct km_arena *scratch,
                               struct km_score_input **input,
                               struct km_err *err)
{
    struct km_score_options defaults;
    km_arena_init(scratch, KM_ARENA_COMMAND_BYTES_MAX);
    km_score_options_init(&defaults);
    *input = km_new(scratch, struct km_score_input, 1);
    return *input ? km_score_input_open(store, run_id,
                                        options ? options : &defaults, scratch,
                                        *input, err)
                  : km_fail(err, KM_ELIMIT, "no memory left for a run");
}

enum km_code km_tuning_rebase(struct km_store *store,
                              const struct km_score_options *options,
                              double from, struct km_arena *arena,
                              struct km_member *member, struct km_err *err)
{
    struct km_arena scratch;
    struct km_score_input *input;
    enum km_code code =
        open_input(store, member->run_id, options, &scratch, &input, err);
    if (code == KM_OK &&
        !cut_member(input, from, member->x_now, arena, member)) {
        code = km_fail(err, KM_ELIMIT, "no memory left for a run");
    }
    km_arena_finish(&scratch);
    return code;
}

enum km_code km_tuning_split(struct km_store *store,
                             const struct km_member *member,
                             const struct km_score_options *options,
                             struct km_arena *arena, struct km_tuning *tuning,
                             struct km_err *err)
{
    struct switches s;
    struct km_arena scratch;
    struct km_score_input *input;
    enum km_code code = load_switches(store, member->run_id, arena, &s, err);
    if (code || s.count == 0) {
        return code;
    }
    tuning->chain = km_new(arena, struct km_member, s.count + 1);
    tuning->tasks = km_new(arena, const char *, s.count + 1);
    tuning->chain_count = 0;
    code = open_input(store, member->run_id, options, &scratch, &input, err);
    if (code == KM_OK && (!tuning->chain || !tuning->tasks ||
                          !add_stages(&s, member, input, arena, tuning))) {
        code = km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    km_arena_finish(&scratch);
    return code;
}
