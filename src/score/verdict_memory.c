/* verdict_memory.c - detectors that have seen nothing, and how far to trust
 * the others. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/verdict_memory.h"

#include <math.h>

#include "score/memory.h"

static void begin(struct km_verdict_memory *known,
                  const struct km_curve_memory *curve)
{
    *known =
        (struct km_verdict_memory){.track = curve->track, .from = curve->from};
    km_spike_init(&known->spike.spike);
    km_divergence_init(&known->divergence.divergence);
    km_plateau_init(&known->plateau.plateau);
    known->plateau.next = known->regime.next = km_look_next(0);
    known->plateau.negligible = NAN;
    km_spike_init(&known->regime.spike);
    km_regime_init(&known->regime.regime);
    km_stall_init(&known->stall.stall);
}

struct km_verdict_memory *km_verdicts_known(const struct km_score_input *input)
{
    struct km_memory *memory = input->memory;
    const struct km_curve_memory *curve = &memory->learn;
    struct km_verdict_memory *known = memory->verdicts;
    bool fresh = !known;
    if (fresh) {
        known = memory->verdicts =
            km_new(memory->arena, struct km_verdict_memory, 1);
    }
    if (known &&
        (fresh || known->track != curve->track || known->from != curve->from)) {
        begin(known, curve);
    }
    return known;
}

size_t km_verdicts_rated(const struct km_score_input *input,
                         const struct km_curve_input *curve)
{
    const struct km_track *rate = input->view.tracks[KM_ROLE_LEARNING_RATE];
    return rate && rate->count ? km_bins_find(curve->x, curve->count,
                                              rate->step[rate->count - 1])
                               : curve->count;
}
