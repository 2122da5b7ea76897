/* known_sets.h - sets of runs in closed form, for the worked values of figures
 * that come from several runs (scope RUNS), or that the known run has not.
 *
 * To add one: a file known_<family>.c with a `make` function that builds runs
 * in a memory store and puts the figures on the card, and its row in
 * known_sets.c. Its line in docs/metrics.md reads "- worked: `variant` = value
 * unit" as those of the known run do. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_KNOWN_SETS_H
#define KM_TESTS_KNOWN_SETS_H

#include "score/figure.h"

struct known_set {
    const char *name;
    /* Inits the arena, which the caller finishes, and fills the card. */
    void (*make)(struct km_arena *arena, struct km_scorecard *card);
    struct km_arena arena;
    struct km_scorecard card;
};

extern struct known_set known_sets[];
extern const size_t known_set_count;

#endif
