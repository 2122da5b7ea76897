/* store_rules.h - what every backend must decide alike, decided once.
 *
 * The order of attempts, runs and origins, which run a filter means, and how a
 * point enters a bucket: the backends share these words, so that the
 * conformance suite compares storage and not opinions.
 * Threads: any; pure functions. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_STORE_STORE_RULES_H
#define KM_STORE_STORE_RULES_H

#include "store/store.h"

/* Bytewise, shorter first on a tie: <0, 0, >0. */
int km_str_compare(struct km_str a, struct km_str b);

/* What ranks an attempt in its run (model/batch.h). */
struct km_attempt_rank {
    int64_t origin_start_ns; /* absent: last */
    struct km_str order_key;
    uint64_t origin_id;
    uint32_t part;
};
int km_attempt_rank_compare(const struct km_attempt_rank *a,
                            const struct km_attempt_rank *b);

/* What a later batch of the same origin says about an attempt: texts and an
 * explicit restart win when given, the first start stays. */
void km_attempt_row_update(struct km_attempt_row *known,
                           const struct km_batch_attempt *said);

/* The meta of a run is kept per origin, and folded for showing by rising
 * (created, origin): texts and state said later win, created is the earliest
 * and ended the latest. No import order matters. */
void km_run_meta_update(struct km_run_meta *known, /* same origin */
                        const struct km_run_meta *said);
void km_run_meta_fold(struct km_run_meta *shown, /* another origin */
                      const struct km_run_meta *said);
bool km_run_meta_equal(const struct km_run_meta *a,
                       const struct km_run_meta *b);

/* The name that people see. */
struct km_str km_run_meta_label(const struct km_run_meta *meta);

/* When a run began, as well as is known: created, first time, added. */
int64_t km_run_newest_ns(const struct km_run_row *run);
bool km_run_matches(const struct km_run_row *run,
                    const struct km_run_filter *filter);
int km_run_compare(const struct km_run_row *a, const struct km_run_row *b,
                   enum km_run_order order);

/* high INT64_MAX includes step INT64_MAX. */
static inline bool km_range_has(const struct km_point_range *range,
                                int64_t step)
{
    return step >= range->step_low &&
           (step < range->step_high || range->step_high == INT64_MAX);
}

void km_bucket_init(struct km_bucket *bucket); /* no points */
void km_bucket_merge(struct km_bucket *bucket,
                     const struct km_series_summary *later);

/* Which of `count` equal buckets over `range` holds `step`. */
size_t km_bucket_index(const struct km_point_range *range, size_t count,
                       int64_t step);

/* Adds the points that are in the range to the buckets. */
void km_buckets_add(struct km_bucket *buckets, size_t count,
                    const struct km_point_range *range, const int64_t *steps,
                    const double *values, size_t point_count);

/* The refusal of a guarded batch. */
enum km_code km_guard_fail(struct km_err *err);

/* Does `cursor` answer to `like`? See store.h, find_cursors. */
bool km_cursor_matches(const struct km_cursor *cursor,
                       const struct km_cursor *like);

#endif
