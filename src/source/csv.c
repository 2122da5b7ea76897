/* csv.c - CSV and TSV files: one metric per column, one step per row. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/csv.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "base/number.h"
#include "source/csv_row.h"
#include "source/csv_runs.h"
#include "source/csv_sniff.h"
#include "source/csv_table.h"

struct csv_state {
    struct km_csv_table table;
    struct km_csv_row row;
    struct km_csv_row header_row; /* to see a header that is repeated */
    struct km_str header;         /* its text, without the line end */
    struct km_str comment;        /* a '#' line that may be the header */
    struct km_str labels;
    struct km_str column_map; /* of the user, now or when it was read before */
    struct km_csv_runs runs;
    int64_t rows;      /* taken so far */
    int64_t step_last; /* of the last row that had one */
    int64_t origin_ns; /* of a relative time column, or absent */
    char delimiter;
    bool has_header, step_chosen, ragged_seen, step_odd_seen;
    bool relative_time; /* the time column counts from origin_ns */
};

/* A state is one text line of numbers, then the header as it stood, or the
 * comment that may become it. */
static enum km_code load_state(struct km_source *source, struct km_str saved,
                               struct km_err *err);

/* "3.monitor.csv" is the log of environment 3: all are one run. */
static struct km_str monitor_labels(struct km_source *source)
{
    struct km_str name = source->place->name;
    size_t digits = 0;
    while (digits < name.len && digits < 9 && name.ptr[digits] >= '0' &&
           name.ptr[digits] <= '9') {
        digits++;
    }
    if (digits == 0 || digits == name.len || name.ptr[digits] != '.') {
        return (struct km_str){NULL, 0};
    }
    return km_str_of(
        km_arena_printf(&source->arena, "env=%.*s", (int)digits, name.ptr));
}

static enum km_code begin(struct km_source *source, struct km_str saved,
                          struct km_err *err)
{
    struct csv_state *csv = source->state;
    csv->row = (struct km_csv_row){.limit = KM_CSV_COLUMNS_MAX,
                                   .arena = &source->arena};
    csv->header_row = csv->row;
    csv->column_map = source->options->column_map;
    km_csv_runs_init(&csv->runs, &source->arena);
    csv->origin_ns = KM_TIME_ABSENT;
    if (source->ops == &km_source_csv_monitor) {
        csv->labels = monitor_labels(source);
    }
    return saved.len ? load_state(source, saved, err) : KM_OK;
}

static enum km_code read_header(struct km_source *source, struct km_str header,
                                struct km_err *err)
{
    struct csv_state *csv = source->state;
    char *copy = km_arena_copy(&source->arena, header.ptr, header.len);
    if (!copy) {
        return km_fail(err, KM_ELIMIT, "the header needs too much memory");
    }
    csv->header = (struct km_str){copy, header.len};
    size_t used;
    enum km_csv_cut cut =
        km_csv_cut(csv->header, csv->delimiter, true, &csv->header_row, &used);
    if (cut != KM_CSV_ROW) {
        return km_fail(err, cut == KM_CSV_FULL ? KM_ELIMIT : KM_EINPUT,
                       "the header cannot be cut into fields");
    }
    csv->has_header = true;
    csv->relative_time = false;
    enum km_code code = km_csv_table_build(
        &csv->table, &source->arena, &csv->header_row, csv->column_map, err);
    for (size_t i = 0; i < csv->table.count && code == KM_OK; i++) {
        /* in AlgoPerf, the time that the trial took so far */
        if (source->ops == &km_source_csv_algoperf &&
            km_str_is(csv->table.columns[i].name, "score")) {
            csv->table.columns[i].labels = KM_STR("unit=s");
        }
    }
    if (code == KM_OK && csv->origin_ns != KM_TIME_ABSENT) {
        for (size_t i = 0; i < csv->table.count; i++) {
            if (km_str_is(csv->table.columns[i].name, "t")) {
                csv->table.time_column = i;
                csv->relative_time = true;
            }
        }
    }
    return code;
}

static bool all_numbers(const struct km_csv_row *row)
{
    for (size_t i = 0; i < row->count; i++) {
        double value;
        if (!km_number_parse(row->fields[i], &value)) {
            return false;
        }
    }
    return row->count > 0;
}

