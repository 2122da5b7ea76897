/* cmd_backtest.c - `km backtest`: how good forecasts have been. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/card_output.h"
#include "cli/commands.h"
#include "cli/select.h"
#include "score/backtest_load.h"

enum { RUNS_MAX = 1000 }; /* each is held against all: a few seconds */

static int by_time(const void *a, const void *b)
{
    const struct km_run_row *x = a, *y = b;
    return (x->last_time_ns < y->last_time_ns) -
           (x->last_time_ns > y->last_time_ns);
}

/* The newest runs, when there are very many. */
static void keep_newest(struct km_cli *cli, struct km_run_list *list)
{
    if (list->count > RUNS_MAX) {
        km_cli_note(cli, "the %d newest of %zu runs; name others to see them",
                    RUNS_MAX, list->count);
        qsort(list->rows, list->count, sizeof *list->rows, by_time);
        list->count = RUNS_MAX;
    }
}

enum km_code km_run_backtest(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    struct km_run_list list;
    enum km_code code = km_select_named(cli, &store, &list, err);
    if (code) {
        return code;
    }
    keep_newest(cli, &list);
    uint64_t *ids = km_new(&cli->arena, uint64_t, list.count + 1);
    struct km_origin_workspace *work =
        km_new(&cli->arena, struct km_origin_workspace, 1);
    if (!ids || !work) {
        return km_fail(err, KM_EMEMORY, "no memory for %zu runs", list.count);
    }
    for (size_t i = 0; i < list.count; i++) {
        ids[i] = list.rows[i].id;
    }
    struct km_backtest_set set;
    code = km_backtest_load(store, ids, list.count, &cli->config.roles,
                            &cli->arena, work, &set, err);
    if (code) {
        return code;
    }
    const char *asked = km_option_text(cli->args, "history");
    /* nothing is earlier where nothing has a date */
    bool others = (asked && strcmp(asked, "others") == 0) ||
                  (!asked && set.undated == set.count);
    struct km_scorecard card = km_card_new(cli, "back-test");
    code =
        km_backtest_card(&set, others ? KM_HISTORY_OTHERS : KM_HISTORY_EARLIER,
                         work, &card, err);
    return code ? code : km_card_output(cli, &card, 1, err);
}
