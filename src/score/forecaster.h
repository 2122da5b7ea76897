/* forecaster.h - which forecast to believe, and what stands around it.
 *
 * Several runs at the same origin (share of the plan) and targets, in one
 * array; each is forecast from the others' history:
 *
 *     last value      nothing changes
 *     log-log line    ln y on ln x over the last half
 *     mean            of pow3 and invlog3 fitted on the step axis, held to the
 *                     last 5 % of steps: what they lie off fades with distance
 *     annealing       y = E + A g(S1) - C D, C drawn to what the history
 *                     taught, held in the same way
 *     analogue        last value less the median fall that other runs of the
 *                     same plan had from here (at least 5 configurations)
 *
 * Default: the mean while the rate is constant from the start of the window to
 * the target; annealing where the plan is known and the rate moves; the mean
 * where nothing is known. Another one is taken when, on at least 5
 * configurations of the history at this origin and target (9 where the default
 * has an interval from 9), its mean |error| is below 0.8 of the default's;
 * without such a history, and with a rate that is not known to move, the run's
 * own resolved forecasts choose between the mean and the line by the same rule.
 * One that does not beat the last value on the history (rel >= 1) is switched
 * off; when none is left, nothing is forecast.
 *
 * Intervals: the ladder of measure/conformal.h on errors of the history under
 * the same regime.
 *
 * History is what the caller says: all other configurations, or only those that
 * began earlier. A run's own configuration is never its history. In a back-test
 * over all others, the others' errors were made with priors that knew the
 * judged run's C among many: its interval, not its value, is not strictly
 * prospective there. In order of time everything is; so it is for a run that
 * still goes. Ownership: everything in the arena.   Threads: any, one workspace
 * and arena each.   Errors: KM_ELIMIT when the arena is full. Document:
 * docs/metrics.md#choice-of-forecaster */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_FORECASTER_H
#define KM_SCORE_FORECASTER_H

#include "measure/conformal.h"
#include "score/origin.h"

enum km_forecaster {
    KM_FORECASTER_LAST,
    KM_FORECASTER_LINE,
    KM_FORECASTER_MEAN,
    KM_FORECASTER_ANNEAL,
    KM_FORECASTER_ANALOGUE,
    KM_FORECASTERS,
};
const char *km_forecaster_name(enum km_forecaster forecaster);

enum {
    KM_FORECASTER_GROUPS_MIN = 5, /* to choose by, or to switch off by */
};
#define KM_FORECASTER_BETTER 0.8 /* of the default's mean |error| */

enum km_history {
    KM_HISTORY_OTHERS,  /* all other configurations */
    KM_HISTORY_EARLIER, /* of them, those that began earlier */
};

/* A run at the common origin. */
struct km_judged_run {
    unsigned group, pool;
    int64_t time_ns;
    double e_min;
    const struct km_origin *origin;  /* as many targets as all others */
    const double *truth_x, *truth;   /* per target; NaN: not resolved */
    double drop[KM_ORIGIN_FAMILIES]; /* C of the whole run; NaN: not finished */

    /* filled by km_forecasters_run(): */
    unsigned dense; /* ordinal of the group among those that occur */
    double *value;  /* [forecaster * targets + target]; NaN: not possible */
    struct km_anneal_prior prior[KM_ORIGIN_FAMILIES];
    size_t analogue_groups;
};

enum km_code km_forecasters_run(struct km_judged_run *runs, size_t count,
                                enum km_history history,
                                struct km_origin_workspace *work,
                                struct km_arena *arena, struct km_err *err);

struct km_decision {
    enum km_rate_regime regime;
    enum km_forecaster usual, chosen;
    bool off;          /* nothing beats the last value: value is NaN */
    double rel;        /* of the chosen one on the history; NaN: too little */
    size_t rel_groups; /* configurations behind `rel` */
    double value, lo, hi; /* lo, hi NaN: no interval */
    enum km_rung rung;
    size_t calibration; /* groups or own forecasts behind the interval */
    double pit;         /* of the truth among the errors; NaN unless rung 1 */
};

/* "cross-run conformal, 14 configurations"; NULL: memory is short. */
const char *km_decision_rung(const struct km_decision *decision,
                             struct km_arena *arena);

/* Run `i`, target `t`, after km_forecasters_run(). `scratch` has room for
 * 8 x count. */
void km_forecast_decide(const struct km_judged_run *runs, size_t count,
                        size_t i, size_t t, enum km_history history,
                        double level, double *scratch,
                        struct km_decision *decision);

/* How a forecaster did on the history of run `i` at target `t`, under the same
 * regime, where `beside` was possible too. `scratch` as above. */
struct km_forecaster_record {
    size_t groups;
    double mae, rel; /* NaN without groups */
};
void km_forecaster_recall(const struct km_judged_run *runs, size_t count,
                          size_t i, size_t t, enum km_history history,
                          enum km_forecaster forecaster,
                          enum km_forecaster beside, double *scratch,
                          struct km_forecaster_record *record);

/* Paths of errors for chances and times to a target: of the history where every
 * decision stands on rung 1, else of a cold start. decisions[t] for each
 * target; where one has no value the paths have a hole. */
enum km_code km_forecast_draws(const struct km_judged_run *runs, size_t count,
                               size_t i, enum km_history history,
                               const struct km_decision *decisions,
                               struct km_arena *arena,
                               struct km_error_draws *draws,
                               struct km_err *err);

#endif
