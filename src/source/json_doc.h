/* json_doc.h - what all sources of one JSON document do the same way.
 *
 * A document is read as it streams in, token by token; nothing of it is kept
 * but what the source keeps. A document that ends too early is PARTIAL (it is
 * being written), one that stops being JSON is DAMAGED; what stood before is
 * kept in both cases.
 * Ownership: the source owns the km_json_doc, and finishes it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_JSON_DOC_H
#define KM_SOURCE_JSON_DOC_H

#include "source/json_walk.h"
#include "source/source.h"

struct km_json_doc {
    struct km_json_walk walk;
    bool ended;   /* the outermost value is complete */
    bool damaged; /* the rest is skipped (--salvage) */
};

void km_json_doc_init(struct km_json_doc *doc);
void km_json_doc_finish(struct km_json_doc *doc);

/* Feeds `bytes` and hands each token to `take`, which returns KM_OK to go on.
 * Everything else is as km_source_ops.feed promises. */
enum km_code km_json_doc_feed(
    struct km_source *source, struct km_json_doc *doc, struct km_str bytes,
    bool last, size_t *used,
    enum km_code (*take)(struct km_source *source,
                         const struct km_json_token *token, struct km_err *err),
    struct km_err *err);

/* True when the text up to its end, or to where it is cut, holds `key` in
 * quotes with a colon behind it. For sniffing. */
bool km_json_mentions(struct km_str text, const char *key);

/* True when the outermost object, as far as `text` goes, has `key`. */
bool km_json_has(struct km_str text, const char *key);

/* The first byte that is no blank, or 0. */
char km_json_first_byte(struct km_str text);

#endif
