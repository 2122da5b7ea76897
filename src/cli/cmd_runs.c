/* cmd_runs.c - `km runs`: what the store holds, one line a run. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/json_write.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/runs_settings.h"
#include "cli/select.h"
#include "model/role.h"
#include "report/quantity.h"
#include "report/run_json.h"
#include "report/table.h"
#include "store/store_rules.h"

/* Where a run stands: the last value of what tells it best. Text: arena. */
struct standing {
    const struct km_role_table *roles;
    struct km_arena *arena;
    size_t rank; /* in `telling`; its length: none yet */
    enum km_role role;
    const char *metric;
    double last;
};

/* Most telling first. */
static const enum km_role telling[] = {
    KM_ROLE_VALID_LOSS,  KM_ROLE_TRAIN_LOSS,  KM_ROLE_TEST_LOSS,
    KM_ROLE_REWARD,      KM_ROLE_VALID_SCORE, KM_ROLE_TEST_SCORE,
    KM_ROLE_TRAIN_SCORE, KM_ROLE_PERPLEXITY,
};
enum { TELLING = sizeof telling / sizeof telling[0] };

static bool is_loss(const struct standing *standing)
{
    return standing->role == KM_ROLE_VALID_LOSS ||
           standing->role == KM_ROLE_TRAIN_LOSS;
}

static bool visit_series(void *user, const struct km_series_row *row)
{
    struct standing *standing = user;
    enum km_role role =
        km_role_find(standing->roles, row->metric, row->labels).role;
    for (size_t i = 0; i < standing->rank && row->summary.n; i++) {
        if (role == telling[i]) {
            const char *labels = row->labels.len ? " " : "";
            standing->rank = i;
            standing->role = role;
            standing->last = row->summary.last;
            standing->metric = km_arena_printf(
                standing->arena, "%.*s%s%.*s", (int)row->metric.len,
                row->metric.ptr, labels, (int)row->labels.len,
                row->labels.len ? row->labels.ptr : "");
        }
    }
    return standing->rank > 0;
}

static enum km_code find_standing(struct km_cli *cli, struct km_store *store,
                                  uint64_t run_id, struct standing *standing,
                                  struct km_err *err)
{
    *standing = (struct standing){.roles = &cli->config.roles,
                                  .arena = &cli->arena,
                                  .rank = TELLING,
                                  .last = NAN};
    return km_store_list_series(store, run_id, visit_series, standing, err);
}

static int64_t last_activity(const struct km_run_row *row)
{
    if (row->meta.ended_ns != KM_TIME_ABSENT &&
        row->meta.ended_ns > row->last_time_ns) {
        return row->meta.ended_ns;
    }
    return row->last_time_ns;
}

static void json_standing(struct km_json_writer *w,
                          const struct standing *standing)
{
    bool found = standing->metric != NULL;
    bool loss = found && is_loss(standing);
    km_json_key(w, "last_loss");
    if (loss) {
        km_json_double(w, standing->last);
    } else {
        km_json_null(w);
    }
    km_json_key(w, "last_loss_role");
    km_json_text(w, loss ? km_role_word(standing->role) : NULL);
    km_json_key(w, "last_value");
    if (found) {
        km_json_double(w, standing->last);
    } else {
        km_json_null(w);
    }
    km_json_key(w, "last_metric");
    km_json_text(w, standing->metric);
    km_json_key(w, "last_role");
    km_json_text(w, found ? km_role_word(standing->role) : NULL);
}

