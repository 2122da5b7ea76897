/* cmd_runs.c - `km runs`: what the store holds, one line a run. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>

#include "base/json_write.h"
#include "cli/commands.h"
#include "cli/json_fields.h"
#include "cli/select.h"
#include "model/role.h"
#include "report/quantity.h"
#include "report/table.h"

/* The series that tells best where a run stands. */
struct loss {
    const struct km_role_table *roles;
    enum km_role role;
    double last;
    bool found;
};

static bool visit_series(void *user, const struct km_series_row *row)
{
    struct loss *loss = user;
    struct km_role_of role =
        km_role_find(loss->roles, row->metric, row->labels);
    bool better = role.role == KM_ROLE_VALID_LOSS ||
                  (role.role == KM_ROLE_TRAIN_LOSS && !loss->found);
    if (better && row->summary.n) {
        loss->role = role.role;
        loss->last = row->summary.last;
        loss->found = true;
    }
    return !(loss->found && loss->role == KM_ROLE_VALID_LOSS);
}

static enum km_code find_loss(struct km_cli *cli, struct km_store *store,
                              uint64_t run_id, struct loss *loss,
                              struct km_err *err)
{
    *loss = (struct loss){.roles = &cli->config.roles, .last = NAN};
    return km_store_list_series(store, run_id, visit_series, loss, err);
}

static int64_t last_activity(const struct km_run_row *row)
{
    if (row->meta.ended_ns != KM_TIME_ABSENT &&
        row->meta.ended_ns > row->last_time_ns) {
        return row->meta.ended_ns;
    }
    return row->last_time_ns;
}

static void print_json(struct km_cli *cli, const struct km_run_row *row,
                       const struct loss *loss)
{
    struct km_json_writer w;
    km_json_writer_init(&w, &cli->out);
    km_json_object_begin(&w);
    km_json_run_identity(&w, &cli->arena, row);
    km_json_key(&w, "group");
    km_json_str(&w, row->meta.group);
    km_json_key(&w, "parent");
    km_json_str(&w, row->meta.parent);
    km_json_key(&w, "state");
    km_json_text(&w, km_run_state_name(row->meta.state));
    km_json_key(&w, "source");
    km_json_str(&w, row->meta.source);
    km_json_key(&w, "series");
    km_json_int(&w, (int64_t)row->series_count);
    km_json_key(&w, "points");
    km_json_int(&w, (int64_t)row->point_count);
    km_json_key(&w, "attempts");
    km_json_int(&w, row->attempt_count);
    km_json_step(&w, "max_step", row->max_step);
    km_json_time(&w, "created", row->meta.created_ns);
    km_json_time(&w, "ended", row->meta.ended_ns);
    km_json_time(&w, "first_time", row->first_time_ns);
    km_json_time(&w, "last_time", row->last_time_ns);
    km_json_key(&w, "last_loss");
    if (loss->found) {
        km_json_double(&w, loss->last);
    } else {
        km_json_null(&w);
    }
    km_json_key(&w, "last_loss_role");
    km_json_text(&w, loss->found ? km_role_word(loss->role) : NULL);
    km_json_object_end(&w);
    km_buf_append_char(&cli->out, '\n');
}

static enum km_tone tone_of(enum km_run_state state)
{
    switch (state) {
    case KM_RUN_RUNNING:
        return KM_TONE_ACCENT;
    case KM_RUN_FAILED:
    case KM_RUN_KILLED:
        return KM_TONE_BAD;
    case KM_RUN_UNKNOWN:
        return KM_TONE_QUIET;
    case KM_RUN_FINISHED:
        break;
    }
    return KM_TONE_PLAIN;
}

