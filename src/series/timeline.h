/* timeline.h - how long the steps took: one row for each logged stretch.
 *
 * The clock is, in this order: training time as logged, step times as logged
 * (unless they are running averages), times of the points of the longest
 * series (of those with nine tenths of its points, that of the first role),
 * averages. The first KM_TIMELINE_START_STEPS
 * steps of every attempt (compilation, caches) are left out where enough
 * remains.
 * Ownership: the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SERIES_TIMELINE_H
#define KM_SERIES_TIMELINE_H

#include "series/view.h"

enum { KM_TIMELINE_START_STEPS = 10 };

struct km_timeline {
    const char *source; /* "times of loss"; NULL: no clock at all */
    bool estimated;     /* the times were derived by whoever imported them */
    bool averaged;      /* only running averages were logged */
    size_t count;
    double *at;                   /* last step of the stretch */
    double *steps;                /* how many, > 0 */
    double *seconds;              /* how long, > 0 */
    const struct km_track *timed; /* longest series with times, or NULL */
    /* for km_timeline_more(): */
    const struct km_track *clock; /* what the stretches are of */
    size_t cap, taken;            /* of the arrays; points taken up */
    size_t first;                 /* point of the last attempt */
    bool skip; /* the first steps of each attempt are left out */
};

enum km_code km_timeline_build(const struct km_run_view *view,
                               struct km_arena *arena,
                               struct km_timeline *timeline,
                               struct km_err *err);

/* The same from a timeline of the same view before it grew (km_run_view_grow),
 * for as many points as there are new ones; from {0}: km_timeline_build(). */
enum km_code km_timeline_more(const struct km_run_view *view,
                              struct km_arena *arena,
                              struct km_timeline *timeline, struct km_err *err);

#endif
