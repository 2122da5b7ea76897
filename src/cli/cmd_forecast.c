/* cmd_forecast.c - `km forecast`: where runs under way are going, kept. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "cli/card_output.h"
#include "cli/commands.h"
#include "cli/select.h"
#include "score/history.h"
#include "score/input.h"
#include "score/record.h"

enum { SHOWN_MAX = 16 };

/* "1500,2000": steps. */
static enum km_code read_steps(struct km_cli *cli, double *at, size_t *count,
                               struct km_err *err)
{
    const char *text = km_option_text(cli->args, "at");
    *count = 0;
    while (text && *text) {
        const char *comma = strchr(text, ',');
        size_t len = comma ? (size_t)(comma - text) : strlen(text);
        double step;
        if (!km_number_parse((struct km_str){text, len}, &step) ||
            !(step >= 1) || !isfinite(step)) {
            return km_fail(err, KM_EUSAGE,
                           "--at takes steps of at least 1, separated by "
                           "commas; '%.*s' is none",
                           (int)(len < 40 ? len : 40), text);
        }
        if (*count == KM_FORECASTS_ASKED_MAX) {
            return km_fail(err, KM_EUSAGE, "--at takes at most %d steps",
                           KM_FORECASTS_ASKED_MAX);
        }
        at[(*count)++] = floor(step);
        text += len + (comma != NULL);
    }
    return KM_OK;
}

/* To write if it can be, else to read: what is said is then not kept. */
static enum km_code open_store(struct km_cli *cli, struct km_store **store,
                               bool *keep, struct km_err *err)
{
    *keep = !km_option_given(cli->args, "no-keep");
    if (*keep) {
        enum km_code code = km_cli_store(cli, KM_ACCESS_WRITE, store, err);
        if (code == KM_OK || code == KM_ENOTFOUND) {
            return code;
        }
        km_cli_note(cli, "not kept: %s", err->message);
        *err = (struct km_err){.code = KM_OK};
        *keep = false;
    }
    return km_cli_store(cli, KM_ACCESS_READ, store, err);
}

static enum km_code fail_idle(struct km_err *err)
{
    return km_fail(err, KM_ENOTFOUND,
                   "no run is under way: none says that it is running or has a "
                   "point of the last hour; name one, with --horizon STEP to "
                   "look further");
}

/* Those that are named, else the newest ones under way. */
static enum km_code choose_runs(struct km_cli *cli, struct km_store *store,
                                struct km_run_list *list, struct km_err *err)
{
    bool named = cli->args->word_count > 0;
    const struct km_run_filter filter = {.order = named ? KM_ORDER_NAME
                                                        : KM_ORDER_NEWEST};
    enum km_code code = km_select_runs(cli, store, &filter, cli->args->words,
                                       cli->args->word_count, list, err);
    size_t kept = 0, found = 0;
    for (size_t i = 0; code == KM_OK && i < list->count; i++) {
        const struct km_run_row *row = &list->rows[i];
        bool going = km_run_is_going(row->meta.state, row->last_time_ns,
                                     km_clock_wall_ns(cli->clock));
        found += named || going;
        if ((named || going) && kept < SHOWN_MAX) {
            list->rows[kept++] = list->rows[i];
        }
    }
    if (found > kept) {
        km_cli_note(cli, "%zu of %zu runs; name others to see them", kept,
                    found);
    }
    list->count = kept;
    return code == KM_OK && kept == 0 ? fail_idle(err) : code;
}

/* The card of a run; `*ended`: it is at its end, there is nothing to come. */
static enum km_code forecast(struct km_cli *cli, struct km_store *store,
                             const struct km_run_row *row,
                             const struct km_score_options *options, bool keep,
                             struct km_scorecard *card, size_t *kept,
                             bool *ended, struct km_err *err)
{
    struct km_score_input *input =
        km_new(&cli->arena, struct km_score_input, 1);
    if (!input) {
        return km_fail(err, KM_EMEMORY, "no memory for the forecast");
    }
    enum km_code code =
        km_score_input_load(store, row->id, options, &cli->arena, input, err);
    *ended = code == KM_OK && input->at_end;
    code = code ? code : km_scorecard_of(input, card, err);
    if (code == KM_OK && keep) {
        size_t more;
        code = km_record_keep(store, input, km_clock_wall_ns(cli->clock), &more,
                              err);
        *kept += more;
    }
    return code;
}

enum km_code km_run_forecast(struct km_cli *cli, struct km_err *err)
{
    double at[KM_FORECASTS_ASKED_MAX];
    size_t at_count, kept = 0, resolved = 0;
    struct km_store *store;
    struct km_run_list list;
    bool keep;
    enum km_code code = read_steps(cli, at, &at_count, err);
    code = code ? code : open_store(cli, &store, &keep, err);
    code = code ? code : choose_runs(cli, store, &list, err);
    if (code == KM_OK && keep) {
        code = km_record_resolve(store, &cli->config.roles, &cli->arena,
                                 &resolved, err);
    }
    if (code) {
        return code;
    }
    struct km_histories histories;
    km_histories_init(&histories, store, &cli->config.roles, &cli->arena);
    struct km_scorecard *cards =
        km_new(&cli->arena, struct km_scorecard, list.count);
    struct km_score_options *options =
        km_new(&cli->arena, struct km_score_options, list.count);
    if (!cards || !options) {
        return km_fail(err, KM_EMEMORY, "no memory for the forecasts");
    }
    size_t shown = 0;
    bool named = cli->args->word_count > 0, ended = false;
    for (size_t i = 0; i < list.count && code == KM_OK; i++) {
        km_card_options(cli, &list.rows[i], &options[i]);
        options[i].histories = &histories;
        options[i].at = at;
        options[i].at_count = at_count;
        options[i].milestones = true;
        options[i].family = "forecast";
        code = forecast(cli, store, &list.rows[i], &options[i], keep,
                        &cards[shown], &kept, &ended, err);
        shown += named || !ended;
    }
    if (code == KM_OK && shown == 0) {
        code = fail_idle(err);
    }
    if (code == KM_OK && keep && (kept || resolved)) {
        km_cli_note(cli,
                    "%zu forecast%s kept, %zu of earlier ones have come due",
                    kept, kept == 1 ? "" : "s", resolved);
    }
    return code ? code : km_card_output(cli, cards, shown, err);
}
