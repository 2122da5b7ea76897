/* cmd_report.c - `km report`: how fast a run learns. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "cli/card_output.h"
#include "cli/commands.h"
#include "cli/loss_hint.h"
#include "cli/report_follow.h"
#include "cli/select.h"
#include "score/align.h"
#include "score/history.h"
#include "score/scorecard.h"

enum { RUNS_MAX = 64 };

/* The run that --reference names; 0: none. */
static enum km_code find_reference(struct km_cli *cli, struct km_store *store,
                                   uint64_t *run, struct km_err *err)
{
    const char *word = km_option_text(cli->args, "reference");
    *run = 0;
    if (!word) {
        return KM_OK;
    }
    struct km_run_list list;
    const struct km_run_filter filter = {.order = KM_ORDER_NAME};
    enum km_code code =
        km_select_runs(cli, store, &filter, &word, 1, &list, err);
    if (code == KM_OK && list.count != 1) {
        return km_fail(err, KM_EUSAGE,
                       "--reference takes one run; %zu are meant by '%s'",
                       list.count, word);
    }
    *run = code == KM_OK ? list.rows[0].id : 0;
    return code;
}

/* What all reports of one command share. */
struct reporting {
    struct km_cli *cli;
    struct km_store *store;
    struct km_arena past; /* of the histories: it outlives a report */
    struct km_histories histories;
    uint64_t reference;
};

static enum km_code begin(struct reporting *r, struct km_cli *cli,
                          struct km_store *store, struct km_err *err)
{
    *r = (struct reporting){.cli = cli, .store = store};
    km_arena_init(&r->past, KM_ARENA_COMMAND_BYTES_MAX);
    km_histories_init(&r->histories, store, &cli->config.roles, &r->past);
    return find_reference(cli, store, &r->reference, err);
}

static void fill_options(struct reporting *r, const struct km_run_row *run,
                         struct km_score_options *options)
{
    km_card_options(r->cli, run, options);
    options->negligible =
        km_option_number(r->cli->args, "negligible", options->negligible);
    options->histories = &r->histories;
    options->reference_run = r->reference;
}

static enum km_code follow(struct reporting *r, const struct km_run_list *list,
                           struct km_err *err)
{
    bool named = r->cli->args->word_count > 0;
    if (named && list->count > 1) {
        return km_fail(err, KM_EUSAGE, "--follow shows one run, %zu are named",
                       list->count);
    }
    struct km_score_options options;
    fill_options(r, &list->rows[0], &options);
    return km_report_follow(r->cli, r->store, list->rows[0].id, &options, err);
}

static enum km_code compute(struct reporting *r, const struct km_run_list *list,
                            struct km_scorecard *cards, struct km_err *err)
{
    struct km_store *store = r->store;
    struct km_cli *cli = r->cli;
    for (size_t i = 0; i < list->count; i++) {
        struct km_score_options options;
        fill_options(r, &list->rows[i], &options);
        enum km_code code = km_scorecard_compute(
            store, list->rows[i].id, &options, &cli->arena, &cards[i], err);
        if (code) {
            return code;
        }
        code = km_loss_hint(cli, store, &list->rows[i], err);
        if (code) {
            return code;
        }
        if (atomic_load(km_cli_stop_flag())) {
            return km_fail(err, KM_EINTERRUPTED, "stopped");
        }
    }
    km_scorecards_align(cards, list->count);
    return KM_OK;
}

static enum km_code show(struct reporting *r, const struct km_run_list *list,
                         struct km_err *err)
{
    struct km_scorecard *cards =
        km_new(&r->cli->arena, struct km_scorecard, list->count);
    if (!cards) {
        return km_fail(err, KM_EMEMORY, "no memory for the scorecards");
    }
    enum km_code code = compute(r, list, cards, err);
    return code ? code : km_card_output(r->cli, cards, list->count, err);
}

/* The newest runs when none is named and there are many. */
static enum km_code choose_runs(struct km_cli *cli, struct km_store *store,
                                struct km_run_list *list, struct km_err *err)
{
    bool named = cli->args->word_count > 0;
    struct km_run_filter filter = {.order =
                                       named ? KM_ORDER_NAME : KM_ORDER_NEWEST};
    enum km_code code = km_select_runs(cli, store, &filter, cli->args->words,
                                       cli->args->word_count, list, err);
    if (code) {
        return code;
    }
    if (list->count == 0) {
        return km_fail(err, KM_ENOTFOUND,
                       "the store has no run; `km import FOLDER` brings some");
    }
    bool follow = km_option_given(cli->args, "follow");
    size_t most = named ? RUNS_MAX : follow ? 1 : 8;
    if (list->count > most && named) {
        return km_fail(err, KM_ELIMIT,
                       "%zu runs are named, a report shows at most %d",
                       list->count, RUNS_MAX);
    }
    if (list->count > most) {
        km_cli_note(cli, "the %s of %zu runs; name others to see them",
                    follow ? "newest" : "8 newest", list->count);
        list->count = most;
    }
    return KM_OK;
}

enum km_code km_run_report(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    enum km_code code = km_cli_store(cli, KM_ACCESS_READ, &store, err);
    if (code) {
        return code;
    }
    struct km_run_list list;
    code = choose_runs(cli, store, &list, err);
    if (code) {
        return code;
    }
    struct reporting reporting;
    code = begin(&reporting, cli, store, err);
    if (code == KM_OK) {
        code = km_option_given(cli->args, "follow")
                   ? follow(&reporting, &list, err)
                   : show(&reporting, &list, err);
    }
    km_arena_finish(&reporting.past);
    return code;
}
