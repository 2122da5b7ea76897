/* pattern.h - the user's own line shape, as a regular expression.
 *
 *     --pattern 'it=(?<step>\d+) .* loss (?<loss>\S+)'
 *     --pattern 'it=(?<step>\d+)|(?<name>\w+)=(?<value>[-+.\deE]+)'
 *
 * Named groups: step, planned, time, and one per metric, or name with value. A
 * line may match several times; step and time then hold for all of it. The
 * work per line is bounded, so that no pattern can hang the import.
 * Ownership: the pattern owns compiled code; close it.   Threads: one.
 * Document: docs/formats/text_log.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_PATTERN_H
#define KM_SOURCE_PATTERN_H

#include "base/arena.h"
#include "base/err.h"
#include "source/text_shape.h"

struct km_pattern;

/* Errors: KM_EUSAGE with the column in the pattern; KM_ELIMIT. */
enum km_code km_pattern_open(struct km_pattern **out, struct km_arena *arena,
                             struct km_str text, struct km_err *err);

/* Whether km_pattern_open() would take it; the same errors. */
enum km_code km_pattern_check(struct km_str text, struct km_err *err);

/* Fills `out` as km_text_line_match() does; `out->shape` stays NULL. `*hit`
 * says whether there is anything. KM_ELIMIT when the pattern needs too many
 * steps on too many lines. */
enum km_code km_pattern_match(struct km_pattern *pattern, struct km_str line,
                              struct km_text_line *out, bool *hit,
                              struct km_err *err);

/* Lines left out because matching took too long, or they were too long. */
uint64_t km_pattern_skipped(const struct km_pattern *pattern);
void km_pattern_close(struct km_pattern *pattern); /* accepts NULL */

#endif
