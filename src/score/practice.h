/* practice.h - the named ways to make training faster, told from settings.
 *
 * A practice ("data augmentation", "quantisation") is known by the keys of
 * config and tags that people use for it.
 * Threads: any.   Document: docs/metrics.md#levers.effect */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_PRACTICE_H
#define KM_SCORE_PRACTICE_H

#include <stddef.h>

struct km_practice {
    const char *name;        /* "quantisation" */
    const char *const *keys; /* globs over the last part of a key; NULL ends */
    const char *caveat;      /* what a comparison of it does not see */
};

extern const struct km_practice km_practices[];
extern const size_t km_practice_count;

/* The practice that a key belongs to; NULL: none. '-' counts as '_', letters in
 * either case, what stands before the last '.' or '/' does not count. */
const struct km_practice *km_practice_find(const char *key);

#endif
