/* json_tree.h - one whole JSON document in an arena, to look things up in.
 *
 * For requests: small, bounded, read in any order. Logs are streams, and are
 * read with json_read.h alone.
 * Ownership: nodes and texts live in the arena.   Threads: any.
 * Errors: KM_EINPUT (with the byte offset), KM_ELIMIT (depth), KM_EMEMORY. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_JSON_TREE_H
#define KM_BASE_JSON_TREE_H

#include "base/arena.h"
#include "base/json_read.h"

struct km_json_node {
    enum km_json_kind kind; /* a scalar's, or KM_JSON_OBJECT_BEGIN, ARRAY */
    struct km_str key;      /* of a member */
    struct km_str text;     /* of strings; raw digits of numbers */
    int64_t integer;
    double number;
    const struct km_json_node *first, *next; /* members, elements */
};

/* NULL on failure. Exactly one document, blanks around it. */
const struct km_json_node *km_json_tree_parse(struct km_str text,
                                              struct km_arena *arena,
                                              struct km_err *err);

/* The first member of that name; NULL: none, null, or `node` is no object. */
const struct km_json_node *km_json_tree_find(const struct km_json_node *node,
                                             const char *key);

/* Appends the node as JSON. */
void km_json_tree_write(const struct km_json_node *node, struct km_buf *out);

#endif
