/* suggest.c - edit distance on three rows. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { WORD_BYTES = 32 };

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int folded(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

size_t km_suggest_distance(const char *a, const char *b)
{
    size_t rows[3][WORD_BYTES + 1];
    size_t a_len = least_of(strlen(a), WORD_BYTES);
    size_t b_len = least_of(strlen(b), WORD_BYTES);
    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = rows[i % 3], *up = rows[(i + 2) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            bool same = folded(a[i - 1]) == folded(b[j - 1]);
            size_t best = least_of(up[j] + 1, now[j - 1] + 1);
            best = least_of(best, up[j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                folded(a[i - 2]) == folded(b[j - 1])) {
                best = least_of(best, rows[(i + 1) % 3][j - 2] + 1);
            }
            now[j] = best;
        }
    }
    return rows[a_len % 3][b_len];
}

void km_suggest_begin(struct km_suggestion *suggestion, const char *typed)
{
    *suggestion = (struct km_suggestion){.typed = typed};
}

/* A word helps when most of it was typed: at most a third of it is wrong, or it
 * begins with what was typed. */
void km_suggest_offer(struct km_suggestion *suggestion, const char *known)
{
    size_t len = strlen(suggestion->typed);
    size_t distance = km_suggest_distance(suggestion->typed, known);
    bool begins = len >= 3 && strncmp(known, suggestion->typed, len) == 0;
    if (begins) {
        distance = 1;
    }
    if (distance > 1 + len / 3 || distance >= strlen(known)) {
        return;
    }
    if (!suggestion->nearest || distance < suggestion->distance) {
        suggestion->nearest = known;
        suggestion->distance = distance;
    }
}
