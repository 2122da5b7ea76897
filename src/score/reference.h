/* reference.h - a run that saw the same batches, to take their noise out.
 *
 * Named by the options, else found: a run of the same project whose config or
 * tags say the same `data_order_id`. Of several the first that finished, then
 * the oldest.
 *
 *     reference  r |....[======== fitted by pow3 ========]....|
 *     this run   y |....[====== matched ======] x_now
 *
 * Ownership: the arena.   Threads: any, one arena a call.
 * Document: docs/metrics.md#learn.velocity_local */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_REFERENCE_H
#define KM_SCORE_REFERENCE_H

#include "score/input.h"

struct km_reference {
    const char *name;    /* "project/name" */
    const char *why;     /* "data_order_id 17", "--reference" */
    const char *problem; /* why it is not used; NULL: it is */
    size_t count;        /* steps that both have, in the last 60 % of steps */
    const double *x, *y; /* of this run, there */
    const double *noise; /* the reference less its fitted curve, there */
    double se_slope;     /* of that curve at x_now, per step */
};

/* Leaves input->reference NULL when no run is meant. */
enum km_code km_reference_load(struct km_store *store,
                               struct km_score_input *input,
                               struct km_err *err);

#endif
