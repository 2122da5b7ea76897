/* plan_config.h - the planned learning rate, as a run's config states it.
 *
 * Names and keys are those of trainers people use: a scheduler by name
 * (linear, cosine, polynomial, inverse_sqrt, constant, step, WSD and its
 * shapes of decay), warm-up and cool-down in steps or as shares of the plan,
 * highest and lowest rate; or a table, lr_table = [[step, rate], ...].
 * Schedulers that start anew or wait for a plateau are no plan.
 * Ownership: the arena.   Threads: any.   Errors: the store's, KM_ELIMIT.
 * Document: docs/metrics.md#learning-rate-schedule */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_PLAN_CONFIG_H
#define KM_SCORE_PLAN_CONFIG_H

#include "measure/schedule.h"
#include "store/store.h"

struct km_config_plan {
    bool known;
    struct km_rate_plan plan;
    bool warmup_said;
    double top;          /* the highest rate; NaN: not said */
    const char *source;  /* "cosine (lr_decay_style)" */
    const char *problem; /* why a stated scheduler is no plan; NULL */
};

/* `planned`: the last step of the plan; NaN: not known, then only plans that
 * say their own end (or have none) are. */
enum km_code km_plan_of_config(struct km_store *store, uint64_t run_id,
                               double planned, struct km_arena *arena,
                               struct km_config_plan *out, struct km_err *err);

/* Does the rate that was logged follow the plan so far, within 3 % of the
 * highest (an off-by-one of the logger is within)? */
bool km_config_plan_followed(const struct km_config_plan *of,
                             const double *step, const double *rate,
                             size_t count);

#endif
