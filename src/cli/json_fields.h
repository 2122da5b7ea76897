/* json_fields.h - fields that several commands print alike. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_JSON_FIELDS_H
#define KM_CLI_JSON_FIELDS_H

#include "base/json_write.h"
#include "store/store.h"

/* "run", "project", "external_id". */
void km_json_run_identity(struct km_json_writer *w, struct km_arena *arena,
                          const struct km_run_row *row);
/* null when absent; seconds since 1970 with all nine decimals that matter. */
void km_json_time(struct km_json_writer *w, const char *key, int64_t time_ns);
void km_json_step(struct km_json_writer *w, const char *key, int64_t step);
/* null when the text is empty. */
void km_json_optional(struct km_json_writer *w, const char *key,
                      struct km_str text);

#endif
