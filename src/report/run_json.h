/* run_json.h - a run by name, and in JSON, alike on every face.
 *
 * Ownership: texts live in the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_RUN_JSON_H
#define KM_REPORT_RUN_JSON_H

#include "base/arena.h"
#include "base/json_write.h"
#include "store/store.h"

/* "project/name", as people see and type it. */
const char *km_run_label(struct km_arena *arena, const struct km_run_row *row);

/* "project/external id": no two runs share it. */
const char *km_run_unique(struct km_arena *arena, const struct km_run_row *row);

/* "run", "project", "external_id". */
void km_json_run_identity(struct km_json_writer *w, struct km_arena *arena,
                          const struct km_run_row *row);
/* null when absent; seconds since 1970 with all nine decimals that matter. */
void km_json_time(struct km_json_writer *w, const char *key, int64_t time_ns);
void km_json_step(struct km_json_writer *w, const char *key, int64_t step);
/* null when the text is empty. */
void km_json_optional(struct km_json_writer *w, const char *key,
                      struct km_str text);

/* Everything that the store's list says of a run, but its id: keys of an object
 * that is open. */
void km_json_run_row(struct km_json_writer *w, struct km_arena *arena,
                     const struct km_run_row *row);

#endif
