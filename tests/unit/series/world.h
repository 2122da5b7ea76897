/* world.h - a store with one run that tests add to. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORLD_H
#define WORLD_H

#include "base/limits.h"
#include "series/view.h"
#include "tap.h"

struct world {
    struct km_store *store;
    struct km_batch batch;
    struct km_arena arena;
    struct km_run_view view;
    uint32_t run, attempt;
};

static void attempt(struct world *w, uint32_t part, int64_t restart_step)
{
    w->attempt = km_batch_attempt(&w->batch, w->run, part);
    w->batch.attempts[w->attempt].origin_start_ns = 1;
    w->batch.attempts[w->attempt].restart_step = restart_step;
}

/* An empty batch for the run. */
static void open_batch(struct world *w)
{
    km_batch_reset(&w->batch, 1);
    const struct km_run_meta meta = {.project = KM_STR("p"),
                                     .external_id = KM_STR("r"),
                                     .created_ns = KM_TIME_ABSENT,
                                     .ended_ns = KM_TIME_ABSENT};
    w->run = km_batch_run(&w->batch, &meta);
}

static void begin(struct world *w)
{
    const struct km_store_options options = {.create = true};
    w->store = km_store_open_memory(&options, NULL);
    km_arena_init(&w->arena, KM_ARENA_COMMAND_BYTES_MAX);
    km_batch_init(&w->batch);
    open_batch(w);
    attempt(w, 0, KM_STEP_ABSENT);
}

static void point(struct world *w, const char *metric, int64_t step,
                  double time_s, double value)
{
    uint32_t at = km_batch_series(&w->batch, w->run, w->attempt,
                                  km_str_of(metric), KM_STR(""));
    int64_t time_ns =
        isnan(time_s) ? KM_TIME_ABSENT : 1000000000 + (int64_t)(time_s * 1e9);
    km_batch_point(&w->batch, at, (struct km_point){step, time_ns, value});
}

static void load(struct world *w)
{
    struct km_err err = {0};
    uint64_t id = w->batch.runs[w->run].id;
    CHECK_INT(km_store_append(w->store, &w->batch, &err), KM_OK);
    CHECK_INT(km_run_view_load(w->store, id, NULL, &w->arena, &w->view, &err),
              KM_OK);
}

static void end(struct world *w)
{
    km_arena_finish(&w->arena);
    km_batch_finish(&w->batch);
    km_store_close(w->store);
}

#endif
