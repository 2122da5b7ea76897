/* yaml_flat.h - the top-level "key: scalar" pairs of a small YAML document.
 *
 * Nested values are passed over, aliases are not followed, tags mean nothing:
 * what a metadata file needs and no more.
 * Threads: any.   Errors: KM_EINPUT with the line; KM_ELIMIT. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_YAML_FLAT_H
#define KM_SOURCE_YAML_FLAT_H

#include "base/err.h"
#include "base/str.h"

typedef void km_yaml_pair_fn(void *user, struct km_str key,
                             struct km_str value);

/* Calls `pair` in the order of the document; texts live for the call. */
enum km_code km_yaml_flat(struct km_str text, km_yaml_pair_fn *pair, void *user,
                          struct km_err *err);

#endif
