/* compare_profile.h - arms over many workloads: performance profile and score.
 *
 * A workload is the runs whose label a pattern finds, and the value that its
 * validation metric (else what is learned) has to reach. Its time is the
 * training time at the first evaluation there; of several trials of one study
 * (a setting, tag or part of the name that begins with "study") the earliest,
 * over studies the median. Runs of no study are studies of their own. Missed,
 * or not run at all, is infinitely long.
 * Ownership: the card's arena.   Threads: any.
 * Source: Dolan and More 2002, as AlgoPerf scores it.
 * Document: docs/metrics.md#compare.profile */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_COMPARE_PROFILE_H
#define KM_SCORE_COMPARE_PROFILE_H

#include "score/cohort.h"

enum { KM_WORKLOADS_MAX = 64 };

struct km_workload {
    const char *name;   /* also a glob, found anywhere in a run's label */
    double target;      /* in the metric's own direction */
    const char *metric; /* NULL: validation, else what is learned */
    double sign;        /* of `metric`: 1 to be lowered, -1 to be raised */
};

/* compare.profile an arm, and the curves "profile". group[i] is member i's arm,
 * UINT32_MAX: none. Errors: KM_EUSAGE when a workload finds no run, or none
 * with its metric. */
enum km_code
km_compare_profile_add(struct km_store *store, const struct km_cohort *cohort,
                       const uint32_t *group, const char *const *names,
                       size_t arm_count, const struct km_workload *workloads,
                       size_t workload_count,
                       const struct km_score_options *options,
                       struct km_scorecard *card, struct km_err *err);

#endif
