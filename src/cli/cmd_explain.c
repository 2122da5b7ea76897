/* cmd_explain.c - `km explain`: what a figure means, and what it rests on in a
 * run. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/json_write.h"
#include "cli/card_output.h"
#include "cli/commands.h"
#include "cli/select.h"
#include "cli/suggest.h"
#include "report/figure_view.h"
#include "report/text.h"

static void print_json(struct km_cli *cli, const struct km_figure *figure,
                       const struct km_figure_result *result)
{
    struct km_json_writer w;
    km_json_writer_init(&w, &cli->out);
    km_figure_json(figure, result, &w);
    km_buf_append_char(&cli->out, '\n');
}

static void print_row(struct km_cli *cli, const char *name, const char *text)
{
    if (!text || !*text) {
        return;
    }
    km_buf_printf(&cli->out, "%s%-9s%s",
                  km_terminal_tone(&cli->terminal, KM_TONE_QUIET), name,
                  km_terminal_tone(&cli->terminal, KM_TONE_PLAIN));
    km_text_wrap(&cli->out, km_str_of(text), cli->terminal.width - 9, 9);
    km_buf_append_char(&cli->out, '\n');
}

static void print_figure(struct km_cli *cli, const struct km_figure *figure)
{
    km_buf_printf(&cli->out, "%s%s%s   %s\n",
                  km_terminal_tone(&cli->terminal, KM_TONE_STRONG), figure->id,
                  km_terminal_tone(&cli->terminal, KM_TONE_PLAIN),
                  figure->title);
    km_text_wrap(&cli->out, km_str_of(figure->summary), cli->terminal.width, 0);
    km_buf_append_text(&cli->out, "\n\n");
    print_row(cli, "unit", figure->unit);
    print_row(cli, "better", km_better_name(figure->better));
    print_row(cli, "formula", figure->formula);
    print_row(cli, "needs", figure->needs);
    print_row(cli, "source", figure->source);
    if (figure->false_alarms_max > 0) {
        print_row(cli, "wrong",
                  km_arena_printf(&cli->arena,
                                  "at most %g false alarms per 1,000 steps of "
                                  "healthy runs, measured",
                                  figure->false_alarms_max));
    }
}

/* "in lab/run-1   since step 812", then the evidence. */
static void print_result(struct km_cli *cli, const struct km_scorecard *card,
                         size_t index)
{
    struct km_figure_view view = km_figure_view_of(card, index);
    const struct km_figure_result *result = view.result;
    km_buf_printf(&cli->out, "\n%s%s%s%s%s%s   %s\n",
                  km_terminal_tone(&cli->terminal, KM_TONE_STRONG), "in ",
                  card->run_name, *result->variant ? ", " : "", result->variant,
                  km_terminal_tone(&cli->terminal, KM_TONE_PLAIN), view.state);
    if (view.has_value) {
        bool range = view.interval == KM_INTERVAL_RANGE;
        print_row(cli, "value",
                  range ? km_arena_printf(
                              &cli->arena, "%s %s (%s .. %s, %s)",
                              view.value.text, km_unit_shown(result->unit),
                              view.low.text, view.high.text, view.level.text)
                        : km_arena_printf(&cli->arena, "%s %s", view.value.text,
                                          km_unit_shown(result->unit)));
    }
    print_row(cli, "reason", result->reason);
    if (isfinite(result->window_from) && isfinite(result->window_to)) {
        bool fired = view.has_value && km_figure_is_verdict(result->figure);
        print_row(cli, fired ? "seen" : "window",
                  fired
                      ? km_arena_printf(&cli->arena, "at step %.0f",
                                        result->window_to)
                      : km_arena_printf(&cli->arena, "%g to %g %s",
                                        result->window_from, result->window_to,
                                        km_axis_name(result->window_axis)));
    }
    for (size_t i = 0; i < result->evidence_count; i++) {
        print_row(cli, i ? "" : "evidence", result->evidence[i]);
    }
}

/* "learn.velocity   How fast ...", the meaning wrapped in its own column. */
static void print_list(struct km_cli *cli)
{
    size_t column = 0;
    for (size_t i = 0; i < km_figure_count(); i++) {
        size_t len = strlen(km_figure_at(i)->id);
        column = len > column ? len : column;
    }
    column += 2;
    for (size_t i = 0; i < km_figure_count(); i++) {
        km_buf_printf(&cli->out, "%s%-*s%s",
                      km_terminal_tone(&cli->terminal, KM_TONE_STRONG),
                      (int)column, km_figure_at(i)->id,
                      km_terminal_tone(&cli->terminal, KM_TONE_PLAIN));
        km_text_wrap(&cli->out, km_str_of(km_figure_at(i)->summary),
                     cli->terminal.width - column, column);
        km_buf_append_char(&cli->out, '\n');
    }
}

