/* record.h - the tool's own record: forecasts kept while a run was alive, and
 * what came of them.
 *
 *     note "forecast"           what was said at a step about a later one
 *     note "forecast.resolved"  the same with what came, once it is there
 *
 * The first forecast of a run, metric, origin and target stands: saying it
 * again changes nothing. A forecast is resolved when its run has ended or has
 * passed the target by 2 %; one whose run stopped before stays open.
 *
 * Ownership: the arena.   Threads: one writer.   Errors: the store's,
 * KM_ELIMIT.   Document: docs/metrics.md#forecast.skill */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_RECORD_H
#define KM_SCORE_RECORD_H

#include "measure/forecast_score.h"
#include "score/input.h"

enum { KM_RECORD_NOTES_MAX = 20000 };

/* Keeps what the input's paths say of the horizon and of input->at, as said at
 * `now_ns`; `kept`: how many were new. */
enum km_code km_record_keep(struct km_store *store,
                            const struct km_score_input *input, int64_t now_ns,
                            size_t *kept, struct km_err *err);

/* The latest step at which something was said of the run; 0: never. */
enum km_code km_record_origin(struct km_store *store, uint64_t run_id,
                              struct km_arena *arena, double *origin,
                              struct km_err *err);

/* Looks at the runs of all open forecasts; `resolved`: how many were. */
enum km_code km_record_resolve(struct km_store *store,
                               const struct km_role_table *roles,
                               struct km_arena *arena, size_t *resolved,
                               struct km_err *err);

/* The record of one project. */
struct km_record {
    size_t kept, resolved;
    struct km_forecast_score score; /* of the resolved ones */
};
enum km_code km_record_read(struct km_store *store, const char *project,
                            double level, struct km_arena *arena,
                            struct km_record *record, struct km_err *err);

#endif
