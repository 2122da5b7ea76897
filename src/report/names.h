/* names.h - many names in one narrow column, still told apart.
 *
 * Each name alone is shortened by km_text_name(); names that would then look
 * alike are shortened together, so that the parts in which they differ stay.
 * Ownership: texts live in the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_NAMES_H
#define KM_REPORT_NAMES_H

#include "base/arena.h"
#include "base/str.h"

/* Fills shown[0..count) with at most `width` columns each. Distinct names get
 * distinct texts where that is possible. False: the arena is full. */
bool km_names_fit(struct km_arena *arena, const struct km_str *names,
                  size_t count, size_t width, const char *ellipsis,
                  struct km_str *shown);

#endif
