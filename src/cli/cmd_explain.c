/* cmd_explain.c - `km explain`: what a figure means and where it is from. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/json_write.h"
#include "cli/commands.h"
#include "cli/suggest.h"
#include "model/role.h"
#include "report/text.h"
#include "score/figure.h"

static const char *better_word(enum km_better better)
{
    return better == KM_BETTER_HIGHER  ? "higher"
           : better == KM_BETTER_LOWER ? "lower"
                                       : "neither";
}

static void print_json(struct km_cli *cli, const struct km_figure *figure)
{
    const char *const rows[][2] = {
        {"id", figure->id},           {"title", figure->title},
        {"unit", figure->unit},       {"better", better_word(figure->better)},
        {"needs", figure->needs},     {"summary", figure->summary},
        {"formula", figure->formula}, {"source", figure->source},
    };
    struct km_json_writer w;
    km_json_writer_init(&w, &cli->out);
    km_json_object_begin(&w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        km_json_key(&w, rows[i][0]);
        km_json_text(&w, rows[i][1]);
    }
    km_json_object_end(&w);
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
    print_row(cli, "better", better_word(figure->better));
    print_row(cli, "formula", figure->formula);
    print_row(cli, "needs", figure->needs);
    print_row(cli, "source", figure->source);
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

static enum km_code print_word(struct km_cli *cli, const char *word,
                               struct km_err *err)
{
    size_t found = 0;
    for (size_t i = 0; i < km_figure_count(); i++) {
        const struct km_figure *figure = km_figure_at(i);
        if (!is_meant(km_str_of(word), km_str_of(figure->id))) {
            continue;
        }
        if (cli->json) {
            print_json(cli, figure);
        } else {
            km_buf_append_text(&cli->out, cli->out.len ? "\n" : "");
            print_figure(cli, figure);
        }
        found++;
    }
    return found ? KM_OK : refuse(word, err);
}

enum km_code km_run_explain(struct km_cli *cli, struct km_err *err)
{
    bool names = km_option_given(cli->args, "names");
    for (size_t i = 0; names && i < km_figure_count(); i++) {
        km_buf_printf(&cli->out, "%s\n", km_figure_at(i)->id);
    }
    if (names) {
        return KM_OK;
    }
    if (cli->args->word_count == 0) {
        if (cli->json) {
            return print_word(cli, "*", err);
        }
        print_list(cli);
        return KM_OK;
    }
    enum km_code code = KM_OK;
    for (size_t i = 0; i < cli->args->word_count && !code; i++) {
        code = print_word(cli, cli->args->words[i], err);
    }
    return code;
}
