/* settings_flat.h - nested settings as "key: one JSON value" pairs.
 *
 * {"optimizer": {"lr": 0.1, "betas": [0.9, 0.95]}} gives optimizer.lr = 0.1 and
 * optimizer.betas = [0.9,0.95]: keys of nested mappings are joined with '.', a
 * list is one value. Two readers, JSON and YAML, one shape.
 *
 * Bounds: KM_SETTINGS_BYTES_MAX of text, KM_JSON_DEPTH_MAX levels. Aliases of
 * YAML are not followed and tags mean nothing: `left_out` counts what is lost.
 * Ownership: texts live for the call.   Threads: any.
 * Errors: KM_EINPUT with the place; KM_ELIMIT.
 * Document: docs/formats/settings.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_SETTINGS_FLAT_H
#define KM_SOURCE_SETTINGS_FLAT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/limits.h"

typedef void km_setting_fn(void *user, struct km_str key, struct km_str json);

/* What the readers feed; everything but `left_out` is private. */
struct km_settings_flat {
    km_setting_fn *setting;
    void *user;
    uint64_t left_out;
    struct km_buf path, json;
    struct km_json_writer writer;
    size_t prefix[KM_JSON_DEPTH_MAX + 1]; /* bytes of path, by depth */
    int depth;                            /* of open mappings */
    int list_depth;                       /* of what is open inside a list */
};

enum km_code km_settings_json(struct km_settings_flat *flat, struct km_str text,
                              struct km_err *err);
enum km_code km_settings_yaml(struct km_settings_flat *flat, struct km_str text,
                              struct km_err *err);

void km_settings_flat_init(struct km_settings_flat *flat,
                           km_setting_fn *setting, void *user);
void km_settings_flat_finish(struct km_settings_flat *flat);

/* For the readers: a document is one mapping. `err` is filled when they give
 * another code than KM_OK. */
void km_settings_key(struct km_settings_flat *flat, struct km_str key);
enum km_code km_settings_begin(struct km_settings_flat *flat, bool is_list,
                               struct km_err *err);
void km_settings_end(struct km_settings_flat *flat, bool is_list);
enum km_code km_settings_scalar(struct km_settings_flat *flat,
                                struct km_str json, struct km_err *err);

#endif
