/* record_watch.h - keeps forecasts of runs while they are imported.
 *
 * A look at the newest runs: of one that is under way (said to be running, or
 * grown since the look before) a forecast is kept when it has come a quarter
 * further than at the last one kept, and forecasts that have come due are
 * resolved. So the record fills itself, at origins evenly spaced in ln x.
 * Ownership: memory of a look goes with it.   Threads: the writer.
 * Errors: the store's, KM_ELIMIT; a caller that imports goes on. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_RECORD_WATCH_H
#define KM_SCORE_RECORD_WATCH_H

#include "base/clock.h"
#include "score/record.h"

enum { KM_WATCH_RUNS_MAX = 64 };

struct km_record_watch {
    struct km_store *store;
    const struct km_role_table *roles;
    const struct km_clock *clock;
    struct {
        uint64_t run_id;
        int64_t step; /* at the last look */
    } seen[KM_WATCH_RUNS_MAX];
    size_t seen_count;
    size_t kept, resolved; /* so far */
};

void km_record_watch_begin(struct km_record_watch *watch,
                           struct km_store *store,
                           const struct km_role_table *roles,
                           const struct km_clock *clock);
enum km_code km_record_watch_look(struct km_record_watch *watch,
                                  struct km_err *err);

#endif
