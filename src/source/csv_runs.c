/* csv_runs.c - goes from run to run as the column says. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/csv_runs.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"
#include "source/attribute_text.h"

void km_csv_runs_init(struct km_csv_runs *runs, struct km_arena *arena)
{
    *runs = (struct km_csv_runs){.name_len = 0};
    km_id_map_init(&runs->seen, arena);
}

static struct km_str field_of(const struct km_csv_row *row, size_t column)
{
    return column < row->count ? km_str_trim(row->fields[column])
                               : (struct km_str){"", 0};
}

static void tell_settings(struct km_source *source,
                          const struct km_csv_table *table,
                          const struct km_csv_row *row)
{
    for (size_t i = 0; i < table->count; i++) {
        struct km_str text = field_of(row, i);
        if (table->columns[i].is_setting && !km_csv_is_missing(text)) {
            km_attribute_emit(source->emit, KM_ATTRIBUTE_CONFIG,
                              table->columns[i].name, text);
        }
    }
}

/* True the first time that a run is met. */
static bool is_new(struct km_csv_runs *runs, struct km_str name)
{
    uint64_t key = km_hash(name.ptr, name.len, 0) | 1;
    return km_id_map_find(&runs->seen, key) == KM_ID_ABSENT &&
           km_id_map_put(&runs->seen, key, 0);
}

static bool go_to_run(struct km_csv_runs *runs, struct km_source *source,
                      struct km_csv_table *table, struct km_str name)
{
    struct km_str base = km_emit_first_run(source->emit);
    char id[2 * KM_NAME_BYTES_MAX + 2];
    int len = snprintf(id, sizeof id, "%.*s/%.*s", (int)base.len, base.ptr,
                       (int)name.len, name.ptr);
    const struct km_run_meta meta = {.external_id = {id, (size_t)len},
                                     .created_ns = KM_TIME_ABSENT,
                                     .ended_ns = KM_TIME_ABSENT};
    if (km_name_check(meta.external_id, "the run", NULL) != KM_OK) {
        return false;
    }
    (void)km_emit_run(source->emit, &meta);
    memcpy(runs->name, name.ptr, name.len);
    runs->name_len = name.len;
    for (size_t i = 0; i < table->count; i++) {
        table->columns[i].series = KM_CSV_NO_SERIES;
    }
    return true;
}

bool km_csv_runs_enter(struct km_csv_runs *runs, struct km_source *source,
                       struct km_csv_table *table, const struct km_csv_row *row,
                       int64_t row_number, uint64_t offset)
{
    if (table->run_column == KM_CSV_NO_COLUMN) {
        if (table->has_settings && is_new(runs, KM_STR("-"))) {
            tell_settings(source, table, row);
        }
        return true;
    }
    struct km_str name = field_of(row, table->run_column);
    if (name.len &&
        km_str_equal(name, (struct km_str){runs->name, runs->name_len})) {
        return true;
    }
    if (km_csv_is_missing(name) || name.len > sizeof runs->name ||
        !go_to_run(runs, source, table, name)) {
        if (!runs->left_out_seen) {
            runs->left_out_seen = true;
            km_emit_warn(source->emit, offset,
                         "row %" PRId64 ": its run is missing or no name; such "
                         "rows are left out",
                         row_number);
        }
        return false;
    }
    if (table->has_settings && is_new(runs, name)) {
        tell_settings(source, table, row);
    }
    return true;
}