static void print_json(struct km_cli *cli, const struct km_run_row *row,
                       const struct standing *standing)
{
    struct km_json_writer w;
    km_json_writer_init(&w, &cli->out);
    km_json_object_begin(&w);
    km_json_run_row(&w, &cli->arena, row);
    json_standing(&w, standing);
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

static const struct km_column columns[] = {
    {"run", KM_ALIGN_MIDDLE, true},       {"state", KM_ALIGN_LEFT, false},
    {"last step", KM_ALIGN_RIGHT, false}, {"points", KM_ALIGN_RIGHT, false},
    {"last", KM_ALIGN_RIGHT, false},      {"value of", KM_ALIGN_LEFT, false},
    {"active", KM_ALIGN_RIGHT, false},    {"source", KM_ALIGN_LEFT, false},
};

/* What is left out, one after the other, for the names on a narrow terminal;
 * they get at least so many columns. */
enum spared { SPARE_NOTHING, SPARE_SOURCE, SPARE_POINTS, SPARE_ACTIVE, SPARED };
enum { NAME_ROOM = 36, METRIC_ROOM = 16 };

struct shown_run {
    const char *name;
    const struct km_run_row *row;
    struct standing standing;
};

static struct km_str optional(bool shown, const char *text)
{
    return shown ? km_str_of(text) : KM_STR("");
}

static void table_row(struct km_cli *cli, struct km_table *table,
                      const struct shown_run *run, enum spared spared)
{
    const struct km_run_row *row = run->row;
    const struct standing *standing = &run->standing;
    int64_t last = last_activity(row);
    km_table_cell(table, km_str_of(run->name), KM_TONE_PLAIN);
    km_table_cell(table,
                  km_str_of(row->meta.state == KM_RUN_UNKNOWN
                                ? "--"
                                : km_run_state_name(row->meta.state)),
                  tone_of(row->meta.state));
    km_table_cellf(table, KM_TONE_PLAIN, "%s",
                   row->max_step == KM_STEP_ABSENT
                       ? "--"
                       : km_show_integer(row->max_step).text);
    km_table_cell(
        table,
        optional(spared < SPARE_POINTS, km_show_count(row->point_count).text),
        KM_TONE_PLAIN);
    km_table_cellf(table, KM_TONE_PLAIN, "%s",
                   standing->metric ? km_show_value(standing->last).text
                                    : "--");
    struct km_buf metric;
    km_buf_init(&metric, KM_MIB);
    km_text_name(&metric, km_str_of(standing->metric),
                 spared ? (size_t)METRIC_ROOM : SIZE_MAX,
                 cli->terminal.unicode ? "\xe2\x80\xa6" : "~");
    km_table_cell(table, (struct km_str){metric.bytes, metric.len},
                  KM_TONE_QUIET);
    km_buf_finish(&metric);
    struct km_short ago = {"no clock"};
    if (last != KM_TIME_ABSENT) {
        ago = km_show_ago(last, km_clock_wall_ns(cli->clock));
    }
    km_table_cell(table, optional(spared < SPARE_ACTIVE, ago.text),
                  KM_TONE_QUIET);
    km_table_cell(table, spared < SPARE_SOURCE ? row->meta.source : KM_STR(""),
                  KM_TONE_QUIET);
}

static bool names_have_room(const struct km_table *table,
                            const struct shown_run *runs, size_t count,
                            size_t width)
{
    size_t longest = 0, all = km_table_width(table);
    for (size_t i = 0; i < count; i++) {
        size_t need = km_text_width(km_str_of(runs[i].name));
        longest = need > longest ? need : longest;
    }
    size_t others = all > longest ? all - longest : 0;
    return all <= width || others + NAME_ROOM <= width;
}

/* Leaves columns out until the names have room. */
static enum km_code print_table(struct km_cli *cli,
                                const struct shown_run *runs, size_t count,
                                struct km_err *err)
{
    const struct km_terminal terminal = km_cli_list_terminal(cli);
    struct km_table table;
    for (int spared = SPARE_NOTHING; spared < SPARED; spared++) {
        km_table_init(&table, &cli->arena, columns,
                      sizeof columns / sizeof columns[0]);
        for (size_t i = 0; i < count; i++) {
            table_row(cli, &table, &runs[i], (enum spared)spared);
        }
        if (table.failed ||
            names_have_room(&table, runs, count, terminal.width)) {
            break;
        }
    }
    return km_table_print(&table, &terminal, &cli->out, err);
}

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

static void print_names(struct km_cli *cli, const struct km_run_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        km_text_plain(&cli->out, km_str_of(typed_name(cli, list, i)));
        km_buf_append_char(&cli->out, '\n');
    }
}

static enum km_code print_runs(struct km_cli *cli, struct km_store *store,
                               const struct km_run_list *list,
                               struct km_err *err)
{
    struct shown_run *runs =
        km_new(&cli->arena, struct shown_run, list->count + 1);
    for (size_t i = 0; i < list->count && runs; i++) {
        runs[i].row = &list->rows[i];
        enum km_code code =
            find_standing(cli, store, runs[i].row->id, &runs[i].standing, err);
        if (code) {
            return code;
        }
        if (!cli->json) {
            runs[i].name = typed_name(cli, list, i);
            continue;
        }
        print_json(cli, runs[i].row, &runs[i].standing);
        if (!km_cli_row_end(cli)) {
            return KM_OK;
        }
    }
    if (!runs) {
        return km_fail(err, KM_EMEMORY, "no memory for the list of runs");
    }
    if (cli->json) {
        return KM_OK;
    }
    if (list->count == 0) {
        km_buf_append_text(&cli->out, "no runs\n");
        return KM_OK;
    }
    return print_table(cli, runs, list->count, err);
}

static int by_newest(const void *a, const void *b)
{
    return km_run_compare(a, b, KM_ORDER_NEWEST);
}

static int by_name(const void *a, const void *b)
{
    return km_run_compare(a, b, KM_ORDER_NAME);
}

enum km_code km_run_runs(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    enum km_code code = km_cli_store(cli, KM_ACCESS_READ, &store, err);
    if (code) {
        return code;
    }
    const char *sort = km_option_text(cli->args, "sort");
    size_t limit = (size_t)km_option_number(cli->args, "limit", 0);
    bool named = cli->args->word_count > 0;
    struct km_run_filter filter = {
        .project = km_str_of(km_option_text(cli->args, "project")),
        .order = sort && strcmp(sort, "newest") == 0 ? KM_ORDER_NEWEST
                                                     : KM_ORDER_NAME,
        .limit = named ? 0 : limit, /* else of those that the words mean */
    };
    struct km_run_list list;
    code = km_select_runs(cli, store, &filter, cli->args->words,
                          cli->args->word_count, &list, err);
    if (code) {
        return code;
    }
    if (sort && named && list.count) {
        qsort(list.rows, list.count, sizeof *list.rows,
              filter.order == KM_ORDER_NEWEST ? by_newest : by_name);
    }
    list.count = limit && limit < list.count ? limit : list.count;
    if (km_option_given(cli->args, "settings")) {
        return km_runs_settings(cli, store, &list, err);
    }
    if (km_option_given(cli->args, "names")) {
        print_names(cli, &list);
        return KM_OK;
    }
    return print_runs(cli, store, &list, err);
}
