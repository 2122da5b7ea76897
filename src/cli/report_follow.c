/* report_follow.c - looks, shows, waits for more. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_follow.h"

#include <time.h>

#include "base/limits.h"
#include "cli/card_output.h"
#include "score/memory.h"

enum { WAIT_MS = 100, WAITS = 10 }; /* a look a second at most */

/* What tells that a run has changed. */
struct state {
    uint64_t points, series;
    uint32_t attempts;
    enum km_run_state of;
};

static bool take_state(void *user, const struct km_run_row *row)
{
    *(struct state *)user = (struct state){row->point_count, row->series_count,
                                           row->attempt_count, row->meta.state};
    return false;
}

static enum km_code read_state(struct km_store *store, uint64_t run_id,
                               struct state *state, struct km_err *err)
{
    const struct km_run_filter filter = {.id = run_id, .limit = 1};
    return km_store_list_runs(store, &filter, take_state, state, err);
}

static bool is_same(const struct state *a, const struct state *b)
{
    return a->points == b->points && a->series == b->series &&
           a->attempts == b->attempts && a->of == b->of;
}

static bool has_ended(enum km_run_state state)
{
    return state != KM_RUN_RUNNING && state != KM_RUN_UNKNOWN;
}

/* One report; what it needs goes with it. */
static enum km_code show(struct km_cli *cli, struct km_store *store,
                         uint64_t run_id,
                         const struct km_score_options *options,
                         struct km_err *err)
{
    struct km_scorecard card;
    struct km_arena whole = cli->arena;
    km_arena_init(&cli->arena, KM_ARENA_COMMAND_BYTES_MAX);
    enum km_code code =
        km_scorecard_compute(store, run_id, options, &cli->arena, &card, err);
    if (code == KM_OK && cli->terminal.is_terminal) {
        km_buf_append_text(&cli->out, "\033[H\033[2J\033[3J");
    }
    code = code ? code : km_card_output(cli, &card, 1, err);
    code = code ? code : km_cli_flush(cli, err);
    km_arena_finish(&cli->arena);
    cli->arena = whole;
    return code;
}

/* True: the run has changed; false: it is to end. */
static bool wait_for_more(struct km_cli *cli, struct km_store *store,
                          uint64_t run_id, struct state *state,
                          enum km_code *code, struct km_err *err)
{
    struct state now = *state;
    while (*code == KM_OK && is_same(&now, state)) {
        for (int i = 0; i < WAITS; i++) {
            const struct timespec pause = {0, WAIT_MS * 1000000L};
            if (atomic_load(km_cli_stop_flag()) || cli->reader_gone) {
                return false;
            }
            (void)nanosleep(&pause, NULL);
        }
        *code = read_state(store, run_id, &now, err);
    }
    *state = now;
    return *code == KM_OK;
}

enum km_code km_report_follow(struct km_cli *cli, struct km_store *store,
                              uint64_t run_id,
                              const struct km_score_options *options,
                              struct km_err *err)
{
    struct km_score_options looking = *options;
    struct km_memory memory;
    struct state state = {0};
    km_memory_init(&memory);
    looking.memory = &memory;
    enum km_code code = read_state(store, run_id, &state, err);
    bool more = true;
    while (more && code == KM_OK) {
        code = show(cli, store, run_id, &looking, err);
        more = code == KM_OK && !has_ended(state.of) &&
               wait_for_more(cli, store, run_id, &state, &code, err);
    }
    km_memory_finish(&memory);
    return code;
}
