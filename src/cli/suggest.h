/* suggest.h - the nearest known word to one that is not known.
 *
 * Distance counts insertions, deletions, replacements and swaps of neighbours
 * (optimal string alignment), case ignored. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_SUGGEST_H
#define KM_CLI_SUGGEST_H

#include <stddef.h>

struct km_suggestion {
    const char *typed;
    const char *nearest; /* NULL: nothing is near enough */
    size_t distance;
};

void km_suggest_begin(struct km_suggestion *suggestion, const char *typed);
void km_suggest_offer(struct km_suggestion *suggestion, const char *known);

/* At least 1; words longer than 32 bytes are compared by their first 32. */
size_t km_suggest_distance(const char *a, const char *b);

#endif
