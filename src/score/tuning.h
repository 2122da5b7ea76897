/* tuning.h - training that goes on from another run: how fast, and what the
 * first training was worth for it.
 *
 *     base -> A -> B         chain of the run that is judged, B last
 *     B from scratch         the same task without a parent
 *     a base line            any other run that B shall be faster than
 *
 * Runs of one configuration stand together as seeds. A run that counts its
 * steps on from its parent's is counted from the parent's last step. A run
 * alone whose data were switched is a chain of the stages between.
 *
 * Ownership: the arena.   Threads: any.
 * Document: docs/metrics.md#tune.speedup */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_TUNING_H
#define KM_SCORE_TUNING_H

#include "score/arm.h"
#include "score/lineage.h"

/* A side of a comparison; count 0: there is none. */
struct km_tuning_side {
    const char *name;
    struct km_member *members;
    size_t count;
};

struct km_tuning {
    struct km_tuning_side tuned, scratch, baseline;
    /* of the first seed: every run of the chain, the last included, with what
     * it was trained on; NULL: pretraining, or not said */
    struct km_member *chain;
    const char **tasks;
    size_t chain_count;
    struct km_cohort cohort; /* all that was loaded: seeds of others */
    double target;           /* as people say it; NaN: none */
    const char *currency;    /* "EUR"; NULL: not said */
};

struct km_tuning_options {
    const uint64_t *scratch, *baseline; /* run ids that were named */
    size_t scratch_count, baseline_count;
    const char *scratch_name, *baseline_name; /* as they were named */
    const struct km_score_options *score;
};

/* Of the last runs of lineages, which are seeds of each other. Without named
 * ones, runs from scratch are those of the project that have no parent, no
 * place in the chain and the same task in their settings. tuned.count 0: there
 * is no curve, or neither parent nor anything to hold it against; a run whose
 * data were switched has a chain of its own stages even so. */
enum km_code km_tuning_load(struct km_store *store,
                            const struct km_lineage *lineage,
                            const uint64_t *last_runs, size_t count,
                            const struct km_tuning_options *options,
                            struct km_arena *arena, struct km_tuning *tuning,
                            struct km_err *err);

/* Stages inside one run, cut where events "data_switch" stand: the chain. Left
 * as it is without them. */
enum km_code km_tuning_split(struct km_store *store,
                             const struct km_member *member,
                             const struct km_score_options *options,
                             struct km_arena *arena, struct km_tuning *tuning,
                             struct km_err *err);
enum km_code km_tuning_count_switches(struct km_store *store, uint64_t run_id,
                                      struct km_arena *arena, size_t *count,
                                      struct km_err *err);

/* The run from step `from` on: its points are read and binned anew. */
enum km_code km_tuning_rebase(struct km_store *store,
                              const struct km_score_options *options,
                              double from, struct km_arena *arena,
                              struct km_member *member, struct km_err *err);

/* Falling curves of the tuned runs (arms[0]) and of another side (arms[1]), by
 * the metric that most of them have. */
enum km_code km_tuning_arms(const struct km_tuning *tuning,
                            const struct km_tuning_side *other,
                            struct km_arena *arena, struct km_arm arms[2],
                            struct km_arm_metric *metric, struct km_err *err);

/* All of the figures below, with plasticity.trend of the transition time and
 * the charts "overlay" and "transition"; a headline where the card has none. */
enum km_code km_tuning_add(const struct km_tuning *tuning,
                           struct km_scorecard *card, struct km_err *err);

/* What a task was worth for another, as the matrix "transfer" of several
 * lineages: value, the time-to-threshold ratio. */
struct km_transfer_pair {
    const char *source, *target; /* tasks */
    double value;                /* NaN: not known */
};
/* The last two tasks of a lineage with what its card says of them. */
struct km_transfer_pair km_transfer_pair_of(const struct km_tuning *tuning,
                                            const struct km_scorecard *card);
/* Nothing with fewer than two known pairs. */
enum km_code km_transfer_matrix_add(const struct km_transfer_pair *pairs,
                                    size_t count, struct km_scorecard *card,
                                    struct km_err *err);

/* tune.to_target, tune.to_90, tune.speedup, tune.savings. */
enum km_code km_tune_add(const struct km_tuning *tuning,
                         struct km_scorecard *card, struct km_err *err);

/* transfer.jumpstart, .threshold_ratio, .auc_ratio against scratch. */
enum km_code km_transfer_add(const struct km_tuning *tuning,
                             struct km_scorecard *card, struct km_err *err);

/* transfer.transition_time of every stage; log_x[chain_count]: ln of it, NaN
 * where there is none. */
enum km_code km_transition_add(const struct km_tuning *tuning, double *log_x,
                               struct km_scorecard *card, struct km_err *err);

/* plasticity.trend of one variant: y over stages, NaN where there is none;
 * `ratio`: y are logarithms, the slope is told as a factor a stage. */
enum km_code km_plasticity_add(const char *variant, const double *y,
                               size_t count, bool ratio, enum km_better better,
                               struct km_scorecard *card, struct km_err *err);

#endif
