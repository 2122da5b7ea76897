/* score_run.h - a run with a known curve in a store that lives in memory. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_SCORE_RUN_H
#define KM_TESTS_SCORE_RUN_H

#include <math.h>
#include <stdio.h>

#include "base/limits.h"
#include "score/scorecard.h"

struct score_run {
    struct km_store *store;
    struct km_batch batch;
    uint64_t id;
    uint32_t run, attempt;
};

static const int64_t score_run_start_ns = 1700000000000000000;

static inline void score_run_attempt(struct score_run *r, uint32_t part)
{
    r->attempt = km_batch_attempt(&r->batch, r->run, part);
    r->batch.attempts[r->attempt].origin_start_ns = score_run_start_ns;
    r->batch.attempts[r->attempt].restart_step = KM_STEP_ABSENT;
}

/* An empty batch for the run, its attempts yet to be named. */
static inline void score_run_again(struct score_run *r)
{
    km_batch_reset(&r->batch, 1);
    const struct km_run_meta meta = {.project = KM_STR("lab"),
                                     .external_id = KM_STR("run-1"),
                                     .created_ns = KM_TIME_ABSENT,
                                     .ended_ns = KM_TIME_ABSENT};
    r->run = km_batch_run(&r->batch, &meta);
    r->id = r->batch.runs[r->run].id;
}

static inline void score_run_begin(struct score_run *r)
{
    const struct km_store_options options = {.create = true};
    r->store = km_store_open_memory(&options, NULL);
    km_batch_init(&r->batch);
    score_run_again(r);
    score_run_attempt(r, 0);
}

/* `seconds` NaN: the log has no time. */
static inline void score_run_point(struct score_run *r, const char *metric,
                                   int64_t step, double seconds, double value)
{
    uint32_t series = km_batch_series(&r->batch, r->run, r->attempt,
                                      km_str_of(metric), KM_STR(""));
    int64_t time_ns = isnan(seconds)
                          ? KM_TIME_ABSENT
                          : score_run_start_ns + (int64_t)(seconds * 1e9);
    km_batch_point(&r->batch, series, (struct km_point){step, time_ns, value});
}

static inline void score_run_config(struct score_run *r, const char *key,
                                    const char *json)
{
    const struct km_attribute attribute = {KM_ATTRIBUTE_CONFIG, km_str_of(key),
                                           km_str_of(json)};
    km_batch_attribute(&r->batch, r->run, &attribute);
}

/* Stores what was logged and computes the card. */
static inline enum km_code
score_run_card(struct score_run *r, const struct km_score_options *options,
               struct km_arena *arena, struct km_scorecard *card)
{
    struct km_err err = {0};
    enum km_code code = km_store_append(r->store, &r->batch, &err);
    km_batch_reset(&r->batch, 1);
    km_arena_init(arena, KM_ARENA_COMMAND_BYTES_MAX);
    if (code == KM_OK) {
        code =
            km_scorecard_compute(r->store, r->id, options, arena, card, &err);
    }
    if (code != KM_OK) {
        printf("# %s\n", err.message);
    }
    return code;
}

static inline void score_run_end(struct score_run *r, struct km_arena *arena)
{
    km_arena_finish(arena);
    km_batch_finish(&r->batch);
    km_store_close(r->store);
}

/* Deterministic noise of about unit size, without a library. */
static inline double score_run_noise(uint64_t *state)
{
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(*state >> 11) * 0x1p-53 - 0.5;
    }
    return sum * 1.7320508;
}

static inline const struct km_figure_result *
score_run_find(const struct km_scorecard *card, const char *id,
               const char *variant)
{
    for (size_t i = 0; i < card->count; i++) {
        if (strcmp(card->results[i].figure->id, id) == 0 &&
            (!variant || strcmp(card->results[i].variant, variant) == 0)) {
            return &card->results[i];
        }
    }
    return NULL;
}

static inline void score_run_print(const struct km_scorecard *card)
{
    printf("# %s (%s)\n# %s\n", card->run_name, card->context, card->headline);
    for (size_t i = 0; i < card->count; i++) {
        const struct km_figure_result *r = &card->results[i];
        printf("# %-24s %-16s %12.6g %-14s [%.6g, %.6g] %s %s\n", r->figure->id,
               r->variant, r->value, r->unit, r->lo, r->hi,
               km_figure_state_name(r->state), r->reason);
    }
}

#endif
