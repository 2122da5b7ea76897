/* csv_table.c - which column is the step, which the time, and the names of the
 * others. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/csv_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/number.h"

/* Most telling first: a file may have several. */
static const struct {
    const char *name;
    bool epoch;
} step_names[] = {
    {"global_step", false},
    {"trainer/global_step", false},
    {"step", false},
    {"_step", false},
    {"steps", false},
    {"global step", false},
    {"iteration", false},
    {"iterations", false},
    {"iter", false},
    {"timesteps", false},
    {"total_timesteps", false},
    {"time/total_timesteps", false},
    {"num_timesteps", false},
    {"env_steps", false},
    {"training_iteration", false},
    {"update", false},
    {"updates", false},
    {"train_step", false},
    {"epoch", true},
    {"epochs", true},
};

static const char *const time_names[] = {
    "_timestamp", "timestamp", "wall time",  "wall_time", "walltime",
    "unix_time",  "datetime",  "created_at", "date",      "time",
};

/* Names that are nothing but an axis: once used as one, not a metric too. */
static const char *const axis_names[] = {
    "step",      "global_step", "_step",      "epoch",    "_timestamp",
    "_runtime",  "timestamp",   "time",       "t",        "iteration",
    "wall time", "wall_time",   "created_at", "datetime", "date",
};

static bool same_name(struct km_str a, const char *b)
{
    return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

static size_t find_column(const struct km_csv_table *table, struct km_str name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (km_str_equal(table->columns[i].name, name)) {
            return i;
        }
    }
    return KM_CSV_NO_COLUMN;
}

/* Open addressing over the names' hashes: a million columns stay linear. */
struct name_set {
    uint64_t *hashes;
    size_t mask;
};

static bool add_name(struct name_set *set, struct km_str name)
{
    uint64_t hash = km_hash(name.ptr, name.len, 0) | 1;
    size_t at = (size_t)(hash >> 7) & set->mask;
    while (set->hashes[at]) {
        if (set->hashes[at] == hash) {
            return false;
        }
        at = (at + 1) & set->mask;
    }
    set->hashes[at] = hash;
    return true;
}

/* A second column of the same name becomes "name.1", as pandas has it. */
static enum km_code name_column(struct km_csv_table *table, size_t index,
                                struct km_str field, bool escaped,
                                struct name_set *set, struct km_arena *arena)
{
    struct km_csv_column *column = &table->columns[index];
    column->series = KM_CSV_NO_SERIES;
    column->labels = (struct km_str){NULL, 0};
    column->left_out = column->is_setting = false;
    size_t len = field.len;
    char *name = escaped ? km_csv_unescape(arena, field, &len)
                         : km_arena_copy(arena, field.ptr, field.len);
    if (name && len == 0) {
        name = km_arena_printf(arena, "column_%zu", index + 1);
        len = name ? strlen(name) : 0;
    }
    for (unsigned copy = 1; name && !add_name(set, (struct km_str){name, len});
         copy++) {
        name = km_arena_printf(arena, "%.*s.%u", (int)field.len, field.ptr,
                               copy > 64 ? (unsigned)index + 1 : copy);
        len = name ? strlen(name) : 0;
        if (copy > 66) {
            break;
        }
    }
    column->name = (struct km_str){name, len};
    return name ? KM_OK : KM_ELIMIT;
}

enum { LISTED_BYTES_MAX = 160 };

/* "step, loss, lr, ...": what there is instead. */
static enum km_code refuse_column(const struct km_csv_table *table,
                                  struct km_str name, struct km_err *err)
{
    struct km_buf names;
    km_buf_init(&names, KM_LINE_BYTES_MAX);
    size_t shown = 0;
    while (shown < table->count && names.len < LISTED_BYTES_MAX) {
        struct km_str column = table->columns[shown].name;
        km_buf_printf(&names, "%s\"%.*s\"", shown ? ", " : "",
                      (int)(column.len > 60 ? 60 : column.len), column.ptr);
        shown++;
    }
    enum km_code code =
        km_fail(err, KM_EUSAGE,
                "--columns: the file has no column \"%.*s\"; it has %s%s",
                (int)(name.len > 60 ? 60 : name.len), name.ptr,
                names.failed || !names.bytes ? "" : names.bytes,
                shown < table->count ? " and others" : "");
    km_buf_finish(&names);
    return code;
}

#define SETTING_PREFIX KM_STR("config.")

/* "config.lr=lr": the column is a setting. */
static bool is_setting(struct km_str name)
{
    return name.len > SETTING_PREFIX.len && km_str_starts(name, SETTING_PREFIX);
}

static enum km_code map_one(struct km_csv_table *table, struct km_str left,
                            struct km_str right, struct km_err *err)
{
    size_t index = find_column(table, right);
    if (index == KM_CSV_NO_COLUMN) {
        return refuse_column(table, right, err);
    }
    if (km_str_is(left, "step")) {
        table->step_column = index;
    } else if (km_str_is(left, "time")) {
        table->time_column = index;
    } else if (km_str_is(left, "run")) {
        table->run_column = index;
        table->columns[index].left_out = true;
    } else if (is_setting(left)) {
        left = (struct km_str){left.ptr + SETTING_PREFIX.len,
                               left.len - SETTING_PREFIX.len};
        table->columns[index].name = left;
        table->columns[index].is_setting = table->has_settings = true;
        table->columns[index].left_out = true;
    } else {
        table->columns[index].name = left;
        table->columns[index].left_out = false;
    }
    return KM_OK;
}

