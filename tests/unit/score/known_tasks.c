/* known_tasks.c - two arms over tasks, of docs/metrics.md.
 *
 * Arm a: three runs that score 0.5, 0.6, 0.7 on each of two tasks and trained
 * 10, 12 and 20 minutes. Arm b: one run with 0.6 on both. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_tasks.h"

#include <math.h>

#include "base/limits.h"
#include "score/compare_tasks.h"

static uint64_t add_run(struct km_store *store, struct km_batch *batch,
                        const char *name, double score, const char *seconds)
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
    for (int task = 0; task < 2; task++) {
        const struct km_evaluation row = {.task =
                                              km_str_of(task ? "copa" : "arc"),
                                          .metric = KM_STR("acc"),
                                          .value = score,
                                          .stderr_ = NAN,
                                          .n = -1,
                                          .n_shot = -1,
                                          .stage_index = -1,
                                          .step = KM_STEP_ABSENT,
                                          .time_ns = KM_TIME_ABSENT,
                                          .cost_seconds = NAN,
                                          .higher_is_better = 1};
        (void)km_batch_evaluation(batch, run, attempt, &row);
    }
    if (seconds) {
        const struct km_attribute said = {KM_ATTRIBUTE_SUMMARY,
                                          KM_STR("time_to_train_seconds"),
                                          km_str_of(seconds)};
        (void)km_batch_attribute(batch, run, &said);
    }
    (void)km_store_append(store, batch, NULL);
    return batch->runs[run].id;
}

void known_tasks_make(struct km_arena *arena, struct km_scorecard *card)
{
    static const char *const names[] = {"a", "b"};
    static const uint32_t group[] = {0, 0, 0, 1};
    const struct km_store_options options = {.create = true};
    struct km_store *store = km_store_open_memory(&options, NULL);
    struct km_batch batch;
    struct km_cohort cohort;
    km_batch_init(&batch);
    const uint64_t ids[] = {add_run(store, &batch, "a1", 0.5, "600"),
                            add_run(store, &batch, "a2", 0.6, "720"),
                            add_run(store, &batch, "a3", 0.7, "1200"),
                            add_run(store, &batch, "b1", 0.6, NULL)};
    km_arena_init(arena, KM_ARENA_COMMAND_BYTES_MAX);
    *card = (struct km_scorecard){.arena = arena, .level = 0.8};
    if (km_cohort_load(store, ids, 4, NULL, arena, &cohort, NULL) == KM_OK) {
        (void)km_compare_tasks_add(store, &cohort, group, names, 2, card, NULL);
    }
    km_batch_finish(&batch);
    km_store_close(store);
}
