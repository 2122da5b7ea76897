/* run_json.c - identity, time and step of a run in JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/run_json.h"

#include <inttypes.h>
#include <stdio.h>

static struct km_str shown_name(const struct km_run_row *row)
{
    return row->meta.name.len ? row->meta.name : row->meta.external_id;
}

const char *km_run_label(struct km_arena *arena, const struct km_run_row *row)
{
    struct km_str project = row->meta.project, name = shown_name(row);
    char *label = km_arena_printf(arena, "%.*s/%.*s", (int)project.len,
                                  project.ptr ? project.ptr : "", (int)name.len,
                                  name.ptr ? name.ptr : "");
    return label ? label : "";
}

const char *km_run_unique(struct km_arena *arena, const struct km_run_row *row)
{
    struct km_str project = row->meta.project, id = row->meta.external_id;
    char *label = km_arena_printf(arena, "%.*s/%.*s", (int)project.len,
                                  project.ptr ? project.ptr : "", (int)id.len,
                                  id.ptr ? id.ptr : "");
    return label ? label : "";
}

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

void km_json_run_row(struct km_json_writer *w, struct km_arena *arena,
                     const struct km_run_row *row)
{
    km_json_run_identity(w, arena, row);
    km_json_key(w, "group");
    km_json_str(w, row->meta.group);
    km_json_key(w, "parent");
    km_json_str(w, row->meta.parent);
    km_json_key(w, "state");
    km_json_text(w, km_run_state_name(row->meta.state));
    km_json_key(w, "source");
    km_json_str(w, row->meta.source);
    km_json_key(w, "series");
    km_json_int(w, (int64_t)row->series_count);
    km_json_key(w, "points");
    km_json_int(w, (int64_t)row->point_count);
    km_json_key(w, "attempts");
    km_json_int(w, row->attempt_count);
    km_json_step(w, "max_step", row->max_step);
    km_json_time(w, "created", row->meta.created_ns);
    km_json_time(w, "ended", row->meta.ended_ns);
    km_json_time(w, "first_time", row->first_time_ns);
    km_json_time(w, "last_time", row->last_time_ns);
}
