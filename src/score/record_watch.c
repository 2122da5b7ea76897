/* record_watch.c - which runs are under way and have come far enough. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/record_watch.h"

#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "score/history.h"

static const double FURTHER = 1.25;

void km_record_watch_begin(struct km_record_watch *watch,
                           struct km_store *store,
                           const struct km_role_table *roles,
                           const struct km_clock *clock)
{
    *watch = (struct km_record_watch){
        .store = store, .roles = roles, .clock = clock};
}

struct look {
    const struct km_record_watch *watch;
    struct {
        uint64_t run_id;
        int64_t step;
        bool going;
    } runs[KM_WATCH_RUNS_MAX];
    size_t count;
};

static bool take_run(void *user, const struct km_run_row *row)
{
    struct look *look = user;
    const struct km_record_watch *watch = look->watch;
    enum km_run_state state = row->meta.state;
    bool grown = false;
    for (size_t i = 0; i < watch->seen_count; i++) {
        grown |= watch->seen[i].run_id == row->id &&
                 row->max_step > watch->seen[i].step;
    }
    if (state == KM_RUN_RUNNING || state == KM_RUN_UNKNOWN) {
        look->runs[look->count].run_id = row->id;
        look->runs[look->count].step = row->max_step;
        look->runs[look->count++].going = state == KM_RUN_RUNNING || grown;
    }
    return look->count < KM_WATCH_RUNS_MAX;
}

static enum km_code keep(struct km_record_watch *watch, uint64_t run_id,
                         int64_t step, struct km_histories *histories,
                         struct km_arena *arena, struct km_err *err)
{
    double origin;
    enum km_code code =
        km_record_origin(watch->store, run_id, arena, &origin, err);
    if (code || (double)step < FURTHER * origin) {
        return code;
    }
    struct km_score_input *input = km_new(arena, struct km_score_input, 1);
    struct km_score_options options;
    km_score_options_init(&options);
    options.roles = watch->roles;
    options.clock = watch->clock;
    options.histories = histories;
    options.milestones = true;
    if (!input) {
        return km_fail(err, KM_ELIMIT, "no memory left for a forecast");
    }
    code =
        km_score_input_load(watch->store, run_id, &options, arena, input, err);
    size_t kept = 0;
    if (code == KM_OK) {
        code = km_record_keep(watch->store, input,
                              km_clock_wall_ns(watch->clock), &kept, err);
    }
    watch->kept += kept;
    return code;
}

enum km_code km_record_watch_look(struct km_record_watch *watch,
                                  struct km_err *err)
{
    struct look look = {.watch = watch};
    const struct km_run_filter filter = {.order = KM_ORDER_NEWEST};
    enum km_code code =
        km_store_list_runs(watch->store, &filter, take_run, &look, err);
    struct km_arena arena, past;
    struct km_histories histories;
    size_t resolved = 0;
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    km_arena_init(&past, KM_ARENA_COMMAND_BYTES_MAX);
    km_histories_init(&histories, watch->store, watch->roles, &past);
    watch->seen_count = 0;
    for (size_t i = 0; i < look.count; i++) {
        if (code == KM_OK && look.runs[i].going) {
            km_arena_reset(&arena);
            code = keep(watch, look.runs[i].run_id, look.runs[i].step,
                        &histories, &arena, err);
        }
        watch->seen[i].run_id = look.runs[i].run_id;
        watch->seen[i].step = look.runs[i].step;
        watch->seen_count++;
    }
    if (code == KM_OK) {
        km_arena_reset(&arena);
        code = km_record_resolve(watch->store, watch->roles, &arena, &resolved,
                                 err);
    }
    watch->resolved += resolved;
    km_arena_finish(&past);
    km_arena_finish(&arena);
    return code;
}
