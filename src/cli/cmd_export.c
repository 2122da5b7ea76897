/* cmd_export.c - `km export`: every point, as CSV, JSON lines or binary. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/json_write.h"
#include "base/limits.h"
#include "base/number.h"
#include "cli/commands.h"
#include "cli/export_binary.h"
#include "cli/outfile.h"
#include "cli/select.h"
#include "model/role.h"
#include "report/run_json.h"
#include "report/text.h"
#include "score/input.h"

enum export_format { EXPORT_CSV, EXPORT_JSONL, EXPORT_BINARY };

struct export
{
    struct km_cli *cli;
    struct km_store *store;
    enum export_format format;
    struct km_str glob;
    const char *axis; /* NULL: none is asked for */
    double per_step;  /* of the axis; NaN: unknown for this run */
    const struct km_run_row *run;
    const struct km_series_row *series;
    struct km_buf prefix; /* what stands before every point of the series */
    uint64_t blocks;
    struct km_err *err;
    enum km_code code;
};

static void csv_prefix(struct export *e)
{
    const struct km_str texts[] = {
        e->run->meta.project,
        e->run->meta.name.len ? e->run->meta.name : e->run->meta.external_id,
        e->run->meta.external_id, e->series->metric, e->series->labels};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        km_text_csv(&e->prefix, texts[i]);
        km_buf_append_char(&e->prefix, ',');
    }
}

/* The beginning of an object: identity without the closing brace. */
static void json_prefix(struct export *e)
{
    struct km_json_writer w;
    km_json_writer_init(&w, &e->prefix);
    km_json_object_begin(&w);
    km_json_run_identity(&w, &e->cli->arena, e->run);
    km_json_key(&w, "metric");
    km_json_str(&w, e->series->metric);
    km_json_key(&w, "labels");
    km_json_str(&w, e->series->labels);
    if (e->format == EXPORT_BINARY) {
        km_json_key(&w, "flags");
        km_json_int(&w, e->series->flags);
        km_json_key(&w, "axis");
        km_json_text(&w, e->axis);
        km_json_key(&w, "axis_per_step");
        km_json_double(&w, e->per_step);
    }
}

static void append_number(struct km_buf *out, double value)
{
    char text[KM_NUMBER_BYTES];
    km_buf_append(out, text, km_number_format(value, text));
}

static void append_seconds(struct km_buf *out, int64_t ns)
{
    uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    km_buf_printf(out, "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : "",
                  size / 1000000000, size % 1000000000);
}

static void csv_point(struct export *e, const struct km_columns *c, size_t i)
{
    struct km_buf *out = &e->cli->out;
    km_buf_append(out, e->prefix.bytes, e->prefix.len);
    km_buf_printf(out, "%u,%" PRId64 ",", c->attempt, c->steps[i]);
    if (c->times_ns[i] != KM_TIME_ABSENT) {
        append_seconds(out, c->times_ns[i]);
    }
    km_buf_append_char(out, ',');
    append_number(out, c->values[i]);
    if (e->axis) {
        km_buf_append_char(out, ',');
        if (isfinite(e->per_step)) {
            append_number(out, e->per_step * (double)c->steps[i]);
        }
    }
    km_buf_append_text(out, "\r\n");
}

static void json_point(struct export *e, const struct km_columns *c, size_t i)
{
    struct km_buf *out = &e->cli->out;
    km_buf_append(out, e->prefix.bytes, e->prefix.len);
    struct km_json_writer w;
    km_json_writer_init(&w, out);
    w.comma = true; /* the identity stands before */
    km_json_key(&w, "attempt");
    km_json_int(&w, c->attempt);
    km_json_key(&w, "step");
    km_json_int(&w, c->steps[i]);
    km_json_time(&w, "time", c->times_ns[i]);
    km_json_key(&w, "value");
    km_json_double(&w, c->values[i]);
    if (e->axis) {
        km_json_key(&w, e->axis);
        if (isfinite(e->per_step)) {
            km_json_double(&w, e->per_step * (double)c->steps[i]);
        } else {
            km_json_null(&w);
        }
    }
    km_json_object_end(&w);
    km_buf_append_char(out, '\n');
}

static bool visit_columns(void *user, const struct km_columns *columns)
{
    struct export *e = user;
    if (e->format == EXPORT_BINARY) {
        km_export_block(&e->cli->out,
                        (struct km_str){e->prefix.bytes, e->prefix.len},
                        columns);
        e->blocks++;
        return km_cli_row_end(e->cli);
    }
    for (size_t i = 0; i < columns->count; i++) {
        if (e->format == EXPORT_CSV) {
            csv_point(e, columns, i);
        } else {
            json_point(e, columns, i);
        }
        if (!km_cli_row_end(e->cli)) {
            return false;
        }
    }
    return true;
}

/* Series are listed first and read afterwards: a reader must not be asked while
 * it is answering. */
struct series_list {
    struct km_arena *arena;
    struct km_str glob;
    struct km_series_row *rows;
    size_t count, cap;
    bool failed;
};

