/* goodput.h - where the time of a run went, second by second.
 *
 * The caller walks through the run from its start and books stretches one after
 * the other; each second is booked once, so that productive time and lost time
 * of all causes add up to what elapsed. A stretch that begins before the last
 * one ended (ranks, clocks set back) counts from where that ended.
 * Units: seconds.   Threads: one book at a time.
 * Document: docs/metrics.md#speed.goodput */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_GOODPUT_H
#define KM_MEASURE_GOODPUT_H

#include <stddef.h>

enum km_time_use {
    KM_TIME_PRODUCTIVE,
    KM_TIME_START_UP, /* before the first steps, and compiling in them */
    KM_TIME_STALL,    /* a step that took far too long */
    KM_TIME_RESTART,  /* from the last point before a restart to the next */
    KM_TIME_REDONE,   /* steps whose results a restart threw away */
    KM_TIME_EVALUATION,
    KM_TIME_CHECKPOINT,
    KM_TIME_DATA,  /* waiting for data, as logged */
    KM_TIME_OTHER, /* after the last step */
    KM_TIME_USE_COUNT,
};

enum { KM_GOODPUT_BINS = 60 };

struct km_goodput {
    double from, to;                   /* the run's clock */
    double reached;                    /* everything before is booked */
    double seconds[KM_TIME_USE_COUNT]; /* their sum is reached - from */
    double bins[KM_TIME_USE_COUNT][KM_GOODPUT_BINS]; /* of equal width */
    size_t count[KM_TIME_USE_COUNT]; /* stretches with such time */
    size_t backwards;                /* stretches that began too early */
};

void km_goodput_init(struct km_goodput *book, double from, double to);

/* Books time up to `until`: `expected` seconds (as far as there are so many)
 * for `use`, the rest for `rest`. Returns the seconds booked for `rest`. */
double km_goodput_add(struct km_goodput *book, double until, double expected,
                      enum km_time_use use, enum km_time_use rest);

#endif
