/* compare.h - two arms held against each other, or several ranked.
 *
 * The unit is the seed: runs differ, configurations are judged. A verdict is
 * taken at an eighth, a quarter, half and the end of the planned steps, each
 * with its share of the 5 %, and by an anytime-valid test over seeds, so that
 * looking often, and adding seeds until it is decided, does no harm.
 *
 * Ownership: the card's arena.   Threads: any.
 * Document: docs/metrics.md#compare.verdict */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_COMPARE_H
#define KM_SCORE_COMPARE_H

#include "measure/moments.h"
#include "score/arm.h"

struct km_compare_options {
    double delta;   /* smallest difference that matters; NaN: 0.1 % */
    double power;   /* of finding it: 0.8 */
};
void km_compare_options_init(struct km_compare_options *options);

/* A against B: compare.speedup with its factors, compare.quality,
 * compare.verdict, curves "speedup" and "overlay", headline, context. */
enum km_code km_compare_add(const struct km_arm *a, const struct km_arm *b,
                            const struct km_arm_metric *metric,
                            const struct km_seed_spread *history,
                            const struct km_compare_options *options,
                            struct km_scorecard *card, struct km_err *err);

/* The curve "overlay" of an arm: mean over its seeds with Student's t band, at
 * places evenly in ln x. Nothing for an arm without runs. */
enum km_code km_overlay_add(const struct km_arm *arm,
                            const struct km_arm_metric *metric,
                            struct km_scorecard *card, struct km_err *err);

/* Three arms or more, best first, each held against the best. */
enum km_code km_compare_rank(const struct km_arm *arms, size_t count,
                             const struct km_arm_metric *metric,
                             const struct km_seed_spread *history,
                             const struct km_compare_options *options,
                             struct km_scorecard *card, struct km_err *err);

/* Arms of different tasks: their values are no measure of each other. */
enum km_code km_compare_mixed(const struct km_task_mix *mix,
                              struct km_scorecard *card, struct km_err *err);

/* What is known of the difference of two arms by now. */
enum km_outcome {
    KM_OUTCOME_UNDECIDABLE, /* nothing says how much seeds differ */
    KM_OUTCOME_NEED_MORE,
    KM_OUTCOME_A,
    KM_OUTCOME_B,
    KM_OUTCOME_NO_DIFFERENCE, /* of delta or more */
};

/* What other configurations say about seeds. */
enum km_history_use {
    KM_HISTORY_NONE,
    KM_HISTORY_USED,
    KM_HISTORY_REFUTED, /* these arms' seeds differ more */
};

struct km_verdict {
    enum km_outcome outcome;
    enum km_history_use history;
    double difference; /* a - b, lower is better; NaN: no common place */
    double lo, hi;     /* confidence sequence at `level` */
    double level;      /* 1 - alpha of this place */
    double checkpoint; /* 1/8, 1/4, 1/2, 1; 0: before the first */
    double place;      /* step at which the arms are compared */
    double sd, df;     /* of one seed */
    double delta;
    size_t seeds_more; /* an arm, to decide; 0: unknown */
    bool own_ends;     /* the arms have different horizons */
    bool mixed;        /* an arm mixes configurations: those are the units */
    double value[2];   /* means of a and b at that place */
    size_t n[2];
};

/* Where arms can be held against each other: the last of the checkpoints that
 * every run has passed; 0: none. */
struct km_place {
    double checkpoint, step;
    double share;  /* of the error probability that it may spend */
    bool own_ends; /* their plans differ: each at its own end */
};
struct km_place km_arms_place(const struct km_arm *const *arms, size_t count);

/* Values of the arm's units (km_arm_units) at a step, or at their ends. False:
 * memory is short. */
bool km_arm_values(const struct km_arm *arm, double step, bool ends,
                   struct km_arena *arena, struct km_moments *values);

/* share: of the 5 % (1; less when several pairs are judged). place NULL: that
 * of the two arms. */
void km_verdict_judge(const struct km_arm *a, const struct km_arm *b,
                      const struct km_seed_spread *history,
                      const struct km_compare_options *options, double share,
                      const struct km_place *place, struct km_arena *arena,
                      struct km_verdict *verdict);

/* "A is better", "NEED 3 MORE SEEDS AN ARM" ... */
const char *km_verdict_words(const struct km_verdict *verdict, const char *a,
                             const char *b, struct km_arena *arena);

#endif
