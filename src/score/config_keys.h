/* config_keys.h - values of known keys of a run's config and tags.
 *
 * Keys are compared by their last part, in lower case, '-' as '_':
 * "trainer.max-steps" is max_steps. Several keys may mean one thing; the
 * earlier row of the table is preferred.
 * Ownership: the arena.   Threads: any.   Errors: the store's, KM_ELIMIT. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_CONFIG_KEYS_H
#define KM_SCORE_CONFIG_KEYS_H

#include "store/store.h"

enum km_config_kind {
    KM_CONFIG_TEXT,
    KM_CONFIG_POSITIVE, /* a finite number above 0; others do not count */
    KM_CONFIG_NUMBER,   /* a finite number of 0 or more */
};

struct km_config_key {
    const char *key; /* "max_steps" */
    unsigned slot;   /* of the value */
    enum km_config_kind kind;
};

struct km_config_value {
    double number;          /* NaN: none */
    const char *text, *key; /* as written; NULL: none */
};

/* Is the last part of `full` this key? */
bool km_config_key_is(struct km_str full, const char *key);

/* "true", in any case, or "1". `text` may be NULL. */
bool km_config_true(const char *text);

enum km_code km_config_values(struct km_store *store, uint64_t run_id,
                              const struct km_config_key *rows,
                              size_t row_count, struct km_arena *arena,
                              struct km_config_value *out, size_t slot_count,
                              struct km_err *err);

#endif