/* A first row of numbers: names come from a '#' line before it if that has as
 * many fields, else columns are numbered. Returns whether `row` is a header. */
static enum km_code first_row(struct km_source *source, struct km_str text,
                              bool *is_header, struct km_err *err)
{
    struct csv_state *csv = source->state;
    *is_header = !all_numbers(&csv->row);
    if (*is_header) {
        return read_header(source, text, err);
    }
    struct km_csv_row named = {.limit = KM_CSV_COLUMNS_MAX,
                               .arena = &source->arena};
    size_t used;
    if (csv->comment.len &&
        km_csv_cut(csv->comment, csv->delimiter, true, &named, &used) ==
            KM_CSV_ROW &&
        named.count == csv->row.count) {
        return read_header(source, csv->comment, err);
    }
    struct km_buf names;
    km_buf_init(&names, KM_LINE_BYTES_MAX);
    for (size_t i = 0; i < csv->row.count; i++) {
        km_buf_printf(&names, "%.*scolumn_%zu", i ? 1 : 0, &csv->delimiter,
                      i + 1);
    }
    enum km_code code =
        names.failed
            ? km_fail(err, KM_ELIMIT, "row 1 has too many columns")
            : read_header(source, (struct km_str){names.bytes, names.len}, err);
    km_buf_finish(&names);
    return code;
}

/* `#{"t_start": 1614619328.33, "env_id": "CartPole-v1"}` before the header */
static void read_comment(struct km_source *source, struct km_str line)
{
    struct csv_state *csv = source->state;
    line = km_str_trim((struct km_str){line.ptr + 1, line.len - 1});
    if (line.len == 0 || *line.ptr != '{') {
        char *copy = km_arena_copy(&source->arena, line.ptr, line.len);
        csv->comment = (struct km_str){copy, copy ? line.len : 0};
        return;
    }
    const struct km_str key = KM_STR("\"t_start\":");
    size_t at = km_str_search(line, key);
    double seconds;
    if (at < line.len) {
        at += key.len;
        struct km_str rest =
            km_str_trim((struct km_str){line.ptr + at, line.len - at});
        size_t digits = km_number_scan(rest, &seconds);
        if (digits && km_csv_time_parse((struct km_str){rest.ptr, digits},
                                        &csv->origin_ns)) {
            km_emit_origin_start(source->emit, csv->origin_ns);
        }
    }
    const struct km_str env = KM_STR("\"env_id\": \"");
    at = km_str_search(line, env);
    if (at < line.len) {
        at += env.len;
        size_t end = km_str_find(line, '"', at);
        km_emit_attribute_text(source->emit, KM_ATTRIBUTE_TAG, KM_STR("env_id"),
                               (struct km_str){line.ptr + at, end - at});
    }
}

static int64_t row_time(struct csv_state *csv)
{
    size_t at = csv->table.time_column;
    int64_t time_ns = KM_TIME_ABSENT;
    double seconds;
    if (at >= csv->row.count) {
        return KM_TIME_ABSENT;
    }
    if (!csv->relative_time) {
        return km_csv_time_parse(csv->row.fields[at], &time_ns)
                   ? time_ns
                   : KM_TIME_ABSENT;
    }
    if (!km_number_parse(csv->row.fields[at], &seconds) ||
        !(fabs(seconds) < 1e9)) {
        return KM_TIME_ABSENT;
    }
    return csv->origin_ns + (int64_t)llround(seconds * 1e9);
}

/* A row without a step belongs to the last one's; a step that is not whole is
 * cut down, and said once. */
