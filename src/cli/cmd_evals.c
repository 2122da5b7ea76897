/* cmd_evals.c - `km evals`: results of tasks, with error and count. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/json_write.h"
#include "cli/commands.h"
#include "cli/select.h"
#include "model/role.h"
#include "report/quantity.h"
#include "report/run_json.h"
#include "report/table.h"

struct listing {
    struct km_cli *cli;
    struct km_table table;
    const struct km_run_row *run;
    struct km_str glob; /* of --task */
    uint64_t shown, runs_shown, run_id;
};

/* The metric as its file has it: "exact_match,strict-match". */
static struct km_str metric_name(struct km_arena *arena,
                                 const struct km_evaluation *row)
{
    if (row->filter.len == 0) {
        return row->metric;
    }
    const char *joined =
        km_arena_printf(arena, "%.*s,%.*s", (int)row->metric.len,
                        row->metric.ptr, (int)row->filter.len, row->filter.ptr);
    return joined ? km_str_of(joined) : row->metric;
}

static void json_number(struct km_json_writer *w, const char *key, double value)
{
    km_json_key(w, key);
    if (isnan(value)) {
        km_json_null(w);
    } else {
        km_json_double(w, value);
    }
}

static void json_known(struct km_json_writer *w, const char *key, int64_t count)
{
    km_json_key(w, key);
    if (count < 0) {
        km_json_null(w);
    } else {
        km_json_int(w, count);
    }
}

static void print_json(struct listing *listing, const struct km_evaluation *row)
{
    struct km_json_writer w;
    km_json_writer_init(&w, &listing->cli->out);
    km_json_object_begin(&w);
    km_json_run_identity(&w, &listing->cli->arena, listing->run);
    km_json_key(&w, "task");
    km_json_str(&w, row->task);
    km_json_key(&w, "metric");
    km_json_str(&w, metric_name(&listing->cli->arena, row));
    km_json_optional(&w, "filter", row->filter);
    km_json_optional(&w, "version", row->version);
    km_json_optional(&w, "subset", row->subset);
    km_json_optional(&w, "model", row->model);
    km_json_optional(&w, "task_hash", row->task_hash);
    km_json_optional(&w, "stage", row->stage);
    json_known(&w, "stage_index", row->stage_index);
    km_json_key(&w, "value");
    km_json_double(&w, row->value);
    json_number(&w, "stderr", row->stderr_);
    json_known(&w, "n", row->n);
    json_known(&w, "n_shot", row->n_shot);
    km_json_step(&w, "step", row->step);
    km_json_time(&w, "time", row->time_ns);
    json_number(&w, "cost_seconds", row->cost_seconds);
    km_json_key(&w, "higher_is_better");
    if (row->higher_is_better < 0) {
        km_json_null(&w);
    } else {
        km_json_bool(&w, row->higher_is_better == 1);
    }
    km_json_object_end(&w);
    km_buf_append_char(&listing->cli->out, '\n');
}

static void add_row(struct listing *listing, const struct km_evaluation *row)
{
    struct km_table *table = &listing->table;
    struct km_arena *arena = &listing->cli->arena;
    int decimals = km_decimals_for(row->value, row->value - row->stderr_,
                                   row->value + row->stderr_);
    km_table_cell(table, km_str_of(km_run_label(arena, listing->run)),
                  KM_TONE_QUIET);
    km_table_cell(table, row->task, KM_TONE_PLAIN);
    km_table_cell(table, row->stage, KM_TONE_QUIET);
    km_table_cell(table, metric_name(arena, row), KM_TONE_PLAIN);
    km_table_cellf(table, KM_TONE_PLAIN, "%s",
                   km_show_decimals(row->value, decimals).text);
    km_table_cellf(table, KM_TONE_QUIET, "%s",
                   isnan(row->stderr_)
                       ? ""
                       : km_show_decimals(row->stderr_, decimals).text);
    km_table_cellf(table, KM_TONE_PLAIN, "%s",
                   row->n < 0 ? "" : km_show_integer(row->n).text);
    km_table_cellf(table, KM_TONE_PLAIN, "%s",
                   row->n_shot < 0 ? "" : km_show_integer(row->n_shot).text);
    km_table_cellf(
        table, KM_TONE_PLAIN, "%s",
        row->step == KM_STEP_ABSENT ? "" : km_show_integer(row->step).text);
    km_table_cell(table, row->model, KM_TONE_QUIET);
}

static bool visit_evaluation(void *user, uint64_t run_id,
                             const struct km_evaluation *row)
{
    struct listing *listing = user;
    if (listing->glob.len && !km_glob_match(listing->glob, row->task)) {
        return true;
    }
    if (listing->shown++ == 0 || listing->run_id != run_id) {
        listing->run_id = run_id;
        listing->runs_shown++;
    }
    if (!listing->cli->json) {
        add_row(listing, row);
        return true;
    }
    print_json(listing, row);
    return km_cli_row_end(listing->cli);
}

static const struct km_column columns[] = {
    {"run", KM_ALIGN_MIDDLE, true},   {"task", KM_ALIGN_MIDDLE, true},
    {"after", KM_ALIGN_LEFT, true},   {"metric", KM_ALIGN_MIDDLE, true},
    {"value", KM_ALIGN_RIGHT, false}, {"std. error", KM_ALIGN_RIGHT, false},
    {"n", KM_ALIGN_RIGHT, false},     {"shots", KM_ALIGN_RIGHT, false},
    {"step", KM_ALIGN_RIGHT, false},  {"model", KM_ALIGN_MIDDLE, true},
};

enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

/* Empties a column that says the same in every row, and says it once before the
 * table: room for what differs. */
static void say_once(struct listing *listing, size_t column)
{
    struct km_table *table = &listing->table;
    for (size_t i = column; i < table->cell_count; i += COLUMN_COUNT) {
        if (!km_str_equal(table->cells[i].text, table->cells[column].text)) {
            return;
        }
    }
    if (table->cell_count == 0 || table->cells[column].text.len == 0) {
        return;
    }
    struct km_buf *out = &listing->cli->out;
    km_buf_printf(out, "%s: ", columns[column].title);
    km_text_plain(out, table->cells[column].text);
    km_buf_append_char(out, '\n');
    for (size_t i = column; i < table->cell_count; i += COLUMN_COUNT) {
        table->cells[i].text.len = 0;
    }
}

static enum km_code print_table(struct listing *listing, struct km_err *err)
{
    struct km_cli *cli = listing->cli;
    if (!listing->shown) {
        km_buf_append_text(&cli->out, "no evaluations\n");
        return KM_OK;
    }
    if (!listing->table.failed && listing->runs_shown == 1) {
        say_once(listing, 0);
        say_once(listing, COLUMN_COUNT - 1);
    }
    const struct km_terminal whole = km_cli_list_terminal(cli);
    return km_table_print(&listing->table, &whole, &cli->out, err);
}

enum km_code km_run_evals(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    struct km_run_list list;
    enum km_code code = km_select_named(cli, &store, &list, err);
    struct listing listing = {
        .cli = cli,
        .glob = km_str_of(km_option_text(cli->args, "task")),
    };
    km_table_init(&listing.table, &cli->arena, columns, COLUMN_COUNT);
    for (size_t i = 0; i < list.count && !code && !cli->reader_gone; i++) {
        listing.run = &list.rows[i];
        code = km_store_read_evaluations(store, list.rows[i].id,
                                         visit_evaluation, &listing, err);
    }
    return code || cli->json ? code : print_table(&listing, err);
}
