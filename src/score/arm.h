/* arm.h - runs that stand for one thing under comparison: seeds of a
 * configuration, or whatever a person puts together.
 *
 *     arm A   seed 1  seed 2  seed 3       each: a falling curve, a final value
 *     arm B   seed 1  seed 2
 *     other configurations with seeds  ->  how much seeds differ here
 *
 * Ownership: the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_ARM_H
#define KM_SCORE_ARM_H

#include "measure/moderate.h"
#include "measure/speedup.h"
#include "score/cohort.h"

struct km_arm {
    const char *name;
    const struct km_member **members; /* with a curve of the metric */
    size_t count;
    struct km_falling *falling; /* of each: isotonic, lower is better */
    size_t dropped;             /* runs without the metric */
    size_t configurations;      /* more than 1: not only seeds differ */
    size_t died;                /* runs that failed, or ended in no number */
    size_t stopped;             /* runs whose metric stops before they do */
};

/* What of `each` (one a run) is a unit of chance: the run; the configuration,
 * as the mean of its runs, where the arm mixes several. Skips NaN. Returns how
 * many were put into `units` (room for arm->count). */
size_t km_arm_units(const struct km_arm *arm, const double *each,
                    double *units);

/* What all arms are compared by. */
struct km_arm_metric {
    const char *name, *unit; /* NULL: no metric that every arm has */
    enum km_role role;
    double sign;
};

/* Names `group[i]` (< arm_count) for the members of each arm; UINT32_MAX: in no
 * arm. The metric is the one that most runs of all arms have; an arm may end
 * up without runs. */
enum km_code km_arms_build(const struct km_cohort *cohort,
                           const uint32_t *group, const char *const *names,
                           size_t arm_count, struct km_arena *arena,
                           struct km_arm *arms, struct km_arm_metric *metric,
                           struct km_err *err);

/* The name of arms[index] for a sentence: without the folders that the names of
 * all have in common. Never NULL: all of it when memory is short. */
const char *km_arm_told(const struct km_arm *const *arms, size_t count,
                        size_t index, struct km_arena *arena);

/* How much seeds of one configuration differ, by all configurations together
 * (measure/moderate.h): what is known of one that has none of its own. */
struct km_seed_spread {
    struct km_moderate final; /* of the final value; df 0: nothing is known */
    struct km_moderate time;  /* of ln time to a loss; df 0: the same */
    double pooled, df;        /* plain pooled variance of the final value */
    size_t groups;            /* configurations with two seeds or more */
};

/* Over all configurations of the cohort with two seeds or more that are in none
 * of `arms` (count 0: all), with the metric and, as far as both say it, of the
 * task of the first arm. */
enum km_code km_seed_spread_of(const struct km_cohort *cohort,
                               const struct km_arm *arms, size_t arm_count,
                               const struct km_arm_metric *metric,
                               struct km_arena *arena,
                               struct km_seed_spread *spread,
                               struct km_err *err);

/* The curve's value (lower is better) at a step: interpolated between
 * evaluations; the mean over the last 3 % before it for a training curve. NaN
 * beyond the curve. */
double km_member_value_at(const struct km_member_curve *curve, double step);

/* Share of its steps at which a run is taken to have ended. */
#define KM_ENDED 0.99

/* How far the metric goes of the horizon: 1 where the next evaluation was not
 * due before the run's end. */
double km_member_progress(const struct km_member *member, double horizon);

/* Does the metric of a run that has ended stop before the run does? Such a run
 * is left out at the end, unless all of its arm are like it. */
bool km_member_stops_short(const struct km_member *member);

#endif