static int64_t row_step(struct km_source *source, uint64_t offset)
{
    struct csv_state *csv = source->state;
    size_t at = csv->table.step_column;
    if (at == KM_CSV_NO_COLUMN) {
        return csv->rows;
    }
    struct km_str text =
        at < csv->row.count ? csv->row.fields[at] : (struct km_str){"", 0};
    int64_t step = csv->step_last;
    double value;
    if (km_csv_step_parse(text, &step) || km_csv_is_missing(text)) {
        csv->step_last = step;
        return step;
    }
    if (km_number_parse(text, &value) && fabs(value) < 0x1p53) {
        csv->step_last = (int64_t)floor(value);
    }
    if (!csv->step_odd_seen) {
        csv->step_odd_seen = true;
        km_emit_warn(source->emit, offset,
                     "row %" PRId64 ": the step \"%.*s\" is not a whole number",
                     csv->rows + 1, (int)(text.len > 40 ? 40 : text.len),
                     text.ptr);
    }
    return csv->step_last;
}

static uint32_t series_flags(const struct km_csv_table *table)
{
    if (table->step_column == KM_CSV_NO_COLUMN) {
        return KM_SERIES_STEP_IS_INDEX;
    }
    return table->step_is_epoch ? KM_SERIES_STEP_IS_EPOCH : 0;
}

static void emit_value(struct km_source *source, struct km_csv_column *column,
                       struct km_str text, int64_t step, int64_t time_ns,
                       uint64_t offset)
{
    struct csv_state *csv = source->state;
    double value;
    if (!km_number_parse(text, &value)) {
        if (!km_csv_is_missing(text) && !column->text_seen) {
            column->text_seen = true;
            km_emit_warn(source->emit, offset,
                         "row %" PRId64 ": column \"%.*s\": \"%.*s\" is not a "
                         "number; such values are left out (--columns "
                         "run=NAME makes a run of each, config.KEY=NAME a "
                         "setting)",
                         csv->rows + 1,
                         (int)(column->name.len > 80 ? 80 : column->name.len),
                         column->name.ptr, (int)(text.len > 40 ? 40 : text.len),
                         text.ptr);
        }
        return;
    }
    if (column->series == KM_CSV_NO_SERIES) {
        column->series =
            km_emit_series(source->emit, column->name,
                           column->labels.len ? column->labels : csv->labels,
                           series_flags(&csv->table));
    }
    km_emit_point(source->emit, column->series, step, time_ns, value);
}

static void emit_row(struct km_source *source, uint64_t offset)
{
    struct csv_state *csv = source->state;
    struct km_csv_table *table = &csv->table;
    if (!km_csv_runs_enter(&csv->runs, source, table, &csv->row, csv->rows + 1,
                           offset)) {
        csv->rows++;
        return;
    }
    int64_t time_ns = row_time(csv);
    int64_t step = row_step(source, offset);
    size_t count =
        csv->row.count < table->count ? csv->row.count : table->count;
    for (size_t i = 0; i < count; i++) {
        /* a column named "time" that holds no time of day stays a metric */
        bool timeless = i == table->time_column && time_ns == KM_TIME_ABSENT;
        if (csv->row.fields[i].len &&
            (!table->columns[i].left_out || timeless)) {
            emit_value(source, &table->columns[i], csv->row.fields[i], step,
                       time_ns, offset);
        }
    }
    if (csv->row.count > table->count && !csv->ragged_seen) {
        csv->ragged_seen = true;
        km_emit_warn(source->emit, offset,
                     "row %" PRId64 ": %zu fields under %zu columns; what is "
                     "beyond the header is left out",
                     csv->rows + 1, csv->row.count + csv->row.extra,
                     table->count);
    }
    csv->rows++;
}

/* True when the writer began again in the same file. */
static bool is_header_again(const struct csv_state *csv)
{
    if (csv->row.count != csv->header_row.count) {
        return false;
    }
    for (size_t i = 0; i < csv->row.count; i++) {
        if (!km_str_equal(csv->row.fields[i], csv->header_row.fields[i])) {
            return false;
        }
    }
    return true;
}

/* By the first row; the rows of several runs do not count their steps. */
static enum km_code choose_step(struct csv_state *csv, struct km_err *err)
{
    struct km_csv_table *table = &csv->table;
    csv->step_chosen = true;
    km_csv_table_choose_step(table, &csv->row);
    km_csv_table_leave_axes_out(table);
    bool needed = table->run_column != KM_CSV_NO_COLUMN;
    return needed && table->step_column == KM_CSV_NO_COLUMN
               ? km_fail(err, KM_EUSAGE,
                         "--columns: a table with a run column needs its step "
                         "column: add step=COLUMN")
               : KM_OK;
}

