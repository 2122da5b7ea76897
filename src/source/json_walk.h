/* json_walk.h - JSON tokens together with the keys that lead to them.
 *
 * In {"a": [{"b": 1}]} the 1 stands at depth 3 and its keys are, by level,
 * "a", "0", "b"; joined "a.0.b". Keys are not handed out as tokens of their
 * own: a value, a beginning or an end comes with its keys known.
 *
 * Ownership: the walk owns its reader and its keys; both change with the next
 * call.   Errors: those of json_read.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_JSON_WALK_H
#define KM_SOURCE_JSON_WALK_H

#include "base/json_read.h"

struct km_json_walk {
    struct km_json_reader reader;
    struct km_buf keys; /* of all levels, joined with '.' */
    size_t start[KM_JSON_DEPTH_MAX + 1], end[KM_JSON_DEPTH_MAX + 1];
    uint64_t index[KM_JSON_DEPTH_MAX + 1]; /* next element, in arrays */
};

void km_json_walk_init(struct km_json_walk *walk);
void km_json_walk_reset(struct km_json_walk *walk);
void km_json_walk_finish(struct km_json_walk *walk);

/* Like km_json_next(); never gives KM_JSON_KEY. Feed walk->reader. */
enum km_code km_json_walk_next(struct km_json_walk *walk,
                               struct km_json_token *token, struct km_err *err);

/* The key at `level`: 1 is the member of the outermost object or array. */
struct km_str km_json_walk_key(const struct km_json_walk *walk, int level);

/* The keys from level `first` to level `last`, joined. */
struct km_str km_json_walk_path(const struct km_json_walk *walk, int first,
                                int last);

/* True for a number, and for text that is one ("1.5", "NaN"): some loggers
 * quote. Booleans are no numbers. */
bool km_json_token_number(const struct km_json_token *token, double *value);

/* The same for whole numbers, also when written 100.0. */
bool km_json_token_integer(const struct km_json_token *token, int64_t *value);

bool km_json_token_is_scalar(const struct km_json_token *token);

/* Appends a scalar as JSON. */
void km_json_token_write(const struct km_json_token *token, struct km_buf *out);

#endif
