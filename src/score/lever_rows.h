/* lever_rows.h - the runs that can be compared, and how long each took.
 *
 * Ownership: the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_LEVER_ROWS_H
#define KM_SCORE_LEVER_ROWS_H

#include "score/levers.h"

struct km_lever_rows {
    const struct km_member **members; /* used ones */
    double *y;                        /* ln of axis units to the target */
    double *step_y;                   /* ln of units per token (or step): the
                                         part that throughput does not explain */
    size_t count;
    size_t no_curve, other_metric, unreached, no_rate; /* left out */
    const char *metric, *unit;
    double sign, target; /* target in people's direction */
    enum km_axis axis;
    bool factored; /* step_y and y - step_y mean something */
    enum km_axis data_axis;
};

enum km_code km_lever_rows_find(const struct km_cohort *cohort,
                                const struct km_lever_options *options,
                                struct km_arena *arena,
                                struct km_lever_rows *rows, struct km_err *err);

/* Everything with a curve of the metric that most runs have: no target, no
 * responses; `unit`, `sign` and `metric` are set. */
enum km_code km_lever_rows_all(const struct km_cohort *cohort,
                               struct km_arena *arena,
                               struct km_lever_rows *rows, struct km_err *err);

#endif