static bool visit_series(void *user, const struct km_series_row *row)
{
    struct series_list *list = user;
    if (list->glob.len && !km_glob_match(list->glob, row->metric)) {
        return true;
    }
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 64;
        struct km_series_row *rows =
            km_new(list->arena, struct km_series_row, cap);
        list->failed = !rows;
        if (rows && list->count) {
            memcpy(rows, list->rows, list->count * sizeof *rows);
        }
        list->rows = rows;
        list->cap = cap;
    }
    char *metric = list->failed ? NULL
                                : km_arena_copy(list->arena, row->metric.ptr,
                                                row->metric.len);
    char *labels =
        metric
            ? km_arena_copy(list->arena, row->labels.len ? row->labels.ptr : "",
                            row->labels.len)
            : NULL;
    list->failed = !labels;
    if (labels) {
        list->rows[list->count] = *row;
        list->rows[list->count].metric.ptr = metric;
        list->rows[list->count++].labels.ptr = labels;
    }
    return !list->failed;
}

/* How much of the axis one step takes in this run. */
static enum km_code find_rate(struct export *e)
{
    e->per_step = NAN;
    if (!e->axis) {
        return KM_OK;
    }
    struct km_score_options options;
    km_score_options_init(&options);
    options.roles = &e->cli->config.roles;
    options.price_per_accelerator_hour =
        e->cli->config.price_per_accelerator_hour;
    options.price_per_step = e->cli->config.price_per_step;
    struct km_score_input input;
    enum km_code code = km_score_input_load(e->store, e->run->id, &options,
                                            &e->cli->arena, &input, e->err);
    if (code) {
        return code;
    }
    static const char *const names[KM_AXIS_COUNT] = {
        "step",   "token",       "sample", "epoch",   "second",
        "active", "accelerator", "flop",   "currency"};
    for (size_t axis = 0; axis < KM_AXIS_COUNT; axis++) {
        const struct km_rate *rate = &input.axes.rate[axis];
        if (strcmp(e->axis, names[axis]) == 0 && rate->known) {
            e->per_step = rate->per_step;
        }
    }
    return KM_OK;
}

static enum km_code export_run(struct export *e)
{
    struct series_list list = {.arena = &e->cli->arena, .glob = e->glob};
    enum km_code code =
        km_store_list_series(e->store, e->run->id, visit_series, &list, e->err);
    if (!code && list.failed) {
        code = km_fail(e->err, KM_EMEMORY, "no memory for the list of series");
    }
    if (!code && list.count) {
        code = find_rate(e);
    }
    const struct km_point_range all = {INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < list.count && !code; i++) {
        if (e->cli->reader_gone || e->cli->failed.code) {
            break;
        }
        e->series = &list.rows[i];
        km_buf_reset(&e->prefix);
        if (e->format == EXPORT_CSV) {
            csv_prefix(e);
        } else {
            json_prefix(e);
        }
        code = km_store_read_points(e->store, e->series->id, &all,
                                    visit_columns, e, e->err);
    }
    return code;
}

static enum export_format format_of(struct km_cli *cli)
{
    const char *format = km_option_text(cli->args, "format");
    if (!format) {
        return cli->json ? EXPORT_JSONL : EXPORT_CSV;
    }
    return strcmp(format, "csv") == 0     ? EXPORT_CSV
           : strcmp(format, "jsonl") == 0 ? EXPORT_JSONL
                                          : EXPORT_BINARY;
}

static enum km_code export_runs(struct export *e,
                                const struct km_run_list *list)
{
    struct km_buf *out = &e->cli->out;
    if (e->format == EXPORT_CSV) {
        km_buf_printf(out,
                      "project,run,external_id,metric,labels,attempt,step,"
                      "time,value%s%s\r\n",
                      e->axis ? "," : "", e->axis ? e->axis : "");
    } else if (e->format == EXPORT_BINARY) {
        km_export_begin(out);
    }
    enum km_code code = KM_OK;
    for (size_t i = 0; i < list->count && !code; i++) {
        e->run = &list->rows[i];
        code = export_run(e);
        if (!code && atomic_load(km_cli_stop_flag())) {
            code = km_fail(e->err, KM_EINTERRUPTED, "stopped");
        }
    }
    if (!code && e->format == EXPORT_BINARY) {
        km_export_end(out, e->blocks);
    }
    return code;
}

static enum km_code export_to_file(struct export *e,
                                   const struct km_run_list *list,
                                   const char *path)
{
    struct km_outfile file;
    enum km_code code = km_outfile_open(&file, path, &e->cli->arena, e->err);
    if (code) {
        return code;
    }
    e->cli->file = &file;
    code = export_runs(e, list);
    code = code ? code : km_cli_flush(e->cli, e->err);
    km_buf_reset(&e->cli->out);
    e->cli->file = NULL;
    if (code || e->cli->failed.code) {
        km_outfile_abandon(&file);
        return code ? code : e->cli->failed.code;
    }
    return km_outfile_commit(&file, e->err);
}

enum km_code km_run_export(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    struct km_run_list list;
    enum km_code code = km_select_named(cli, &store, &list, err);
    if (code) {
        return code;
    }
    struct export e = {.cli = cli,
                       .store = store,
                       .format = format_of(cli),
                       .glob = km_str_of(km_option_text(cli->args, "metric")),
                       .axis = km_option_text(cli->args, "axis"),
                       .per_step = NAN,
                       .err = err};
    km_buf_init(&e.prefix, 16 * KM_KIB);
    const char *path = km_option_text(cli->args, "output");
    code = path ? export_to_file(&e, &list, path) : export_runs(&e, &list);
    km_buf_finish(&e.prefix);
    return code;
}
