/* card.h - how computed figures get onto the scorecard.
 *
 * Texts are copied into the card's arena or are literals.
 * Errors: all of them are KM_ELIMIT, when the arena is full. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_CARD_H
#define KM_SCORE_CARD_H

#include "score/input.h"

enum { KM_EVIDENCE_MAX = 6 };

/* A result with everything absent: state OK, NaN, "". */
struct km_figure_result km_result_new(const char *figure_id,
                                      const char *variant, const char *unit);

/* Sentences of evidence while a figure is computed; NULL is skipped. */
struct km_evidence {
    const char *text[KM_EVIDENCE_MAX];
    size_t count;
};
void km_evidence_add(struct km_evidence *evidence, const char *text);

/* Adds a result; enforces that a value stands only with a state that has one,
 * and that no infinity gets out. */
enum km_code km_card_add(struct km_scorecard *card,
                         struct km_figure_result result,
                         const struct km_evidence *evidence,
                         struct km_err *err);

/* Adds a result that is only a state and a reason. */
enum km_code km_card_add_absent(struct km_scorecard *card, const char *id,
                                const char *variant, const char *unit,
                                enum km_figure_state state, const char *reason,
                                struct km_err *err);

/* First result of a figure and variant (NULL: any variant), or NULL. */
const struct km_figure_result *km_card_find(const struct km_scorecard *card,
                                            const char *id,
                                            const char *variant);

/* The velocity that leads where one is told: learn.velocity of `variant`
 * (NULL: of the first axis that has one), or that of the latest steps where
 * only it has an interval: what is not calibrated does not lead. `*of_late`
 * says which. NULL: neither has a value. */
const struct km_figure_result *
km_card_leading_velocity(const struct km_scorecard *card, const char *variant,
                         bool *of_late);

enum km_code km_card_add_curve(struct km_scorecard *card, struct km_curve curve,
                               struct km_err *err);
enum km_code km_card_add_matrix(struct km_scorecard *card,
                                struct km_matrix matrix, struct km_err *err);
enum km_code km_card_add_mark(struct km_scorecard *card, struct km_mark mark,
                              struct km_err *err);

/* The registry: families, then what computes each row. */
extern const struct km_figure_family km_figures_goal;
extern const struct km_figure_family km_figures_verdict;
extern const struct km_figure_family km_figures_learn, km_figures_valid,
    km_figures_forecast, km_figures_speed, km_figures_cost, km_figures_compare,
    km_figures_levers, km_figures_backtest, km_figures_retain, km_figures_tune,
    km_figures_transfer, km_figures_plasticity;
#define KM_FIGURE_COMPUTE(name)                                                \
    enum km_code name(const struct km_score_input *input,                      \
                      struct km_scorecard *card, struct km_err *err)
KM_FIGURE_COMPUTE(km_compute_velocity);
KM_FIGURE_COMPUTE(km_compute_velocity_local);
KM_FIGURE_COMPUTE(km_compute_relative_velocity);
KM_FIGURE_COMPUTE(km_compute_half_life);
KM_FIGURE_COMPUTE(km_compute_aulc);
KM_FIGURE_COMPUTE(km_compute_marginal_cost);
KM_FIGURE_COMPUTE(km_compute_goal_probability);
KM_FIGURE_COMPUTE(km_compute_goal_margin);
KM_FIGURE_COMPUTE(km_compute_goal_spent);
KM_FIGURE_COMPUTE(km_compute_valid_best);
KM_FIGURE_COMPUTE(km_compute_valid_gap);
KM_FIGURE_COMPUTE(km_compute_velocity_ratio);
KM_FIGURE_COMPUTE(km_compute_verdict_nonfinite);
KM_FIGURE_COMPUTE(km_compute_verdict_spike);
KM_FIGURE_COMPUTE(km_compute_verdict_diverged);
KM_FIGURE_COMPUTE(km_compute_verdict_plateau);
KM_FIGURE_COMPUTE(km_compute_verdict_overfitting);
KM_FIGURE_COMPUTE(km_compute_verdict_underfitting);
KM_FIGURE_COMPUTE(km_compute_verdict_memorising);
KM_FIGURE_COMPUTE(km_compute_verdict_stalled);
KM_FIGURE_COMPUTE(km_compute_verdict_regime_change);
KM_FIGURE_COMPUTE(km_compute_throughput);
KM_FIGURE_COMPUTE(km_compute_step_time);
KM_FIGURE_COMPUTE(km_compute_mfu);
KM_FIGURE_COMPUTE(km_compute_hfu);
KM_FIGURE_COMPUTE(km_compute_goodput);
KM_FIGURE_COMPUTE(km_compute_ettr);
KM_FIGURE_COMPUTE(km_compute_speed_change);
KM_FIGURE_COMPUTE(km_compute_straggler);
KM_FIGURE_COMPUTE(km_compute_noise_scale);
KM_FIGURE_COMPUTE(km_compute_forecast_final);
KM_FIGURE_COMPUTE(km_compute_forecast_at);
KM_FIGURE_COMPUTE(km_compute_time_to_target);
KM_FIGURE_COMPUTE(km_compute_probability);
KM_FIGURE_COMPUTE(km_compute_forecast_skill);
KM_FIGURE_COMPUTE(km_compute_cost_spent);
KM_FIGURE_COMPUTE(km_compute_cost_rate);
KM_FIGURE_COMPUTE(km_compute_cost_to_target);

/* What charts draw (curves.c) and the sentence on top (headline.c). */
KM_FIGURE_COMPUTE(km_goodput_chart);
KM_FIGURE_COMPUTE(km_card_velocity);
KM_FIGURE_COMPUTE(km_card_curves);
KM_FIGURE_COMPUTE(km_card_headline);

#endif