static void table_row(struct km_cli *cli, struct km_table *table,
                      const char *name, const struct km_run_row *row,
                      const struct loss *loss)
{
    int64_t last = last_activity(row);
    km_table_cell(table, km_str_of(name), KM_TONE_PLAIN);
    km_table_cell(table,
                  km_str_of(row->meta.state == KM_RUN_UNKNOWN
                                ? "--"
                                : km_run_state_name(row->meta.state)),
                  tone_of(row->meta.state));
    km_table_cellf(table, KM_TONE_PLAIN, "%s",
                   row->max_step == KM_STEP_ABSENT
                       ? "--"
                       : km_show_integer(row->max_step).text);
    km_table_cellf(table, KM_TONE_PLAIN, "%s",
                   km_show_count(row->point_count).text);
    km_table_cellf(table, KM_TONE_PLAIN, "%s",
                   loss->found ? km_show_value(loss->last).text : "--");
    km_table_cellf(table, KM_TONE_QUIET, "%s",
                   last == KM_TIME_ABSENT
                       ? "no clock"
                       : km_show_ago(last, km_clock_wall_ns(cli->clock)).text);
    km_table_cell(table, row->meta.source, KM_TONE_QUIET);
}

static const struct km_column columns[] = {
    {"run", KM_ALIGN_MIDDLE, true},       {"state", KM_ALIGN_LEFT, false},
    {"last step", KM_ALIGN_RIGHT, false}, {"points", KM_ALIGN_RIGHT, false},
    {"last loss", KM_ALIGN_RIGHT, false}, {"active", KM_ALIGN_RIGHT, false},
    {"source", KM_ALIGN_LEFT, false},
};

/* What names this run and no other: its label, or with the external id where
 * several runs have one name. */
static const char *typed_name(struct km_cli *cli,
                              const struct km_run_list *list, size_t index)
{
    const struct km_run_meta *meta = &list->rows[index].meta;
    bool shared = false;
    for (size_t i = 0; i < list->count && !shared && meta->name.len; i++) {
        shared = i != index &&
                 km_str_equal(list->rows[i].meta.name, meta->name) &&
                 km_str_equal(list->rows[i].meta.project, meta->project);
    }
    return shared ? km_run_unique(&cli->arena, &list->rows[index])
                  : km_run_label(&cli->arena, &list->rows[index]);
}

static enum km_code print_runs(struct km_cli *cli, struct km_store *store,
                               const struct km_run_list *list,
                               struct km_err *err)
{
    bool names = km_option_given(cli->args, "names");
    struct km_table table;
    km_table_init(&table, &cli->arena, columns,
                  sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < list->count; i++) {
        const struct km_run_row *row = &list->rows[i];
        if (names) {
            const char *label = typed_name(cli, list, i);
            km_text_plain(&cli->out, km_str_of(label));
            km_buf_append_char(&cli->out, '\n');
            continue;
        }
        struct loss loss;
        enum km_code code = find_loss(cli, store, row->id, &loss, err);
        if (code) {
            return code;
        }
        if (!cli->json) {
            table_row(cli, &table, typed_name(cli, list, i), row, &loss);
            continue;
        }
        print_json(cli, row, &loss);
        if (!km_cli_row_end(cli)) {
            return KM_OK;
        }
    }
    if (cli->json || names) {
        return KM_OK;
    }
    if (list->count == 0) {
        km_buf_append_text(&cli->out, "no runs\n");
        return KM_OK;
    }
    return km_table_print(&table, &cli->terminal, &cli->out, err);
}

enum km_code km_run_runs(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    enum km_code code = km_cli_store(cli, KM_ACCESS_READ, &store, err);
    if (code) {
        return code;
    }
    const char *sort = km_option_text(cli->args, "sort");
    struct km_run_filter filter = {
        .project = km_str_of(km_option_text(cli->args, "project")),
        .order = sort && strcmp(sort, "newest") == 0 ? KM_ORDER_NEWEST
                                                     : KM_ORDER_NAME,
        .limit = (uint64_t)km_option_number(cli->args, "limit", 0),
    };
    struct km_run_list list;
    code = km_select_runs(cli, store, &filter, cli->args->words,
                          cli->args->word_count, &list, err);
    return code ? code : print_runs(cli, store, &list, err);
}
