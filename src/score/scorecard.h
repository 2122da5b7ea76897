/* scorecard.h - all figures of one run, from the store.
 *
 * Ownership: everything in the card lives in the arena.   Threads: any, with
 * one arena per call.   Errors: those of the store; a figure that cannot be
 * computed is a state with a reason, not an error. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_SCORECARD_H
#define KM_SCORE_SCORECARD_H

#include "measure/velocity.h"
#include "model/role.h"
#include "score/figure.h"
#include "score/goal.h"
#include "store/store.h"

struct km_histories; /* score/history.h */
struct km_memory;    /* score/memory.h */

struct km_score_options {
    const struct km_role_table *roles; /* NULL: the built-in names */
    double target;                     /* loss to reach; NaN: none */
    double horizon; /* planned last step; NaN: from config, else 2 x now */
    double price_per_accelerator_hour; /* NaN: not given */
    double price_per_step;             /* NaN: not given */
    const char *currency;              /* "EUR"; NULL: none */
    double accelerators;    /* NaN: from the run's config, else unknown */
    double peak_flops;      /* of one device; NaN: config, else table */
    double tokens_per_step; /* NaN: from the run's config or series */
    double negligible; /* gain not worth waiting for; NaN: 0.1 % of the level */
    const struct km_clock *clock; /* for "2 h ago"; NULL: system */
    /* A run that saw the same batches; 0: by data_order_id, see reference.h. */
    uint64_t reference_run;
    const struct km_goals *goals; /* only these; NULL: those of the store */
    /* Finished runs that calibrate forecasts; NULL: none, a cold start. */
    struct km_histories *histories;
    const double *at; /* steps to forecast besides the horizon */
    size_t at_count;  /* at most KM_FORECASTS_ASKED_MAX */
    bool milestones;  /* and at x1.25, x1.5 and x2 of the present step */
    struct km_memory *memory; /* of the run, for the next look; NULL: none */
    const char *family;       /* only these figures: "forecast"; NULL: all */
};
enum { KM_FORECASTS_ASKED_MAX = 12 };

void km_score_options_init(struct km_score_options *options);

struct km_score_input; /* score/input.h */

/* The card of an input that is loaded. */
enum km_code km_scorecard_of(const struct km_score_input *input,
                             struct km_scorecard *card, struct km_err *err);

enum km_code km_scorecard_compute(struct km_store *store, uint64_t run_id,
                                  const struct km_score_options *options,
                                  struct km_arena *arena,
                                  struct km_scorecard *card,
                                  struct km_err *err);

#endif
