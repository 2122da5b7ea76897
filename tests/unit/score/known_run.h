/* known_run.h - the worked example of docs/metrics.md: a run in closed form.
 *
 * train/loss = 2 + 3 (step/1000)^-0.5 for steps 1 to 2000, 0.1 s and 1024
 * tokens a step; val/loss every 100 steps is 0.05 higher; one accelerator at
 * 36 EUR an hour; target 4.0. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_KNOWN_RUN_H
#define KM_TESTS_KNOWN_RUN_H

#include "score_run.h"

enum { KNOWN_STEPS = 2000 };

static inline double known_loss(double x)
{
    return 2 + 3 * pow(x / 1000, -0.5);
}

/* Steps from `from` to `to` of the known run. */
static inline void known_run_log(struct score_run *r, int64_t from, int64_t to,
                                 double noise)
{
    uint64_t state = 7;
    for (int64_t step = from; step <= to; step++) {
        double x = (double)step;
        double value = known_loss(x) + noise * score_run_noise(&state);
        score_run_point(r, "train/loss", step, 0.1 * x, value);
        if (step % 10 == 0) {
            score_run_point(r, "tokens", step, NAN, 1024 * x);
        }
        if (step % 100 == 0) {
            score_run_point(r, "val/loss", step, 0.1 * x, known_loss(x) + 0.05);
        }
    }
}

/* The goal of the known run: 4.0 within 2400 steps and 2.5 EUR. */
static inline void known_run_goal(struct score_run *r)
{
    const struct km_goal goal = {.name = "plan",
                                 .runs = "lab/*",
                                 .metric = "val/loss",
                                 .target = 4.0,
                                 .made_ns = score_run_start_ns,
                                 .deadline_ns = KM_TIME_ABSENT,
                                 .budget = 2.5,
                                 .currency = "EUR",
                                 .steps = 2400,
                                 .tokens = NAN};
    struct km_err err = {0};
    if (km_goal_put(r->store, &goal, &err) != KM_OK) {
        printf("# %s\n", err.message);
    }
}

/* Its project's record: a forecast of 3.1 in each of six configurations, 3.4 at
 * the time, 3.0 came. */
static inline void known_run_record(struct score_run *r)
{
    static const char said[] =
        "{\"project\": \"lab\", \"metric\": \"val/loss\", \"group\": %d, "
        "\"origin\": 1000, \"target\": 2000, \"value\": 3.1, \"lo\": 2.9, "
        "\"hi\": 3.2, \"level\": 0.8, \"last_value\": 3.4, "
        "\"log_log_line\": 3.2, \"truth\": 3.0}";
    for (int group = 0; group < 6; group++) {
        char json[256], key[16];
        (void)snprintf(json, sizeof json, said, group);
        (void)snprintf(key, sizeof key, "said-%d", group);
        const struct km_note notes[] = {
            {r->id, KM_STR("forecast"), km_str_of(key), KM_TIME_ABSENT,
             km_str_of(json)},
            {r->id, KM_STR("forecast.resolved"), km_str_of(key), KM_TIME_ABSENT,
             km_str_of(json)}};
        struct km_err err = {0};
        if (km_store_put_notes(r->store, notes, 2, &err) != KM_OK) {
            printf("# %s\n", err.message);
        }
    }
}

static inline void known_run_options(struct km_score_options *options)
{
    static const double at[] = {3000};
    km_score_options_init(options);
    options->at = at;
    options->at_count = 1;
    options->target = 4.0;
    options->price_per_accelerator_hour = 36;
    options->currency = "EUR";
    options->accelerators = 1;
}

#endif
