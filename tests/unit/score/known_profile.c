/* known_profile.c - two arms over two workloads, of docs/metrics.md.
 *
 * Evaluations every 100 steps of 1 s fall by 1 each from 10; the target is 5,
 * reached at step 500. Arm a is the fastest on both workloads; arm b needs as
 * long on "one" and never gets to "two". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_profile.h"

#include <math.h>

#include "base/limits.h"
#include "score/compare_profile.h"

static uint64_t add_run(struct km_store *store, struct km_batch *batch,
                        const char *name, int evaluations)
{
    static uint64_t origin = 1;
    const struct km_run_meta meta = {.project = KM_STR("lab"),
                                     .external_id = km_str_of(name),
                                     .created_ns = KM_TIME_ABSENT,
                                     .ended_ns = KM_TIME_ABSENT};
    km_batch_reset(batch, origin++);
    uint32_t run = km_batch_run(batch, &meta);
    uint32_t attempt = km_batch_attempt(batch, run, 0);
    batch->attempts[attempt].origin_start_ns = KM_TIME_ABSENT;
    batch->attempts[attempt].restart_step = KM_STEP_ABSENT;
    uint32_t loss =
        km_batch_series(batch, run, attempt, KM_STR("val/loss"), KM_STR(""));
    uint32_t time =
        km_batch_series(batch, run, attempt, KM_STR("train_time"), KM_STR(""));
    for (int i = 1; i <= evaluations; i++) {
        km_batch_point(batch, loss,
                       (struct km_point){100 * i, KM_TIME_ABSENT, 10 - i});
        km_batch_point(batch, time,
                       (struct km_point){100 * i, KM_TIME_ABSENT, 100 * i});
    }
    (void)km_store_append(store, batch, NULL);
    return batch->runs[run].id;
}

void known_profile_make(struct km_arena *arena, struct km_scorecard *card)
{
    static const char *const names[] = {"a", "b"};
    static const uint32_t group[] = {0, 0, 1, 1};
    static const struct km_workload workloads[] = {
        {.name = "one", .target = 5}, {.name = "two", .target = 5}};
    const struct km_store_options options = {.create = true};
    struct km_store *store = km_store_open_memory(&options, NULL);
    struct km_score_options judged;
    struct km_batch batch;
    struct km_cohort cohort;
    km_batch_init(&batch);
    km_score_options_init(&judged);
    const uint64_t ids[] = {
        add_run(store, &batch, "a/one", 8), add_run(store, &batch, "a/two", 8),
        add_run(store, &batch, "b/one", 8), add_run(store, &batch, "b/two", 4)};
    km_arena_init(arena, KM_ARENA_COMMAND_BYTES_MAX);
    *card = (struct km_scorecard){.arena = arena, .level = 0.8};
    if (km_cohort_load(store, ids, 4, NULL, arena, &cohort, NULL) == KM_OK) {
        (void)km_compare_profile_add(store, &cohort, group, names, 2, workloads,
                                     2, &judged, card, NULL);
    }
    km_batch_finish(&batch);
    km_store_close(store);
}
