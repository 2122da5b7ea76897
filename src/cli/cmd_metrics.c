/* cmd_metrics.c - `km metrics`: the series of runs and their summaries. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

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
    struct km_str glob; /* of --metric; empty: all */
    bool many;          /* more than one run: say which */
    uint64_t shown;
};

static void json_value(struct km_json_writer *w, const char *key, double value,
                       bool known)
{
    km_json_key(w, key);
    if (known) {
        km_json_double(w, value);
    } else {
        km_json_null(w);
    }
}

/* With points there is a step, though it be the one that else means absent. */
static void json_step(struct km_json_writer *w, const char *key, int64_t step,
                      bool known)
{
    km_json_key(w, key);
    if (known) {
        km_json_int(w, step);
    } else {
        km_json_null(w);
    }
}

static void json_count(struct km_json_writer *w, const char *key, uint64_t n)
{
    km_json_key(w, key);
    km_json_int(w, (int64_t)n);
}

static void print_json(struct listing *listing, const struct km_series_row *row)
{
    const struct km_series_summary *s = &row->summary;
    bool finite = s->n > s->n_nan + s->n_posinf + s->n_neginf;
    struct km_json_writer w;
    km_json_writer_init(&w, &listing->cli->out);
    km_json_object_begin(&w);
    km_json_run_identity(&w, &listing->cli->arena, listing->run);
    km_json_key(&w, "metric");
    km_json_str(&w, row->metric);
    km_json_key(&w, "labels");
    km_json_str(&w, row->labels);
    json_count(&w, "n", s->n);
    json_count(&w, "n_nan", s->n_nan);
    json_count(&w, "n_posinf", s->n_posinf);
    json_count(&w, "n_neginf", s->n_neginf);
    json_value(&w, "first", s->first, s->n > 0);
    json_value(&w, "last", s->last, s->n > 0);
    json_value(&w, "min", s->min, finite);
    json_value(&w, "max", s->max, finite);
    json_value(&w, "sum", s->sum, true);
    json_step(&w, "first_step", s->first_step, s->n > 0);
    json_step(&w, "last_step", s->last_step, s->n > 0);
    json_step(&w, "min_step", s->min_step, s->n > 0);
    json_step(&w, "max_step", s->max_step, s->n > 0);
    km_json_time(&w, "first_time", s->first_time_ns);
    km_json_time(&w, "last_time", s->last_time_ns);
    km_json_key(&w, "time_estimated");
    km_json_bool(&w, (row->flags & KM_SERIES_TIME_ESTIMATED) != 0);
    km_json_key(&w, "step_is_index");
    km_json_bool(&w, (row->flags & KM_SERIES_STEP_IS_INDEX) != 0);
    km_json_object_end(&w);
    km_buf_append_char(&listing->cli->out, '\n');
}

static void add_row(struct listing *listing, const struct km_series_row *row)
{
    const struct km_series_summary *s = &row->summary;
    struct km_table *table = &listing->table;
    struct km_role_of role =
        km_role_find(&listing->cli->config.roles, row->metric, row->labels);
    uint64_t odd = s->n_nan + s->n_posinf + s->n_neginf;
    km_table_cell(table,
                  listing->many ? km_str_of(km_run_label(&listing->cli->arena,
                                                         listing->run))
                                : KM_STR(""),
                  KM_TONE_QUIET);
    km_table_cell(table, row->metric, KM_TONE_PLAIN);
    km_table_cell(table, row->labels, KM_TONE_QUIET);
    km_table_cell(
        table,
        km_str_of(role.role == KM_ROLE_NONE ? "" : km_role_title(role.role)),
        KM_TONE_QUIET);
    km_table_cellf(table, KM_TONE_PLAIN, "%s", km_show_count(s->n).text);
    km_table_cellf(table, KM_TONE_BAD, "%s",
                   odd ? km_show_count(odd).text : "");
    km_table_cellf(table, KM_TONE_PLAIN, "%s", km_show_value(s->first).text);
    km_table_cellf(table, KM_TONE_PLAIN, "%s", km_show_value(s->last).text);
    km_table_cellf(table, KM_TONE_PLAIN, "%s", km_show_value(s->min).text);
    km_table_cellf(table, KM_TONE_PLAIN, "%s", km_show_value(s->max).text);
    km_table_cellf(table, KM_TONE_PLAIN, "%s",
                   s->n ? km_show_integer(s->max_step).text : "--");
}

static bool visit_series(void *user, const struct km_series_row *row)
{
    struct listing *listing = user;
    if (listing->glob.len && !km_glob_match(listing->glob, row->metric)) {
        return true;
    }
    listing->shown++;
    if (!listing->cli->json) {
        add_row(listing, row);
        return true;
    }
    print_json(listing, row);
    return km_cli_row_end(listing->cli);
}

static const struct km_column columns[] = {
    {"run", KM_ALIGN_MIDDLE, true},     {"metric", KM_ALIGN_MIDDLE, true},
    {"labels", KM_ALIGN_LEFT, true},    {"role", KM_ALIGN_LEFT, true},
    {"points", KM_ALIGN_RIGHT, false},  {"not finite", KM_ALIGN_RIGHT, false},
    {"first", KM_ALIGN_RIGHT, false},   {"last", KM_ALIGN_RIGHT, false},
    {"min", KM_ALIGN_RIGHT, false},     {"max", KM_ALIGN_RIGHT, false},
    {"to step", KM_ALIGN_RIGHT, false},
};

enum km_code km_run_metrics(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    struct km_run_list list;
    enum km_code code = km_select_named(cli, &store, &list, err);
    struct listing listing = {
        .cli = cli,
        .glob = km_str_of(km_option_text(cli->args, "metric")),
        .many = list.count > 1,
    };
    km_table_init(&listing.table, &cli->arena, columns,
                  sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < list.count && !code && !cli->reader_gone; i++) {
        listing.run = &list.rows[i];
        code = km_store_list_series(store, list.rows[i].id, visit_series,
                                    &listing, err);
    }
    if (code || cli->json) {
        return code;
    }
    if (!listing.shown) {
        km_buf_append_text(&cli->out, "no series\n");
        return KM_OK;
    }
    const struct km_terminal whole = km_cli_list_terminal(cli);
    return km_table_print(&listing.table, &whole, &cli->out, err);
}
