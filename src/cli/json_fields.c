/* json_fields.c - identity, time and step in JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json_fields.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/select.h"

void km_json_run_identity(struct km_json_writer *w, struct km_arena *arena,
                          const struct km_run_row *row)
{
    km_json_key(w, "run");
    km_json_text(w, km_run_label(arena, row));
    km_json_key(w, "project");
    km_json_str(w, row->meta.project);
    km_json_key(w, "external_id");
    km_json_str(w, row->meta.external_id);
}

void km_json_time(struct km_json_writer *w, const char *key, int64_t time_ns)
{
    km_json_key(w, key);
    if (time_ns == KM_TIME_ABSENT) {
        km_json_null(w);
        return;
    }
    char text[40];
    uint64_t size = time_ns < 0 ? 0 - (uint64_t)time_ns : (uint64_t)time_ns;
    int len =
        snprintf(text, sizeof text, "%s%" PRIu64 ".%09" PRIu64,
                 time_ns < 0 ? "-" : "", size / 1000000000, size % 1000000000);
    while (text[len - 1] == '0' && text[len - 2] != '.') {
        len--;
    }
    km_json_raw(w, (struct km_str){text, (size_t)len});
}

void km_json_step(struct km_json_writer *w, const char *key, int64_t step)
{
    km_json_key(w, key);
    if (step == KM_STEP_ABSENT) {
        km_json_null(w);
    } else {
        km_json_int(w, step);
    }
}

void km_json_optional(struct km_json_writer *w, const char *key,
                      struct km_str text)
{
    km_json_key(w, key);
    if (text.len) {
        km_json_str(w, text);
    } else {
        km_json_null(w);
    }
}