/* An id, a family ("learn"), or a pattern. */
static bool is_meant(struct km_str word, struct km_str id)
{
    bool family =
        id.len > word.len && id.ptr[word.len] == '.' && km_str_starts(id, word);
    return family || km_glob_match(word, id);
}

static enum km_code refuse(const char *word, struct km_err *err)
{
    struct km_suggestion suggestion;
    km_suggest_begin(&suggestion, word);
    for (size_t i = 0; i < km_figure_count(); i++) {
        const char *dot = strchr(km_figure_at(i)->id, '.');
        struct km_suggestion tail;
        km_suggest_begin(&tail, word);
        km_suggest_offer(&tail, dot ? dot + 1 : km_figure_at(i)->id);
        if (tail.nearest &&
            (!suggestion.nearest || tail.distance < suggestion.distance)) {
            suggestion.nearest = km_figure_at(i)->id;
            suggestion.distance = tail.distance;
        }
        km_suggest_offer(&suggestion, km_figure_at(i)->id);
    }
    return km_fail(err, KM_ENOTFOUND, "there is no figure %.64s%s%s", word,
                   suggestion.nearest ? "; the nearest is "
                                      : "; `km explain` lists them",
                   suggestion.nearest ? suggestion.nearest : "");
}

/* A figure, and its results on the card of a run where there is one. */
static void print_found(struct km_cli *cli, const struct km_figure *figure,
                        const struct km_scorecard *card)
{
    bool any = false;
    if (!cli->json) {
        km_buf_append_text(&cli->out, cli->out.len ? "\n" : "");
        print_figure(cli, figure);
    }
    for (size_t i = 0; card && i < card->count; i++) {
        if (card->results[i].figure != figure) {
            continue;
        }
        any = true;
        if (cli->json) {
            print_json(cli, figure, &card->results[i]);
        } else {
            print_result(cli, card, i);
        }
    }
    if (cli->json && !any) {
        print_json(cli, figure, NULL);
    }
}

static bool means_any(const char *word)
{
    for (size_t i = 0; i < km_figure_count(); i++) {
        if (is_meant(km_str_of(word), km_str_of(km_figure_at(i)->id))) {
            return true;
        }
    }
    return false;
}

static enum km_code print_word(struct km_cli *cli, const char *word,
                               const struct km_scorecard *card,
                               struct km_err *err)
{
    if (!means_any(word)) {
        return refuse(word, err);
    }
    for (size_t i = 0; i < km_figure_count(); i++) {
        const struct km_figure *figure = km_figure_at(i);
        if (is_meant(km_str_of(word), km_str_of(figure->id))) {
            print_found(cli, figure, card);
        }
    }
    return KM_OK;
}

/* The card of the one run that `word` names. */
static enum km_code compute_card(struct km_cli *cli, const char *word,
                                 struct km_scorecard *card, struct km_err *err)
{
    struct km_store *store;
    struct km_run_list list;
    const struct km_run_filter filter = {.order = KM_ORDER_NAME};
    /* what figures mean is told without a configuration */
    enum km_code code = km_config_load(&cli->arena, &cli->config, err);
    if (code == KM_OK) {
        code = km_cli_store(cli, KM_ACCESS_READ, &store, err);
    }
    if (code == KM_OK) {
        code = km_select_runs(cli, store, &filter, &word, 1, &list, err);
    }
    if (code == KM_OK && list.count != 1) {
        return km_fail(err, KM_EUSAGE,
                       "a figure is explained in one run; %zu are meant by "
                       "'%s'",
                       list.count, word);
    }
    if (code == KM_OK) {
        struct km_score_options options;
        km_card_options(cli, &list.rows[0], &options);
        options.negligible =
            km_option_number(cli->args, "negligible", options.negligible);
        code = km_scorecard_compute(store, list.rows[0].id, &options,
                                    &cli->arena, card, err);
    }
    return code;
}

enum km_code km_run_explain(struct km_cli *cli, struct km_err *err)
{
    bool names = km_option_given(cli->args, "names");
    for (size_t i = 0; names && i < km_figure_count(); i++) {
        km_buf_printf(&cli->out, "%s\n", km_figure_at(i)->id);
    }
    size_t count = cli->args->word_count;
    const char *const *words = cli->args->words;
    if (names) {
        return KM_OK;
    }
    if (count == 0) {
        if (cli->json) {
            return print_word(cli, "*", NULL, err);
        }
        print_list(cli);
        return KM_OK;
    }
    struct km_scorecard card;
    bool in_run = count > 1 && !means_any(words[count - 1]);
    enum km_code code =
        in_run ? compute_card(cli, words[count - 1], &card, err) : KM_OK;
    for (size_t i = 0; i < count - in_run && !code; i++) {
        code = print_word(cli, words[i], in_run ? &card : NULL, err);
    }
    return code;
}
