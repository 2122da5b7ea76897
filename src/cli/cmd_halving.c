/* cmd_halving.c - `km halving`: which runs under way to stop. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/card_output.h"
#include "cli/commands.h"
#include "cli/select.h"
#include "score/halving.h"
#include "score/history.h"

/* Scorecards of the runs under way. */
static enum km_code compute(struct km_cli *cli, struct km_store *store,
                            const struct km_run_list *list,
                            struct km_scorecard *cards, size_t *count,
                            struct km_err *err)
{
    struct km_histories histories;
    km_histories_init(&histories, store, &cli->config.roles, &cli->arena);
    *count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct km_run_row *row = &list->rows[i];
        if (!km_run_is_going(row->meta.state, row->last_time_ns,
                             km_clock_wall_ns(cli->clock))) {
            continue;
        }
        if (*count == KM_HALVING_RUNS_MAX) {
            km_cli_note(cli,
                        "more than %d runs are under way: the first are "
                        "judged",
                        KM_HALVING_RUNS_MAX);
            break;
        }
        struct km_score_options options;
        km_card_options(cli, &list->rows[i], &options);
        options.histories = &histories;
        enum km_code code =
            km_scorecard_compute(store, list->rows[i].id, &options, &cli->arena,
                                 &cards[*count], err);
        if (code) {
            return code;
        }
        ++*count;
        if (atomic_load(km_cli_stop_flag())) {
            return km_fail(err, KM_EINTERRUPTED, "stopped");
        }
    }
    return KM_OK;
}

enum km_code km_run_halving(struct km_cli *cli, struct km_err *err)
{
    const struct km_halving_options options = {
        .eta = km_option_number(cli->args, "eta", 4),
        .margin = km_option_number(cli->args, "margin", 0),
        .risk = km_option_number(cli->args, "risk", 0.05),
    };
    if (!(options.eta > 1)) {
        return km_fail(err, KM_EUSAGE, "--eta must be above 1");
    }
    if (!(options.risk > 0 && options.risk < 0.5)) {
        return km_fail(err, KM_EUSAGE, "--risk must be above 0 and below 0.5");
    }
    struct km_store *store;
    struct km_run_list list;
    enum km_code code = km_select_named(cli, &store, &list, err);
    if (code) {
        return code;
    }
    struct km_scorecard *cards =
        km_new(&cli->arena, struct km_scorecard, KM_HALVING_RUNS_MAX + 1);
    if (!cards) {
        return km_fail(err, KM_EMEMORY, "no memory for the scorecards");
    }
    size_t count = 0;
    code = compute(cli, store, &list, cards, &count, err);
    if (code) {
        return code;
    }
    struct km_scorecard card = km_card_new(cli, "halving");
    code = km_halving_add(cards, count, &options, &card, err);
    return code ? code : km_card_output(cli, &card, 1, err);
}
