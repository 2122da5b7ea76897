/* attribute_text.h - parameters that a tracker keeps as text, given back their
 * type: "0.1" is the number 0.1, "True" is true, the rest stays text. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_ATTRIBUTE_TEXT_H
#define KM_SOURCE_ATTRIBUTE_TEXT_H

#include "source/emit.h"

/* The JSON of a number, a truth value or None; empty: it is a text. Borrowed
 * from `text`. */
struct km_str km_attribute_json(struct km_str text);

void km_attribute_emit(struct km_emit *emit, enum km_attribute_kind kind,
                       struct km_str key, struct km_str text);

#endif
