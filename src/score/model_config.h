/* model_config.h - the shape of a model and its machine, from a run's config.
 *
 * Ownership: the arena.   Threads: any.   Errors: the store's, KM_ELIMIT.
 * Document: docs/metrics.md#speed.mfu */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_MODEL_CONFIG_H
#define KM_SCORE_MODEL_CONFIG_H

#include "measure/mfu.h"
#include "score/input.h"

struct km_model_facts {
    struct km_model model; /* completed */
    double peak_flops;     /* of one device, per second; NaN: not known */
    const char *peak_source;
};

/* `facts` of the same run; options->peak_flops goes before config and table. */
enum km_code km_model_facts_load(struct km_store *store, uint64_t run_id,
                                 const struct km_run_facts *facts,
                                 const struct km_score_options *options,
                                 struct km_arena *arena,
                                 struct km_model_facts *out,
                                 struct km_err *err);

#endif