static enum km_code take_record(struct km_source *source, struct km_str text,
                                uint64_t offset, struct km_err *err)
{
    struct csv_state *csv = source->state;
    if (csv->row.count == 1 && csv->row.fields[0].len == 0) {
        return KM_OK; /* a blank line */
    }
    bool is_header = false;
    if (!csv->has_header) {
        enum km_code code = first_row(source, text, &is_header, err);
        if (code || is_header) {
            return code;
        }
    } else if (is_header_again(csv)) {
        km_emit_restart(source->emit, KM_STEP_ABSENT, "header repeated");
        return KM_OK;
    }
    if (!csv->step_chosen) {
        enum km_code code = choose_step(csv, err);
        if (code) {
            return code;
        }
    }
    emit_row(source, offset);
    return km_emit_failed(source->emit) ? km_emit_error(source->emit, err)
                                        : KM_OK;
}

static enum km_code stop_at(struct km_source *source, enum km_csv_cut cut,
                            struct km_str rest, uint64_t offset, bool last,
                            struct km_err *err)
{
    const struct csv_state *csv = source->state;
    if (cut == KM_CSV_FULL) {
        return km_fail(err, KM_ELIMIT, "row %" PRId64 " has too many fields",
                       csv->rows + 1);
    }
    if (rest.len >= KM_LINE_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "byte %" PRIu64 ": row %" PRId64 " is longer than %d "
                       "MiB%s",
                       offset, csv->rows + 1, KM_LINE_BYTES_MAX / KM_MIB,
                       cut == KM_CSV_OPEN_QUOTE ? "; a quote is never closed"
                                                : "");
    }
    if (last && rest.len) {
        source->status = KM_SOURCE_PARTIAL;
    }
    return KM_OK;
}

/* Comment lines stand alone: quotes mean nothing in them. */
static bool take_comment(struct km_source *source, struct km_str rest,
                         bool last, size_t *used)
{
    size_t end = km_str_find(rest, '\n', 0);
    if (end == rest.len && !last) {
        return false;
    }
    struct csv_state *csv = source->state;
    if (!csv->has_header) {
        read_comment(source, (struct km_str){rest.ptr, end});
    }
    *used = end < rest.len ? end + 1 : end;
    return true;
}

static enum km_code feed(struct km_source *source, struct km_str bytes,
                         bool last, size_t *used, struct km_err *err)
{
    struct csv_state *csv = source->state;
    size_t at = 0;
    enum km_code code = KM_OK;
    source->status = KM_SOURCE_COMPLETE;
    if (source->offset == 0 && km_str_starts(bytes, KM_STR("\xef\xbb\xbf"))) {
        at = 3;
    }
    while (at < bytes.len && !code && !km_emit_full(source->emit)) {
        struct km_str rest = {bytes.ptr + at, bytes.len - at};
        size_t taken = 0;
        if (*rest.ptr == '#') {
            if (!take_comment(source, rest, last, &taken)) {
                code = stop_at(source, KM_CSV_MORE, rest, source->offset + at,
                               last, err);
                break;
            }
            at += taken;
            continue;
        }
        if (!csv->has_header) {
            csv->delimiter = km_csv_delimiter(rest);
        }
        enum km_csv_cut cut =
            km_csv_cut(rest, csv->delimiter, last, &csv->row, &taken);
        if (cut != KM_CSV_ROW) {
            code = stop_at(source, cut, rest, source->offset + at, last, err);
            break;
        }
        struct km_str text = km_str_trim((struct km_str){rest.ptr, taken});
        code = take_record(source, text, source->offset + at, err);
        at += code ? 0 : taken;
    }
    *used = at;
    return code;
}

