/* target_group.h - when the runs of a group reach a target, or have not yet.
 *
 * One Kaplan-Meier curve for every group of a cohort. A run that reached the
 * target is an event at its crossing; one that has not is censored at its last
 * step; one that diverged, failed or was killed at no step at all.
 *
 *     group a   ──┐1                 compare.to_target        its median
 *                 └──┐2              compare.restricted_mean  its area up to
 *                    └───── tau      tau, and the difference of two areas
 *
 * Ownership: the card's arena.   Threads: any, one arena a call.
 * Document: docs/metrics.md#compare.to_target */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_TARGET_GROUP_H
#define KM_SCORE_TARGET_GROUP_H

#include "score/cohort.h"

/* Adds curves "survival" of kind "step", named by the first run of each group
 * (or names[g]), limits at the card's level, and both figures over steps and,
 * where every run has a clock, over training time. group[i] < group_count is
 * member i's. `target` in the metric's own direction; runs that are judged by
 * another metric than `metric` (NULL: any) are left out. A group without a
 * curve adds none. */
enum km_code km_target_group_add(const struct km_cohort *cohort,
                                 const uint32_t *group, size_t group_count,
                                 const char *const *names, const char *metric,
                                 double target, struct km_scorecard *card,
                                 struct km_err *err);

#endif
