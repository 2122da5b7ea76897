/* lineage_build.h - runs with parents and evaluations in a memory store. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_LINEAGE_BUILD_H
#define KM_TESTS_LINEAGE_BUILD_H

#include <math.h>

#include "base/limits.h"
#include "score/card.h"
#include "score/retain.h"

struct lineage_build {
    struct km_store *store;
    struct km_batch batch;
    struct km_arena arena;
    struct km_lineage lineage;
    uint32_t run, attempt;
    uint64_t origin;
};

static inline void lineage_begin(struct lineage_build *b)
{
    const struct km_store_options options = {.create = true};
    *b = (struct lineage_build){.store = km_store_open_memory(&options, NULL)};
    km_batch_init(&b->batch);
    km_arena_init(&b->arena, KM_ARENA_COMMAND_BYTES_MAX);
}

/* The run that evaluations go to from now on; returns its id. */
static inline uint64_t lineage_run(struct lineage_build *b, const char *project,
                                   const char *name, const char *parent)
{
    const struct km_run_meta meta = {.project = km_str_of(project),
                                     .external_id = km_str_of(name),
                                     .parent = km_str_of(parent),
                                     .created_ns = KM_TIME_ABSENT,
                                     .ended_ns = KM_TIME_ABSENT};
    km_batch_reset(&b->batch, ++b->origin);
    b->run = km_batch_run(&b->batch, &meta);
    b->attempt = km_batch_attempt(&b->batch, b->run, 0);
    b->batch.attempts[b->attempt].origin_start_ns = KM_TIME_ABSENT;
    b->batch.attempts[b->attempt].restart_step = KM_STEP_ABSENT;
    return b->batch.runs[b->run].id;
}

static inline void lineage_config(struct lineage_build *b, const char *key,
                                  const char *json)
{
    const struct km_attribute said = {KM_ATTRIBUTE_CONFIG, km_str_of(key),
                                      km_str_of(json)};
    (void)km_batch_attribute(&b->batch, b->run, &said);
}

static inline struct km_evaluation lineage_row(const char *task, double value)
{
    return (struct km_evaluation){.task = km_str_of(task),
                                  .metric = KM_STR("acc"),
                                  .value = value,
                                  .stderr_ = (double)NAN,
                                  .n = -1,
                                  .n_shot = -1,
                                  .stage_index = -1,
                                  .step = KM_STEP_ABSENT,
                                  .time_ns = KM_TIME_ABSENT,
                                  .cost_seconds = (double)NAN,
                                  .higher_is_better = -1};
}

static inline void lineage_put(struct lineage_build *b,
                               const struct km_evaluation *row)
{
    (void)km_batch_evaluation(&b->batch, b->run, b->attempt, row);
}

/* A score on `task` after stage `index` (from 0, -1 none), called `stage`. */
static inline void lineage_score(struct lineage_build *b, int64_t index,
                                 const char *stage, const char *task,
                                 double value)
{
    struct km_evaluation row = lineage_row(task, value);
    row.stage_index = index;
    row.stage = km_str_of(stage);
    lineage_put(b, &row);
}

static inline void lineage_store(struct lineage_build *b)
{
    (void)km_store_append(b->store, &b->batch, NULL);
}

static inline enum km_code lineage_matrix(struct lineage_build *b, uint64_t id,
                                          const char *metric,
                                          struct km_task_matrix *matrix)
{
    const struct km_task_options options = {.metric = metric};
    enum km_code code = km_lineage_load(b->store, &b->arena, &b->lineage, NULL);
    return code ? code
                : km_task_matrix_load(b->store, &b->lineage, id, &options,
                                      &b->arena, matrix, NULL);
}

static inline void lineage_end(struct lineage_build *b)
{
    km_batch_finish(&b->batch);
    km_store_close(b->store);
}

/* T tasks "a", "b", ... trained one after another in one run; R: (T+1) x T, row
 * 0 before any training; NaN is not stored. n items a score; 0: not said. */
static inline uint64_t lineage_staged(struct lineage_build *b, const char *name,
                                      size_t t, const double *R, int64_t n)
{
    static const char *const tasks[] = {"a", "b", "c", "d", "e", "f"};
    uint64_t id = lineage_run(b, "lab", name, "");
    for (size_t i = 0; i <= t; i++) {
        for (size_t j = 0; j < t; j++) {
            if (isnan(R[i * t + j])) {
                continue;
            }
            struct km_evaluation row = lineage_row(tasks[j], R[i * t + j]);
            row.stage_index = (int64_t)i - 1;
            row.stage = km_str_of(i ? tasks[i - 1] : "");
            row.step = i ? 100 : 0;
            row.n = n ? n : -1;
            lineage_put(b, &row);
        }
    }
    lineage_store(b);
    return id;
}

#endif
