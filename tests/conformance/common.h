/* common.h - what the store tests share: folders, batches, dumps.
 *
 * A dump is everything that the reading verbs say, as text; two stores are
 * equal when their dumps are. Values are multiples of 1/8 that add up without
 * rounding, and the specials that floating point has. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_CONFORMANCE_COMMON_H
#define KM_TESTS_CONFORMANCE_COMMON_H

#include "store/store.h"

enum backend { BACKEND_MEMORY, BACKEND_SQLITE, BACKEND_COUNT };

/* A new folder below TMPDIR; `path` has room for 256 bytes. */
void make_folder(char *path);
void remove_folder(const char *path);

/* How much of a long test to do: `all` when KM_THOROUGH is set (the Meson test
 * setup "thorough"), else `some`. */
long amount_of(long some, long all);

/* Time that stands still unless a test moves it. */
extern int64_t test_wall_ns;
extern const struct km_clock test_clock;

/* NULL options: create, durability FAST, test clock. */
struct km_store *open_store(enum backend backend, const char *path,
                            const struct km_store_options *options,
                            struct km_err *err);

void dump_store(struct km_store *store, struct km_buf *out);

/* "equal", or the first line in which they differ. */
const char *first_difference(const struct km_buf *a, const struct km_buf *b);

struct random_state {
    uint64_t word;
};
uint64_t random_next(struct random_state *random);
uint64_t random_below(struct random_state *random, uint64_t end);

/* Fills `batch` for one of `origins` origins, sometimes replacing. */
void random_batch(struct random_state *random, uint64_t origins,
                  struct km_batch *batch);

/* One run, one attempt, one series: for tests that need no more. */
void plain_batch(struct km_batch *batch, uint64_t origin_id, const char *run,
                 const char *metric);

/* Counts the findings of a deep check, printing them as TAP comments. */
int count_findings(struct km_store *store, bool deep, bool repair);

#endif
