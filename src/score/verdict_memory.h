/* verdict_memory.h - how far each detector has come along a run.
 *
 * Looks that were taken never change (verdict.h), so they are not taken again.
 * A detector that asks about the learning rate keeps its state only up to the
 * last step whose rate is known: what comes later may be logged late.
 * Ownership: the memory's arena.   Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_VERDICT_MEMORY_H
#define KM_SCORE_VERDICT_MEMORY_H

#include "measure/verdict.h"
#include "score/input.h"

struct km_spike_look {
    size_t taken; /* points of the curve */
    struct km_spike spike;
};

struct km_divergence_look {
    size_t taken;
    struct km_divergence divergence;
};

struct km_plateau_look {
    size_t next; /* points at which it looks next */
    struct km_plateau plateau;
    double negligible; /* at the last look */
    bool explained;
};

struct km_regime_look {
    size_t taken, next;
    struct km_spike spike; /* lasting ones are another level */
    struct km_regime regime;
};

struct km_stall_look {
    size_t taken;       /* stretches of the timeline */
    size_t evaluations; /* that were known */
    size_t checkpoints; /* up to the last stretch taken */
    struct km_stall stall;
};

struct km_verdict_memory {
    const struct km_track *track; /* of the curve */
    size_t from;                  /* its first point */
    struct km_spike_look spike;
    struct km_divergence_look divergence;
    struct km_plateau_look plateau;
    struct km_regime_look regime;
    struct km_stall_look stall;
};

/* What is known of the run that learns; begun anew when its curve is another
 * one. NULL: memory is short. */
struct km_verdict_memory *km_verdicts_known(const struct km_score_input *input);

/* How many of the first points of a curve have a rate logged at or behind them,
 * or have none to wait for. */
size_t km_verdicts_rated(const struct km_score_input *input,
                         const struct km_curve_input *curve);

#endif