static void save(const struct km_source *source, struct km_buf *out)
{
    const struct csv_state *csv = source->state;
    if (!csv->has_header && csv->origin_ns == KM_TIME_ABSENT &&
        csv->comment.len == 0) {
        return;
    }
    bool has_step = csv->table.step_column != KM_CSV_NO_COLUMN;
    km_buf_printf(
        out,
        "1 %d %" PRId64 " %" PRId64 " %" PRId64 " %d %" PRId64 " %d %d %d\n",
        csv->delimiter, csv->rows, csv->step_last, csv->origin_ns,
        csv->step_chosen, has_step ? (int64_t)csv->table.step_column : -1,
        csv->table.step_is_epoch, csv->ragged_seen, csv->has_header);
    const struct km_str *text = csv->has_header ? &csv->header : &csv->comment;
    km_buf_append(out, text->ptr, text->len);
    if (csv->column_map.len) { /* no header has a NUL */
        km_buf_append_char(out, '\0');
        km_buf_append(out, csv->column_map.ptr, csv->column_map.len);
    }
}

enum { SAVED_WORDS = 10 };

static enum km_code load_state(struct km_source *source, struct km_str saved,
                               struct km_err *err)
{
    struct csv_state *csv = source->state;
    int64_t words[SAVED_WORDS];
    size_t line = km_str_find(saved, '\n', 0);
    size_t at = 0;
    for (int i = 0; i < SAVED_WORDS; i++) {
        size_t end = km_str_find((struct km_str){saved.ptr, line}, ' ', at);
        if (at >= line ||
            !km_integer_parse((struct km_str){saved.ptr + at, end - at},
                              &words[i])) {
            return km_fail(err, KM_ECORRUPT,
                           "the saved place of a CSV file is damaged");
        }
        at = end + 1;
    }
    if (words[0] != 1 || line == saved.len || words[6] >= KM_CSV_COLUMNS_MAX) {
        return km_fail(err, KM_ECORRUPT,
                       "the saved place of a CSV file is of another version");
    }
    csv->delimiter = (char)words[1];
    csv->rows = words[2];
    csv->step_last = words[3];
    csv->origin_ns = words[4];
    struct km_str header = {saved.ptr + line + 1, saved.len - line - 1};
    size_t nul = km_str_find(header, '\0', 0);
    if (nul < header.len) {
        struct km_str map = {header.ptr + nul + 1, header.len - nul - 1};
        char *copy = km_arena_copy(&source->arena, map.ptr, map.len);
        if (csv->column_map.len == 0 && copy) {
            csv->column_map = (struct km_str){copy, map.len};
        }
        header.len = nul;
    }
    if (!words[9]) {
        char *copy = km_arena_copy(&source->arena, header.ptr, header.len);
        csv->comment = (struct km_str){copy, copy ? header.len : 0};
        return KM_OK;
    }
    enum km_code code = read_header(source, header, err);
    if (code || !words[5]) {
        return code;
    }
    csv->step_chosen = true;
    csv->ragged_seen = words[8] != 0;
    csv->table.step_is_epoch = words[7] != 0;
    csv->table.step_column = words[6] < 0 ? KM_CSV_NO_COLUMN : (size_t)words[6];
    km_csv_table_leave_axes_out(&csv->table);
    return KM_OK;
}

#define CSV_SOURCE(NAME, TITLE, SCOPE, SNIFF)                                  \
    {                                                                          \
        .name = NAME, .title = TITLE, .shape = KM_SHAPE_STREAM,                \
        .scope = SCOPE, .settings_beside = true,                               \
        .state_bytes = sizeof(struct csv_state), .sniff = SNIFF,               \
        .begin = begin, .feed = feed, .save = save,                            \
    }

const struct km_source_ops km_source_csv =
    CSV_SOURCE("csv", "CSV or TSV table", KM_SCOPE_FILE, km_csv_sniff);
const struct km_source_ops km_source_csv_lightning =
    CSV_SOURCE("csv_lightning", "Lightning CSVLogger", KM_SCOPE_FOLDER,
               km_csv_sniff_lightning);
const struct km_source_ops km_source_csv_algoperf =
    CSV_SOURCE("csv_algoperf", "AlgoPerf measurements", KM_SCOPE_FOLDER,
               km_csv_sniff_algoperf);
const struct km_source_ops km_source_csv_monitor =
    CSV_SOURCE("csv_monitor", "Stable-Baselines monitor", KM_SCOPE_FOLDER,
               km_csv_sniff_monitor);
