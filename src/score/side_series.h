/* side_series.h - series of a run beside the track of its role: one of each
 * rank, or named ones.
 *
 * Ownership: the arena.   Threads: one at a time.   Errors: the store's,
 * KM_ELIMIT. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_SIDE_SERIES_H
#define KM_SCORE_SIDE_SERIES_H

#include "score/input.h"

enum { KM_RANKS_MAX = 1024, KM_RANK_STEPS_MAX = 4096 };

/* Step times that every rank logged: the last steps that all of them have. */
struct km_rank_times {
    const char *metric;
    size_t ranks, steps;
    const uint32_t *rank; /* number of each column */
    const double *step;   /* of each row */
    double *seconds;      /* [step * ranks + column]; NaN: not logged */
};

/* Norms of gradients of a small and a big batch, or the scale itself. */
struct km_noise_input {
    const char *names;                /* what was read */
    const double *step, *small, *big; /* squared norms at common steps */
    size_t count;
    double batch_small, batch_big;    /* samples; NaN: not known */
    const double *logged, *logged_at; /* the scale as logged */
    size_t logged_count;
};

struct km_side_series {
    const struct km_rank_times *ranks; /* NULL: no_ranks */
    const char *no_ranks;
    const struct km_noise_input *noise; /* NULL: no_noise */
    const char *no_noise;
};

/* Fills input->side. */
enum km_code km_side_series_load(struct km_store *store,
                                 struct km_score_input *input,
                                 struct km_err *err);

/* The rank that a series is of: by its label rank=N, else by a part of its name
 * (step_time/rank3, rank_3/step_time). Negative: none. `base` becomes the name
 * without it. */
long km_rank_of(struct km_str metric, struct km_str labels, char *base,
                size_t base_size);

#endif
