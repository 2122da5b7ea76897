/* waits.h - time that a run says it did not compute in: waits for data, saves
 * of checkpoints, evaluations.
 *
 *     data_time         seconds of each step, of the steps since the last point
 *     checkpoint_time   seconds of one save that ended when the point was
 *     eval_time         logged; events of those kinds with {"seconds": 12.5}
 *     accumulated_...   a sum: its rise since the point before
 *
 * Data is waited for inside steps, so all of it is lost. What is said of a save
 * or an evaluation may have run beside the steps: it counts as far as steps
 * took longer than they do without (fig_goodput.c).
 * Ownership: the arena.   Threads: one at a time.   Errors: KM_ELIMIT.
 * Units: seconds.   Document: docs/metrics.md#speed.goodput */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_WAITS_H
#define KM_SCORE_WAITS_H

#include "measure/goodput.h"
#include "measure/pauses.h"
#include "score/input.h"

enum km_wait {
    KM_WAIT_DATA,
    KM_WAIT_CHECKPOINT,
    KM_WAIT_EVALUATION,
    KM_WAIT_COUNT,
};

/* How each is booked. */
enum km_time_use km_wait_use(enum km_wait wait);

struct km_waits {
    const struct km_track *data; /* NULL: not logged, or not believed */
    const double *data_sum;      /* seconds up to each of its points */
    const double *data_steps;    /* that each of its points speaks for */
    struct km_pause *pauses[KM_WAIT_COUNT]; /* on the clock of tracks, joined */
    size_t pause_count[KM_WAIT_COUNT];
    const char *source[KM_WAIT_COUNT]; /* for the evidence; NULL: none */
    const char *doubt; /* why the data wait is not believed; NULL */
    double pace;       /* seconds a step without them; NaN: not known */
};

/* Reads the tracks and input->events; `pace` is left for the caller. Pauses
 * whose time is not known begin at the point of `clock` at their step. */
enum km_code km_waits_load(const struct km_score_input *input,
                           const struct km_track *clock, struct km_waits *waits,
                           struct km_err *err);

bool km_waits_any(const struct km_waits *waits);

/* Seconds waited for data in the steps (from, to], between points in
 * proportion. */
double km_waits_for_data(const struct km_waits *waits, double from, double to);

/* Seconds of the clock's [from, to] in pauses of this kind. */
double km_waits_in_pauses(const struct km_waits *waits, enum km_wait wait,
                          double from, double to);

#endif