/* "step=Iter,time=ts,loss=val loss": naming any metric keeps only those. */
static enum km_code apply_map(struct km_csv_table *table, struct km_str map,
                              struct km_arena *arena, struct km_err *err)
{
    char *copy = km_arena_copy(arena, map.ptr, map.len);
    if (!copy) {
        return km_fail(err, KM_ELIMIT, "--columns is too long");
    }
    map.ptr = copy;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t at = 0; at < map.len;) {
            size_t end = km_str_find(map, ',', at);
            struct km_str pair =
                km_str_trim((struct km_str){map.ptr + at, end - at});
            size_t equals = km_str_find(pair, '=', 0);
            if (equals == 0 || equals + 1 >= pair.len) {
                return km_fail(err, KM_EUSAGE,
                               "--columns: character %zu: expected "
                               "NAME=COLUMN, like step=Iter",
                               at + 1);
            }
            struct km_str left = km_str_trim((struct km_str){pair.ptr, equals});
            struct km_str right = km_str_trim(
                (struct km_str){pair.ptr + equals + 1, pair.len - equals - 1});
            bool axis = km_str_is(left, "step") || km_str_is(left, "time") ||
                        km_str_is(left, "run") || is_setting(left);
            for (size_t i = 0; pass == 0 && !axis && i < table->count; i++) {
                table->columns[i].left_out = true;
            }
            enum km_code code = pass ? map_one(table, left, right, err) : KM_OK;
            if (code) {
                return code;
            }
            at = end + 1;
        }
    }
    return KM_OK;
}

enum km_code km_csv_table_build(struct km_csv_table *table,
                                struct km_arena *arena,
                                const struct km_csv_row *header,
                                struct km_str column_map, struct km_err *err)
{
    size_t slots = 16;
    while (slots < header->count * 2) {
        slots *= 2;
    }
    *table = (struct km_csv_table){.count = header->count,
                                   .step_column = KM_CSV_NO_COLUMN,
                                   .run_column = KM_CSV_NO_COLUMN,
                                   .time_column = KM_CSV_NO_COLUMN};
    table->columns = km_new(arena, struct km_csv_column, header->count);
    struct name_set set = {km_new(arena, uint64_t, slots), slots - 1};
    enum km_code code =
        table->columns && set.hashes && !header->extra ? KM_OK : KM_ELIMIT;
    for (size_t i = 0; i < header->count && !code; i++) {
        code = name_column(table, i, header->fields[i], header->escaped, &set,
                           arena);
    }
    if (code) {
        return km_fail(err, code,
                       "the header has more than %d columns or too "
                       "much text",
                       KM_CSV_COLUMNS_MAX);
    }
    size_t names = sizeof time_names / sizeof time_names[0];
    for (size_t n = 0; n < names && table->time_column == KM_CSV_NO_COLUMN;
         n++) {
        for (size_t i = 0; i < table->count; i++) {
            if (same_name(table->columns[i].name, time_names[n])) {
                table->time_column = i;
                break;
            }
        }
    }
    return column_map.len ? apply_map(table, column_map, arena, err) : KM_OK;
}

bool km_csv_step_parse(struct km_str text, int64_t *step)
{
    if (km_integer_parse(text, step)) {
        return *step != INT64_MIN;
    }
    double value;
    if (!km_number_parse(text, &value) || !(fabs(value) <= 0x1p53) ||
        value != floor(value)) {
        return false;
    }
    *step = (int64_t)value;
    return true;
}

void km_csv_table_choose_step(struct km_csv_table *table,
                              const struct km_csv_row *row)
{
    const size_t names = sizeof step_names / sizeof step_names[0];
    for (size_t n = 0; n < names && table->step_column == KM_CSV_NO_COLUMN;
         n++) {
        for (size_t i = 0; i < table->count && i < row->count; i++) {
            int64_t step;
            if (same_name(table->columns[i].name, step_names[n].name) &&
                (km_csv_is_missing(row->fields[i]) ||
                 km_csv_step_parse(row->fields[i], &step))) {
                table->step_column = i;
                table->step_is_epoch = step_names[n].epoch;
                break;
            }
        }
    }
}

void km_csv_table_leave_axes_out(struct km_csv_table *table)
{
    const size_t names = sizeof axis_names / sizeof axis_names[0];
    const size_t axes[] = {table->step_column, table->time_column};
    for (size_t a = 0; a < 2; a++) {
        if (axes[a] == KM_CSV_NO_COLUMN) {
            continue;
        }
        struct km_csv_column *column = &table->columns[axes[a]];
        for (size_t n = 0; n < names; n++) {
            column->left_out |= same_name(column->name, axis_names[n]);
        }
    }
}

bool km_csv_is_missing(struct km_str text)
{
    static const char *const words[] = {"NA",   "N/A",  "n/a", "null",
                                        "NULL", "None", "-",   "<NA>"};
    if (text.len == 0) {
        return true;
    }
    if (text.len > 4) {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (km_str_is(text, words[i])) {
            return true;
        }
    }
    return false;
}

bool km_csv_time_guess(double value, int64_t *time_ns)
{
    static const struct {
        double low, ns;
    } scales[] = {{1e9, 1e9}, {1e12, 1e6}, {1e15, 1e3}, {1e18, 1}};
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        if (value >= scales[i].low && value < scales[i].low * 4.2) {
            double whole = floor(value);
            *time_ns = (int64_t)whole * (int64_t)scales[i].ns +
                       (int64_t)((value - whole) * scales[i].ns + 0.5);
            return true;
        }
    }
    return false;
}

bool km_csv_time_parse(struct km_str text, int64_t *time_ns)
{
    double value;
    if (km_number_parse(text, &value)) {
        return km_csv_time_guess(value, time_ns);
    }
    return text.len < 64 && km_time_parse(text.ptr, text.len, time_ns) != 0;
}
